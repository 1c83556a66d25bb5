import { type DType, dtypes, type TypedArray } from '../../graph/dtype.ts'
import { newStorageId, type Storage } from '../../graph/storage.ts'
import type { Exports } from './module.ts'

/** The memory that JavaScript and the kernels share. */
export class Heap {
  readonly memory: WebAssembly.Memory
  readonly #exports: Exports
  readonly #collected = new FinalizationRegistry<number>((address) => this.#exports.release(address))

  readonly #trim: () => void

  /** `trim` frees what may be freed when memory runs short. */
  constructor(memory: WebAssembly.Memory, exports: Exports, trim: () => void) {
    this.memory = memory
    this.#exports = exports
    this.#trim = trim
  }

  /** An address, to be released; throws when there is not enough memory. */
  allocate(bytes: number): number {
    const address = this.#find(bytes)
    if (address !== 0) return address
    this.#trim()
    const found = this.#find(bytes)
    if (found === 0) throw new OutOfMemoryError(bytes, this)
    return found
  }

  #find(bytes: number): number {
    return bytes > 2 ** 32 - 1 ? 0 : this.#exports.allocate(bytes) >>> 0
  }

  release(address: number): void {
    this.#exports.release(address)
  }

  get reserved(): number {
    // Only then is the buffer that of now, if another thread had the memory grow.
    this.memory.grow(0)
    return this.memory.buffer.byteLength
  }

  /** The bytes of a block, until memory grows. */
  bytes(address: number, length: number): Uint8Array {
    if (this.memory.buffer.byteLength < address + length) this.memory.grow(0)
    return new Uint8Array(this.memory.buffer, address, length)
  }

  write(address: number, values: TypedArray): void {
    const { buffer, byteOffset, byteLength } = values
    this.bytes(address, byteLength).set(new Uint8Array(buffer, byteOffset, byteLength))
  }

  read(address: number, values: TypedArray): void {
    const { buffer, byteOffset, byteLength } = values
    new Uint8Array(buffer, byteOffset, byteLength).set(this.bytes(address, byteLength))
  }

  releaseWith(owner: object, address: number): void {
    this.#collected.register(owner, address, owner)
  }

  forget(owner: object): void {
    this.#collected.unregister(owner)
  }
}

/** Memory that is given back when the block is collected, if not before. */
export class Block {
  readonly address: number
  readonly size: number
  readonly #heap: Heap
  /** Never touched, so it takes up no memory: it tells the garbage collector how much depends on this object. */
  readonly weight: ArrayBuffer

  constructor(heap: Heap, size: number) {
    this.#heap = heap
    this.address = heap.allocate(size)
    this.size = size
    heap.releaseWith(this, this.address)
    this.weight = new ArrayBuffer(size)
  }

  /** Not to be used after that. */
  release(): void {
    this.#heap.forget(this)
    this.#heap.release(this.address)
  }
}

export class OutOfMemoryError extends RangeError {
  override readonly name = 'OutOfMemoryError'

  constructor(bytes: number, heap: Heap) {
    super(
      `not enough memory for ${bytes} bytes: WebAssembly can address 4 GiB at most, and ${heap.reserved} bytes are ` +
        'taken, parts of them free; a smaller batch needs less',
    )
  }
}

/** A value in the kernels' memory. */
export class WasmStorage implements Storage {
  readonly id: number = newStorageId()
  readonly device = 'wasm'
  readonly dtype: DType
  readonly size: number
  readonly heap: Heap
  readonly block: Block
  version = 0

  constructor(heap: Heap, dtype: DType, size: number, block: Block) {
    this.heap = heap
    this.dtype = dtype
    this.size = size
    this.block = block
  }

  async read(): Promise<TypedArray> {
    const values = dtypes[this.dtype].create(this.size)
    this.heap.read(this.block.address, values)
    return values
  }
}
