import { Matrix } from '../../tables/matrix.ts'
import { transpose } from '../products.ts'

/**
 * Householder's QR decomposition with column pivoting (Golub and Van Loan, algorithm 5.4.1): A P = Q R, with |r11| >= |r22| >= …
 *
 * R's diagonal shows the rank: entries below `tolerance` times the largest count as zero.
 */
export class QR {
  readonly rows: number
  readonly columns: number
  /** The position in A of each column of A P. */
  readonly pivots: Int32Array
  readonly rank: number
  /** Column by column: above the diagonal R, from it on Householder's vectors. */
  readonly #columns: readonly Float64Array[]
  readonly #diagonal: Float64Array

  /** @param tolerance Relative to the largest diagonal entry; rounding errors of this size of matrix where left out. */
  constructor(a: Matrix, tolerance: number = Number.EPSILON * Math.max(a.rows, a.columns)) {
    this.rows = a.rows
    this.columns = a.columns
    const transposed = transpose(a)
    const columns = Array.from({ length: a.columns }, (_, j) => transposed.row(j))
    this.pivots = Int32Array.from(columns, (_, j) => j)
    const steps = Math.min(a.rows, a.columns)
    this.#diagonal = new Float64Array(steps)
    this.#columns = columns
    const norms = columns.map((column) => norm(column, 0))
    const original = [...norms]
    for (let k = 0; k < steps; k++) {
      let best = k
      for (let j = k + 1; j < a.columns; j++) if (norms[j]! > norms[best]!) best = j
      for (const list of [columns, this.pivots, norms, original] as unknown[][]) {
        ;[list[k], list[best]] = [list[best], list[k]]
      }
      const vector = columns[k]!
      this.#diagonal[k] = reflect(vector, k)
      for (let j = k + 1; j < a.columns; j++) {
        const column = columns[j]!
        applyReflection(vector, k, column)
        // Subtracting squares loses digits, so that a norm that has shrunk much is computed anew.
        const rest = norms[j]! > 0 ? 1 - (column[k]! / norms[j]!) ** 2 : 0
        norms[j] = rest > 0 ? norms[j]! * Math.sqrt(rest) : 0
        if (norms[j]! < 1e-5 * original[j]!) original[j] = norms[j] = norm(column, k + 1)
      }
    }
    const limit = tolerance * Math.abs(this.#diagonal[0] ?? 0)
    const small = this.#diagonal.findIndex((value) => !(Math.abs(value) > limit))
    this.rank = small < 0 ? steps : small
  }

  /** An entry of R, on or above its diagonal. */
  r(i: number, j: number): number {
    return i === j ? this.#diagonal[i]! : this.#columns[j]![i]!
  }

  /** Q' v, in place. */
  applyTransposed(v: Float64Array): Float64Array {
    for (const [k, vector] of this.#columns.slice(0, this.#diagonal.length).entries()) {
      applyReflection(vector, k, v)
    }
    return v
  }

  /** Q v, in place. */
  apply(v: Float64Array): Float64Array {
    for (let k = this.#diagonal.length - 1; k >= 0; k--) applyReflection(this.#columns[k]!, k, v)
    return v
  }

  /** The solution of R1 x = b in place, R1 the `size` first rows and columns of R. */
  solveUpper(b: Float64Array, size: number = this.rank): Float64Array {
    for (let i = size - 1; i >= 0; i--) {
      let sum = b[i]!
      for (let j = i + 1; j < size; j++) sum -= this.r(i, j) * b[j]!
      b[i] = sum / this.#diagonal[i]!
    }
    return b
  }

  /** The solution of R1' x = b in place, R1 the `size` first rows and columns of R. */
  solveUpperTransposed(b: Float64Array, size: number = this.rank): Float64Array {
    for (let i = 0; i < size; i++) {
      let sum = b[i]!
      for (let j = 0; j < i; j++) sum -= this.r(j, i) * b[j]!
      b[i] = sum / this.#diagonal[i]!
    }
    return b
  }

  /** The first `rank` rows of R. */
  upper(): Matrix {
    const result = new Matrix(this.rank, this.columns)
    for (let i = 0; i < this.rank; i++) {
      for (let j = i; j < this.columns; j++) result.set(i, j, this.r(i, j))
    }
    return result
  }
}

/** The length of a vector from position `from` on, without overflow. */
function norm(vector: Float64Array, from: number): number {
  let largest = 0
  for (let i = from; i < vector.length; i++) largest = Math.max(largest, Math.abs(vector[i]!))
  if (largest === 0) return 0
  let sum = 0
  for (let i = from; i < vector.length; i++) sum += (vector[i]! / largest) ** 2
  return largest * Math.sqrt(sum)
}

/** Turns a column into the reflection's vector, from row k on, scaled so that its first number is the factor; gives R's entry. */
function reflect(vector: Float64Array, k: number): number {
  const length = norm(vector, k)
  if (length === 0) return 0
  const signed = vector[k]! < 0 ? -length : length
  for (let i = k; i < vector.length; i++) vector[i]! /= signed
  vector[k]! += 1
  return -signed
}

function applyReflection(vector: Float64Array, k: number, target: Float64Array): void {
  const head = vector[k]!
  if (head === 0) return
  let sum = 0
  for (let i = k; i < vector.length; i++) sum += vector[i]! * target[i]!
  const factor = -sum / head
  for (let i = k; i < vector.length; i++) target[i]! += factor * vector[i]!
}
