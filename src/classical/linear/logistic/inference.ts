import type { Label } from '../../input.ts'
import { normal } from '../../numerics/distributions.ts'
import { leastSquares } from '../../numerics/linear-algebra/least-squares.ts'
import { Matrix } from '../../tables/matrix.ts'
import type { CoefficientRow } from '../inference.ts'
import { center } from '../linear-model.ts'

/** What is known of a coefficient, and of the factor e^coefficient by which the odds grow with each unit of its feature. */
export interface LogisticRow extends CoefficientRow {
  /** The class whose odds against the first class these are. */
  readonly class: Label
  readonly oddsRatio: number
  readonly oddsRatioLower: number
  readonly oddsRatioUpper: number
}

interface Coefficients {
  /** The classes but the first. */
  readonly classes: readonly Label[]
  readonly terms: readonly string[]
  /** The coefficient of a class (counted without the first) for a term. */
  readonly of: (c: number, term: number) => number
  /** Term by term, classes within; undefined where it is unknown. */
  readonly covariance: Matrix | undefined
  readonly level: number
}

/** A row for each class and each term. */
export function logisticRows({ classes, terms, of, covariance, level }: Coefficients): LogisticRow[] {
  const reach = normal.quantile((1 + level) / 2)
  return classes.flatMap((label, c) =>
    terms.map((term, j) => {
      const at = j * classes.length + c
      const coefficient = of(c, j)
      const standardError = covariance ? Math.sqrt(covariance.get(at, at)) : Number.NaN
      const statistic = coefficient / standardError
      const [lower, upper] = [coefficient - reach * standardError, coefficient + reach * standardError]
      return {
        class: label,
        term,
        coefficient,
        standardError,
        statistic,
        pValue: 2 * normal.survival(Math.abs(statistic)),
        lower,
        upper,
        oddsRatio: Math.exp(coefficient),
        oddsRatioLower: Math.exp(lower),
        oddsRatioUpper: Math.exp(upper),
      }
    }),
  )
}

/** The log-likelihood of a model that knows the classes' shares alone, or without an intercept not even these. */
export function nullLogLikelihood(
  codes: Int32Array,
  classes: number,
  weights: Float64Array,
  fitIntercept: boolean,
): number {
  const counts = new Float64Array(classes)
  for (const [i, code] of codes.entries()) counts[code]! += weights[i]!
  const total = counts.reduce((sum, count) => sum + count, 0)
  if (!fitIntercept) return -total * Math.log(classes)
  return counts.reduce((sum, count) => (count > 0 ? sum + count * Math.log(count / total) : sum), 0)
}

/** Whether no column is a combination of others. */
export function independent(x: Matrix, weights: Float64Array, fitIntercept: boolean): boolean {
  const centered = center(x, { values: new Float64Array(x.rows), weights }, fitIntercept)
  return leastSquares(centered.x, centered.y, centered.norms).rank === x.columns
}

/** The covariance of the classes' coefficients less those of the first class, from that of all. */
export function contrasts(covariance: Matrix, classes: number): Matrix {
  const terms = covariance.rows / classes
  const others = classes - 1
  const result = new Matrix(terms * others, terms * others)
  for (let a = 0; a < terms; a++) {
    for (let b = 0; b < terms; b++) {
      const at = (k: number, l: number) => covariance.get(a * classes + k, b * classes + l)
      for (let k = 0; k < others; k++) {
        for (let l = 0; l < others; l++) {
          result.set(
            a * others + k,
            b * others + l,
            at(k + 1, l + 1) - at(k + 1, 0) - at(0, l + 1) + at(0, 0),
          )
        }
      }
    }
  }
  return result
}
