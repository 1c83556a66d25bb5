import type { Attributes, ElementType, Graph, GraphNode, GraphValue } from '../../onnx/model.ts'
import { type StoredTensor, weightTensor } from '../state-dict.ts'
import { LayerError } from './fields.ts'

/**
 * A value of the graph. Keras' last axis of images is the channel; in the graph it is the second one. `swapped` says that
 * this is so for this value: its axes are [n, c, ...] where Keras counts [n, ..., c].
 */
export interface Value {
  readonly name: string
  readonly rank: number
  readonly swapped: boolean
}

/** The nodes and constants of a graph in the making. */
export class GraphBuilder {
  readonly #nodes: GraphNode[] = []
  readonly #initializers = new Map<string, StoredTensor>()
  readonly #names = new Set<string>()
  /** How often a name was wanted. */
  readonly #counts = new Map<string, number>()
  readonly #transposed = new Map<string, string>()

  /** A name that no value has yet, made of the given one. */
  unique(wanted: string): string {
    let count = this.#counts.get(wanted) ?? 0
    let name = count === 0 ? wanted : `${wanted}#${count}`
    while (this.#names.has(name)) name = `${wanted}#${++count}`
    this.#counts.set(wanted, count + 1)
    this.#names.add(name)
    return name
  }

  /** Adds a node with one output, and gives the output's name. */
  node(op: string, layer: string, inputs: readonly string[], attributes: Attributes = {}): string {
    const output = this.unique(`${layer}/${op}`)
    this.#nodes.push({ name: output, op, domain: '', inputs, outputs: [output], attributes })
    return output
  }

  /** A weight of the state dict; it may be asked for more than once. */
  weight(name: string, tensor: StoredTensor): string {
    this.#names.add(name)
    this.#initializers.set(name, tensor)
    return name
  }

  floats(layer: string, values: readonly number[], shape: readonly number[] = [values.length]): string {
    return this.#constant(layer, constant(shape, weightTensor(shape, 'F32', Float32Array.from(values))))
  }

  integers(layer: string, values: readonly number[]): string {
    const stored = weightTensor([values.length], 'I64', BigInt64Array.from(values, BigInt))
    return this.#constant(layer, constant([values.length], stored))
  }

  #constant(layer: string, tensor: StoredTensor): string {
    const name = this.unique(`${layer}/constant`)
    this.#initializers.set(name, tensor)
    return name
  }

  /** The value with Keras' own order of axes. */
  plain(value: Value): Value {
    if (!value.swapped) return value
    const order = [0, ...Array.from({ length: value.rank - 2 }, (_, i) => i + 2), 1]
    return { name: this.#transpose(value, order), rank: value.rank, swapped: false }
  }

  /** The value with Keras' last axis second. */
  swapped(value: Value): Value {
    if (value.swapped || value.rank < 3) return value
    const order = [0, value.rank - 1, ...Array.from({ length: value.rank - 2 }, (_, i) => i + 1)]
    return { name: this.#transpose(value, order), rank: value.rank, swapped: true }
  }

  #transpose(value: Value, order: readonly number[]): string {
    const key = `${value.name}:${order}`
    const known = this.#transposed.get(key)
    if (known !== undefined) return known
    const name = this.node('Transpose', value.name, [value.name], { perm: { type: 'ints', value: order } })
    this.#transposed.set(key, name)
    return name
  }

  graph(name: string, inputs: readonly GraphValue[], outputs: readonly Value[]): Graph {
    const described = outputs.map(({ name: output, rank }): GraphValue => {
      const shape = Array.from({ length: rank }, (_, i) => (i === 0 ? 'batch' : null))
      return { name: output, type: 'FLOAT' satisfies ElementType, shape }
    })
    return { name, nodes: this.#nodes, inputs, outputs: described, initializers: this.#initializers }
  }
}

function constant(shape: readonly number[], tensor: ReturnType<typeof weightTensor>): StoredTensor {
  return { shape, dtype: tensor.dtype, read: async () => tensor }
}

/** Where Keras' axis is in the value. Throws a LayerError where there is no such axis. */
export function axisIn(value: Value, axis: number): number {
  const { rank, swapped } = value
  const positive = axis < 0 ? axis + rank : axis
  if (!(positive >= 0 && positive < rank)) throw new LayerError(`has axis ${axis} for ${rank} dimensions`)
  if (!swapped || positive === 0) return positive
  return positive === rank - 1 ? 1 : positive + 1
}
