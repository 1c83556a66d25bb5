import type { DType, TypedArray } from '../graph/dtype.ts'
import { formatShape, type Shape, sizeOf } from '../graph/shape.ts'
import { Tensor, tensor } from '../tensor/index.ts'
import { convertTo, type StoredDType, type WeightTensor } from '../weights/state-dict.ts'
import { GraphError } from './errors.ts'
import { type ElementType, elementTypeOfStored } from './model.ts'

/**
 * A constant of a graph whose values are known while the graph is recorded: shapes, axes, scales. Operators that only see
 * such values compute at once, in JavaScript.
 */
export class HostValue {
  readonly shape: Shape
  readonly type: ElementType
  /** Row-major; booleans as 0 and 1. int64 beyond 2 ** 53 is held as the nearest such number. */
  readonly values: Float64Array
  #tensor: Tensor | undefined

  /** @param known The same values as a tensor, where there is one, such as the buffer of an initializer. */
  constructor(shape: Shape, type: ElementType, values: Iterable<number>, known?: Tensor) {
    this.shape = shape
    this.type = type
    this.values = values instanceof Float64Array ? values : Float64Array.from(values)
    this.#tensor = known
    if (this.values.length !== sizeOf(shape)) {
      throw new GraphError(
        `${this.values.length} values do not make a constant of shape ${formatShape(shape)}`,
      )
    }
  }

  /** A constant as it is in a file; `name` is for messages. */
  static from(weight: WeightTensor, name = 'the tensor'): HostValue {
    const type = elementTypeOf(weight.dtype)
    const raw = weight.values()
    if (raw instanceof BigInt64Array || raw instanceof BigUint64Array) {
      return new HostValue(weight.shape, type, Float64Array.from(raw, nearestSafe))
    }
    return new HostValue(weight.shape, type, convertTo(weight, 'float64', name) as Float64Array)
  }

  get size(): number {
    return this.values.length
  }

  get rank(): number {
    return this.shape.length
  }

  /** Throws a GraphError where an integer does not fit into 32 bits. */
  toTensor(): Tensor {
    this.#tensor ??= tensor(this.#elements(), this.shape, { dtype: dtypeOf(this.type) })
    return this.#tensor
  }

  #elements(): TypedArray {
    const dtype = dtypeOf(this.type)
    if (dtype === 'float32') return Float32Array.from(this.values)
    if (dtype !== 'int32') return Uint8Array.from(this.values)
    const wide = this.values.find((value) => value < -(2 ** 31) || value >= 2 ** 31)
    if (wide !== undefined) {
      throw new GraphError(
        `a constant of ${this.type} holds ${wide}, which does not fit into the 32 bits of int32`,
      )
    }
    return Int32Array.from(this.values)
  }
}

/** What flows along the edges of a graph. */
export type Value = Tensor | HostValue

export function asTensor(value: Value): Tensor {
  return value instanceof Tensor ? value : value.toTensor()
}

/** The dtype in which Ocelli computes with an element type: floats of any width as float32, integers as int32. */
export function dtypeOf(type: ElementType): DType {
  if (isFloatType(type)) return 'float32'
  if (type === 'UINT8') return 'uint8'
  if (type === 'BOOL') return 'bool'
  if (/^U?INT\d+$/.test(type)) return 'int32'
  throw new GraphError(`tensors of ${type} are not supported`)
}

export function isFloatType(type: ElementType): boolean {
  return type === 'DOUBLE' || /FLOAT/.test(type)
}

const typeOfDType: { readonly [D in DType]: ElementType } = {
  float32: 'FLOAT',
  float64: 'DOUBLE',
  int32: 'INT32',
  uint8: 'UINT8',
  bool: 'BOOL',
}

/** Types of tensors whose dtype does not tell them: int8 is computed as int32. */
const knownTypes = new WeakMap<Tensor, ElementType>()

/** Says of what element type a tensor is in the graph. */
export function withType(value: Tensor, type: ElementType): Tensor {
  if (typeOfDType[value.dtype] !== type) knownTypes.set(value, type)
  return value
}

export function typeOf(value: Value): ElementType {
  return value instanceof Tensor ? (knownTypes.get(value) ?? typeOfDType[value.dtype]) : value.type
}

/** The element type in ONNX of what a file holds as `stored`. */
export function elementTypeOf(stored: StoredDType): ElementType {
  return elementTypeOfStored[stored]
}

/** INT64_MAX and INT64_MIN stand for "to the end" in Slice: the nearest number that is exact does as well. */
function nearestSafe(value: bigint): number {
  return Math.min(Math.max(Number(value), Number.MIN_SAFE_INTEGER), Number.MAX_SAFE_INTEGER)
}

/** int64 constants of rank 1: shapes and the like. */
export function hostInts(values: readonly number[]): HostValue {
  return new HostValue([values.length], 'INT64', values)
}

const widths: Partial<Record<ElementType, number>> = {
  INT8: 8,
  UINT8: 8,
  INT16: 16,
  UINT16: 16,
  INT32: 32,
  UINT32: 32,
}

/** The value as an element of the type: integers lose their fraction and wrap around, float32 is rounded to. */
export function toElement(value: number, type: ElementType): number {
  if (type === 'BOOL') return value === 0 ? 0 : 1
  if (type === 'DOUBLE') return value
  if (isFloatType(type)) return Math.fround(value)
  const whole = Math.trunc(value)
  const width = widths[type]
  if (width === undefined) return whole
  const span = 2 ** width
  const positive = ((whole % span) + span) % span
  return type.startsWith('U') || positive < span / 2 ? positive : positive - span
}
