import type { Attributes } from '../../onnx/model.ts'
import type { StoredTensor } from '../state-dict.ts'
import type { GraphBuilder, Value } from './builder.ts'
import type { Argument, LayerCall } from './calls.ts'
import { type Fields, integersOf, LayerError, textOf } from './fields.ts'

/** A layer that is being called: what a translation needs to know of it. */
export class LayerContext {
  readonly builder: GraphBuilder
  /** With the names of the models around it. */
  readonly name: string
  readonly className: string
  readonly config: Fields
  /** All tensors among the arguments. */
  readonly inputs: readonly Value[]
  readonly call: LayerCall
  /** What an argument of the call stands for. */
  readonly resolve: (argument: Argument) => Value | undefined
  /** 1, 2 or 3. */
  readonly keras: number
  readonly #weights: ReadonlyMap<string, StoredTensor>

  constructor(
    builder: GraphBuilder,
    layer: { readonly name: string; readonly className: string; readonly config: Fields },
    inputs: readonly Value[],
    call: LayerCall,
    resolve: (argument: Argument) => Value | undefined,
    weights: ReadonlyMap<string, StoredTensor>,
    keras: number,
  ) {
    this.builder = builder
    this.name = layer.name
    this.className = layer.className
    this.config = layer.config
    this.inputs = inputs
    this.call = call
    this.resolve = resolve
    this.keras = keras
    this.#weights = weights
  }

  /** The same layer, called with other arguments. */
  with(call: LayerCall): LayerContext {
    return new LayerContext(this.builder, this, this.inputs, call, this.resolve, this.#weights, this.keras)
  }

  get input(): Value {
    const [input] = this.inputs
    if (input === undefined) throw new LayerError('has no input')
    return input
  }

  /** Whether images are [n, c, h, w] in Keras, too. */
  get channelsFirst(): boolean {
    const format = textOf(this.config, ['data_format', 'dim_ordering'], 'channels_last')
    return format === 'channels_first' || format === 'th'
  }

  /** The input as [n, c, ...]. Throws a LayerError where it has another rank. */
  image(rank = 4, input: Value = this.input): Value {
    if (input.rank !== rank) {
      throw new LayerError(`takes ${rank}-dimensional input, but is given ${input.rank} dimensions`)
    }
    return this.channelsFirst ? this.builder.plain(input) : this.builder.swapped(input)
  }

  node(op: string, inputs: readonly (Value | string)[], attributes: Attributes = {}): string {
    const names = inputs.map((input) => (typeof input === 'string' ? input : input.name))
    return this.builder.node(op, this.name, names, attributes)
  }

  /** Adds a node that changes only values, not shapes. */
  map(op: string, input: Value, attributes: Attributes = {}, others: readonly string[] = []): Value {
    return { ...input, name: this.node(op, [input, ...others], attributes) }
  }

  number(value: number): string {
    return this.builder.floats(this.name, [value], [])
  }

  hasWeight(name: string): boolean {
    return this.#weights.has(name)
  }

  stored(name: string): StoredTensor {
    const tensor = this.#weights.get(name)
    if (tensor === undefined) throw new LayerError(`has no ${name} in the file`)
    return tensor
  }

  /** The name of a weight, which becomes an initializer. */
  weight(name: string): string {
    return this.builder.weight(`${this.name}.${name}`, this.stored(name))
  }

  /** Strides and the like, for each of the axes. */
  steps(keys: readonly string[], axes: number, otherwise = 1): readonly number[] {
    const value = integersOf(
      this.config,
      keys,
      axes,
      Array.from({ length: axes }, () => otherwise),
    )
    if (value.some((step) => step < 1)) throw new LayerError(`has ${keys[0]} [${value}]`)
    return value
  }

  /** Whether padding is `same`; it is a LayerError if it is neither that nor `valid`. */
  get padsSame(): boolean {
    const padding = textOf(this.config, ['padding', 'border_mode'], 'valid')
    if (padding !== 'same' && padding !== 'valid') throw new LayerError(`has padding ${padding}`)
    return padding === 'same'
  }
}

/** Translates the call of a layer into nodes. Throws a LayerError. */
export type Translation = (layer: LayerContext) => Value

/** The attribute of ONNX that pads as TensorFlow does: what is odd comes last. */
export function padding(same: boolean): Attributes {
  return { auto_pad: { type: 'string', value: same ? 'SAME_UPPER' : 'VALID' } }
}

/** Padding as a node of its own: how much before and after each of the spatial axes; negative amounts cut off. */
export function padded(
  layer: LayerContext,
  input: Value,
  amounts: readonly (readonly [number, number])[],
): Value {
  const both = [...[0, 0], ...amounts.map(([before]) => before), 0, 0, ...amounts.map(([, after]) => after)]
  return layer.map('Pad', input, {}, [layer.builder.integers(layer.name, both)])
}
