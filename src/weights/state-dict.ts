import { type DType, dtypes, type TypedArray } from '../graph/dtype.ts'
import { formatShape, type Shape, sizeOf } from '../graph/shape.ts'
import { bfloat16ToFloat32, float8E4m3Value, float8E5m2Value, float16ToFloat32 } from './half.ts'

interface StoredArrays {
  F64: Float64Array
  F32: Float32Array
  /** IEEE binary16, as bits. */
  F16: Uint16Array
  /** bfloat16, as bits. */
  BF16: Uint16Array
  /** float8_e4m3fn, as bits. */
  F8_E4M3: Uint8Array
  /** float8_e5m2, as bits. */
  F8_E5M2: Uint8Array
  /** complex64: real and imaginary parts in turn. */
  C64: Float32Array
  I64: BigInt64Array
  I32: Int32Array
  I16: Int16Array
  I8: Int8Array
  U64: BigUint64Array
  U32: Uint32Array
  U16: Uint16Array
  U8: Uint8Array
  /** One byte each, 0 or 1. */
  BOOL: Uint8Array
}

/** Element types that weight files hold, by their names in safetensors. */
export type StoredDType = keyof StoredArrays

export type StoredValues = StoredArrays[StoredDType]

interface StoredDTypeInfo<A> {
  /** Bytes per element. */
  readonly bytes: number
  /** The dtype that a tensor made of it gets. */
  readonly dtype: DType | undefined
  readonly view: (buffer: ArrayBufferLike, byteOffset: number, byteLength: number) => A
}

export const storedDTypes: { readonly [S in StoredDType]: StoredDTypeInfo<StoredArrays[S]> } = {
  F64: { bytes: 8, dtype: 'float32', view: (b, o, n) => new Float64Array(b, o, n / 8) },
  F32: { bytes: 4, dtype: 'float32', view: (b, o, n) => new Float32Array(b, o, n / 4) },
  F16: { bytes: 2, dtype: 'float32', view: (b, o, n) => new Uint16Array(b, o, n / 2) },
  BF16: { bytes: 2, dtype: 'float32', view: (b, o, n) => new Uint16Array(b, o, n / 2) },
  F8_E4M3: { bytes: 1, dtype: 'float32', view: (b, o, n) => new Uint8Array(b, o, n) },
  F8_E5M2: { bytes: 1, dtype: 'float32', view: (b, o, n) => new Uint8Array(b, o, n) },
  C64: { bytes: 8, dtype: undefined, view: (b, o, n) => new Float32Array(b, o, n / 4) },
  I64: { bytes: 8, dtype: 'int32', view: (b, o, n) => new BigInt64Array(b, o, n / 8) },
  I32: { bytes: 4, dtype: 'int32', view: (b, o, n) => new Int32Array(b, o, n / 4) },
  I16: { bytes: 2, dtype: 'int32', view: (b, o, n) => new Int16Array(b, o, n / 2) },
  I8: { bytes: 1, dtype: 'int32', view: (b, o, n) => new Int8Array(b, o, n) },
  U64: { bytes: 8, dtype: 'int32', view: (b, o, n) => new BigUint64Array(b, o, n / 8) },
  U32: { bytes: 4, dtype: 'int32', view: (b, o, n) => new Uint32Array(b, o, n / 4) },
  U16: { bytes: 2, dtype: 'int32', view: (b, o, n) => new Uint16Array(b, o, n / 2) },
  U8: { bytes: 1, dtype: 'uint8', view: (b, o, n) => new Uint8Array(b, o, n) },
  BOOL: { bytes: 1, dtype: 'bool', view: (b, o, n) => new Uint8Array(b, o, n) },
}

export function isStoredDType(name: string): name is StoredDType {
  return Object.hasOwn(storedDTypes, name)
}

/** A tensor as a weight file holds it: row-major values in memory, in the file's own element type. */
export interface WeightTensor {
  readonly shape: Shape
  readonly dtype: StoredDType
  /** The elements; float16, bfloat16 and float8 as bits. May share memory with the file: read-only. */
  values(): StoredValues
  /** The same elements as little-endian bytes. */
  bytes(): Uint8Array
}

/** Named tensors in the order in which the file, or the model, lists them. */
export type StateDict = Map<string, WeightTensor>

/** A tensor still in its file. Shape and dtype are known and checked; the values are read on demand. */
export interface StoredTensor {
  readonly shape: Shape
  readonly dtype: StoredDType
  read(): Promise<WeightTensor>
}

