import { type Shape, sizeOf, stridesOf } from '../graph/shape.ts'
import { CheckpointError } from './errors.ts'
import type { PickleTensor } from './pickle-values.ts'
import { storageUnit } from './pytorch-storage.ts'
import { type StoredTensor, storedDTypes, type WeightTensor, weightTensorFromBytes } from './state-dict.ts'

/** Where the storages of a PyTorch file are. */
export interface StorageBlocks {
  readonly file: string
  readonly bigEndian: boolean
  /** The bytes of the block that a storage's key names. */
  read(key: string): Promise<Uint8Array>
}

/** Bytes of copies, beyond four times the file, that views with strides of their own (or 0) may ask for. */
const freeCopies = 256 * 2 ** 20

/** Turns the tensors of one file into tensors read on demand. */
export class TensorReader {
  readonly #blocks: StorageBlocks
  /** Contiguous tensors are views that keep their block alive: tied weights are read once. */
  readonly #cache = new Map<string, WeakRef<Uint8Array>>()
  readonly #made = new Map<PickleTensor, StoredTensor>()
  #copies: number

  constructor(blocks: StorageBlocks, fileSize: number) {
    this.#blocks = blocks
    this.#copies = freeCopies + 4 * fileSize
  }

  stored(tensor: PickleTensor): StoredTensor {
    const known = this.#made.get(tensor)
    if (known !== undefined) return known
    const { shape, dtype } = tensor
    if (!isContiguous(shape, tensor.strides)) {
      this.#copies -= sizeOf(shape) * storedDTypes[dtype].bytes
      if (this.#copies < 0) {
        throw new CheckpointError(
          this.#blocks.file,
          `refused: expanded tensors, such as one of shape [${shape.join(', ')}], ` +
            'would take far more memory than the file has data for',
        )
      }
    }
    const made: StoredTensor = { shape, dtype, read: async () => this.#materialise(tensor) }
    this.#made.set(tensor, made)
    return made
  }

  async #materialise(tensor: PickleTensor): Promise<WeightTensor> {
    const { storage, dtype, shape } = tensor
    const width = storedDTypes[dtype].bytes
    if (shape.includes(0)) return weightTensorFromBytes(shape, dtype, new Uint8Array(0))
    const block = storage.bytes ?? (await this.#block(storage.key))
    const start = storage.offset * storageUnit(storage) + tensor.offset * width
    const bytes = isContiguous(shape, tensor.strides)
      ? block.subarray(start, start + sizeOf(shape) * width)
      : gather(block.subarray(start), shape, tensor.strides, width)
    const bigEndian = storage.bytes === undefined ? this.#blocks.bigEndian : storage.bigEndian
    return weightTensorFromBytes(
      shape,
      dtype,
      bigEndian ? swapped(bytes, dtype === 'C64' ? 4 : width) : bytes,
    )
  }

  async #block(key: string): Promise<Uint8Array> {
    const cached = this.#cache.get(key)?.deref()
    if (cached !== undefined) return cached
    const block = await this.#blocks.read(key)
    this.#cache.set(key, new WeakRef(block))
    return block
  }
}

/** Whether the elements lie in row-major order without gaps; the strides of dimensions of size 1 do not matter. */
function isContiguous(shape: Shape, strides: readonly number[]): boolean {
  if (shape.includes(0)) return true
  const dense = stridesOf(shape)
  return shape.every((size, i) => size === 1 || strides[i] === dense[i])
}

/** The elements, `width` bytes each, in row-major order. */
function gather(source: Uint8Array, shape: Shape, strides: readonly number[], width: number): Uint8Array {
  const aligned = source.byteOffset % width === 0 ? source : new Uint8Array(source)
  const length = Math.floor(aligned.length / width)
  const count = sizeOf(shape)
  switch (width) {
    case 1:
      return gatherElements(aligned, new Uint8Array(count), shape, strides)
    case 2: {
      const from = new Uint16Array(aligned.buffer, aligned.byteOffset, length)
      return new Uint8Array(gatherElements(from, new Uint16Array(count), shape, strides).buffer)
    }
    case 4: {
      const from = new Uint32Array(aligned.buffer, aligned.byteOffset, length)
      return new Uint8Array(gatherElements(from, new Uint32Array(count), shape, strides).buffer)
    }
    default: {
      const from = new BigUint64Array(aligned.buffer, aligned.byteOffset, length)
      return new Uint8Array(gatherElements(from, new BigUint64Array(count), shape, strides).buffer)
    }
  }
}

function gatherElements<A extends { [index: number]: number | bigint; readonly length: number }>(
  from: A,
  to: A,
  shape: Shape,
  strides: readonly number[],
): A {
  const rank = shape.length
  const inner = shape[rank - 1] ?? 1
  const innerStride = strides[rank - 1] ?? 0
  const index = new Array<number>(rank).fill(0)
  let start = 0
  for (let out = 0; out < to.length; out += inner) {
    for (let i = 0; i < inner; i++) to[out + i] = from[start + i * innerStride]!
    for (let axis = rank - 2; axis >= 0; axis--) {
      start += strides[axis]!
      index[axis]!++
      if (index[axis]! < shape[axis]!) break
      start -= strides[axis]! * shape[axis]!
      index[axis] = 0
    }
  }
  return to
}

function swapped(bytes: Uint8Array, width: number): Uint8Array {
  const out = new Uint8Array(bytes)
  for (let i = 0; i < out.length; i += width) out.subarray(i, i + width).reverse()
  return out
}
