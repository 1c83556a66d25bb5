import { type Attributes, type GraphNode, ints } from '../../onnx/model.ts'
import { CheckpointError } from '../errors.ts'
import type { RandomAccess } from '../random-access.ts'
import { type StoredTensor, weightTensor } from '../state-dict.ts'
import { type Arrangement, constantTensor, hostNumbers, isReadable } from './constants.ts'
import { keepsOrder, type Layout, plainLayout, sameLayout } from './layout.ts'
import { constantName, layerName, UniqueNames } from './names.ts'
import { shorten, type TfliteModel, type TfliteOperator, type TfliteTensor } from './read.ts'

/** Why an operator cannot be translated: it is listed with all others of the file. */
export class Refusal extends Error {}

/** A tensor of the network in the graph that is made. */
export interface Value {
  /** In the graph. */
  readonly name: string
  readonly layout: Layout
  /** Bounds of its elements, as far as operators and types tell. */
  readonly low: number
  readonly high: number
  /** Whether its first axis is the batch, whose size is free. */
  readonly batched: boolean
}

/** Constants may be shared by tensors, but a file of a few bytes is not to become many times as many. */
const sharingLimit = 8

/**
 * A graph in the making. Operators of the file ask for their inputs in the layout that they need, add nodes and say what
 * their outputs are.
 */
export class Translation {
  readonly model: TfliteModel
  readonly nodes: GraphNode[] = []
  /** Weights and constants by their names in state dicts. */
  readonly initializers: Map<string, StoredTensor> = new Map()
  readonly names: UniqueNames = new UniqueNames()
  /** Set where the network mixes the images of a batch: then it takes as many as the file says. */
  batchFixed = false
  readonly #source: RandomAccess
  readonly #bytes: Uint8Array
  readonly #values = new Map<number, Value>()
  /** Tensors that are constants under another name. */
  readonly #aliases = new Map<number, number>()
  readonly #named = new Map<string, string>()
  readonly #used = new Set<number>()
  #constantBytes = 0
  #node = ''

  /** @param bytes The beginning of the source, with all that is not external to the FlatBuffer. */
  constructor(model: TfliteModel, source: RandomAccess, bytes: Uint8Array) {
    this.model = model
    this.#source = source
    this.#bytes = bytes
  }

  /** What messages call an operator. */
  begin({ type, outputs }: TfliteOperator): void {
    const first = outputs[0]
    this.#node = first === undefined ? type : this.tensor(first).name.split(';')[0]!
  }

  tensor(index: number): TfliteTensor {
    return this.model.tensors[index]!
  }

  /** The sizes of a tensor in TensorFlow's order; -1 where one is free. */
  dims(index: number): readonly number[] {
    return this.tensor(index).signature
  }

  rank(index: number): number {
    return this.tensor(index).shape.length
  }

  /** Index of the tensor that holds the values, where they are known beforehand. */
  #constant(index: number): number | undefined {
    const origin = this.#aliases.get(index) ?? index
    const { data, shape } = this.tensor(origin)
    if (this.#values.has(origin)) return undefined
    return data !== undefined || shape.includes(0) ? origin : undefined
  }

  isConstant(index: number): boolean {
    return this.#constant(index) !== undefined
  }

  /** Makes a tensor the constant that another one is. */
  alias(index: number, constant: number): void {
    this.#checkNew(index)
    this.#aliases.set(index, this.#constant(constant) ?? constant)
  }

