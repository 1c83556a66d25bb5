import type { Attributes, GraphModel, GraphNode, GraphValue } from '../../onnx/model.ts'
import { CheckpointError } from '../errors.ts'
import { type StoredTensor, weightTensor } from '../state-dict.ts'

/** Begins the names of values until the graph is whole and they get those of the file. */
const freshMark = '\u0000'

/** The size of a dimension; null where the file leaves it open. */
export type Extent = number | null

/** A value between layers, the batch being its first dimension. */
export interface Blob {
  readonly name: string
  readonly shape: readonly Extent[]
}

/**
 * Puts together the graph of a format that stores a list of layers with named blobs between them (Caffe, ncnn). A blob
 * may be defined anew by a layer that works in place; its name goes to the last definition, as that is what such formats
 * mean by it when a network has run.
 */
export class LayerGraph {
  readonly file: string
  readonly weights: ReadonlyMap<string, StoredTensor>
  readonly #nodes: GraphNode[] = []
  readonly #initializers = new Map<string, StoredTensor>()
  readonly #inputs = new Map<string, (number | string | null)[]>()
  readonly #blobs = new Map<string, Blob>()
  readonly #unread = new Set<string>()
  readonly #renamed = new Map<string, string>()
  readonly #producers = new Map<string, number>()
  readonly #consumers = new Map<string, number>()
  #count = 0

  /** @param weights The state dict; a node takes of it what it names. */
  constructor(file: string, weights: ReadonlyMap<string, StoredTensor>) {
    this.file = file
    this.weights = weights
  }

  /** A value to be given. Its batch is free, whatever the shape says. */
  addInput(blob: string, shape: readonly Extent[]): void {
    const name = this.#fresh()
    this.#inputs.set(name, ['N', ...shape.slice(1)])
    this.define(blob, { name, shape })
  }

  /** Says what a blob's name stands for from here on. */
  define(blob: string, value: Blob): void {
    this.#blobs.set(blob, value)
    this.#unread.add(blob)
  }

  /** The blob that a layer takes; undefined where no layer before has made it. */
  take(blob: string): Blob | undefined {
    this.#unread.delete(blob)
    return this.#blobs.get(blob)
  }

  /** The channels of an input for which the file gives no size, as the first layer that takes it knows them. */
  setInputChannels(value: Blob, channels: number): void {
    const shape = this.#inputs.get(value.name)
    if (shape !== undefined && shape.length > 1) shape[1] ??= channels
  }

  /** Adds a node with one output. */
  add(
    op: string,
    inputs: readonly (Blob | string)[],
    shape: readonly Extent[],
    attributes: Attributes = {},
    label = '',
  ): Blob {
    return this.addMany(op, inputs, [shape], attributes, label)[0]!
  }

