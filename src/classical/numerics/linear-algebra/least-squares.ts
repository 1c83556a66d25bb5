import { Matrix } from '../../tables/matrix.ts'
import { multiply } from '../products.ts'
import { Cholesky } from './cholesky.ts'
import { QR } from './householder.ts'

/** A column that is a combination of others, up to rounding. */
export interface Dependence {
  readonly column: number
  /** The columns that it is a combination of; none where it is constant. */
  readonly of: readonly number[]
}

export interface LeastSquares {
  /** Of all solutions the shortest. */
  readonly solution: Float64Array
  readonly rank: number
  readonly dependent: readonly Dependence[]
  /** The squared length of the part of b that the columns explain, and of the rest. */
  readonly explained: number
  readonly unexplained: number
  /** F [columns, rank] with F F' = (A' A)^-1 on independent columns; rows of the others are 0. */
  readonly factor: Matrix
}

/**
 * The x for which A x is nearest to b, by QR with column pivoting on columns of equal length.
 * @param norms The columns' lengths before anything was subtracted from them, which rounding errors are measured by.
 */
export function leastSquares(a: Matrix, b: Float64Array, norms: Float64Array): LeastSquares {
  const { rows, columns } = a
  const scales = columnNorms(a).map((norm, j) => (norm > rows * Number.EPSILON * norms[j]! ? norm : 0))
  const scaled = new Matrix(rows, columns)
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      if (scales[j]! > 0) scaled.data[i * columns + j] = a.data[i * columns + j]! / scales[j]!
    }
  }
  const qr = new QR(scaled, 8 * Number.EPSILON * Math.max(rows, columns))
  const { rank, pivots } = qr
  const projected = qr.applyTransposed(b.slice())
  const sumOfSquares = (values: Float64Array) => values.reduce((sum, value) => sum + value * value, 0)
  const basis = qr.solveUpper(projected.slice(0, rank))
  const factor = new Matrix(columns, rank)
  for (let k = 0; k < rank; k++) {
    const unit = new Float64Array(rank)
    unit[k] = 1
    qr.solveUpper(unit)
    for (let i = 0; i < rank; i++) factor.set(pivots[i]!, k, unit[i]! / scales[pivots[i]!]!)
  }
  const common = {
    rank,
    factor,
    explained: sumOfSquares(projected.subarray(0, rank)),
    unexplained: sumOfSquares(projected.subarray(rank)),
  }
  const solution = new Float64Array(columns)
  for (let i = 0; i < rank; i++) solution[pivots[i]!] = basis[i]! / scales[pivots[i]!]!
  if (rank === columns) return { ...common, solution, dependent: [] }

  // Column p of A is the sum of C_ip times basis column i, so that the shortest w with the same A w solves [I C] w = solution.
  const combinations = new Matrix(columns - rank, rank)
  const dependent: Dependence[] = []
  for (let j = rank; j < columns; j++) {
    const column = pivots[j]!
    const shares = qr.solveUpper(Float64Array.from({ length: rank }, (_, i) => qr.r(i, j)))
    dependent.push({
      column,
      of: Array.from(pivots.subarray(0, rank))
        .filter((_, i) => Math.abs(shares[i]!) > 1e-8)
        .sort((p, q) => p - q),
    })
    for (let i = 0; i < rank; i++) {
      combinations.set(j - rank, i, (shares[i]! * scales[column]!) / scales[pivots[i]!]!)
    }
  }
  const gram = multiply(combinations, combinations, { transposeA: true })
  for (let i = 0; i < rank; i++) gram.row(i)[i]! += 1
  const shortest = new Cholesky(gram).solve(
    Float64Array.from({ length: rank }, (_, i) => solution[pivots[i]!]!),
  )
  for (let i = 0; i < rank; i++) solution[pivots[i]!] = shortest[i]!
  for (let j = rank; j < columns; j++) {
    solution[pivots[j]!] = combinations.row(j - rank).reduce((sum, share, i) => sum + share * shortest[i]!, 0)
  }
  dependent.sort((p, q) => p.column - q.column)
  return { ...common, solution, dependent }
}

/** The length of each column. */
export function columnNorms({ rows, columns, data }: Matrix): Float64Array {
  const result = new Float64Array(columns)
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) result[j]! += data[i * columns + j]! ** 2
  }
  return result.map(Math.sqrt)
}
