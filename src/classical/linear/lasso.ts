import { transpose } from '../numerics/products.ts'
import { checkNumber } from '../option-checks.ts'
import { Pace } from '../pace.ts'
import type { NumberTarget } from '../regressor.ts'
import type { Json, StateReader } from '../state.ts'
import type { Matrix } from '../tables/matrix.ts'
import { center, dot, LinearModel } from './linear-model.ts'

export interface LassoOptions {
  /** What the sum of the coefficients' sizes costs, from 0. Default 1. */
  readonly alpha?: number
  /** Whether the line need not pass through the origin; the intercept costs nothing. Default true. */
  readonly fitIntercept?: boolean
  /** The most rounds over all coefficients. Default 1000. */
  readonly maxIter?: number
  /** How large the duality gap may be, in sums of squares of the centred targets. Default 1e-4. */
  readonly tol?: number
}

/**
 * The lasso (Tibshirani 1996): minimises sum w_i (y_i - prediction_i)^2 / (2 sum w) + alpha sum |coef| by coordinate descent,
 * which leaves many coefficients at 0. It stops when the duality gap, an upper bound of what is still to gain, is small
 * (Friedman, Hastie and Tibshirani 2010; Kim et al. 2007).
 */
export class Lasso extends LinearModel<LassoOptions> {
  readonly method = 'lasso'
  /** The rounds that were made. */
  iterations = 0
  /** How far the objective is, at most, above its minimum. */
  dualityGap = 0
  /** Whether the gap became small within `maxIter` rounds. */
  converged = false

  constructor(options: LassoOptions = {}) {
    super(options, { alpha: 1, fitIntercept: true, maxIter: 1000, tol: 1e-4 })
    const { alpha, maxIter, tol } = this.options
    checkNumber(this.label, 'alpha', alpha, { atLeast: 0 })
    checkNumber(this.label, 'maxIter', maxIter, { atLeast: 1, integer: true })
    checkNumber(this.label, 'tol', tol, { atLeast: 0 })
  }

  protected override async learn(samples: Matrix, target: NumberTarget): Promise<void> {
    const { fitIntercept } = this.options
    const { x, y, means, mean, weightSum } = center(samples, target, fitIntercept)
    await this.#descend(transpose(x), y, weightSum)
    this.intercept = mean - dot(means, this.coef)
  }

  /** Minimises |y - X w|^2 / 2 + penalty |w|_1. @param columns X' */
  async #descend(columns: Matrix, y: Float64Array, weightSum: number): Promise<void> {
    const { alpha, maxIter, tol } = this.options
    const penalty = alpha * weightSum
    const pace = new Pace()
    const w = new Float64Array(columns.rows)
    const squares = w.map((_, j) => dot(columns.row(j), columns.row(j)))
    const residual = y.slice()
    const wanted = tol * dot(y, y)
    this.coef = w
    this.converged = false
    for (this.iterations = 1; ; this.iterations++) {
      let [largest, change] = [0, 0]
      for (let j = 0; j < w.length; j++) {
        if (squares[j] === 0) continue
        const column = columns.row(j)
        const before = w[j]!
        const pull = dot(column, residual) + before * squares[j]!
        const after = (Math.sign(pull) * Math.max(0, Math.abs(pull) - penalty)) / squares[j]!
        w[j] = after
        if (after !== before) {
          for (let i = 0; i < residual.length; i++) residual[i]! -= (after - before) * column[i]!
        }
        change = Math.max(change, Math.abs(after - before))
        largest = Math.max(largest, Math.abs(after))
      }
      const last = this.iterations === maxIter
      if (largest === 0 || change <= tol * largest || last) {
        const gap = dualityGap(columns, y, residual, w, penalty)
        this.dualityGap = gap / weightSum
        this.converged = gap <= wanted
        if (this.converged || last) return
      }
      await pace.pause()
    }
  }

  protected override learnedToJson(): { readonly [key: string]: Json } {
    const { iterations, dualityGap, converged } = this
    return { ...super.learnedToJson(), iterations, dualityGap, converged }
  }

  protected override restoreLearned(state: StateReader): void {
    super.restoreLearned(state)
    this.iterations = state.integer('iterations')
    this.dualityGap = state.number('dualityGap')
    this.converged = state.flag('converged')
  }
}

/** The objective less that of the dual at the residual, scaled so that it is feasible. */
function dualityGap(
  columns: Matrix,
  y: Float64Array,
  residual: Float64Array,
  w: Float64Array,
  penalty: number,
): number {
  let steepest = 0
  for (let j = 0; j < columns.rows; j++) {
    steepest = Math.max(steepest, Math.abs(dot(columns.row(j), residual)))
  }
  const scale = steepest > penalty ? penalty / steepest : 1
  const square = dot(residual, residual)
  const sizes = w.reduce((sum, value) => sum + Math.abs(value), 0)
  return (square * (1 + scale * scale)) / 2 + penalty * sizes - scale * dot(residual, y)
}
