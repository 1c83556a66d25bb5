import { sizeOf, stridesOf } from '../graph/shape.ts'
import { float16Value } from './half.ts'
import type { GlobalCall, Imitation } from './pickle-globals.ts'
import { describeValue, NumpyDType, PickleStorage, PickleTensor, type PickleValue } from './pickle-values.ts'
import { type StoredDType, storedDTypes } from './state-dict.ts'

/** numpy's type codes. */
const codes: Readonly<Record<string, StoredDType>> = {
  f2: 'F16',
  f4: 'F32',
  f8: 'F64',
  c8: 'C64',
  i1: 'I8',
  i2: 'I16',
  i4: 'I32',
  i8: 'I64',
  u1: 'U8',
  u2: 'U16',
  u4: 'U32',
  u8: 'U64',
  b1: 'BOOL',
}

const maxDimensions = 64

/** A list of sizes, strides or the like: integers from 0 to 2^53, at most 64 of them. */
export function sizeList(value: PickleValue | undefined, what: string, call: GlobalCall): number[] {
  const list = typeof value === 'number' ? [value] : value
  if (!Array.isArray(list) || list.length > maxDimensions)
    return call.fail(`${describeValue(list)} is no ${what}`)
  for (const size of list) {
    if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
      return call.fail(`${describeValue(size)} in a ${what}`)
    }
  }
  return list as number[]
}

/** A shape whose sizes, zeros aside, multiply to at most 2^53. */
export function shapeOf(value: PickleValue | undefined, call: GlobalCall): number[] {
  const shape = sizeList(value, 'shape', call)
  if (!Number.isSafeInteger(sizeOf(shape.filter((size) => size > 0)))) {
    return call.fail(`a tensor of shape [${shape.join(', ')}]`)
  }
  return shape
}

function dtype(args: readonly PickleValue[], call: GlobalCall): PickleValue {
  const code = args[0]
  const name = typeof code === 'string' ? code.replace(/^[<>=|]/, '') : ''
  const stored = Object.hasOwn(codes, name) ? codes[name] : undefined
  if (stored === undefined) {
    return call.refuse(
      `refused: a numpy array of type ${typeof code === 'string' ? JSON.stringify(code) : describeValue(code)}; ` +
        `only ${Object.keys(codes).join(', ')} can be read. Nothing was executed`,
    )
  }
  const result = new NumpyDType(stored)
  result.bigEndian = typeof code === 'string' && code.startsWith('>')
  return result
}

/** `dtype.__setstate__((version, byteorder, ...))`. */
export function setNumpyDTypeState(target: NumpyDType, state: PickleValue, call: GlobalCall): void {
  const order = Array.isArray(state) ? state[1] : undefined
  if (typeof order !== 'string') call.fail(`${describeValue(state)} is no state of a numpy dtype`)
  if (order === '>') target.bigEndian = true
}

function data(value: PickleValue | undefined, call: GlobalCall): Uint8Array {
  if (value instanceof Uint8Array) return value
  if (typeof value !== 'string')
    return call.fail(`${describeValue(value)} is taken for the bytes of an array`)
  call.charge(value.length)
  return Uint8Array.from(value, (c) => c.charCodeAt(0))
}

function inlineTensor(
  shape: readonly number[],
  type: NumpyDType,
  fortranOrder: boolean,
  bytes: Uint8Array,
  call: GlobalCall,
): PickleTensor {
  const length = sizeOf(shape)
  if (length * storedDTypes[type.stored].bytes !== bytes.length) {
    return call.fail(`an array of shape [${shape.join(', ')}] (${type.stored}) has ${bytes.length} bytes`)
  }
  const storage = new PickleStorage('', type.stored, length)
  storage.bytes = bytes
  storage.bigEndian = type.bigEndian
  const strides = fortranOrder ? stridesOf([...shape].reverse()).reverse() : stridesOf(shape)
  return new PickleTensor(storage, type.stored, 0, shape, strides)
}

/** `ndarray.__setstate__((version, shape, dtype, is_fortran, data))`. */
export function setNumpyState(target: PickleTensor, state: PickleValue, call: GlobalCall): void {
  if (!Array.isArray(state)) call.fail(`${describeValue(state)} is no state of a numpy array`)
  const [shape, type, fortranOrder, bytes] = state.length === 5 ? state.slice(1) : state
  if (!(type instanceof NumpyDType)) call.fail(`${describeValue(type)} is no numpy dtype`)
  const sizes = shapeOf(shape, call)
  const filled = inlineTensor(
    sizes,
    type,
    fortranOrder === true || fortranOrder === 1,
    data(bytes, call),
    call,
  )
  Object.assign(target, filled)
}

function scalar(args: readonly PickleValue[], call: GlobalCall): PickleValue {
  const [type, value] = args
  if (!(type instanceof NumpyDType)) return call.fail(`${describeValue(type)} is no numpy dtype`)
  const bytes = data(value, call)
  const size = storedDTypes[type.stored].bytes
  if (bytes.length !== size) return call.fail(`a numpy ${type.stored} of ${bytes.length} bytes`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, size)
  const little = !type.bigEndian
  switch (type.stored) {
    case 'F64':
      return view.getFloat64(0, little)
    case 'F32':
      return view.getFloat32(0, little)
    case 'F16':
      return float16Value(view.getUint16(0, little))
    case 'I64':
      return integer(view.getBigInt64(0, little))
    case 'U64':
      return integer(view.getBigUint64(0, little))
    case 'I32':
      return view.getInt32(0, little)
    case 'U32':
      return view.getUint32(0, little)
    case 'I16':
      return view.getInt16(0, little)
    case 'U16':
      return view.getUint16(0, little)
    case 'I8':
      return view.getInt8(0)
    case 'U8':
      return view.getUint8(0)
    case 'BOOL':
      return view.getUint8(0) !== 0
    default:
      return call.fail(`a numpy scalar of type ${type.stored}`)
  }
}

function integer(value: bigint): number | bigint {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

function emptyArray(): PickleValue {
  return new PickleTensor(new PickleStorage('', 'U8', 0), 'U8', 0, [0], [1])
}

function fromBuffer(args: readonly PickleValue[], call: GlobalCall): PickleValue {
  const [bytes, type, shape, order] = args
  if (!(type instanceof NumpyDType)) return call.fail(`${describeValue(type)} is no numpy dtype`)
  return inlineTensor(shapeOf(shape, call), type, order === 'F', data(bytes, call), call)
}

/** The functions by which numpy arrays and scalars are pickled, in numpy 1 and 2. */
export const numpyCalls: Readonly<Record<string, Imitation>> = {
  'numpy.dtype': dtype,
  'numpy.core.multiarray.scalar': scalar,
  'numpy._core.multiarray.scalar': scalar,
  'numpy.core.multiarray._reconstruct': emptyArray,
  'numpy._core.multiarray._reconstruct': emptyArray,
  'numpy.core.numeric._frombuffer': fromBuffer,
  'numpy._core.numeric._frombuffer': fromBuffer,
}
