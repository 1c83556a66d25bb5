import { stridesOf } from '../../graph/shape.ts'
import { CheckpointError } from '../errors.ts'
import { float16Value } from '../half.ts'
import type { RandomAccess } from '../random-access.ts'
import {
  type StoredDType,
  type StoredTensor,
  type StoredValues,
  type WeightTensor,
  weightTensorFromBytes,
} from '../state-dict.ts'
import { type Quantization, shorten, type TfliteTensor } from './read.ts'
import { tensorTypes } from './schema.ts'

/** How a constant is to be given: its shape in the file (axes of 1 may be added), then a permutation of the axes. */
export interface Arrangement {
  /** The shape before the permutation; as many elements as the tensor has. */
  readonly shape: readonly number[]
  /** Axis i of the result is axis `order[i]` of `shape`. */
  readonly order: readonly number[]
}

/** Whether the values of a constant can be had at all. */
export function isReadable({ type, sparse }: TfliteTensor): boolean {
  return tensorTypes[type] !== undefined && !sparse
}

/** The stored dtype of a constant, or a CheckpointError where its values cannot be had. */
function storedDTypeOf(tensor: TfliteTensor, file: string): StoredDType {
  const label = `tensor ${JSON.stringify(shorten(tensor.name))}`
  const type = tensorTypes[tensor.type]
  if (type === undefined || tensor.sparse) {
    const what = tensor.sparse ? 'is sparse' : `has the element type ${tensor.type}`
    throw new CheckpointError(file, `${label} ${what}, which cannot be read`, undefined, {
      advice: 'convert the network again, without sparsity and with weights of 8 bits or more',
    })
  }
  return type[1]
}

/**
 * A constant, read on demand: quantised values and every kind of float as F32, other integers as they are.
 * Throws a CheckpointError where its element type is not supported.
 */
export function constantTensor(
  source: RandomAccess,
  tensor: TfliteTensor,
  { shape, order }: Arrangement,
): StoredTensor {
  const stored = storedDTypeOf(tensor, source.name)
  const dtype = isFloat(tensor, stored) ? 'F32' : stored
  const result = order.map((axis) => shape[axis]!)
  const read = async (): Promise<WeightTensor> => {
    const { start, length } = tensor.data ?? { start: 0, length: 0 }
    const values = valuesOf(tensor, stored, await source.read(start, length))
    const arranged = isIdentity(order) ? values : permuteAxes(values, shape, order)
    const bytes = new Uint8Array(arranged.buffer, arranged.byteOffset, arranged.byteLength)
    return weightTensorFromBytes(result, dtype, bytes)
  }
  return { shape: result, dtype, read }
}

/** The values of a constant whose data are within the bytes of the file, as numbers. */
export function hostNumbers(bytes: Uint8Array, file: string, tensor: TfliteTensor): number[] {
  const { start, length } = tensor.data ?? { start: 0, length: 0 }
  const values = valuesOf(tensor, storedDTypeOf(tensor, file), bytes.subarray(start, start + length))
  return Array.from<number | bigint, number>(values, Number)
}

function isFloat({ quantization }: TfliteTensor, stored: StoredDType): boolean {
  return quantization !== undefined || stored === 'F16' || stored === 'F64'
}

function valuesOf(tensor: TfliteTensor, stored: StoredDType, bytes: Uint8Array): StoredValues {
  const values = weightTensorFromBytes(tensor.shape, stored, bytes).values()
  if (!isFloat(tensor, stored)) return values
  if (stored === 'F16') return Float32Array.from(values as Uint16Array, float16Value)
  return dequantize(values, tensor.shape, tensor.quantization)
}

function dequantize(
  values: StoredValues,
  shape: readonly number[],
  quantization: Quantization | undefined,
): Float32Array {
  const out = new Float32Array(values.length)
  const { scale, zeroPoint, axis } = quantization ?? { scale: [1], zeroPoint: [0], axis: 0 }
  const inner = shape.slice(axis + 1).reduce((n, d) => n * d, 1)
  for (let i = 0; i < out.length; i++) {
    const channel = Math.floor(i / inner) % scale.length
    const zero = zeroPoint.length === 1 ? zeroPoint[0]! : zeroPoint[channel]!
    out[i] = scale[channel]! * (Number(values[i]) - zero)
  }
  return out
}

/** Whether a permutation leaves every axis where it is. */
export function isIdentity(order: readonly number[]): boolean {
  return order.every((axis, i) => axis === i)
}

/** Row-major values of `shape` with their axes in another order. */
function permuteAxes<V extends StoredValues>(
  values: V,
  shape: readonly number[],
  order: readonly number[],
): V {
  const strides = stridesOf(shape)
  const sizes = order.map((axis) => shape[axis]!)
  const steps = order.map((axis) => strides[axis]!)
  const out = values.slice() as V
  const index = new Array<number>(sizes.length).fill(0)
  let from = 0
  for (let to = 0; to < out.length; to++) {
    out[to] = values[from]!
    for (let axis = sizes.length - 1; axis >= 0; axis--) {
      from += steps[axis]!
      if (++index[axis]! < sizes[axis]!) break
      from -= steps[axis]! * sizes[axis]!
      index[axis] = 0
    }
  }
  return out
}