  /** Adds a node with an output for each shape. */
  addMany(
    op: string,
    inputs: readonly (Blob | string)[],
    shapes: readonly (readonly Extent[])[],
    attributes: Attributes = {},
    label = '',
  ): Blob[] {
    const names = inputs.map((input) => (typeof input === 'string' ? input : input.name))
    for (const name of names) this.#consumers.set(name, (this.#consumers.get(name) ?? 0) + 1)
    const outputs = shapes.map((shape) => ({ name: this.#fresh(), shape }))
    for (const { name } of outputs) this.#producers.set(name, this.#nodes.length)
    this.#nodes.push({
      name: label,
      op,
      domain: '',
      inputs: names,
      outputs: outputs.map(({ name }) => name),
      attributes,
    })
    return outputs
  }

  /** The node that makes a value, to be replaced where a later layer can be merged into it. */
  producerOf(value: Blob): { readonly node: GraphNode; readonly consumers: number } | undefined {
    const node = this.#nodes[this.#producers.get(value.name) ?? -1]
    return node && { node, consumers: this.#consumers.get(value.name) ?? 0 }
  }

  /** Gives the node that makes a value other inputs. */
  setInputs(value: Blob, inputs: readonly string[]): void {
    const at = this.#producers.get(value.name)!
    this.#nodes[at] = { ...this.#nodes[at]!, inputs }
  }

  /** The name of a constant that is no weight: a shape, a factor. */
  constant(shape: readonly number[], values: Float32Array | BigInt64Array): string {
    const value =
      values instanceof Float32Array ? weightTensor(shape, 'F32', values) : weightTensor(shape, 'I64', values)
    const tensor: StoredTensor = { shape: value.shape, dtype: value.dtype, read: async () => value }
    return this.add('Constant', [], shape, { value: { type: 'tensor', value: tensor } }).name
  }

  /** The name of a weight of the state dict, which becomes an initializer. */
  weight(name: string): string {
    const tensor = this.weights.get(name)
    if (tensor === undefined) throw new CheckpointError(this.file, `has no weights named ${name}`)
    this.#initializers.set(name, tensor)
    return name
  }

  /** The graph; its outputs are the blobs that no layer takes. */
  finish(name: string, producer: string): GraphModel {
    const named = new Set(this.#initializers.keys())
    const claim = (value: Blob, blob: string): boolean => {
      if (this.#renamed.has(value.name) || named.has(blob)) return false
      this.#renamed.set(value.name, blob)
      named.add(blob)
      return true
    }
    // Inputs and outputs are what a user sees: they get their names before the values within do.
    for (const [blob, value] of this.#blobs) if (this.#inputs.has(value.name)) claim(value, blob)
    const outputs = [...this.#unread].map((blob) => {
      const value = this.#blobs.get(blob)!
      if (claim(value, blob)) return value
      const copy = this.add('Identity', [value], value.shape)
      if (claim(copy, blob)) return copy
      throw new CheckpointError(this.file, `calls both a weight and a blob ${blob}`)
    })
    if (outputs.length === 0)
      throw new CheckpointError(this.file, 'holds no network: no layer makes an output')
    for (const [blob, value] of this.#blobs) claim(value, blob)
    const nameOf = (value: string): string => {
      const given = this.#renamed.get(value)
      if (given !== undefined || !value.startsWith(freshMark)) return given ?? value
      let own = value.slice(freshMark.length)
      while (named.has(own)) own = `_${own}`
      this.#renamed.set(value, own)
      named.add(own)
      return own
    }
    const described = (value: string, shape: GraphValue['shape']): GraphValue => ({
      name: nameOf(value),
      type: 'FLOAT',
      shape,
    })
    return {
      opset: 17,
      graph: {
        name,
        nodes: this.#nodes.map((node) => ({
          ...node,
          inputs: node.inputs.map(nameOf),
          outputs: node.outputs.map(nameOf),
        })),
        inputs: [...this.#inputs].map(([value, shape]) => described(value, shape)),
        outputs: outputs.map(({ name: value, shape }) =>
          described(value, [shape[0] ?? 'N', ...shape.slice(1)]),
        ),
        initializers: this.#initializers,
      },
      metadata: {},
      producer,
    }
  }

  #fresh(): string {
    return `${freshMark}${this.#count++}`
  }
}

/** A layer on its way into the graph: what it takes, and messages that name it. */
export class Layer {
  readonly graph: LayerGraph
  readonly name: string
  readonly type: string
  readonly inputs: readonly Blob[]

  constructor(graph: LayerGraph, name: string, type: string, inputs: readonly Blob[]) {
    this.graph = graph
    this.name = name
    this.type = type
    this.inputs = inputs
  }

  fail(what: string): never {
    throw new CheckpointError(this.graph.file, `layer ${this.name} (${this.type}): ${what}`)
  }

  input(index = 0): Blob {
    return this.inputs[index] ?? this.fail(`takes ${this.inputs.length} blobs, but needs ${index + 1}`)
  }

  /** The blob it takes, which must be images: [n, c, h, w]. */
  images(index = 0): Blob {
    const blob = this.input(index)
    if (blob.shape.length !== 4) this.fail(`takes images, but gets a blob of ${blob.shape.length} dimensions`)
    return blob
  }

  has(part: string): boolean {
    return this.graph.weights.has(`${this.name}.${part}`)
  }

  /** The name of a weight of this layer, such as `weight` or `bias`. */
  weight(part: string): string {
    return this.graph.weight(`${this.name}.${part}`)
  }

  weightShape(part: string): readonly number[] {
    return this.graph.weights.get(`${this.name}.${part}`)?.shape ?? this.fail(`has no ${part}`)
  }

  add(
    op: string,
    inputs: readonly (Blob | string)[],
    shape: readonly Extent[],
    attributes: Attributes = {},
  ): Blob {
    return this.graph.add(op, inputs, shape, attributes, this.name)
  }

  /** A number of 32-bit floats as an operand. */
  scalar(value: number): string {
    return this.graph.constant([], Float32Array.of(value))
  }

  /** A list of integers as an operand. */
  list(values: readonly number[]): string {
    return this.graph.constant([values.length], BigInt64Array.from(values, BigInt))
  }

  /** Where along [0, rank) an axis lies; negative ones count from the end. */
  axis(axis: number, rank: number = this.input().shape.length): number {
    const at = axis < 0 ? axis + rank : axis
    if (!Number.isInteger(at) || at < 0 || at >= rank) {
      this.fail(`axis ${axis} is not one of the ${rank} of its blob`)
    }
    return at
  }
}