/** Little-endian row-major bytes as a tensor; copied only where they are not aligned for their type. */
export function weightTensorFromBytes(shape: Shape, dtype: StoredDType, bytes: Uint8Array): WeightTensor {
  const info = storedDTypes[dtype]
  const expected = sizeOf(shape) * info.bytes
  if (bytes.length !== expected) {
    throw new RangeError(
      `a ${dtype} tensor of shape ${formatShape(shape)} takes ${expected} bytes, but ${bytes.length} were given`,
    )
  }
  // Not slice(), which shares memory in Node's Buffer.
  const aligned = bytes.byteOffset % info.bytes === 0 ? bytes : new Uint8Array(bytes)
  return {
    shape: [...shape],
    dtype,
    values: () => info.view(aligned.buffer, aligned.byteOffset, aligned.byteLength),
    bytes: () => aligned,
  }
}

/** A tensor over the given values, not copied. They must be of the array type that `dtype` stands for. */
export function weightTensor<S extends StoredDType>(
  shape: Shape,
  dtype: S,
  values: StoredArrays[S],
): WeightTensor {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
  return weightTensorFromBytes(shape, dtype, bytes)
}

const storedOf: { readonly [D in DType]: StoredDType } = {
  float32: 'F32',
  float64: 'F64',
  int32: 'I32',
  uint8: 'U8',
  bool: 'BOOL',
}

/** A tensor's values, as `data()` gives them, for writing to a file; not copied. */
export function weightTensorOf(shape: Shape, dtype: DType, values: TypedArray): WeightTensor {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
  return weightTensorFromBytes(shape, storedOf[dtype], bytes)
}

/**
 * The values as elements of `dtype`. float16, bfloat16, float8 and small integers become float32 exactly;
 * float64 is rounded to the nearest float32. The result may share the tensor's memory. Throws a RangeError, naming `name`, where an integer does not fit
 * or a fraction would be lost.
 */
export function convertTo(tensor: WeightTensor, dtype: DType, name = 'tensor'): TypedArray {
  if (tensor.dtype === 'C64') {
    throw new RangeError(`${name} holds complex numbers (C64), which cannot become ${dtype}`)
  }
  const values = decode(tensor)
  if (dtype === 'float32') return values instanceof Float32Array ? values : Float32Array.from(values, Number)
  if (dtype === 'float64') return Float64Array.from(values, Number)
  const out = dtypes[dtype].create(values.length)
  const [low, high] = dtype === 'int32' ? [-(2 ** 31), 2 ** 31 - 1] : [0, 255]
  for (let i = 0; i < values.length; i++) {
    const value = Number(values[i])
    if (dtype === 'bool') {
      out[i] = value === 0 ? 0 : 1
    } else if (Number.isInteger(value) && value >= low && value <= high) {
      out[i] = value
    } else {
      throw new RangeError(`${name}[${i}] is ${values[i]} (${tensor.dtype}), which ${dtype} cannot hold`)
    }
  }
  return out
}

/** Float formats as numbers; integers and bool as stored. */
function decode(tensor: WeightTensor): ArrayLike<number | bigint> & Iterable<number | bigint> {
  const values = tensor.values()
  switch (tensor.dtype) {
    case 'F16':
      return float16ToFloat32(values as Uint16Array)
    case 'BF16':
      return bfloat16ToFloat32(values as Uint16Array)
    case 'F8_E4M3':
      return Float32Array.from(values as Uint8Array, float8E4m3Value)
    case 'F8_E5M2':
      return Float32Array.from(values as Uint8Array, float8E5m2Value)
    default:
      return values as ArrayLike<number | bigint> & Iterable<number | bigint>
  }
}

/** The dtype that a tensor read from a file gets by default: floats float32, integers int32, U8 uint8, BOOL bool. */
export function defaultDType(stored: StoredDType): DType {
  const { dtype } = storedDTypes[stored]
  if (dtype === undefined) throw new RangeError(`no dtype holds the elements of a ${stored} tensor`)
  return dtype
}

/** Float32 values of any real tensor; see convertTo. */
export function toFloat32(tensor: WeightTensor, name?: string): Float32Array {
  return convertTo(tensor, 'float32', name) as Float32Array
}

/** Int32 values of any integer tensor; a RangeError where one does not fit. See convertTo. */
export function toInt32(tensor: WeightTensor, name?: string): Int32Array {
  return convertTo(tensor, 'int32', name) as Int32Array
}
