import { InputError } from '../../errors.ts'
import { Matrix } from '../../tables/matrix.ts'

/**
 * The solution X of A X = B for a square matrix A, by Gaussian elimination with partial pivoting.
 * Throws an InputError where A is not square, B has other rows, or A is singular: it names the column.
 */
export function solve(a: Matrix, b: Matrix): Matrix {
  const size = a.rows
  if (a.columns !== size || b.rows !== size) {
    throw new InputError(
      `solve: a is ${a.rows} x ${a.columns} and b ${b.rows} x ${b.columns}; a must be square and b have its rows`,
    )
  }
  const left = Array.from({ length: size }, (_, i) => a.row(i).slice())
  const right = Array.from({ length: size }, (_, i) => b.row(i).slice())
  const scale = a.data.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  for (let k = 0; k < size; k++) {
    let best = k
    for (let i = k + 1; i < size; i++) if (Math.abs(left[i]![k]!) > Math.abs(left[best]![k]!)) best = i
    if (!(Math.abs(left[best]![k]!) > size * Number.EPSILON * scale)) {
      throw new InputError(`solve: the matrix is singular: its column ${k} depends on those before it`)
    }
    for (const list of [left, right]) [list[k], list[best]] = [list[best]!, list[k]!]
    for (let i = k + 1; i < size; i++) {
      const factor = left[i]![k]! / left[k]![k]!
      if (factor === 0) continue
      for (let j = k; j < size; j++) left[i]![j]! -= factor * left[k]![j]!
      for (let j = 0; j < b.columns; j++) right[i]![j]! -= factor * right[k]![j]!
    }
  }
  const result = new Matrix(size, b.columns)
  for (let i = size - 1; i >= 0; i--) {
    for (let j = 0; j < b.columns; j++) {
      let sum = right[i]![j]!
      for (let k = i + 1; k < size; k++) sum -= left[i]![k]! * result.get(k, j)
      result.set(i, j, sum / left[i]![i]!)
    }
  }
  return result
}
