import { gradients } from '../autograd/index.ts'
import { StaleValueError } from '../compiler/graph.ts'
import { composed } from '../graph/composite.ts'
import { type DType, dtypes, isFloating, type TypedArray } from '../graph/dtype.ts'
import { isGradEnabled } from '../graph/grad-mode.ts'
import { inputNode, type Node } from '../graph/node.ts'
import * as g from '../graph/ops/index.ts'
import {
  broadcastShapes,
  calledAs,
  formatShape,
  normalizeAxes,
  normalizeAxis,
  type Shape,
  ShapeError,
  sameShape,
  sizeOf,
} from '../graph/shape.ts'
import { HostStorage } from '../graph/storage.ts'
import { checkIndices, gather, indexSelect } from './indices.ts'
import { showAsText } from './inspect.ts'
import { assign, type Binding, forgetGradient, realizeBindings, wantGradient, wantLoss } from './pending.ts'
import type { RealizeOptions } from './realize.ts'

export type Axes = number | readonly number[]

/** A start, stop and step along one axis, as Python's slices: negative counts from the end, absent means all. */
export interface SliceSpec {
  readonly start?: number
  readonly stop?: number
  readonly step?: number
}

export interface BackwardOptions {
  /** Keeps the recorded history, so that gradients can go through it again. */
  readonly retainGraph?: boolean
  /** Makes the gradients differentiable themselves. */
  readonly createGraph?: boolean
}

export type Operand = Tensor | number

/**
 * An n-dimensional array whose value is computed when it is asked for. Operations record what is to be done and throw at
 * once where shapes do not fit; `data()`, `item()`, `realize()` and `optimizer.step()` compute.
 */
export class Tensor {
  /** The gradient that `backward` left, for leaves that require one. */
  grad: Tensor | null = null
  /** What a person calls this tensor: a parameter's dotted name. */
  label: string | undefined
  readonly #binding: Binding
  readonly shape: Shape
  readonly dtype: DType

