import { FloatRows, isWorthwhile } from '../numerics/float-products.ts'
import type { Matrix } from '../tables/matrix.ts'
import {
  ignoresPosition,
  type Kernel,
  type KernelFunction,
  kernelFunction,
  kernelOfProducts,
} from './kernel.ts'

/** Rows that the engine computes at a time. */
const batch = 128

/** A fit touches about this part of all kernel values. */
const touched = 1 / 8

/**
 * The rows of the kernel matrix of some samples: computed when asked for, in float32 as in libsvm, and kept while there is
 * room, the least recently used going first. Large matrices are computed on the engine, in batches.
 */
export class KernelRows {
  readonly size: number
  /** The kernel of each sample with itself, in float64. */
  readonly diagonal: Float64Array
  readonly #samples: Matrix
  readonly #kernel: Kernel
  readonly #function: KernelFunction
  readonly #floats: FloatRows | undefined
  readonly #capacity: number
  // A map lists its keys in the order of their insertion.
  readonly #cache = new Map<number, Float32Array>()

  private constructor(samples: Matrix, kernel: Kernel, cacheSize: number, floats: FloatRows | undefined) {
    this.size = samples.rows
    this.#samples = samples
    this.#kernel = kernel
    this.#function = kernelFunction(kernel)
    this.#floats = floats
    this.#capacity = Math.max(2, Math.floor((cacheSize * 2 ** 20) / (4 * Math.max(1, this.size))))
    this.diagonal = Float64Array.from({ length: this.size }, (_, i) => this.#value(i, i))
  }

  /** @param cacheSize MiB to keep rows in. */
  static async of(samples: Matrix, kernel: Kernel, cacheSize: number): Promise<KernelRows> {
    const onEngine = await isWorthwhile(samples.rows ** 2 * samples.columns * touched)
    const floats = onEngine ? FloatRows.from(samples, { centred: ignoresPosition(kernel) }) : undefined
    return new KernelRows(samples, kernel, cacheSize, floats)
  }

  /** A row that is there, or undefined. */
  cached(i: number): Float32Array | undefined {
    const row = this.#cache.get(i)
    if (row !== undefined && this.#capacity < this.size) {
      this.#cache.delete(i)
      this.#cache.set(i, row)
    }
    return row
  }

  /**
   * Computes a row that is not there.
   * @param likely Gives rows that will be wanted soon, the most likely first.
   */
  async load(i: number, likely: () => Iterable<number>): Promise<Float32Array> {
    if (this.#floats === undefined) {
      const row = Float32Array.from({ length: this.size }, (_, j) => this.#value(i, j))
      this.#keep(i, row)
      return row
    }
    const wanted = new Set([i])
    const most = Math.min(batch, Math.max(1, this.#capacity >> 1))
    for (const other of likely()) {
      if (wanted.size === most) break
      if (!this.#cache.has(other)) wanted.add(other)
    }
    const indices = [...wanted]
    const rows = await this.#floats.take(indices)
    const lengths = indices.map((each) => this.#floats!.lengths[each]!)
    const values = (await kernelOfProducts(this.#kernel, this.#floats, rows, lengths).data()) as Float32Array
    // Where rows come and go, each has memory of its own. The row asked for is kept last, as the most recently used.
    const piece = this.#capacity < this.size ? 'slice' : 'subarray'
    for (let r = indices.length - 1; r >= 0; r--) {
      this.#keep(indices[r]!, values[piece](r * this.size, (r + 1) * this.size))
    }
    return this.#cache.get(i)!
  }

  #keep(i: number, row: Float32Array): void {
    if (this.#cache.size >= this.#capacity) this.#cache.delete(this.#cache.keys().next().value!)
    this.#cache.set(i, row)
  }

  #value(i: number, j: number): number {
    const { data, columns } = this.#samples
    return this.#function(data, i * columns, data, j * columns, columns)
  }
}
