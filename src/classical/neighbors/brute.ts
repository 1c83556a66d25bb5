import {
  FloatRows,
  isWorthwhile,
  productError,
  rowsPerBlock,
  underflowError,
} from '../numerics/float-products.ts'
import { Pace } from '../pace.ts'
import type { Matrix } from '../tables/matrix.ts'
import type { Metric } from './metric.ts'
import { NearestList } from './nearest-list.ts'

/** What finds the nearest rows of a matrix. */
export interface Searcher {
  /** Fills in, for each query, the k nearest rows and their reduced distances, row by row. */
  search(queries: Matrix, k: number, indices: Int32Array, reduced: Float64Array): Promise<void>
}

/**
 * Compares each query with each row. Where there is much to do and the metric is Euclidean or cosine, the engine's float32
 * products tell first which rows can be among the nearest, by a bound on their error; the distances of these are then
 * computed in float64, so that the result is that of the plain loop.
 */
export class BruteForce implements Searcher {
  readonly #matrix: Matrix
  readonly #metric: Metric
  #floats: FloatRows | undefined | null = null

  constructor(matrix: Matrix, metric: Metric) {
    this.#matrix = matrix
    this.#metric = metric
  }

  async search(queries: Matrix, k: number, indices: Int32Array, reduced: Float64Array): Promise<void> {
    const { kind } = this.#metric
    if (
      (kind === 'squared' || kind === 'cosine') &&
      (await isWorthwhile(queries.rows * this.#matrix.rows * this.#matrix.columns))
    ) {
      if (this.#floats === null) {
        this.#floats = FloatRows.from(this.#matrix, { centred: kind === 'squared' })
      }
      if (this.#floats !== undefined) return this.#filtered(this.#floats, queries, k, indices, reduced)
    }
    const list = new NearestList(k)
    const pace = new Pace()
    for (let q = 0; q < queries.rows; q++) {
      this.#compare(queries, q, list)
      list.drain(indices, reduced, q * k)
      await pace.pause()
    }
  }

  #compare(queries: Matrix, q: number, list: NearestList): void {
    const { data, rows, columns } = this.#matrix
    const metric = this.#metric
    for (let i = 0; i < rows; i++) {
      const distance = metric.reduced(queries.data, q * columns, data, i * columns, columns)
      if (distance <= list.limit) list.offer(distance, i)
    }
  }

  async #filtered(
    floats: FloatRows,
    queries: Matrix,
    k: number,
    indices: Int32Array,
    reduced: Float64Array,
  ): Promise<void> {
    const { rows, columns, data } = this.#matrix
    const lengths = floats.lengthsOf(queries)
    const filter = new CandidateFilter(floats, this.#metric.kind === 'cosine', k)
    const list = new NearestList(k)
    const pace = new Pace()
    const block = rowsPerBlock(rows)
    for (let start = 0; start < queries.rows; start += block) {
      const end = Math.min(queries.rows, start + block)
      const products = (await floats.productsWith(floats.like(queries, start, end)).data()) as Float32Array
      for (let q = start; q < end; q++) {
        if (FloatRows.fits(lengths[q]!)) {
          const from = (q - start) * rows
          const count = filter.select(products.subarray(from, from + rows), lengths[q]!)
          for (let c = 0; c < count; c++) {
            const i = filter.candidates[c]!
            list.offer(this.#metric.reduced(queries.data, q * columns, data, i * columns, columns), i)
          }
        } else this.#compare(queries, q, list)
        list.drain(indices, reduced, q * k)
        await pace.pause()
      }
    }
  }
}

/**
 * Tells from float32 products which rows can be among the k nearest.
 *
 * Half the squared distance of a query q to a row x, less |q|^2 / 2, is key = |x|^2 / 2 - qx; for rows of length 1 the cosine
 * distance is ordered by -qx. A key is known up to an error e: that of the product, `productError` * |q| |x|, and, far
 * smaller, those of float64 in moving the rows, in their lengths, and in the distances that are compared in the end,
 * which together stay below (width + 16) * 2^-53 * (|q| + |x|)^2. A row is out when k others have key + e below its
 * key - e.
 */
class CandidateFilter {
  readonly candidates: Int32Array
  readonly #halves: Float64Array
  readonly #lengths: Float64Array
  readonly #width: number
  readonly #upper: NearestList
  readonly #lower: Float64Array

  constructor(floats: FloatRows, cosine: boolean, k: number) {
    this.#lengths = floats.lengths
    this.#halves = floats.lengths.map((length) => (cosine ? 0 : (length * length) / 2))
    this.#width = floats.width
    this.#upper = new NearestList(k)
    this.candidates = new Int32Array(floats.rows)
    this.#lower = new Float64Array(floats.rows)
  }

  /** Puts the candidates first in `candidates`, in the order of the rows, and gives their count. */
  select(products: Float32Array, length: number): number {
    const [halves, lengths, lower, candidates] = [
      this.#halves,
      this.#lengths,
      this.#lower,
      this.candidates,
    ] as const
    const relative = productError(this.#width) * length
    const double = (this.#width + 16) * 2 ** -53
    const absolute = underflowError(this.#width) * (1 + length)
    const upper = this.#upper
    upper.clear()
    let limit = Number.POSITIVE_INFINITY
    let count = 0
    for (let i = 0; i < products.length; i++) {
      const x = lengths[i]!
      const key = halves[i]! - products[i]!
      const error = relative * x + double * (length + x) * (length + x) + absolute
      if (key - error > limit) continue
      candidates[count] = i
      lower[count++] = key - error
      if (key + error < limit) {
        upper.offer(key + error, i)
        limit = upper.limit
      }
    }
    let kept = 0
    for (let c = 0; c < count; c++) if (lower[c]! <= limit) candidates[kept++] = candidates[c]!
    return kept
  }
}
