import { type DType, dtypes, type TypedArray } from './dtype.ts'

/** Where a computed value lives. `version` grows each time its contents are overwritten in place. */
export interface Storage {
  readonly device: string
  readonly dtype: DType
  readonly size: number
  version: number
  read(): Promise<TypedArray>
}

/** A value in this process's memory, as the CPU backends use it. */
export class HostStorage implements Storage {
  readonly device = 'host'
  readonly dtype: DType
  readonly data: TypedArray
  version = 0

  constructor(dtype: DType, data: TypedArray) {
    this.dtype = dtype
    this.data = data
  }

  static allocate(dtype: DType, size: number): HostStorage {
    return new HostStorage(dtype, dtypes[dtype].create(size))
  }

  get size(): number {
    return this.data.length
  }

  async read(): Promise<TypedArray> {
    return this.data
  }
}
