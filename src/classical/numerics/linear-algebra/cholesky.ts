import { Matrix } from '../../tables/matrix.ts'

/**
 * The Cholesky decomposition A = L L' of a symmetric positive definite matrix.
 *
 * `failedAt` is the first column that depends, up to rounding, on those before it; nothing else may be asked then.
 */
export class Cholesky {
  /** The lower triangle. */
  readonly lower: Matrix
  /** The column where A is not positive definite; undefined where all went well. */
  readonly failedAt: number | undefined

  /** @param tolerance A pivot this small, relative to the diagonal entry of A, counts as zero. */
  constructor(a: Matrix, tolerance: number = a.columns * Number.EPSILON) {
    const size = a.columns
    this.lower = new Matrix(size, size)
    const l = this.lower.data
    for (let i = 0; i < size; i++) {
      for (let j = 0; j <= i; j++) {
        let sum = a.data[i * size + j]!
        for (let k = 0; k < j; k++) sum -= l[i * size + k]! * l[j * size + k]!
        if (j < i) {
          l[i * size + j] = sum / l[j * size + j]!
          continue
        }
        if (!(sum > tolerance * Math.abs(a.data[i * size + i]!))) {
          this.failedAt = i
          return
        }
        l[i * size + i] = Math.sqrt(sum)
      }
    }
  }

  /** ln det A. */
  get logDeterminant(): number {
    let sum = 0
    for (let i = 0; i < this.lower.rows; i++) sum += 2 * Math.log(this.lower.get(i, i))
    return sum
  }

  /** The solution of L x = b, in place. */
  solveLower(b: Float64Array): Float64Array {
    const { data: l, rows: size } = this.lower
    for (let i = 0; i < size; i++) {
      let sum = b[i]!
      for (let k = 0; k < i; k++) sum -= l[i * size + k]! * b[k]!
      b[i] = sum / l[i * size + i]!
    }
    return b
  }

  /** The solution of L' x = b, in place. */
  solveLowerTransposed(b: Float64Array): Float64Array {
    const { data: l, rows: size } = this.lower
    for (let i = size - 1; i >= 0; i--) {
      const value = b[i]! / l[i * size + i]!
      b[i] = value
      for (let k = 0; k < i; k++) b[k]! -= l[i * size + k]! * value
    }
    return b
  }

  /** The solution of A x = b, in place. */
  solve(b: Float64Array): Float64Array {
    return this.solveLowerTransposed(this.solveLower(b))
  }

  /** The inverse of A. */
  inverse(): Matrix {
    const size = this.lower.rows
    const result = new Matrix(size, size)
    for (let i = 0; i < size; i++) {
      result.row(i)[i] = 1
      this.solve(result.row(i))
    }
    return result
  }
}
