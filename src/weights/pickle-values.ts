import type { StoredDType } from './state-dict.ts'

/** A Python class or function that a pickle names. It is never looked up: it is only this name. */
export class PickleGlobal {
  readonly module: string
  readonly name: string
  constructor(module: string, name: string) {
    this.module = module
    this.name = name
  }
  get fullName(): string {
    return `${this.module}.${this.name}`
  }
}

/** An instance of a Python class, with the contents that the pickle gives it; no code of the class has run. */
export class PickleObject {
  readonly className: string
  /** The arguments of `__new__`. */
  readonly args: readonly PickleValue[]
  /** What `__setstate__`, or else `__dict__`, would get. */
  state: PickleValue = null
  /** Elements, where the class extends list. */
  items: PickleValue[] | undefined
  /** Entries, where the class extends dict. */
  entries: Map<PickleValue, PickleValue> | undefined
  constructor(className: string, args: readonly PickleValue[]) {
    this.className = className
    this.args = args
  }
}

/** Element type and byte order of a numpy array. */
export class NumpyDType {
  readonly stored: StoredDType
  bigEndian = false
  constructor(stored: StoredDType) {
    this.stored = stored
  }
}

/** A block of elements outside the pickle (`key` says where) or within it (`bytes`). */
export class PickleStorage {
  readonly key: string
  /** undefined: bytes, whose type each tensor over them states. */
  readonly dtype: StoredDType | undefined
  /** The part that belongs to this storage, in elements (bytes where dtype is undefined). */
  readonly offset: number
  readonly length: number
  /** Length of the whole block that `key` names, in the same units. */
  readonly blockLength: number
  bytes: Uint8Array | undefined
  bigEndian = false
  constructor(
    key: string,
    dtype: StoredDType | undefined,
    blockLength: number,
    offset: number = 0,
    length: number = blockLength,
  ) {
    this.key = key
    this.dtype = dtype
    this.blockLength = blockLength
    this.offset = offset
    this.length = length
  }
}

/** A strided view of a storage. */
export class PickleTensor {
  storage: PickleStorage
  dtype: StoredDType
  /** In elements of `dtype`. */
  offset: number
  shape: readonly number[]
  strides: readonly number[]
  constructor(
    storage: PickleStorage,
    dtype: StoredDType,
    offset: number,
    shape: readonly number[],
    strides: readonly number[],
  ) {
    this.storage = storage
    this.dtype = dtype
    this.offset = offset
    this.shape = shape
    this.strides = strides
  }
}

/** What a dictionary carries besides its entries, as `_metadata` of a state dictionary. */
export const dictionaryAttributes: WeakMap<Map<PickleValue, PickleValue>, PickleValue> = new WeakMap()

/** What a pickle can hold. Lists and tuples are arrays; None is null; integers beyond 2^53 are bigint. */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickleValue[]
  | Map<PickleValue, PickleValue>
  | Set<PickleValue>
  | PickleGlobal
  | PickleObject
  | NumpyDType
  | PickleStorage
  | PickleTensor

/** The kind of a value, for messages. */
export function describeValue(value: PickleValue | undefined): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'None'
  if (typeof value === 'string') return `the string ${JSON.stringify(value.slice(0, 60))}`
  if (typeof value !== 'object') return `${typeof value} ${value}`
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (value instanceof Map) return `a dictionary of ${value.size}`
  if (value instanceof Set) return `a set of ${value.size}`
  if (value instanceof Uint8Array) return `${value.length} bytes`
  if (value instanceof PickleGlobal) return `the name ${value.fullName}`
  if (value instanceof PickleObject) return `an object of class ${value.className}`
  if (value instanceof PickleTensor) return `a tensor of shape [${value.shape.join(', ')}]`
  return value instanceof PickleStorage ? 'a storage' : 'a numpy dtype'
}
