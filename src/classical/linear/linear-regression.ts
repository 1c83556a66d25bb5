import { InputError } from '../errors.ts'
import { type FitOptions, readWeights } from '../estimator.ts'
import { type Features, readTargets, type Targets } from '../input.ts'
import { fisherF, studentT } from '../numerics/distributions.ts'
import { type Dependence, leastSquares } from '../numerics/linear-algebra/least-squares.ts'
import type { NumberTarget } from '../regressor.ts'
import { type Json, matrixToJson, numbersToJson, type StateReader } from '../state.ts'
import { Matrix } from '../tables/matrix.ts'
import { listed } from '../tables/table.ts'
import { type CoefficientRow, checkLevel } from './inference.ts'
import { type Bounds, type Influence, type PredictionIntervals, summarize } from './linear-inference.ts'
import { center, dot, LinearModel } from './linear-model.ts'

export interface LinearRegressionOptions {
  /** Whether the line need not pass through the origin. Default true. */
  readonly fitIntercept?: boolean
}

/** What the fit is judged by: sums of squares and counts. */
interface Sums {
  readonly explained: number
  readonly residual: number
  /** Of differences of successive residuals. */
  readonly successive: number
  readonly weight: number
  readonly logWeight: number
}

const sumKeys = ['explained', 'residual', 'successive', 'weight', 'logWeight'] as const

/**
 * Linear regression by least squares: simple with one feature, multiple with several. QR with column pivoting on centred
 * columns keeps the digits that normal equations lose.
 *
 * Where columns depend on one another, predictions are those of the shortest solution, as scikit-learn's; `rank` and
 * `dependentColumns` say so, and standard errors, t and p are NaN, for single coefficients are not determined then.
 *
 * Sample weights are inverse variances, as R's `weights`: standard errors do not change when all are doubled, and samples
 * of weight 0 do not count.
 */
export class LinearRegression extends LinearModel<LinearRegressionOptions> {
  readonly method = 'linear'
  /** How many columns are independent of one another, the intercept not counted. */
  rank = 0
  /** How many samples were fitted: those with a weight above 0. */
  observations = 0
  #dependent: readonly Dependence[] = []
  #means: Float64Array = new Float64Array()
  #factor: Matrix = new Matrix(0, 0)
  #sums: Sums = { explained: 0, residual: 0, successive: 0, weight: 0, logWeight: 0 }

  constructor(options: LinearRegressionOptions = {}) {
    super(options, { fitIntercept: true })
  }

  protected override learn(x: Matrix, target: NumberTarget): void {
    const { fitIntercept } = this.options
    const centered = center(x, target, fitIntercept)
    const { solution, rank, dependent, explained, unexplained, factor } = leastSquares(
      centered.x,
      centered.y,
      centered.norms,
    )
    this.coef = solution
    this.intercept = centered.mean - dot(centered.means, solution)
    this.rank = rank
    this.observations = centered.x.rows
    this.#dependent = dependent
    this.#means = centered.means
    this.#factor = factor
    let [successive, last] = [0, 0]
    for (let i = 0; i < centered.x.rows; i++) {
      const residual = centered.y[i]! - dot(centered.x.row(i), solution)
      if (i > 0) successive += (residual - last) ** 2
      last = residual
    }
    let logWeight = 0
    for (const weight of target.weights ?? []) if (weight > 0) logWeight += Math.log(weight)
    this.#sums = { explained, residual: unexplained, successive, weight: centered.weightSum, logWeight }
  }

  /** What has a coefficient: 'intercept', where there is one, and the features. */
  get terms(): readonly string[] {
    const names = this.features.map(({ name }) => name)
    return this.options.fitIntercept ? ['intercept', ...names] : names
  }

