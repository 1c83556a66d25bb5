import { CheckpointError } from '../errors.ts'
import { type Layout, sameLayout } from './layout.ts'
import { shorten, type TfliteOperator, type TfliteTensor } from './read.ts'
import { Refusal, type Translation } from './translation.ts'

/** What is known of an operator's output beside its name and layout. */
export interface ResultOptions {
  /** ActivationFunctionType of the schema, applied to what the operator gives; 0: none. */
  readonly activation?: number
  /** Bounds that the operator itself keeps to. */
  readonly low?: number
  readonly high?: number
  /** Whether the first axis is still the batch. */
  readonly batched?: boolean
  /** Whether a quantised output is held to its range, where the network's are; on unless given. */
  readonly clamped?: boolean
}

/** Smallest and largest number of quantised types, by their number in the schema. */
const storedRanges: Readonly<Record<number, readonly [low: number, high: number]>> = {
  3: [0, 255],
  7: [-32768, 32767],
  9: [-128, 127],
}

/** The range of real numbers that a quantised tensor can hold; undefined for others. */
export function quantizedRange({ type, quantization }: TfliteTensor): readonly [number, number] | undefined {
  const stored = storedRanges[type]
  if (stored === undefined || quantization === undefined || quantization.scale.length !== 1) return undefined
  const scale = quantization.scale[0]!
  const zero = quantization.zeroPoint[0]!
  return [scale * (stored[0] - zero), scale * (stored[1] - zero)]
}

/** One operator on its way into the graph. */
export class Operation {
  readonly type: string
  readonly t: Translation
  readonly #operator: TfliteOperator
  readonly #label: string
  readonly #clamp: boolean

  /** @param clamp Whether quantised outputs are held to the range of their type. */
  constructor(t: Translation, operator: TfliteOperator, index: number, clamp: boolean) {
    this.t = t
    this.type = operator.type
    this.#operator = operator
    this.#label = `operator ${index} (${shorten(operator.type)})`
    this.#clamp = clamp
  }

  get inputs(): readonly number[] {
    return this.#operator.inputs
  }

  get outputs(): readonly number[] {
    return this.#operator.outputs
  }

  /** The index of the tensor that is input `position`. */
  input(position: number): number {
    const index = this.optional(position)
    if (index !== undefined) return index
    return this.fail(`needs input ${position}, which is not there`)
  }

  /** As input; undefined where it is left out. */
  optional(position: number): number | undefined {
    const index = this.#operator.inputs[position]
    return index === undefined || index < 0 ? undefined : index
  }

  /** The index of the tensor that is output `position`. */
  output(position = 0): number {
    const index = this.#operator.outputs[position]
    return index ?? this.fail(`has no output ${position}`)
  }

  fail(what: string): never {
    throw new CheckpointError(this.t.model.file, `${this.#label} ${what}`, this.#operator.options?.position)
  }

  refuse(what: string): never {
    throw new Refusal(what)
  }

  /** An integer of the operator's options, by its number in their schema. */
  int(field: number, otherwise = 0): number {
    return this.#operator.options?.int32(field, otherwise) ?? otherwise
  }

  /** An enumeration of the options, which are bytes. */
  enum(field: number): number {
    return this.#operator.options?.int8(field) ?? 0
  }

  bool(field: number): boolean {
    return this.#operator.options?.bool(field) ?? false
  }

  float(field: number, otherwise = 0): number {
    return this.#operator.options?.float32(field, otherwise) ?? otherwise
  }

  ints(field: number): number[] {
    return this.#operator.options?.int32s(field, `field ${field} of the options of ${this.#label}`) ?? []
  }

  /** Checks that a tensor has as many axes as the operator takes. */
  checkRank(index: number, rank: number): void {
    const { shape } = this.t.tensor(index)
    if (shape.length !== rank)
      this.fail(`wants ${rank} axes, but the shape is [${shorten(shape.join(', '))}]`)
  }

  /** An axis given from the front or, negative, from the back. */
  axis(value: number, rank: number): number {
    const axis = value < 0 ? value + rank : value
    if (!Number.isInteger(axis) || axis < 0 || axis >= rank) this.fail(`has axis ${value} of ${rank}`)
    return axis
  }

  /** Says what output `position` is in the graph, after its activation and within the range of its type. */
  result(name: string, layout: Layout, options: ResultOptions = {}, position = 0): void {
    const { activation = 0, batched = true, clamped = true } = options
    let { low = Number.NEGATIVE_INFINITY, high = Number.POSITIVE_INFINITY } = options
    const output = this.output(position)
    let current = name
    const range = this.#clamp && clamped ? quantizedRange(this.t.tensor(output)) : undefined
    const step = this.t.tensor(output).quantization?.scale[0] ?? 0
    let [least, greatest] = this.#activationRange(activation)
    // Within half a step a bound changes no stored number.
    if (range !== undefined && low < range[0] - step / 2) least = Math.max(least, range[0])
    if (range !== undefined && high > range[1] + step / 2) greatest = Math.min(greatest, range[1])
    if (least > low || greatest < high) {
      current = this.#clipped(
        current,
        least > low ? least : undefined,
        greatest < high ? greatest : undefined,
      )
      ;[low, high] = [Math.max(low, least), Math.min(high, greatest)]
    }
    this.t.define(output, { name: current, layout, low, high, batched })
  }

  #activationRange(activation: number): [number, number] {
    switch (activation) {
      case 0:
        return [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
      case 1:
        return [0, Number.POSITIVE_INFINITY]
      case 2:
        return [-1, 1]
      case 3:
        return [0, 6]
      default:
        // TensorFlow Lite itself computes nothing for the others.
        return this.refuse(`the fused activation ${activation === 4 ? 'TANH' : activation}`)
    }
  }

  #clipped(name: string, least: number | undefined, greatest: number | undefined): string {
    if (least === 0 && greatest === undefined) return this.t.emit('Relu', [name])
    const bound = (value: number | undefined) => (value === undefined ? undefined : this.t.scalar(value))
    return this.t.emit('Clip', [name, bound(least), bound(greatest)])
  }

  /** Says that an output is what an input is: nothing is computed, but it is held to the range of its own type. */
  passOn(from: number): void {
    if (this.t.isConstant(from)) {
      this.t.alias(this.output(), from)
      return
    }
    const value = this.t.value(from)
    this.result(value.name, value.layout, value)
  }

  /** The layout that inputs of an operator which treats each element alone are brought to. */
  commonLayout(inputs: readonly number[], rank: number, plain: Layout): Layout {
    const layouts = inputs
      .filter((index) => !this.t.isConstant(index) && this.t.rank(index) === rank)
      .map((index) => this.t.value(index).layout)
    return layouts.find((layout) => !sameLayout(layout, plain)) ?? plain
  }
}
