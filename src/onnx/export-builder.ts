import { type DType, dtypes, type TypedArray } from '../graph/dtype.ts'
import { type Shape, sizeOf } from '../graph/shape.ts'
import { type StoredTensor, type WeightTensor, weightTensor, weightTensorOf } from '../weights/index.ts'
import {
  type Attributes,
  type ElementType,
  elementTypes,
  type Graph,
  type GraphNode,
  type GraphValue,
  int,
} from './model.ts'

/** A constant of the graph, in memory. */
export interface Initializer {
  readonly shape: Shape
  readonly tensor: WeightTensor
}

/** The type in ONNX of the elements of a dtype. */
export const elementTypeOf: { readonly [D in DType]: ElementType } = {
  float32: 'FLOAT',
  float64: 'DOUBLE',
  int32: 'INT32',
  uint8: 'UINT8',
  bool: 'BOOL',
}

export interface EmitOptions {
  readonly attributes?: Attributes
  /** How many outputs the node has; 1 unless given. */
  readonly outputs?: number
}

/** Collects the nodes and initializers of a graph under names of their own. */
export class GraphBuilder {
  readonly opset: number
  readonly nodes: GraphNode[] = []
  readonly initializers: Map<string, Initializer> = new Map()
  readonly #names = new Set<string>()
  readonly #constants = new Map<string, string>()
  /** What names of nodes begin with: the module that is being written. */
  place = ''

  constructor(opset: number) {
    this.opset = opset
  }

  /** The name, or one like it if it is taken. */
  unique(name: string): string {
    let free = name
    for (let i = 2; this.#names.has(free); i++) free = `${name}_${i}`
    this.#names.add(free)
    return free
  }

  /** Adds a node and returns the names of its outputs. */
  emitAll(op: string, inputs: readonly string[], options: EmitOptions = {}): readonly string[] {
    const { attributes = {}, outputs: count = 1 } = options
    const name = this.unique(this.place === '' ? op : `${this.place}/${op}`)
    const outputs = Array.from({ length: count }, (_, i) => this.unique(`${name}:${i}`))
    let last = inputs.length
    while (last > 0 && inputs[last - 1] === '') last--
    this.nodes.push({ name, op, domain: '', inputs: inputs.slice(0, last), outputs, attributes })
    return outputs
  }

  /** Adds a node with one output and returns its name. */
  emit(op: string, inputs: readonly string[], attributes: Attributes = {}): string {
    return this.emitAll(op, inputs, { attributes })[0]!
  }

  /** A weight or constant under the name, or one like it. */
  initializer(name: string, tensor: WeightTensor): string {
    const free = this.unique(name)
    this.initializers.set(free, { shape: tensor.shape, tensor })
    return free
  }

  /** A constant of few elements, shared by all who need it. */
  constant(values: readonly number[] | number, dtype: DType): string {
    const shape = typeof values === 'number' ? [] : [values.length]
    const list = typeof values === 'number' ? [values] : values
    return this.#shared(`${dtype}${shape.length > 0 ? `[${list}]` : ` ${list}`}`, () => {
      const array: TypedArray = dtypes[dtype].create(list.length)
      array.set(list)
      return weightTensorOf(shape, dtype, array)
    })
  }

  /** 64-bit integers: what shapes, axes and the like are. */
  integers(values: readonly number[] | number): string {
    const list = typeof values === 'number' ? [values] : values
    const shape = typeof values === 'number' ? [] : [values.length]
    return this.#shared(`${shape.length > 0 ? `[${list}]` : `${list}`}`, () =>
      weightTensor(shape, 'I64', BigInt64Array.from(list, BigInt)),
    )
  }

  #shared(content: string, make: () => WeightTensor): string {
    const known = this.#constants.get(content)
    if (known !== undefined) return known
    const name = this.initializer(content, make())
    this.#constants.set(content, name)
    return name
  }

  /** Takes away initializers that no node and no output reads. */
  dropUnread(outputs: readonly string[]): void {
    const read = new Set([...outputs, ...this.nodes.flatMap((node) => node.inputs)])
    for (const name of this.initializers.keys()) if (!read.has(name)) this.initializers.delete(name)
  }

  /** Calls a value otherwise wherever it occurs. */
  rename(from: string, to: string): void {
    const renamed = (names: readonly string[]): readonly string[] =>
      names.includes(from) ? names.map((name) => (name === from ? to : name)) : names
    for (const [i, node] of this.nodes.entries()) {
      const [inputs, outputs] = [renamed(node.inputs), renamed(node.outputs)]
      if (inputs !== node.inputs || outputs !== node.outputs) this.nodes[i] = { ...node, inputs, outputs }
    }
  }

  graph(name: string, inputs: readonly GraphValue[], outputs: readonly GraphValue[]): Graph {
    const initializers = new Map<string, StoredTensor>()
    for (const [key, { tensor }] of this.initializers) {
      const { shape, dtype } = tensor
      initializers.set(key, { shape, dtype, read: async () => tensor })
    }
    return { name, nodes: this.nodes, inputs, outputs, initializers }
  }

  /** A tensor of the shape with one value everywhere, as a constant. */
  filled(shape: Shape, value: number, dtype: DType): string {
    if (shape.length === 0) return this.constant(value, dtype)
    const size = sizeOf(shape)
    if (size <= 64) {
      return this.#shared(`${dtype} ${value} [${shape}]`, () =>
        weightTensorOf(shape, dtype, dtypes[dtype].create(size).fill(value)),
      )
    }
    return this.emit('Expand', [this.constant(value, dtype), this.integers([...shape])])
  }

  cast(value: string, type: ElementType): string {
    return this.emit('Cast', [value], { to: int(elementTypes[type]) })
  }
}