  /** The columns that are combinations of others, with those others' names; none where all columns are independent. */
  get dependentColumns(): readonly { readonly name: string; readonly of: readonly string[] }[] {
    const { features } = this
    return this.#dependent.map(({ column, of }) => ({
      name: features[column]!.name,
      of: of.map((each) => features[each]!.name),
    }))
  }

  /** Degrees of freedom of the residuals: samples less independent coefficients. */
  get degreesOfFreedom(): number {
    return this.observations - this.rank - (this.options.fitIntercept ? 1 : 0)
  }

  get residualSumOfSquares(): number {
    return this.#sums.residual
  }

  /** The sum of squares that the regression explains. */
  get regressionSumOfSquares(): number {
    return this.#sums.explained
  }

  /** The estimated standard deviation of the errors. NaN without degrees of freedom. */
  get residualStandardError(): number {
    return this.degreesOfFreedom > 0 ? Math.sqrt(this.#sums.residual / this.degreesOfFreedom) : Number.NaN
  }

  /** The share of the variance that is explained; without an intercept, of the sum of squares. */
  get rSquared(): number {
    const { explained, residual } = this.#sums
    return explained / (explained + residual)
  }

  get adjustedRSquared(): number {
    const total = this.observations - (this.options.fitIntercept ? 1 : 0)
    return 1 - ((1 - this.rSquared) * total) / this.degreesOfFreedom
  }

  /** Tests whether the features explain anything: mean square of the regression over that of the residuals. */
  get fStatistic(): number {
    return this.#sums.explained / this.rank / this.residualStandardError ** 2
  }

  /** The probability of an F at least as large where the features explain nothing. */
  get fPValue(): number {
    const { rank, degreesOfFreedom } = this
    return rank > 0 && degreesOfFreedom > 0
      ? fisherF(rank, degreesOfFreedom).survival(this.fStatistic)
      : Number.NaN
  }

  /** Of normal errors with their most likely deviation. */
  get logLikelihood(): number {
    const n = this.observations
    return (-n / 2) * (Math.log((2 * Math.PI * this.#sums.residual) / n) + 1) + this.#sums.logWeight / 2
  }

  /** Akaike's criterion, with the coefficients as parameters (statsmodels; R counts the deviation too and gives 2 more). */
  get aic(): number {
    return 2 * (this.observations - this.degreesOfFreedom) - 2 * this.logLikelihood
  }

  /** The statistic of Durbin and Watson, 0 to 4: near 2 where successive residuals are uncorrelated. */
  get durbinWatson(): number {
    return this.#sums.successive / this.#sums.residual
  }

  /** The standard error of each term's coefficient. NaN where columns depend on one another, or without degrees of freedom. */
  get standardErrors(): Float64Array {
    const { fitIntercept } = this.options
    if (this.#dependent.length > 0) return new Float64Array(this.terms.length).fill(Number.NaN)
    const deviation = this.residualStandardError
    const errors = this.features.map((_, j) => deviation * Math.sqrt(squared(this.#factor.row(j))))
    const origin = new Float64Array(this.coef.length)
    return Float64Array.from(fitIntercept ? [deviation * Math.sqrt(this.#spread(origin)), ...errors] : errors)
  }

  /** A row for each term. @param level Of the intervals, between 0 and 1. */
  coefficientTable({ level = 0.95 }: { readonly level?: number } = {}): CoefficientRow[] {
    checkLevel(level)
    const coefficients = this.options.fitIntercept ? [this.intercept, ...this.coef] : [...this.coef]
    const errors = this.standardErrors
    const { degreesOfFreedom } = this
    const t = degreesOfFreedom > 0 ? studentT(degreesOfFreedom) : undefined
    const reach = t?.quantile((1 + level) / 2) ?? Number.NaN
    return this.terms.map((term, i) => {
      const [coefficient, standardError] = [coefficients[i]!, errors[i]!]
      const statistic = coefficient / standardError
      const pValue = t ? 2 * t.survival(Math.abs(statistic)) : Number.NaN
      const [lower, upper] = [coefficient - reach * standardError, coefficient + reach * standardError]
      return { term, coefficient, standardError, statistic, pValue, lower, upper }
    })
  }

  /**
   * Predictions with the intervals that hold them with probability `level`, for samples of weight 1.
   * Throws an InputError where columns depend on one another or no degrees of freedom are left.
   */
  async predictIntervals(
    x: Features,
    { level = 0.95 }: { readonly level?: number } = {},
  ): Promise<PredictionIntervals> {
    checkLevel(level)
    const samples = await this.readSamples(x)
    if (this.#dependent.length > 0) {
      throw new InputError(
        `${this.label}: there are no intervals, since columns depend on others; leave out ${listed(this.dependentColumns.map(({ name }) => name))}`,
      )
    }
    if (this.degreesOfFreedom <= 0) {
      throw new InputError(
        `${this.label}: there are no intervals, since ${this.observations} samples leave no degrees of freedom; more samples are needed`,
      )
    }
    const values = this.estimate(samples)
    const reach = studentT(this.degreesOfFreedom).quantile((1 + level) / 2) * this.residualStandardError
    const spreads = Float64Array.from(values, (_, i) => this.#spread(samples.row(i)))
    const bounds = (extra: number): Bounds => ({
      lower: values.map((value, i) => value - reach * Math.sqrt(spreads[i]! + extra)),
      upper: values.map((value, i) => value + reach * Math.sqrt(spreads[i]! + extra)),
    })
    return { values, confidence: bounds(0), prediction: bounds(1) }
  }

  /** Residuals, leverage and Cook's distance of the samples that were fitted, which are given again. */
  async influence(x: Features, y: Targets, { sampleWeight }: FitOptions = {}): Promise<Influence> {
    const samples = await this.readSamples(x)
    const targets = await readTargets(this.label, y)
    if (targets.length !== samples.rows) {
      throw new InputError(`${this.label}: ${targets.length} targets for ${samples.rows} samples`)
    }
    const weights = sampleWeight && readWeights(this.label, sampleWeight, samples.rows)
    const fitted = this.estimate(samples)
    const residuals = targets.map((value, i) => value - fitted[i]!)
    const leverage = fitted.map((_, i) => (weights?.[i] ?? 1) * this.#spread(samples.row(i)))
    const deviation = this.residualStandardError
    const standardizedResiduals = residuals.map(
      (value, i) => (Math.sqrt(weights?.[i] ?? 1) * value) / (deviation * Math.sqrt(1 - leverage[i]!)),
    )
    const coefficients = this.observations - this.degreesOfFreedom
    const cooksDistance = standardizedResiduals.map(
      (value, i) => (value ** 2 * leverage[i]!) / (1 - leverage[i]!) / coefficients,
    )
    return { fitted, residuals, leverage, standardizedResiduals, cooksDistance }
  }

  /** Coefficients with standard errors, t, p and intervals, and what the whole fit is judged by. */
  summary({ level = 0.95 }: { readonly level?: number } = {}): string {
    return summarize(this, level)
  }

  /** The variance of the fitted value at x, in variances of the errors. */
  #spread(x: Float64Array): number {
    const { rows, columns, data } = this.#factor
    const projected = new Float64Array(columns)
    for (let j = 0; j < rows; j++) {
      const away = x[j]! - this.#means[j]!
      for (let k = 0; k < columns; k++) projected[k]! += away * data[j * columns + k]!
    }
    return squared(projected) + (this.options.fitIntercept ? 1 / this.#sums.weight : 0)
  }

  protected override learnedToJson(): { readonly [key: string]: Json } {
    return {
      ...super.learnedToJson(),
      rank: this.rank,
      observations: this.observations,
      dependent: this.#dependent.map(({ column, of }) => ({ column, of: [...of] })),
      means: numbersToJson(this.#means),
      factor: matrixToJson(this.#factor),
      sums: { ...this.#sums },
    }
  }

  protected override restoreLearned(state: StateReader): void {
    super.restoreLearned(state)
    const width = this.features.length
    this.rank = state.integer('rank', 0, width)
    this.observations = state.integer('observations', 1)
    this.#dependent = state.objects('dependent').map((each) => ({
      column: each.integer('column', 0, width - 1),
      of: Array.from(each.indices('of', width)),
    }))
    this.#means = state.numbers('means', width)
    this.#factor = state.matrix('factor', width, this.rank)
    const sums = state.object('sums')
    this.#sums = Object.fromEntries(sumKeys.map((key) => [key, sums.number(key)])) as unknown as Sums
  }
}

function squared(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value * value, 0)
}
