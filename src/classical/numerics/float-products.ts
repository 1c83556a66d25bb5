import { getBackend, type Tensor, tensor } from '../../tensor/index.ts'
import type { Matrix } from '../tables/matrix.ts'

/** Multiplications from which the engine's float32 product beats a loop in float64. */
const worthwhile = 2e7

/** Beyond these magnitudes squares and their sums leave float32. */
const largest = 1e15
const smallest = 1e-15

const unit = 2 ** -24

/** Numbers of a result that are computed at a time: 64 MiB. */
const blockSize = 2 ** 24

/** Whether a product of so many multiplications should be left to the engine; its reference backend is no faster. */
export async function isWorthwhile(multiplications: number): Promise<boolean> {
  return multiplications >= worthwhile && (await getBackend()).info.name !== 'reference'
}

/** Rows of `queries` that one block of products with `rows` rows holds. */
export function rowsPerBlock(rows: number): number {
  return Math.max(1, Math.floor(blockSize / Math.max(1, rows)))
}

/**
 * Bounds the error of a float32 scalar product of `width` terms, relative to the product of both lengths, the rounding of
 * the factors to float32 included: gamma_(width + 2), whatever the order of the additions (Higham, Accuracy and Stability
 * of Numerical Algorithms, section 3.1).
 */
export function productError(width: number): number {
  return ((width + 2) * unit) / (1 - (width + 2) * unit)
}

/** The absolute error that numbers too small for float32 add to a product of vectors of length 1. */
export function underflowError(width: number): number {
  return 4 * width * 2 ** -126
}

/**
 * Rows of a matrix in float32, for products with other rows on the engine. All rows are moved by the same `centre` and
 * scaled by the same power of two, so that the longest has a length from 1/2 to 1; this changes no order of distances.
 */
export class FloatRows {
  readonly rows: number
  readonly width: number
  readonly centre: Float64Array
  /** What rows are multiplied by, after `centre` was taken off. */
  readonly scale: number
  /** The length of each moved and scaled row, in float64. */
  readonly lengths: Float64Array
  readonly #tensor: Tensor

  private constructor(matrix: Matrix, centre: Float64Array) {
    this.rows = matrix.rows
    this.width = matrix.columns
    this.centre = centre
    this.lengths = lengthsOf(matrix, centre)
    const longest = this.lengths.reduce((most, length) => Math.max(most, length), 0)
    this.scale = longest > 0 ? 2 ** -Math.ceil(Math.log2(longest)) : 1
    for (let i = 0; i < this.rows; i++) this.lengths[i]! *= this.scale
    this.#tensor = tensor(this.#converted(matrix, 0, matrix.rows), [matrix.rows, matrix.columns])
  }

  /**
   * The rows of a matrix, its mean row taken off where `centred`; undefined where the magnitudes do not fit float32.
   */
  static from(matrix: Matrix, { centred }: { centred: boolean }): FloatRows | undefined {
    const centre = centred ? meanRow(matrix) : new Float64Array(matrix.columns)
    const result = new FloatRows(matrix, centre)
    const inRange = result.scale < 1 / smallest && result.scale > 1 / largest
    return inRange && matrix.columns < 2 ** 20 ? result : undefined
  }

  /** The lengths of other rows, moved and scaled like these. */
  lengthsOf(matrix: Matrix): Float64Array {
    return lengthsOf(matrix, this.centre).map((length) => length * this.scale)
  }

  /** Whether rows of such a length, moved and scaled, can be multiplied in float32. */
  static fits(length: number): boolean {
    return length < largest
  }

  /** Rows `start` to `end` of another matrix, moved and scaled like these, as a tensor [end - start, width]. */
  like(matrix: Matrix, start = 0, end: number = matrix.rows): Tensor {
    return tensor(this.#converted(matrix, start, end), [end - start, this.width])
  }

  /** Some of these rows, as a tensor [indices.length, width]. */
  async take(indices: ArrayLike<number>): Promise<Tensor> {
    const all = (await this.#tensor.data()) as Float32Array
    const values = new Float32Array(indices.length * this.width)
    for (let i = 0; i < indices.length; i++) {
      const from = indices[i]! * this.width
      values.set(all.subarray(from, from + this.width), i * this.width)
    }
    return tensor(values, [indices.length, this.width])
  }

  /** The scalar products of other rows with all of these: a tensor [queries, rows]. */
  productsWith(queries: Tensor): Tensor {
    return queries.matmul(this.#tensor.t())
  }

  #converted(matrix: Matrix, start: number, end: number): Float32Array<ArrayBuffer> {
    const { width, centre, scale } = this
    const values = new Float32Array((end - start) * width)
    for (let i = start; i < end; i++) {
      const [from, to] = [i * width, (i - start) * width]
      for (let c = 0; c < width; c++) values[to + c] = (matrix.data[from + c]! - centre[c]!) * scale
    }
    return values
  }
}

function meanRow(matrix: Matrix): Float64Array {
  const mean = new Float64Array(matrix.columns)
  for (let i = 0; i < matrix.rows; i++) {
    const from = i * matrix.columns
    for (let c = 0; c < mean.length; c++) mean[c]! += matrix.data[from + c]! / matrix.rows
  }
  return mean
}

function lengthsOf(matrix: Matrix, centre: Float64Array): Float64Array {
  const lengths = new Float64Array(matrix.rows)
  for (let i = 0; i < matrix.rows; i++) {
    const from = i * matrix.columns
    let sum = 0
    for (let c = 0; c < matrix.columns; c++) sum += (matrix.data[from + c]! - centre[c]!) ** 2
    lengths[i] = Math.sqrt(sum)
  }
  return lengths
}