  /** The numbers of a constant that says how an operator works. Throws a Refusal where it is computed. */
  numbers(index: number, what: string): number[] {
    const constant = this.#constant(index)
    if (constant === undefined) throw new Refusal(`${what} is computed at run time`)
    const tensor = this.tensor(constant)
    const { start, length } = tensor.data ?? { start: 0, length: 0 }
    if (start + length > this.#bytes.length || length > 4096) throw new Refusal(`${what} has ${length} bytes`)
    return hostNumbers(this.#bytes, this.model.file, tensor)
  }

  /** As numbers, for one number. */
  number(index: number, what: string): number {
    const [value, ...rest] = this.numbers(index, what)
    if (value === undefined || rest.length > 0) throw new Refusal(`${what} is not one number`)
    return value
  }

  /** What a tensor that operators compute, or an input, is in the graph. */
  value(index: number): Value {
    const value = this.#values.get(index)
    if (value !== undefined) return value
    throw new CheckpointError(
      this.model.file,
      `${shorten(this.#node)} takes tensor ${index} (${shorten(this.tensor(index).name)}), which nothing before it makes`,
    )
  }

  define(index: number, value: Value): void {
    this.#checkNew(index)
    this.#values.set(index, value)
  }

  /** Outputs of an operator that is refused, so that those which take them can be tried. */
  placeholders(outputs: readonly number[]): void {
    for (const index of outputs) {
      if (this.#values.has(index) || this.isConstant(index)) continue
      const [low, high] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
      this.#values.set(index, { name: '', layout: plainLayout(this.rank(index)), low, high, batched: false })
    }
  }

  #checkNew(index: number): void {
    if (!this.#values.has(index) && this.#constant(index) === undefined) return
    throw new CheckpointError(
      this.model.file,
      `tensor ${index} (${shorten(this.tensor(index).name)}) is made more than once`,
    )
  }

  /** The name of a tensor in the graph, in the given layout, whether it is a constant or not. */
  input(index: number, layout: Layout): string {
    if (!this.isConstant(index)) return this.arranged(this.value(index), this.dims(index), layout)
    return this.constant(index, { shape: this.tensor(index).shape, order: layout })
  }

  /** The name of a constant that belongs to no layer; scalars that only say how an operator works, use `numbers`. */
  constant(index: number, arrangement: Arrangement): string {
    return this.#initializer(index, arrangement, () => this.names.take(constantName(this.tensor(index).name)))
  }

  /**
   * The names of a layer's weight and bias in the graph: `<layer>.weight` and `<layer>.bias` where they are constants.
   * @param order The layout of the weight.
   */
  layer(
    weight: number,
    order: Layout,
    bias: number | undefined,
  ): { weight: string; bias: string | undefined } {
    const endings = ['.weight', ...(bias === undefined ? [] : ['.bias'])]
    let base: string | undefined
    const named = (ending: string) => () => {
      base ??= this.names.takeBase(layerName(this.tensor(weight).name), endings)
      return base + ending
    }
    const place = (index: number, layout: Layout, ending: string): string =>
      this.isConstant(index)
        ? this.#initializer(index, { shape: this.tensor(index).shape, order: layout }, named(ending))
        : this.input(index, layout)
    return {
      weight: place(weight, order, '.weight'),
      bias: bias === undefined ? undefined : place(bias, plainLayout(this.rank(bias)), '.bias'),
    }
  }

  #initializer(index: number, arrangement: Arrangement, name: () => string): string {
    const constant = this.#constant(index)!
    this.#used.add(constant)
    const key = `${constant}:${arrangement.shape}:${arrangement.order}`
    const known = this.#named.get(key)
    if (known !== undefined) return known
    const tensor = this.tensor(constant)
    const stored = constantTensor(this.#source, tensor, arrangement)
    this.#count(tensor)
    const given = name()
    this.initializers.set(given, stored)
    this.#named.set(key, given)
    return given
  }

  /** The constants that no operator took, for reading the weights of a network that has unsupported ones. */
  unusedConstants(): Map<string, StoredTensor> {
    const found = new Map<string, StoredTensor>()
    for (const [index, tensor] of this.model.tensors.entries()) {
      const isWeight = tensor.data !== undefined && (tensor.quantization !== undefined || tensor.type < 2)
      if (!isWeight || !isReadable(tensor) || this.#used.has(index)) continue
      this.#count(tensor)
      const arrangement = { shape: tensor.shape, order: plainLayout(tensor.shape.length) }
      found.set(this.names.take(constantName(tensor.name)), constantTensor(this.#source, tensor, arrangement))
    }
    return found
  }

  #count({ data }: TfliteTensor): void {
    this.#constantBytes += data?.length ?? 0
    if (this.#constantBytes <= sharingLimit * this.#source.size) return
    throw new CheckpointError(
      this.model.file,
      `its tensors share the same bytes so often that they take over ${sharingLimit} times the ${this.#source.size} of the file`,
    )
  }

  /** A value in another layout: a Transpose, or a Reshape where only axes of one index move. */
  arranged(value: Value, dims: readonly number[], layout: Layout): string {
    if (sameLayout(value.layout, layout)) return value.name
    const key = `${value.name} ${layout}`
    const known = this.#named.get(key)
    if (known !== undefined) return known
    const isOne = (axis: number): boolean => dims[axis] === 1 && !(axis === 0 && value.batched)
    const sizes = layout.map((axis) => (axis === 0 && value.batched ? 0 : dims[axis]!))
    const isReshape =
      keepsOrder(value.layout, layout, isOne) && isTarget(sizes) && (!value.batched || layout[0] === 0)
    const name = isReshape
      ? this.emit('Reshape', [value.name, this.integers(sizes)])
      : this.emit('Transpose', [value.name], { perm: ints(layout.map((axis) => value.layout.indexOf(axis))) })
    this.#named.set(key, name)
    return name
  }

  /**
   * A value reshaped from dims to dims, both in TensorFlow's order, as is the result. The batch stays free: as the first axis
   * where both begin with it, and otherwise merged into what the first axis is.
   */
  reshaped(value: Value, from: readonly number[], to: readonly number[]): string {
    const isOne = (axis: number): boolean => from[axis] === 1 && !(axis === 0 && value.batched)
    const plain = plainLayout(from.length)
    const name = keepsOrder(value.layout, plain, isOne) ? value.name : this.arranged(value, from, plain)
    const keepsBatch = value.batched && to[0] === from[0]
    const first = keepsBatch ? 0 : value.batched ? -1 : to[0]!
    const sizes = to.length === 0 ? [] : [first, ...to.slice(1)]
    if (!isTarget(sizes) || (first === 0 && !keepsBatch)) {
      throw new Refusal(`the shape [${shorten(to.join(', '))}] is known only at run time, or empty`)
    }
    return this.emit('Reshape', [name, this.integers(sizes)])
  }

  /** Adds a node and returns the name of its only output. */
  emit(op: string, inputs: readonly (string | undefined)[], attributes: Attributes = {}): string {
    return this.emitMany(op, inputs, attributes, 1)[0]!
  }

  /** As emit, for several outputs. */
  emitMany(
    op: string,
    inputs: readonly (string | undefined)[],
    attributes: Attributes,
    count: number,
  ): readonly string[] {
    const outputs = Array.from({ length: count }, () => this.names.take(`${this.#node}/${op}`))
    const last = inputs.findLastIndex((name) => name !== undefined)
    this.nodes.push({
      name: this.#node,
      op,
      domain: '',
      inputs: inputs.slice(0, last + 1).map((name) => name ?? ''),
      outputs,
      attributes,
    })
    return outputs
  }

  /** The name of an int64 vector that says how a node works. */
  integers(values: readonly number[]): string {
    const tensor = weightTensor([values.length], 'I64', BigInt64Array.from(values, BigInt))
    return this.#hostConstant(`int64 ${values}`, { ...tensor, read: async () => tensor })
  }

  /** The name of a float32 scalar. */
  scalar(value: number): string {
    const tensor = weightTensor([], 'F32', Float32Array.of(value))
    return this.#hostConstant(`float32 ${Object.is(value, -0) ? '-0' : value}`, {
      ...tensor,
      read: async () => tensor,
    })
  }

  #hostConstant(key: string, value: StoredTensor): string {
    const known = this.#named.get(key)
    if (known !== undefined) return known
    const name = this.emit('Constant', [], { value: { type: 'tensor', value } })
    this.#named.set(key, name)
    return name
  }
}

/** Whether a shape can be the target of a Reshape: at most one size is to be found, and none is 0 but that of the batch. */
function isTarget(sizes: readonly number[]): boolean {
  return sizes.filter((size) => size < 0).length <= 1 && !sizes.slice(1).includes(0)
}
