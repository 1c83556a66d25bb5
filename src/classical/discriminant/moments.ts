import { InputError } from '../errors.ts'
import { columnMeans } from '../linear/linear-model.ts'
import { Cholesky } from '../numerics/linear-algebra/cholesky.ts'
import { multiply } from '../numerics/products.ts'
import { Matrix } from '../tables/matrix.ts'
import { listed } from '../tables/table.ts'

/** The samples of a class less its mean. */
export interface ClassMoments {
  readonly mean: Float64Array
  readonly centered: Matrix
}

/** The samples of each class less their mean. */
export function classMoments(x: Matrix, codes: Int32Array, classes: number): ClassMoments[] {
  const members = Array.from({ length: classes }, (): number[] => [])
  for (const [i, code] of codes.entries()) members[code]!.push(i)
  return members.map((rows) => {
    const centered = x.take(rows)
    const mean = columnMeans(centered)
    for (let i = 0; i < centered.rows; i++) {
      const row = centered.row(i)
      for (let j = 0; j < row.length; j++) row[j]! -= mean[j]!
    }
    return { mean, centered }
  })
}

/** Centred' Centred / divisor. */
export function covarianceOf(centered: Matrix, divisor: number): Matrix {
  const result = multiply(centered, centered, { transposeA: true })
  for (let at = 0; at < result.data.length; at++) result.data[at]! /= divisor
  return result
}

/** Prior probabilities: those given, scaled to sum 1, or the classes' shares. */
export function readPriors(
  what: string,
  given: readonly number[] | null,
  counts: readonly number[],
): Float64Array {
  const values = Float64Array.from(given ?? counts)
  if (values.length !== counts.length) {
    throw new InputError(`${what}: ${values.length} priors for ${counts.length} classes`)
  }
  const sum = values.reduce((total, value) => total + value, 0)
  return values.map((value) => value / sum)
}

/** Throws an InputError where priors are not numbers above 0. */
export function checkPriors(what: string, priors: readonly number[] | null): void {
  if (priors === null) return
  for (const prior of priors) {
    if (!(prior > 0 && prior < Number.POSITIVE_INFINITY)) {
      throw new InputError(
        `${what}: a prior is ${prior}; priors are numbers above 0, in the order of the classes`,
      )
    }
  }
}

/** Pivots of a correlation matrix below this come from rounding. */
const least = 1e-12

/**
 * The Cholesky decomposition of a covariance matrix. Throws an InputError that names the columns where it is singular.
 * @param names The columns' names. @param where Whose covariance it is. @param scale What variances are rounded by.
 */
export function regularCovariance(
  what: string,
  covariance: Matrix,
  { names, where, advice, magnitudes }: SingularMessage,
): Cholesky {
  const size = covariance.rows
  const deviations = Float64Array.from({ length: size }, (_, j) => Math.sqrt(covariance.get(j, j)))
  const constant = Array.from(deviations.keys()).filter(
    (j) => !(deviations[j]! > 1e-14 * (magnitudes[j] ?? 0)),
  )
  if (constant.length > 0) {
    throw new InputError(
      `${what}: the covariance ${where} is singular: constant there are ${listed(constant.map((j) => names[j]!))}; ${advice}`,
    )
  }
  const correlation = new Matrix(size, size)
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) {
      correlation.set(i, j, covariance.get(i, j) / deviations[i]! / deviations[j]!)
    }
  }
  const { failedAt, lower } = new Cholesky(correlation, least)
  if (failedAt !== undefined) {
    const shares = lower.row(failedAt).slice(0, failedAt)
    for (let i = failedAt - 1; i >= 0; i--) {
      for (let k = i + 1; k < failedAt; k++) shares[i]! -= lower.get(k, i) * shares[k]!
      shares[i]! /= lower.get(i, i)
    }
    const others = names.slice(0, failedAt).filter((_, i) => Math.abs(shares[i]!) > 1e-6)
    throw new InputError(
      `${what}: the covariance ${where} is singular: '${names[failedAt]}' is a combination of ${listed(others)} there; ${advice}`,
    )
  }
  return new Cholesky(covariance, 0)
}

interface SingularMessage {
  readonly names: readonly string[]
  readonly where: string
  /** What to do about it. */
  readonly advice: string
  /** The columns' largest sizes, which their rounding errors are measured by. */
  readonly magnitudes: Float64Array
}

/** The largest size in each column. */
export function magnitudesOf({ rows, columns, data }: Matrix): Float64Array {
  const result = new Float64Array(columns)
  for (let at = 0; at < rows * columns; at++) {
    const size = Math.abs(data[at]!)
    if (size > result[at % columns]!) result[at % columns] = size
  }
  return result
}
