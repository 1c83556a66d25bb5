import { type DType, dtypes, type TypedArray } from './dtype.ts'

/** Where a computed value lives. `version` grows each time its contents are overwritten in place. */
export interface Storage {
  /** A number that no other storage has or had: see newStorageId. */
  readonly id: number
  readonly device: string
  readonly dtype: DType
  readonly size: number
  version: number
  read(): Promise<TypedArray>
}

let storages = 0

export function newStorageId(): number {
  return storages++
}

/** Contents made when they are first needed. */
export interface LazyContents {
  readonly size: number
  /** Writes the contents into an array of zeros; what it writes must not depend on when it is called. */
  readonly fill: (values: TypedArray) => void
}

/** A value in this process's memory, as the CPU backends use it. */
export class HostStorage implements Storage {
  readonly id: number = newStorageId()
  readonly device = 'host'
  readonly dtype: DType
  readonly size: number
  version = 0
  #data: TypedArray | undefined
  #lazy: LazyContents | undefined

  constructor(dtype: DType, contents: TypedArray | LazyContents) {
    this.dtype = dtype
    if (ArrayBuffer.isView(contents)) {
      this.size = contents.length
      this.#data = contents
    } else {
      this.size = contents.size
      this.#lazy = contents
    }
  }

  static allocate(dtype: DType, size: number): HostStorage {
    return new HostStorage(dtype, dtypes[dtype].create(size))
  }

  get data(): TypedArray {
    if (this.#data !== undefined) return this.#data
    const data = dtypes[this.dtype].create(this.size)
    this.#lazy!.fill(data)
    this.#lazy = undefined
    this.#data = data
    return data
  }

  async read(): Promise<TypedArray> {
    return this.data
  }
}
