import { type DType, dtypes, type TypedArray } from '../../graph/dtype.ts'
import { HostStorage, type Storage } from '../../graph/storage.ts'
import { Block, type Heap, WasmStorage } from './heap.ts'

interface Copy {
  readonly block: Block
  readonly version: number
}

/** Copies of parameters that stay in host memory because programs only read them. */
export class Copies {
  readonly #heap: Heap
  readonly #copies = new WeakMap<Storage, Copy>()
  /** Those whose storages may still be there, to be dropped when memory runs short. */
  #held: WeakRef<Storage>[] = []

  constructor(heap: Heap) {
    this.#heap = heap
  }

  /** The address of a value that a program reads; a copy of it is kept for the next run. */
  async addressOf(storage: Storage): Promise<number> {
    const known = this.#copies.get(storage)
    if (known !== undefined && known.version === storage.version) return known.block.address
    if (known !== undefined) this.#drop(storage)
    const { version } = storage
    const values = await valuesOf(storage)
    const block = new Block(this.#heap, values.byteLength)
    this.#heap.write(block.address, values)
    this.#copies.set(storage, { block, version })
    this.#held.push(new WeakRef(storage))
    if (this.#held.length % 1024 === 0) this.#held = this.#held.filter((held) => held.deref() !== undefined)
    return block.address
  }

  /** A storage of the kernels' memory with these contents, to be overwritten. */
  adopt(storage: Storage): Storage | Promise<Storage> {
    const { dtype, size } = storage
    if (storage instanceof WasmStorage && storage.heap === this.#heap) return storage
    const known = this.#copies.get(storage)
    if (known?.version === storage.version) {
      this.#copies.delete(storage)
      return new WasmStorage(this.#heap, dtype, size, known.block)
    }
    if (!(storage instanceof HostStorage)) return storage.read().then((values) => this.#stored(dtype, values))
    return this.#stored(dtype, storage.data)
  }

  #stored(dtype: DType, values: TypedArray): WasmStorage {
    const block = new Block(this.#heap, values.length * dtypes[dtype].bytes)
    this.#heap.write(block.address, values)
    return new WasmStorage(this.#heap, dtype, values.length, block)
  }

  dropAll(): void {
    for (const held of this.#held) {
      const storage = held.deref()
      if (storage !== undefined) this.#drop(storage)
    }
    this.#held = []
  }

  #drop(storage: Storage): void {
    this.#copies.get(storage)?.block.release()
    this.#copies.delete(storage)
  }
}

export async function valuesOf(storage: Storage): Promise<TypedArray> {
  return storage instanceof HostStorage ? storage.data : storage.read()
}
