import { gradients } from '../autograd/index.ts'
import { type DType, dtypeOfArray, dtypes, isFloating, type TypedArray } from '../graph/dtype.ts'
import { isGradEnabled } from '../graph/grad-mode.ts'
import { inputNode, type Node } from '../graph/node.ts'
import * as g from '../graph/ops/index.ts'
import {
  broadcastShapes,
  formatShape,
  normalizeAxes,
  normalizeAxis,
  sameShape,
  type Shape,
  ShapeError,
  sizeOf,
} from '../graph/shape.ts'
import { HostStorage } from '../graph/storage.ts'
import {
  assign,
  type Binding,
  realizeBindings,
  releaseAfterRealization,
  wantGradient,
  wantLoss,
} from './pending.ts'
import type { RealizeOptions } from './realize.ts'

export type Axes = number | readonly number[]

/** A start, stop and step along one axis, as Python's slices: negative counts from the end, absent means all. */
export interface SliceSpec {
  readonly start?: number
  readonly stop?: number
  readonly step?: number
}

export interface BackwardOptions {
  /** Keeps the recorded history after the value is known, so that backward can be called again. */
  readonly retainGraph?: boolean
  /** Makes the gradients differentiable themselves. */
  readonly createGraph?: boolean
}

type Operand = Tensor | number

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
    this.#binding = { node, target: undefined, aliases: [], describe: () => this.label ?? 'a tensor' }
    if (node.inputs.length === 0) owners.set(node, this)
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
      throw new TypeError(`requiresGrad: only floating-point tensors have gradients, this one is ${this.dtype}`)
    }
    if (!this.isLeaf) throw new Error('requiresGrad: only leaves can be switched; detach() this tensor first')
    this.node.requiresGrad = value
    if (this.#binding.target) this.#binding.target.requiresGrad = value
  }

  /** Whether no differentiable operation made this tensor. */
  get isLeaf(): boolean {
    return !this.node.requiresGrad || this.node.inputs.length === 0 || owners.get(this.node) === this
  }

  /** The values in row-major order: a copy. */
  async data(options?: RealizeOptions): Promise<TypedArray> {
    await realizeBindings([this.#binding], options)
    return (await this.node.storage!.read()).slice()
  }

  /** The value of a tensor of one element. */
  async item(options?: RealizeOptions): Promise<number> {
    if (this.size !== 1) {
      throw new ShapeError(`item: needs a tensor of one element, this one is ${formatShape(this.shape)}; use data()`)
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
      throw new Error('backward: this tensor does not require a gradient: no parameter that requires one was used')
    }
    if (gradient === undefined && this.size !== 1) {
      throw new ShapeError(`backward: a tensor of shape ${formatShape(this.shape)} needs a gradient argument`)
    }
    const found = gradients([this.node], [gradient?.node], options)
    for (const [node, value] of found) {
      const owner = owners.get(node)
      if (owner === undefined || !owner.requiresGrad || owner.node !== node) continue
      const total = owner.grad === null ? value : g.add(owner.grad.node, value)
      owner.grad = new Tensor(total)
      owner.grad.label = owner.label && `the gradient of ${owner.label}`
      if (!options.createGraph) wantGradient(owner.grad.binding)
    }
    if (!options.retainGraph && !options.createGraph) releaseAfterRealization(this.node)
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

  /** Replaces the contents at once by a copy of `data`, without computing anything. */
  load(data: TypedArray): this {
    if (data.length !== this.size) {
      throw new ShapeError(`load: ${data.length} values do not fit ${this.label ?? 'a tensor'} ${formatShape(this.shape)}`)
    }
    const { requiresGrad } = this
    const storage = HostStorage.allocate(this.dtype, this.size)
    storage.data.set(data)
    const node = inputNode(storage, this.shape, { requiresGrad, persistent: true })
    Object.assign(this.#binding, { node, target: undefined, aliases: [] })
    owners.set(node, this)
    return this
  }

  // Arithmetic, element by element, with NumPy broadcasting.
  add = (other: Operand): Tensor => wrap(g.add(this.node, operand(other)))
  sub = (other: Operand): Tensor => wrap(g.sub(this.node, operand(other)))
}

/** Numbers nested as deep as the tensor's rank. */
export type NestedArray = number | NestedArray[]

const owners = new WeakMap<Node, Tensor>()
function wrap(node: Node): Tensor { return new Tensor(node) }
function operand(x: Operand): g.Scalar { return typeof x === 'number' ? x : x.node }
