import { Cholesky } from '../numerics/linear-algebra/cholesky.ts'
import { leastSquares } from '../numerics/linear-algebra/least-squares.ts'
import { multiply } from '../numerics/products.ts'
import { checkNumber } from '../option-checks.ts'
import type { NumberTarget } from '../regressor.ts'
import { Matrix } from '../tables/matrix.ts'
import { center, dot, LinearModel } from './linear-model.ts'

export interface RidgeOptions {
  /** What the squared length of the coefficients costs, from 0. Default 1. */
  readonly alpha?: number
  /** Whether the line need not pass through the origin; the intercept costs nothing. Default true. */
  readonly fitIntercept?: boolean
}

/**
 * Ridge regression (Hoerl and Kennard 1970): minimises sum w_i (y_i - prediction_i)^2 + alpha |coef|^2 in closed form.
 * With alpha 0 it is least squares. Columns should be of one scale.
 */
export class Ridge extends LinearModel<RidgeOptions> {
  readonly method = 'ridge'

  constructor(options: RidgeOptions = {}) {
    super(options, { alpha: 1, fitIntercept: true })
    checkNumber(this.label, 'alpha', this.options.alpha, { atLeast: 0 })
  }

  protected override learn(samples: Matrix, target: NumberTarget): void {
    const { alpha, fitIntercept } = this.options
    const { x, y, means, mean, norms } = center(samples, target, fitIntercept)
    this.coef = penalized(x, y, alpha) ?? leastSquares(x, y, norms).solution
    this.intercept = mean - dot(means, this.coef)
  }
}

/** (X' X + alpha I)^-1 X' y, or X' (X X' + alpha I)^-1 y where that is smaller; undefined where alpha does not make it regular. */
function penalized(x: Matrix, y: Float64Array, alpha: number): Float64Array | undefined {
  if (alpha === 0) return undefined
  const wide = x.columns > x.rows
  const gram = wide ? multiply(x, x, { transposeB: true }) : multiply(x, x, { transposeA: true })
  for (let i = 0; i < gram.rows; i++) gram.row(i)[i]! += alpha
  const cholesky = new Cholesky(gram)
  if (cholesky.failedAt !== undefined) return undefined
  if (!wide) return cholesky.solve(multiply(x, new Matrix(y.length, 1, y), { transposeA: true }).data)
  const dual = cholesky.solve(y.slice())
  return multiply(x, new Matrix(dual.length, 1, dual), { transposeA: true }).data
}
