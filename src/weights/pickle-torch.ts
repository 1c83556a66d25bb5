import type { GlobalCall, Imitation } from './pickle-globals.ts'
import { shapeOf, sizeList } from './pickle-numpy.ts'
import {
  describeValue,
  PickleGlobal,
  PickleStorage,
  PickleTensor,
  type PickleValue,
} from './pickle-values.ts'
import { type StoredDType, storedDTypes } from './state-dict.ts'

/** Storage classes and dtypes of torch by the element type they stand for. */
export const storageClasses: Readonly<Record<string, StoredDType>> = {
  DoubleStorage: 'F64',
  FloatStorage: 'F32',
  HalfStorage: 'F16',
  BFloat16Storage: 'BF16',
  ComplexFloatStorage: 'C64',
  LongStorage: 'I64',
  IntStorage: 'I32',
  ShortStorage: 'I16',
  CharStorage: 'I8',
  ByteStorage: 'U8',
  BoolStorage: 'BOOL',
}

const dtypeNames: Readonly<Record<string, StoredDType>> = {
  float64: 'F64',
  double: 'F64',
  float32: 'F32',
  float: 'F32',
  float16: 'F16',
  half: 'F16',
  bfloat16: 'BF16',
  float8_e4m3fn: 'F8_E4M3',
  float8_e5m2: 'F8_E5M2',
  complex64: 'C64',
  int64: 'I64',
  long: 'I64',
  int32: 'I32',
  int: 'I32',
  int16: 'I16',
  short: 'I16',
  int8: 'I8',
  uint64: 'U64',
  uint32: 'U32',
  uint16: 'U16',
  uint8: 'U8',
  bool: 'BOOL',
}

/** Element type of a storage class; null for untyped bytes, undefined for no such class. */
export function storageDType(global: PickleGlobal): StoredDType | null | undefined {
  if (global.module !== 'torch' && global.module !== 'torch.cuda' && global.module !== 'torch.storage') {
    return undefined
  }
  if (/^(Untyped|_Untyped)Storage$/.test(global.name)) return null
  return Object.hasOwn(storageClasses, global.name) ? storageClasses[global.name] : undefined
}

function rebuildTensor(args: readonly PickleValue[], call: GlobalCall): PickleValue {
  const [storage] = args
  if (!(storage instanceof PickleStorage)) return call.fail(`a tensor is made of ${describeValue(storage)}`)
  if (storage.dtype === undefined) return call.fail('a tensor without an element type')
  return stridedTensor(storage, storage.dtype, args, call)
}

/** (storage, offset, size, stride, requires_grad, hooks, dtype, metadata): the storage is plain bytes. */
function rebuildTensor3(args: readonly PickleValue[], call: GlobalCall): PickleValue {
  const [storage] = args
  const type = args[6]
  if (!(storage instanceof PickleStorage)) return call.fail(`a tensor is made of ${describeValue(storage)}`)
  const dtype =
    type instanceof PickleGlobal && type.module === 'torch' && Object.hasOwn(dtypeNames, type.name)
      ? dtypeNames[type.name]
      : undefined
  if (dtype === undefined)
    return call.refuse(`refused: a tensor of type ${describeValue(type)} cannot be read`)
  return stridedTensor(storage, dtype, args, call)
}

function stridedTensor(
  storage: PickleStorage,
  dtype: StoredDType,
  args: readonly PickleValue[],
  call: GlobalCall,
): PickleTensor {
  const [offset] = sizeList(args[1], 'storage offset', call)
  const shape = shapeOf(args[2], call)
  const strides = sizeList(args[3], 'list of strides', call)
  if (offset === undefined || strides.length !== shape.length) {
    return call.fail(`a tensor of shape [${shape.join(', ')}] with strides [${strides.join(', ')}]`)
  }
  const unit = storage.dtype === undefined ? storedDTypes[dtype].bytes : 1
  if (!shape.includes(0)) {
    const last = shape.reduce((sum, size, i) => sum + (size - 1) * strides[i]!, offset)
    if ((last + 1) * unit > storage.length) {
      return call.fail(
        `a tensor of shape [${shape.join(', ')}], strides [${strides.join(', ')}], offset ${offset} ` +
          `leaves its storage of ${storage.length / unit} elements`,
      )
    }
  }
  return new PickleTensor(storage, dtype, offset, shape, strides)
}

function rebuildParameter(args: readonly PickleValue[], call: GlobalCall): PickleValue {
  const [tensor] = args
  return tensor instanceof PickleTensor
    ? tensor
    : call.fail(`a parameter is made of ${describeValue(tensor)}`)
}

/** (function, class, args, state): a tensor with a class or attributes of its own. */
function rebuildFromType(args: readonly PickleValue[], call: GlobalCall): PickleValue {
  const [rebuild, , inner] = args
  const imitation =
    rebuild instanceof PickleGlobal && Object.hasOwn(torchCalls, rebuild.fullName)
      ? torchCalls[rebuild.fullName]
      : undefined
  if (imitation === undefined || imitation === rebuildFromType || !Array.isArray(inner)) {
    return call.refuse(
      `refused: a tensor is to be rebuilt by ${describeValue(rebuild)}. Nothing was executed`,
    )
  }
  return imitation(inner, call)
}

function device(args: readonly PickleValue[]): PickleValue {
  const [type, index] = args
  return typeof index === 'number' ? `${type}:${index}` : String(type)
}

const first: Imitation = (args) => args[0] ?? null

/** The functions by which torch pickles tensors. */
export const torchCalls: Readonly<Record<string, Imitation>> = {
  'torch._utils._rebuild_tensor': rebuildTensor,
  'torch._utils._rebuild_tensor_v2': rebuildTensor,
  'torch._utils._rebuild_tensor_v3': rebuildTensor3,
  'torch._utils._rebuild_parameter': rebuildParameter,
  'torch._utils._rebuild_parameter_with_state': rebuildParameter,
  'torch._tensor._rebuild_from_type': rebuildFromType,
  'torch._tensor._rebuild_from_type_v2': rebuildFromType,
  'torch.nn.parameter.Parameter': rebuildParameter,
  'torch.Size': (args, call) => [...sizeList(args[0] ?? [], 'shape', call)],
  'torch.device': device,
  'torch.serialization._get_layout': first,
  'torch.jit._pickle.build_intlist': first,
  'torch.jit._pickle.build_doublelist': first,
  'torch.jit._pickle.build_boollist': first,
  'torch.jit._pickle.build_tensorlist': first,
  'torch.jit._pickle.restore_type_tag': first,
}
