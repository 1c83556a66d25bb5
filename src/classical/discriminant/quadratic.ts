import { type ClassTarget, ProbabilisticClassifier } from '../classifier.ts'
import { InputError, StateError } from '../errors.ts'
import { dot } from '../linear/linear-model.ts'
import { Cholesky } from '../numerics/linear-algebra/cholesky.ts'
import { softmaxRow } from '../numerics/softmax.ts'
import { checkNumber } from '../option-checks.ts'
import { type Json, matrixToJson, numbersToJson, type StateReader } from '../state.ts'
import { Matrix } from '../tables/matrix.ts'
import {
  checkPriors,
  classMoments,
  covarianceOf,
  magnitudesOf,
  readPriors,
  regularCovariance,
} from './moments.ts'

export interface QuadraticDiscriminantAnalysisOptions {
  /** The classes' probabilities beforehand, in their order; null, the default, for their shares. */
  readonly priors?: readonly number[] | null
  /** The share of the identity in each class's covariance, 0 to 1: (1 - share) S + share I. Default 0. */
  readonly regParam?: number
}

/**
 * Quadratic discriminant analysis: each class is normal with its own covariance, sums of squares over its samples less 1.
 * Every class needs more samples than there are features, or `regParam`.
 */
export class QuadraticDiscriminantAnalysis extends ProbabilisticClassifier<
  QuadraticDiscriminantAnalysisOptions,
  'matrix'
> {
  readonly method = 'qda'
  protected override readonly reads = 'matrix'
  /** The classes' means: [classes, features]. */
  means: Matrix = new Matrix(0, 0)
  /** Each class's covariance, with `regParam` in it: [features, features]. */
  covariances: readonly Matrix[] = []
  /** The classes' probabilities beforehand. */
  priors: Float64Array = new Float64Array()
  #factors: readonly Cholesky[] = []

  constructor(options: QuadraticDiscriminantAnalysisOptions = {}) {
    super(options, { priors: null, regParam: 0 })
    checkPriors(this.label, this.options.priors)
    checkNumber(this.label, 'regParam', this.options.regParam, { atLeast: 0, atMost: 1 })
  }

  protected override learn(x: Matrix, { classes, codes }: ClassTarget): void {
    const { priors, regParam } = this.options
    const moments = classMoments(x, codes, classes.length)
    const counts = moments.map(({ centered }) => centered.rows)
    const single = counts.findIndex((count) => count < 2)
    if (single >= 0) {
      throw new InputError(
        `${this.label}: class '${classes[single]}' has one sample, which has no covariance; every class needs two or more`,
      )
    }
    this.priors = readPriors(this.label, priors, counts)
    this.means = Matrix.from(moments.map(({ mean }) => mean))
    const magnitudes = magnitudesOf(x)
    this.covariances = moments.map(({ centered }) => {
      const covariance = covarianceOf(centered, centered.rows - 1)
      for (let at = 0; at < covariance.data.length; at++) covariance.data[at]! *= 1 - regParam
      for (let j = 0; j < x.columns; j++) covariance.row(j)[j]! += regParam
      return covariance
    })
    this.#factors = this.covariances.map((covariance, c) =>
      regularCovariance(this.label, covariance, {
        names: this.columnNames,
        where: `of class '${classes[c]}' (${counts[c]} samples)`,
        advice: 'leave columns out, or set regParam above 0',
        magnitudes,
      }),
    )
  }

  protected override probabilities(x: Matrix): Matrix {
    const result = new Matrix(x.rows, this.priors.length)
    const logDeterminants = this.#factors.map((factor) => factor.logDeterminant)
    const away = new Float64Array(x.columns)
    for (let i = 0; i < x.rows; i++) {
      const [row, sample] = [result.row(i), x.row(i)]
      for (const [c, factor] of this.#factors.entries()) {
        const mean = this.means.row(c)
        for (let j = 0; j < away.length; j++) away[j] = sample[j]! - mean[j]!
        factor.solveLower(away)
        row[c] = Math.log(this.priors[c]!) - (logDeterminants[c]! + dot(away, away)) / 2
      }
      softmaxRow(row)
    }
    return result
  }

  protected override learnedToJson(): { readonly [key: string]: Json } {
    return {
      means: matrixToJson(this.means),
      covariances: this.covariances.map(matrixToJson),
      priors: numbersToJson(this.priors),
    }
  }

  protected override restoreClassifier(state: StateReader, classes: number): void {
    const width = this.features.length
    this.means = state.matrix('means', classes, width)
    this.priors = state.numbers('priors', classes)
    this.covariances = state.matrices('covariances', width, width)
    if (this.covariances.length !== classes) {
      throw new StateError(
        `${this.label}: ${this.covariances.length} saved covariances for ${classes} classes`,
      )
    }
    this.#factors = this.covariances.map((covariance) => new Cholesky(covariance, 0))
    if (this.#factors.some(({ failedAt }) => failedAt !== undefined)) {
      throw new StateError(`${this.label}: a saved covariance is not positive definite`)
    }
  }
}