  /** Made by `tensor`, `zeros`, … and by operations. */
  constructor(node: Node) {
    this.shape = node.shape
    this.dtype = node.dtype
    this.#binding = {
      node,
      target: undefined,
      aliases: [],
      describe: () => this.label ?? 'a tensor',
      own: (leaf) => owners.set(leaf, this),
    }
    if (node.inputs.length === 0 && !node.released && !owners.has(node)) owners.set(node, this)
  }

  /** The recorded graph of the value. */
  get node(): Node {
    return this.#binding.node
  }

  /** For the modules that realize and update tensors. */
  get binding(): Binding {
    return this.#binding
  }

  get rank(): number {
    return this.shape.length
  }

  /** Number of elements. */
  get size(): number {
    return sizeOf(this.shape)
  }

  get requiresGrad(): boolean {
    return this.node.requiresGrad
  }

  /** Only leaves can be switched; the result of an operation requires a gradient when its inputs do. */
  set requiresGrad(value: boolean) {
    if (value && !isFloating(this.dtype)) {
      throw new TypeError(
        `requiresGrad: only floating-point tensors have gradients, this one is ${this.dtype}`,
      )
    }
    if (!this.isLeaf) throw new Error('requiresGrad: only leaves can be switched; detach() this tensor first')
    this.node.requiresGrad = value
    if (this.#binding.target) this.#binding.target.requiresGrad = value
  }

  /** Whether no differentiable operation made this tensor. */
  get isLeaf(): boolean {
    const { requiresGrad, released, inputs } = this.node
    return !requiresGrad || (inputs.length === 0 && !released) || owners.get(this.node) === this
  }

  /** The values in row-major order: a copy. */
  async data(options?: RealizeOptions): Promise<TypedArray> {
    await realizeBindings([this.#binding], options)
    return (await this.node.storage!.read()).slice()
  }

  /** The value of a tensor of one element. */
  async item(options?: RealizeOptions): Promise<number> {
    if (this.size !== 1) {
      throw new ShapeError(
        `item: needs a tensor of one element, this one is ${formatShape(this.shape)}; use data()`,
      )
    }
    return (await this.data(options))[0]!
  }

  /** The values as nested arrays; a number for rank 0. */
  async toArray(): Promise<NestedArray> {
    const data = await this.data()
    const nest = (axis: number, offset: number, stride: number): NestedArray => {
      if (axis === this.rank) return data[offset]!
      const size = this.shape[axis]!
      const inner = stride / size
      return Array.from({ length: size }, (_, i) => nest(axis + 1, offset + i * inner, inner))
    }
    return nest(0, 0, Math.max(this.size, 1))
  }

  toString(): string {
    const grad = this.requiresGrad ? ', requiresGrad' : ''
    return `Tensor(${this.label ? `${this.label} ` : ''}${this.dtype} ${formatShape(this.shape)}${grad})`
  }

  /**
   * Records the gradients of this tensor with respect to every leaf that requires one, and adds them to the leaves' `grad`.
   * `gradient` weights the elements; it may be left out for a tensor of one element.
   */
  backward(gradient?: Tensor, options: BackwardOptions = {}): void {
    if (!this.requiresGrad) {
      throw new Error(
        'backward: this tensor does not require a gradient: no parameter that requires one was used',
      )
    }
    if (gradient === undefined && this.size !== 1) {
      throw new ShapeError(`backward: a tensor of shape ${formatShape(this.shape)} needs a gradient argument`)
    }
    const found = gradients([this.node], [gradient?.node], options)
    for (const [node, value] of found) {
      const owner = owners.get(node)
      if (owner === undefined || !owner.requiresGrad || owner.node !== node) continue
      const before = gradientOf(owner)
      if (before !== null) forgetGradient(before.binding)
      owner.grad = new Tensor(before === null ? value : g.add(before.node, value))
      owner.grad.label = owner.label && `the gradient of ${owner.label}`
      if (!options.createGraph) wantGradient(owner.grad.binding)
    }
    if (!options.retainGraph && !options.createGraph && !this.isLeaf) this.node.released = true
    wantLoss(this.#binding)
  }

  /** The same value, through which no gradient flows. */
  detach(): Tensor {
    return new Tensor(g.detach(this.node))
  }

  /**
   * Makes this tensor a variable with a new value: it is computed with the next realization, in place.
   * Shape and dtype must be those of this tensor. Meant for parameters and buffers.
   */
  assign(value: Tensor): this {
    if (!sameShape(value.shape, this.shape) || value.dtype !== this.dtype) {
      throw new ShapeError(
        `assign: ${value.dtype} ${formatShape(value.shape)} does not fit ${this.label ?? 'this tensor'}, ` +
          `which is ${this.dtype} ${formatShape(this.shape)}`,
      )
    }
    assign(this.#binding, value.node)
    owners.set(this.#binding.node, this)
    return this
  }

  /**
   * Replaces the contents at once by a copy of `data`, without computing anything; or by `data` itself, if `assign` is set
   * and it is an array of this dtype: it must not be changed afterwards.
   */
  load(data: TypedArray, { assign = false }: { readonly assign?: boolean } = {}): this {
    if (data.length !== this.size) {
      throw new ShapeError(
        `load: ${data.length} values do not fit ${this.label ?? 'a tensor'} ${formatShape(this.shape)}`,
      )
    }
    if (assign && data.constructor === dtypes[this.dtype].create(0).constructor) {
      return this.#hold(new HostStorage(this.dtype, data))
    }
    const values = dtypes[this.dtype].create(this.size)
    values.set(data)
    return this.#hold(new HostStorage(this.dtype, values))
  }

  /** As `load`, with contents that `fill` writes into an array of zeros when they are first needed. */
  loadLazily(fill: (values: TypedArray) => void): this {
    return this.#hold(new HostStorage(this.dtype, { size: this.size, fill }))
  }

  #hold(storage: HostStorage): this {
    const { requiresGrad } = this
    const node = inputNode(storage, this.shape, { requiresGrad, persistent: true })
    Object.assign(this.#binding, { node, target: undefined, aliases: [] })
    owners.set(node, this)
    return this
  }

  add(other: Operand): Tensor {
    return wrap(g.add(this.node, operand(other)))
  }
  sub(other: Operand): Tensor {
    return wrap(g.sub(this.node, operand(other)))
  }
  mul(other: Operand): Tensor {
    return wrap(g.mul(this.node, operand(other)))
  }
  /** True division: integers give float32. */
  div(other: Operand): Tensor {
    return wrap(g.div(this.node, operand(other)))
  }
  /** Integers stay integers where the exponent is a whole number from 0 on. */
  pow(exponent: Operand): Tensor {
    if (
      !isFloating(this.dtype) &&
      typeof exponent === 'number' &&
      Number.isInteger(exponent) &&
      exponent >= 0
    ) {
      return wrap(integerPower(this.dtype === 'bool' ? g.cast(this.node, 'int32') : this.node, exponent))
    }
    if (exponent === 2) return wrap(g.mul(this.node, this.node))
    if (exponent === 1) return this
    return wrap(g.pow(this.node, operand(exponent)))
  }
  /** Takes the sign of the divisor, as Python's %. */
  remainder(other: Operand): Tensor {
    return wrap(g.remainder(this.node, operand(other)))
  }
  maximum(other: Operand): Tensor {
    return wrap(g.maximum(this.node, operand(other)))
  }
  minimum(other: Operand): Tensor {
    return wrap(g.minimum(this.node, operand(other)))
  }

  eq(other: Operand): Tensor {
    return calledAs('eq', () => wrap(g.equal(this.node, operand(other))))
  }
  ne(other: Operand): Tensor {
    return calledAs('ne', () => wrap(g.logicalNot(g.equal(this.node, operand(other)))))
  }
  lt(other: Operand): Tensor {
    return calledAs('lt', () => wrap(g.less(this.node, operand(other))))
  }
  le(other: Operand): Tensor {
    return calledAs('le', () => wrap(g.lessEqual(this.node, operand(other))))
  }
  gt(other: Operand): Tensor {
    return calledAs('gt', () => wrap(g.less(operand(other), this.node)))
  }
  ge(other: Operand): Tensor {
    return calledAs('ge', () => wrap(g.lessEqual(operand(other), this.node)))
  }
  logicalNot(): Tensor {
    return wrap(g.logicalNot(this.node))
  }
  logicalAnd(other: Tensor): Tensor {
    return calledAs('logicalAnd', () => wrap(g.logicalAnd(this.node, other.node)))
  }
  logicalOr(other: Tensor): Tensor {
    return calledAs('logicalOr', () => wrap(g.logicalOr(this.node, other.node)))
  }

  neg(): Tensor {
    return wrap(g.neg(this.node))
  }
  abs(): Tensor {
    return wrap(g.abs(this.node))
  }
  /** -1, 0 or 1; NaN for NaN. */
  sign(): Tensor {
    return wrap(g.sign(this.node))
  }
  exp(): Tensor {
    return wrap(g.exp(this.node))
  }
  /** exp(x) - 1, exact near 0. */
  expm1(): Tensor {
    return wrap(g.expm1(this.node))
  }
  log(): Tensor {
    return wrap(g.log(this.node))
  }
  /** log(1 + x), exact near 0. */
  log1p(): Tensor {
    return wrap(g.log1p(this.node))
  }
  sqrt(): Tensor {
    return wrap(g.sqrt(this.node))
  }
  /** 1 / sqrt(x). */
  rsqrt(): Tensor {
    return wrap(g.div(1, g.sqrt(this.node)))
  }
  reciprocal(): Tensor {
    return wrap(g.div(1, this.node))
  }
  square(): Tensor {
    return wrap(g.mul(this.node, this.node))
  }
  sin(): Tensor {
    return wrap(g.sin(this.node))
  }
  cos(): Tensor {
    return wrap(g.cos(this.node))
  }
  tanh(): Tensor {
    return wrap(g.tanh(this.node))
  }
  sigmoid(): Tensor {
    return wrap(g.sigmoid(this.node))
  }
  erf(): Tensor {
    return wrap(g.erf(this.node))
  }
  floor(): Tensor {
    return wrap(g.floor(this.node))
  }
  ceil(): Tensor {
    return wrap(g.neg(g.floor(g.neg(this.node))))
  }
  /** Half to even. */
  round(): Tensor {
    return wrap(g.round(this.node))
  }
  relu(): Tensor {
    return wrap(g.relu(this.node))
  }
  /** Limits the values to low..high; either may be left out. */
  clamp(low?: number, high?: number): Tensor {
    let x = this.node
    if (low !== undefined) x = g.maximum(x, low)
    if (high !== undefined) x = g.minimum(x, high)
    const y = clampGradient(this.node, x, low, high)
    return composed(y, 'clip', [this], { low: low ?? null, high: high ?? null })
  }

  to(dtype: DType): Tensor {
    return dtype === this.dtype ? this : wrap(g.cast(this.node, dtype))
  }
  float(): Tensor {
    return this.to('float32')
  }

  sum(axes?: Axes, keepdim = false): Tensor {
    return wrap(g.reduceSum(this.node, normalizeAxes('sum', axes, this.rank), keepdim))
  }
  mean(axes?: Axes, keepdim = false): Tensor {
    const along = normalizeAxes('mean', axes, this.rank)
    return composed(wrap(g.reduceMean(this.node, along, keepdim)), 'mean', [this], { axes: along, keepdim })
  }
  /** Divided by the count minus `correction`: 1 for the unbiased estimate, as PyTorch's default. */
  var(axes?: Axes, options: { correction?: number; keepdim?: boolean } = {}): Tensor {
    const { correction = 1, keepdim = false } = options
    return wrap(g.reduceVar(this.node, normalizeAxes('var', axes, this.rank), correction, keepdim))
  }
  std(axes?: Axes, options: { correction?: number; keepdim?: boolean } = {}): Tensor {
    return calledAs('std', () => {
      const variance = this.var(axes, options)
      if (!variance.requiresGrad) return variance.sqrt()
      // As PyTorch, no gradient flows where all values are equal; that of the root would be infinite.
      const equal = g.equal(variance.node, 0)
      return wrap(g.where(equal, 0, g.sqrt(g.where(equal, 1, variance.node))))
    })
  }
  prod(axes?: Axes, keepdim = false): Tensor {
    return wrap(g.reduceProd(this.node, normalizeAxes('prod', axes, this.rank), keepdim))
  }
  /** The largest values over axes; ties share the gradient equally. */
  amax(axes?: Axes, keepdim = false): Tensor {
    return calledAs('amax', () =>
      wrap(g.reduceMax(this.node, normalizeAxes('amax', axes, this.rank), keepdim)),
    )
  }
  amin(axes?: Axes, keepdim = false): Tensor {
    return calledAs('amin', () => {
      const along = normalizeAxes('amin', axes, this.rank)
      return composed(wrap(g.reduceMin(this.node, along, keepdim)), 'minimumOver', [this], {
        axes: along,
        keepdim,
      })
    })
  }
  /**
   * The largest values over all elements, or along one axis; the gradient along an axis goes to the first of equals.
   * `maxWithIndices` also says where they are.
   */
  max(axis?: number, keepdim = false): Tensor {
    return calledAs('max', () =>
      axis === undefined ? this.amax() : this.maxWithIndices(axis, keepdim).values,
    )
  }
  /** As `max`, of the smallest values; `minWithIndices` also says where they are. */
  min(axis?: number, keepdim = false): Tensor {
    return calledAs('min', () =>
      axis === undefined ? this.amin() : this.minWithIndices(axis, keepdim).values,
    )
  }
  /** The largest values along an axis, and the int32 index of the first of each: PyTorch's `max(dim)`. */
  maxWithIndices(axis: number, keepdim = false): { values: Tensor; indices: Tensor } {
    return calledAs('maxWithIndices', () => this.#pick(this.argmax(axis, true), axis, keepdim))
  }
  /** The smallest values along an axis, and the int32 index of the first of each: PyTorch's `min(dim)`. */
  minWithIndices(axis: number, keepdim = false): { values: Tensor; indices: Tensor } {
    return calledAs('minWithIndices', () => this.#pick(this.argmin(axis, true), axis, keepdim))
  }
  #pick(index: Tensor, axis: number, keepdim: boolean): { values: Tensor; indices: Tensor } {
    const values = this.gather(axis, index)
    return keepdim
      ? { values, indices: index }
      : { values: values.squeeze(axis), indices: index.squeeze(axis) }
  }
  /** int32 index of the largest element along an axis, or in the flattened tensor. */
  argmax(axis?: number, keepdim = false): Tensor {
    return calledAs('argmax', () => this.#extreme('argmax', g.argMax, axis, keepdim))
  }
  argmin(axis?: number, keepdim = false): Tensor {
    return calledAs('argmin', () => this.#extreme('argmin', g.argMin, axis, keepdim))
  }
  #extreme(
    op: string,
    find: (x: Node, axis: number) => Node,
    axis: number | undefined,
    keepdim: boolean,
  ): Tensor {
    if (axis === undefined) return wrap(find(g.reshape(this.node, [this.size]), 0))
    const resolved = normalizeAxis(op, axis, this.rank)
    const index = wrap(find(this.node, resolved))
    return keepdim ? index.unsqueeze(resolved) : index
  }
  /** Whether an element is not 0; false where there is none. */
  any(axes?: Axes, keepdim = false): Tensor {
    const along = normalizeAxes('any', axes, this.rank)
    if (along.some((axis) => this.shape[axis] === 0)) return this.sum(axes, keepdim).to('bool')
    return calledAs('any', () => wrap(g.reduceMax(g.cast(this.node, 'bool'), along, keepdim)))
  }
  /** Whether no element is 0; true where there is none. */
  all(axes?: Axes, keepdim = false): Tensor {
    return calledAs('all', () => this.to('bool').logicalNot().any(axes, keepdim).logicalNot())
  }
  cumsum(axis: number): Tensor {
    return wrap(g.cumSum(this.node, normalizeAxis('cumsum', axis, this.rank)))
  }
  /** Running maximum along an axis, and where it was found (the latest among equals). */
  cummax(axis: number): { values: Tensor; indices: Tensor } {
    const resolved = normalizeAxis('cummax', axis, this.rank)
    const indices = wrap(g.cumArgMax(this.node, resolved))
    const values = composed(this.gather(resolved, indices), 'cumulativeMaximum', [this], { axis: resolved })
    return { values, indices }
  }
  /** Stable. */
  argsort(axis = -1, descending = false): Tensor {
    return wrap(g.argSort(this.node, normalizeAxis('argsort', axis, this.rank), descending))
  }
  sort(axis = -1, descending = false): { values: Tensor; indices: Tensor } {
    const indices = calledAs('sort', () => this.argsort(axis, descending))
    return { values: this.gather(axis, indices), indices }
  }
  /** The k largest (or smallest) along an axis, in order. */
  topk(k: number, axis = -1, largest = true): { values: Tensor; indices: Tensor } {
    const resolved = normalizeAxis('topk', axis, this.rank)
    const size = this.shape[resolved]!
    if (!(Number.isInteger(k) && k >= 0 && k <= size)) {
      throw new ShapeError(
        `topk: k = ${k} is not in 0..${size}, the size of axis ${axis} of ${formatShape(this.shape)}`,
      )
    }
    const indices = wrap(g.sliceAxis(g.argSort(this.node, resolved, largest), resolved, 0, k))
    return { values: this.gather(resolved, indices), indices }
  }

  /** One dimension may be -1: it is worked out. */
  reshape(...shape: number[] | [readonly number[]]): Tensor {
    return wrap(g.reshape(this.node, resolveShape(this.shape, dimensions(shape))))
  }
  /** The same as reshape: values are never shared with the user, so a view needs no name of its own. */
  view(...shape: number[] | [readonly number[]]): Tensor {
    return calledAs('view', () => this.reshape(...shape))
  }
  flatten(start = 0, end = -1): Tensor {
    if (this.rank === 0) return this.reshape(1)
    const from = normalizeAxis('flatten', start, this.rank)
    const to = normalizeAxis('flatten', end, this.rank)
    const merged = sizeOf(this.shape.slice(from, to + 1))
    return this.reshape([...this.shape.slice(0, from), merged, ...this.shape.slice(to + 1)])
  }
  squeeze(axes?: Axes): Tensor {
    const list = new Set(normalizeAxes('squeeze', axes, this.rank))
    return this.reshape(this.shape.filter((d, i) => d !== 1 || !list.has(i)))
  }
  unsqueeze(axis: number): Tensor {
    const at = normalizeAxis('unsqueeze', axis, this.rank + 1)
    return this.reshape([...this.shape.slice(0, at), 1, ...this.shape.slice(at)])
  }
  permute(...axes: number[] | [readonly number[]]): Tensor {
    return wrap(g.permute(this.node, dimensions(axes)))
  }
  transpose(a: number, b: number): Tensor {
    const axes = this.shape.map((_, i) => i)
    const [i, j] = [normalizeAxis('transpose', a, this.rank), normalizeAxis('transpose', b, this.rank)]
    axes[i] = j
    axes[j] = i
    return this.permute(axes)
  }
  /** The transpose of a matrix. */
  t(): Tensor {
    if (this.rank !== 2)
      throw new ShapeError(`t: needs a matrix, got ${formatShape(this.shape)}; use transpose(a, b)`)
    return this.permute(1, 0)
  }
  /** Broadcast to a shape; -1 keeps a dimension. */
  expand(...shape: number[] | [readonly number[]]): Tensor {
    const target = dimensions(shape)
    const offset = target.length - this.rank
    return wrap(
      g.expand(
        this.node,
        target.map((d, i) => (d === -1 ? (this.shape[i - offset] ?? -1) : d)),
      ),
    )
  }
  expandAs(other: Tensor): Tensor {
    return calledAs('expandAs', () => this.expand(other.shape))
  }
  /** Per axis a slice, an index (which keeps the axis with size 1), or null for all of it. */
  slice(...specs: (SliceSpec | number | null)[]): Tensor {
    if (specs.length > this.rank) {
      throw new ShapeError(`slice: ${specs.length} slices for a tensor of shape ${formatShape(this.shape)}`)
    }
    const resolved = this.shape.map((size, i) => resolveSlice(specs[i] ?? null, size, i))
    const backward = resolved.flatMap((s, i) => (s.step < 0 ? [i] : []))
    const forward = resolved.map((s) => {
      if (s.step > 0 || s.length === 0) return { start: s.start, stop: s.stop, step: Math.abs(s.step) }
      const first = s.start + (s.length - 1) * s.step
      return { start: first, stop: s.start + 1, step: -s.step }
    })
    const part = g.slice(
      this.node,
      forward.map((s) => s.start),
      forward.map((s) => s.stop),
      forward.map((s) => s.step),
    )
    return wrap(g.flip(part, backward))
  }
  /** `length` elements of an axis from `start` on. */
  narrow(axis: number, start: number, length: number): Tensor {
    const resolved = normalizeAxis('narrow', axis, this.rank)
    return calledAs('narrow', () => wrap(g.sliceAxis(this.node, resolved, start, start + length)))
  }
  /** One index of an axis, which is removed. */
  select(axis: number, index: number): Tensor {
    const resolved = normalizeAxis('select', axis, this.rank)
    const size = this.shape[resolved]!
    const at = index < 0 ? index + size : index
    if (!(Number.isInteger(at) && at >= 0 && at < size))
      throw new ShapeError(`select: index ${index} is out of range for an axis of ${size}`)
    return calledAs('select', () => this.narrow(resolved, at, 1).squeeze(resolved))
  }
  /** Pieces of `size` along an axis, the last one smaller; or pieces of the given sizes. */
  split(size: number | readonly number[], axis = 0): Tensor[] {
    const resolved = normalizeAxis('split', axis, this.rank)
    const total = this.shape[resolved]!
    const sizes =
      typeof size === 'number'
        ? Array.from({ length: Math.max(Math.ceil(total / size), 1) }, (_, i) =>
            Math.min(size, total - i * size),
          )
        : size
    if (sizes.reduce((a, b) => a + b, 0) !== total) {
      throw new ShapeError(
        `split: sizes ${formatShape(sizes)} do not add up to ${total}, the size of axis ${axis}`,
      )
    }
    let start = 0
    return sizes.map((length) => {
      const part = calledAs('split', () => this.narrow(resolved, start, length))
      start += length
      return part
    })
  }
  /** At most `count` pieces of equal size along an axis, the last one possibly smaller. */
  chunk(count: number, axis = 0): Tensor[] {
    const total = this.shape[normalizeAxis('chunk', axis, this.rank)]!
    return calledAs('chunk', () => this.split(Math.max(Math.ceil(total / count), 1), axis))
  }
  unbind(axis = 0): Tensor[] {
    const size = this.shape[normalizeAxis('unbind', axis, this.rank)]!
    return Array.from({ length: size }, (_, i) => this.select(axis, i))
  }
  flip(axes: Axes): Tensor {
    return wrap(g.flip(this.node, normalizeAxes('flip', axes, this.rank)))
  }
  /** Shifts along axes, or the flattened tensor if none are given; what leaves at one end comes back at the other. */
  roll(shifts: Axes, axes?: Axes): Tensor {
    if (axes === undefined) return this.reshape(this.size).roll(shifts, 0).reshape(this.shape)
    const amounts = typeof shifts === 'number' ? [shifts] : shifts
    const along = typeof axes === 'number' ? [axes] : axes
    if (amounts.length !== along.length) throw new ShapeError('roll: needs one shift for each axis')
    let x = this.node
    for (const [i, amount] of amounts.entries()) {
      const axis = normalizeAxis('roll', along[i]!, this.rank)
      const size = this.shape[axis]!
      const by = size === 0 ? 0 : ((amount % size) + size) % size
      if (by > 0)
        x = g.concat([g.sliceAxis(x, axis, size - by, size), g.sliceAxis(x, axis, 0, size - by)], axis)
    }
    return wrap(x)
  }
  /** out[.., i, ..] = this[.., index[.., i, ..], ..] along the axis, as torch.gather. */
  gather(axis: number, index: Tensor): Tensor {
    return wrap(gather('gather', this.node, index.node, normalizeAxis('gather', axis, this.rank)))
  }
  /** This tensor with source elements added at their indices along the axis; a source larger than the index is cut. */
  scatterAdd(axis: number, index: Tensor, source: Tensor): Tensor {
    const resolved = normalizeAxis('scatterAdd', axis, this.rank)
    const larger = source.rank === index.rank && source.shape.every((d, i) => d >= index.shape[i]!)
    const part = larger ? source.slice(...index.shape.map((stop) => ({ stop }))) : source
    const result = wrap(g.scatterAdd(this.node, index.node, part.node, resolved))
    checkIndices('scatterAdd', index.node, this.shape[resolved]!)
    return result
  }
  /** The slices of an axis that a list of indices (int32 [n]) names. */
  indexSelect(axis: number, index: Tensor): Tensor {
    return calledAs('indexSelect', () =>
      wrap(indexSelect('indexSelect', this.node, index.node, normalizeAxis('indexSelect', axis, this.rank))),
    )
  }

  /** Matrix product with PyTorch's rules for vectors and for broadcasting of leading dimensions. */
  matmul(other: Tensor): Tensor {
    return matmul(this, other)
  }
  where(condition: Tensor, other: Operand): Tensor {
    return wrap(g.where(condition.node, this.node, operand(other)))
  }
  softmax(axis: number): Tensor {
    const resolved = normalizeAxis('softmax', axis, this.rank)
    const largest = calledAs('softmax', () => this.detach().amax(resolved, true))
    const exponentials = this.sub(largest).exp()
    const y = exponentials.div(exponentials.sum(resolved, true))
    return composed(y, 'softmax', [this], { axis: resolved })
  }
  logSoftmax(axis: number): Tensor {
    const resolved = normalizeAxis('logSoftmax', axis, this.rank)
    const shifted = this.sub(calledAs('logSoftmax', () => this.detach().amax(resolved, true)))
    const y = shifted.sub(shifted.exp().sum(resolved, true).log())
    return composed(y, 'logSoftmax', [this], { axis: resolved })
  }
}

showAsText(Tensor.prototype)

/** Numbers nested as deep as the tensor's rank. */
export type NestedArray = number | NestedArray[]

const owners = new WeakMap<Node, Tensor>()

/** The tensor whose gradient a leaf collects, and whose value it is. */
export function ownerOf(node: Node): Tensor | undefined {
  return owners.get(node)
}

export function wrap(node: Node): Tensor {
  return new Tensor(node)
}

/** The gradient that a tensor has collected. Throws a StaleValueError where a step has used it up. */
export function gradientOf({ grad }: Tensor): Tensor | null {
  if (grad?.node.stale !== undefined) throw new StaleValueError(grad.node.stale)
  return grad
}

function operand(x: Operand): g.Scalar {
  return typeof x === 'number' ? x : x.node
}

/** As PyTorch, the gradient of clamp also passes where the value equals a bound. */
function clampGradient(x: Node, clamped: Node, low: number | undefined, high: number | undefined): Tensor {
  if (!x.requiresGrad || !isGradEnabled()) return wrap(clamped)
  return wrap(
    g.withCustomGradient(clamped, [x], (gradient) => {
      let inside: Node | undefined
      if (low !== undefined) inside = g.lessEqual(low, x)
      if (high !== undefined) {
        const below = g.lessEqual(x, high)
        inside = inside === undefined ? below : g.logicalAnd(inside, below)
      }
      return [inside === undefined ? gradient : g.where(inside, gradient, 0)]
    }),
  )
}

/** By repeated squaring; wraps around as products of integers do. */
function integerPower(x: Node, exponent: number): Node {
  if (exponent === 0) return g.full(x.shape, 1, x.dtype)
  if (exponent === 1) return x
  const root = integerPower(x, Math.floor(exponent / 2))
  const square = g.mul(root, root)
  return exponent % 2 === 0 ? square : g.mul(square, x)
}

function dimensions(shape: number[] | [readonly number[]]): readonly number[] {
  return typeof shape[0] === 'object' ? shape[0] : (shape as number[])
}

function resolveShape(from: Shape, to: Shape): number[] {
  const unknown = to.indexOf(-1)
  if (unknown < 0) return [...to]
  const known = to.reduce((product, d, i) => (i === unknown ? product : product * d), 1)
  const rest = sizeOf(from) / known
  if (to.indexOf(-1, unknown + 1) >= 0 || !Number.isInteger(rest)) {
    throw new ShapeError(`reshape: ${formatShape(from)} does not fit ${formatShape(to)}`)
  }
  return to.map((d, i) => (i === unknown ? rest : d))
}

function resolveSlice(
  spec: SliceSpec | number | null,
  size: number,
  axis: number,
): { start: number; stop: number; step: number; length: number } {
  if (spec === null) return { start: 0, stop: size, step: 1, length: size }
  if (typeof spec === 'number') {
    const at = spec < 0 ? spec + size : spec
    if (!(at >= 0 && at < size)) {
      throw new ShapeError(`slice: index ${spec} is out of range for axis ${axis} of size ${size}`)
    }
    return { start: at, stop: at + 1, step: 1, length: 1 }
  }
  const { step = 1 } = spec
  if (!Number.isInteger(step) || step === 0)
    throw new ShapeError(`slice: the step must be an integer other than 0`)
  const [lowest, highest] = step > 0 ? [0, size] : [-1, size - 1]
  const resolve = (value: number | undefined, fallback: number): number => {
    if (value === undefined) return fallback
    return Math.min(Math.max(value < 0 ? value + size : value, lowest), highest)
  }
  const start = resolve(spec.start, step > 0 ? 0 : size - 1)
  const stop = resolve(spec.stop, step > 0 ? size : -1)
  const length = Math.max(Math.ceil((stop - start) / step), 0)
  return length === 0 ? { start: 0, stop: 0, step: 1, length } : { start, stop, step, length }
}

function matmul(a: Tensor, b: Tensor): Tensor {
  if (a.rank === 0 || b.rank === 0) throw new ShapeError('matmul: both operands need rank 1 at least')
  const [k, inner] = [a.shape.at(-1), b.shape.at(b.rank === 1 ? 0 : -2)]
  if (k !== inner) {
    throw new ShapeError(
      `matmul: ${formatShape(a.shape)} x ${formatShape(b.shape)}: the inner dimensions are ${k} and ${inner}; ` +
        'they must be equal',
    )
  }
  const left = a.rank === 1 ? a.unsqueeze(0) : a
  const right = b.rank === 1 ? b.unsqueeze(1) : b
  let product: Tensor
  if (right.rank === 2 && left.rank > 2) {
    // One weight for all: a single product over all rows.
    const rows = left.reshape(-1, left.shape[left.rank - 1]!)
    product = wrap(g.matmul(rows.node, right.node)).reshape([...left.shape.slice(0, -1), right.shape[1]!])
  } else {
    const batch = broadcastShapes('matmul', left.shape.slice(0, -2), right.shape.slice(0, -2))
    const spread = (x: Tensor): Node => g.expand(x.node, [...batch, ...x.shape.slice(-2)])
    product = wrap(g.matmul(spread(left), spread(right)))
  }
  if (a.rank === 1) product = product.squeeze(b.rank === 1 ? -2 : product.rank - 2)
  return b.rank === 1 ? product.squeeze(product.rank - 1) : product
}
