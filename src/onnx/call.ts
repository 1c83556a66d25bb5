import { formatShape } from '../graph/shape.ts'
import type { Tensor } from '../tensor/index.ts'
import { DataDependentError, GraphError, UnsupportedError } from './errors.ts'
import type { Attribute, Graph, GraphNode } from './model.ts'
import { asTensor, HostValue, type Value } from './value.ts'

type AttributeValues = { readonly [A in Attribute as A['type']]: A['value'] }

/** What an operator knows of the graph around it. */
export interface CallContext {
  /** The version of the operator set. */
  readonly opset: number
  /** Whether the network is in training. */
  readonly training: boolean
  /** Constants given as attributes. */
  readonly constants: ReadonlyMap<Attribute, HostValue>
  /** The outputs of a graph within, which sees the values of those around it. */
  readonly runGraph: (graph: Graph, inputs: readonly Value[]) => readonly Value[]
}

/** One use of an operator: its inputs and attributes, with errors that name the node. */
export class Call {
  readonly node: GraphNode
  readonly context: CallContext
  /** Undefined where an optional input is left out. */
  readonly inputs: readonly (Value | undefined)[]

  constructor(node: GraphNode, inputs: readonly (Value | undefined)[], context: CallContext) {
    this.node = node
    this.inputs = inputs
    this.context = context
  }

  get opset(): number {
    return this.context.opset
  }

  get training(): boolean {
    return this.context.training
  }

  fail(why: string): never {
    throw new GraphError(why)
  }

  /** For what is right but not supported. */
  refuse(what: string): never {
    throw new UnsupportedError(`not supported: ${what}`)
  }

  has(index: number): boolean {
    return this.inputs[index] !== undefined
  }

  value(index: number): Value {
    return this.inputs[index] ?? this.fail(`input ${index} is missing`)
  }

  tensor(index: number): Tensor {
    return asTensor(this.value(index))
  }

  /** Null where the input is left out. */
  optionalTensor(index: number): Tensor | null {
    const value = this.inputs[index]
    return value === undefined ? null : asTensor(value)
  }

  /** All inputs that are given. */
  values(): readonly Value[] {
    return this.inputs.filter((value) => value !== undefined)
  }

  /** The inputs if all that are given are constants; undefined otherwise. */
  hosts(): readonly HostValue[] | undefined {
    const values = this.values()
    return values.every((value) => value instanceof HostValue) ? values : undefined
  }

  /** An input that must be known before the network runs. */
  host(index: number, what: string): HostValue {
    const value = this.value(index)
    if (value instanceof HostValue) return value
    throw new DataDependentError(
      `${what} (input ${index}, '${this.node.inputs[index]}') is computed by the network itself, or given to it as a ` +
        `tensor ${formatShape(value.shape)}, but must be known before it runs; export the network with a fixed input ` +
        'size, or give this input as a constant',
    )
  }

  hostInts(index: number, what: string): number[] {
    return [...this.host(index, what).values]
  }

  /** The single element of a constant input; the default where it is left out. */
  hostNumber(index: number, what: string, otherwise: number): number {
    if (!this.has(index)) return otherwise
    const { values } = this.host(index, what)
    return values.length === 1 ? values[0]! : this.fail(`${what} must be one number, got ${values.length}`)
  }

  #attribute<T extends keyof AttributeValues>(name: string, type: T): AttributeValues[T] | undefined {
    const found = this.hasAttribute(name) ? this.node.attributes[name]! : undefined
    if (found === undefined) return undefined
    if (found.type !== type) return this.fail(`attribute ${name} is of type ${found.type}, not ${type}`)
    return found.value as AttributeValues[T]
  }

  hasAttribute(name: string): boolean {
    return Object.hasOwn(this.node.attributes, name)
  }

  int(name: string, otherwise?: number): number {
    return this.#attribute(name, 'int') ?? otherwise ?? this.fail(`attribute ${name} is missing`)
  }

  flag(name: string, otherwise = false): boolean {
    return this.int(name, otherwise ? 1 : 0) !== 0
  }

  float(name: string, otherwise?: number): number {
    return this.#attribute(name, 'float') ?? otherwise ?? this.fail(`attribute ${name} is missing`)
  }

  text<T extends string>(name: string, choices: readonly T[], otherwise: T): T {
    const given = this.#attribute(name, 'string') ?? otherwise
    const found = choices.find((choice) => choice === given)
    return found ?? this.refuse(`${name} '${given}' (rather than ${choices.join(', ')})`)
  }

  ints(name: string, otherwise?: readonly number[]): readonly number[] {
    return this.#attribute(name, 'ints') ?? otherwise ?? this.fail(`attribute ${name} is missing`)
  }

  floats(name: string, otherwise?: readonly number[]): readonly number[] {
    return this.#attribute(name, 'floats') ?? otherwise ?? this.fail(`attribute ${name} is missing`)
  }

  graph(name: string): Graph {
    return this.#attribute(name, 'graph') ?? this.fail(`attribute ${name} is missing`)
  }

  /** A constant that an attribute holds. */
  constant(name: string): HostValue | undefined {
    const attribute = this.hasAttribute(name) ? this.node.attributes[name]! : undefined
    return attribute && this.context.constants.get(attribute)
  }

  /** The integers of an input, or of an attribute of the same name in older operator sets; undefined if neither is given. */
  intsOf(index: number, name: string): readonly number[] | undefined {
    if (this.has(index)) return this.hostInts(index, name)
    return this.hasAttribute(name) ? this.ints(name) : undefined
  }

  /** The axis counted from the front. */
  axis(axis: number, rank: number): number {
    if (axis >= -rank && axis < Math.max(rank, 1)) return axis < 0 ? axis + rank : axis
    return this.fail(`axis ${axis} is out of range for ${rank} dimensions`)
  }
}

/** What an operator does, and what the network has to know of it before. */
export interface Operator {
  /** The operator set in which it first appeared. */
  readonly since: number
  /** What is not supported, or is done in another way; empty if nothing. */
  readonly notes: string
  /** Inputs that are trained where they are initializers. */
  readonly trained?: readonly number[]
  readonly run: (call: Call) => Value | readonly Value[]
}

export type Operators = Readonly<Record<string, Operator>>

export function operator(
  since: number,
  run: Operator['run'],
  notes = '',
  trained: readonly number[] = [],
): Operator {
  return { since, run, notes, trained }
}
