import { type ClassTarget, ProbabilisticClassifier } from '../classifier.ts'
import { StateError } from '../errors.ts'
import type { Features } from '../input.ts'
import { dot } from '../linear/linear-model.ts'
import { symmetricEigen } from '../numerics/linear-algebra/symmetric-eigen.ts'
import { multiply, transpose } from '../numerics/products.ts'
import { softmaxRow } from '../numerics/softmax.ts'
import { checkNumber, checkWord } from '../option-checks.ts'
import { type Json, matrixToJson, numbersToJson, type StateReader } from '../state.ts'
import { Matrix } from '../tables/matrix.ts'
import {
  type ClassMoments,
  checkPriors,
  classMoments,
  covarianceOf,
  magnitudesOf,
  readPriors,
  regularCovariance,
} from './moments.ts'
import { shrunkCovariance } from './shrinkage.ts'

const solvers = ['eigen', 'svd'] as const
const covariances = ['maximumLikelihood', 'unbiased'] as const

export interface LinearDiscriminantAnalysisOptions {
  /**
   * 'eigen', the default, needs a regular covariance and says which columns spoil it; 'svd' leaves out directions in which
   * no class varies, as scikit-learn's default does, and takes no shrinkage.
   */
  readonly solver?: (typeof solvers)[number]
  /** What sums of squares within classes are divided by: 'maximumLikelihood', samples (default); 'unbiased', samples - classes, as R's lda. */
  readonly covariance?: (typeof covariances)[number]
  /** How far classes' covariances are drawn to multiples of the identity: 0 to 1, 'auto' (Ledoit and Wolf), or null, the default. */
  readonly shrinkage?: number | 'auto' | null
  /** The classes' probabilities beforehand, in their order; null, the default, for their shares. */
  readonly priors?: readonly number[] | null
  /** How many axes `transform` gives at most; null, the default, for all: classes - 1, or the features where those are fewer. */
  readonly nComponents?: number | null
  /** With 'svd', the deviation of a scaled direction that counts as none. Default 1e-4. */
  readonly tol?: number
}

/**
 * Linear discriminant analysis (Fisher 1936; Rao 1948): classes are normal with one covariance; scores are linear.
 *
 * With priors that are not the classes' shares, classes' covariances are weighted by their priors, as in scikit-learn.
 */
export class LinearDiscriminantAnalysis extends ProbabilisticClassifier<
  LinearDiscriminantAnalysisOptions,
  'matrix'
> {
  readonly method = 'lda'
  protected override readonly reads = 'matrix'
  /** [1, features] with two classes, else [classes, features]: the features' factors in the scores. */
  coef: Matrix = new Matrix(0, 0)
  /** One number for each row of `coef`. */
  intercept: Float64Array = new Float64Array()
  /** The classes' means: [classes, features]. */
  means: Matrix = new Matrix(0, 0)
  /** The classes' probabilities beforehand. */
  priors: Float64Array = new Float64Array()
  /** The mean of the classes' means, by priors. */
  mean: Float64Array = new Float64Array()
  /** The covariance within classes: [features, features]. */
  withinCovariance: Matrix = new Matrix(0, 0)
  /**
   * The axes: [features, axes]. Along each the variance within classes is 1, so that with 'unbiased' they are R's, and with
   * 'maximumLikelihood' longer by sqrt(samples / (samples - classes)). Signs are free; the largest entry is positive.
   */
  scalings: Matrix = new Matrix(0, 0)
  /** Scatter between classes over scatter within along each axis. */
  eigenvalues: Float64Array = new Float64Array()

  constructor(options: LinearDiscriminantAnalysisOptions = {}) {
    super(options, {
      solver: 'eigen',
      covariance: 'maximumLikelihood',
      shrinkage: null,
      priors: null,
      nComponents: null,
      tol: 1e-4,
    })
    const { solver, covariance, shrinkage, priors, nComponents, tol } = this.options
    checkWord(this.label, 'solver', solver, solvers)
    checkWord(this.label, 'covariance', covariance, covariances)
    if (shrinkage !== null && shrinkage !== 'auto') {
      checkNumber(this.label, 'shrinkage', shrinkage, { atLeast: 0, atMost: 1 })
    }
    if (shrinkage !== null && solver !== 'eigen')
      checkWord(this.label, 'solver with shrinkage', solver, ['eigen'])
    checkPriors(this.label, priors)
    if (nComponents !== null)
      checkNumber(this.label, 'nComponents', nComponents, { atLeast: 1, integer: true })
    checkNumber(this.label, 'tol', tol, { atLeast: 0 })
  }

  protected override learn(x: Matrix, { classes, codes }: ClassTarget): void {
    const { covariance, priors } = this.options
    const moments = classMoments(x, codes, classes.length)
    this.priors = readPriors(
      this.label,
      priors,
      moments.map(({ centered }) => centered.rows),
    )
    this.means = Matrix.from(moments.map(({ mean }) => mean))
    this.mean = multiply(new Matrix(1, classes.length, this.priors), this.means).data
    const factor = covariance === 'unbiased' ? x.rows / Math.max(1, x.rows - classes.length) : 1
    const within = this.#within(moments)
    for (let at = 0; at < within.data.length; at++) within.data[at]! *= factor
    this.withinCovariance = within
    // Rows of `whitening` turn the covariance within classes into the identity.
    const whitening = this.#whitening(within, magnitudesOf(x))
    const offsets = new Matrix(classes.length, x.columns)
    for (let c = 0; c < classes.length; c++) {
      const row = offsets.row(c)
      for (let j = 0; j < row.length; j++) row[j] = this.means.get(c, j) - this.mean[j]!
    }
    const whitened = multiply(offsets, whitening, { transposeB: true })
    this.#setScores(whitened, whitening)
    this.#setAxes(whitened, whitening, factor)
  }

  #within(moments: readonly ClassMoments[]): Matrix {
    const { shrinkage } = this.options
    const width = this.means.columns
    if (shrinkage !== null) {
      const sum = new Matrix(width, width)
      for (const [c, { centered }] of moments.entries()) {
        const own = shrunkCovariance(centered, shrinkage)
        for (let at = 0; at < sum.data.length; at++) sum.data[at]! += this.priors[c]! * own.data[at]!
      }
      return sum
    }
    const rows = moments.reduce((count, { centered }) => count + centered.rows, 0)
    const all = new Matrix(rows, width)
    let next = 0
    for (const [c, { centered }] of moments.entries()) {
      const root = Math.sqrt(this.priors[c]! / centered.rows)
      for (let at = 0; at < centered.data.length; at++) all.data[next++] = root * centered.data[at]!
    }
    return covarianceOf(all, 1)
  }

  #whitening(within: Matrix, magnitudes: Float64Array): Matrix {
    const size = within.rows
    if (this.options.solver === 'svd') return regularDirections(within, this.options.tol)
    const cholesky = regularCovariance(this.label, within, {
      names: this.columnNames,
      where: 'within classes',
      advice: "leave columns out, set shrinkage: 'auto', or solver: 'svd', which leaves such directions out",
      magnitudes,
    })
    const result = new Matrix(size, size)
    for (let j = 0; j < size; j++) {
      const unit = new Float64Array(size)
      unit[j] = 1
      for (const [i, value] of cholesky.solveLower(unit).entries()) result.set(i, j, value)
    }
    return result
  }

  /** Score of class c: (x - mean)' S^-1 m_c - m_c' S^-1 m_c / 2 + ln prior_c, m_c the class's mean less the mean. */
  #setScores(whitened: Matrix, whitening: Matrix): void {
    const classes = whitened.rows
    const coef = multiply(whitened, whitening)
    const intercept = Float64Array.from({ length: classes }, (_, c) => {
      const own = whitened.row(c)
      return Math.log(this.priors[c]!) - dot(own, own) / 2 - dot(this.mean, coef.row(c))
    })
    if (classes > 2) {
      this.coef = coef
      this.intercept = intercept
      return
    }
    this.coef = new Matrix(
      1,
      coef.columns,
      coef.row(1).map((value, j) => value - coef.get(0, j)),
    )
    this.intercept = Float64Array.of(intercept[1]! - intercept[0]!)
  }

  #setAxes(whitened: Matrix, whitening: Matrix, factor: number): void {
    const classes = whitened.rows
    const between = new Matrix(classes, whitened.columns)
    for (let c = 0; c < classes; c++) {
      const root = Math.sqrt(this.priors[c]!)
      for (const [k, value] of whitened.row(c).entries()) between.set(c, k, root * value)
    }
    // The eigenvectors of B' B are those of the smaller B B', times B'.
    const { values, vectors } = symmetricEigen(multiply(between, between, { transposeB: true }))
    const most = Math.min(classes - 1, whitening.rows, this.options.nComponents ?? classes)
    const kept = Array.from({ length: most }, (_, axis) => axis).filter(
      (axis) => values[axis]! > 1e-12 * values[0]!,
    )
    this.eigenvalues = Float64Array.from(kept, (axis) => values[axis]! * factor)
    const axes = multiply(multiply(vectors.take(kept), between), whitening)
    for (const [k, axis] of kept.entries()) {
      const row = axes.row(k)
      const largest = row.reduce((most, value) => (Math.abs(value) > Math.abs(most) ? value : most), 0)
      const length = Math.sign(largest) * Math.sqrt(values[axis]!)
      for (let j = 0; j < row.length; j++) row[j]! /= length
    }
    this.scalings = transpose(axes)
  }

  /** Each axis's share of the scatter between classes. */
  get explainedVarianceRatio(): Float64Array {
    const total = this.eigenvalues.reduce((sum, value) => sum + value, 0)
    return this.eigenvalues.map((value) => value / total)
  }

  /** Wilks' lambda of all axes: the determinant of the scatter within classes over that of all; small where classes are apart. */
  get wilksLambda(): number {
    return this.eigenvalues.reduce((product, value) => product / (1 + value), 1)
  }

  /** The samples along the axes, less the mean: a matrix [samples, axes]. */
  async transform(x: Features): Promise<Matrix> {
    const samples = await this.readSamples(x)
    const centered = new Matrix(samples.rows, samples.columns, samples.data.slice())
    for (let i = 0; i < centered.rows; i++) {
      const row = centered.row(i)
      for (let j = 0; j < row.length; j++) row[j]! -= this.mean[j]!
    }
    return multiply(centered, this.scalings)
  }

  protected override probabilities(x: Matrix): Matrix {
    const result = new Matrix(x.rows, this.priors.length)
    const two = this.coef.rows === 1
    for (let i = 0; i < x.rows; i++) {
      const [row, sample] = [result.row(i), x.row(i)]
      for (let c = 0; c < this.coef.rows; c++) {
        row[two ? 1 : c] = this.intercept[c]! + dot(this.coef.row(c), sample)
      }
      softmaxRow(row)
    }
    return result
  }

  protected override learnedToJson(): { readonly [key: string]: Json } {
    return {
      coef: matrixToJson(this.coef),
      intercept: numbersToJson(this.intercept),
      means: matrixToJson(this.means),
      priors: numbersToJson(this.priors),
      mean: numbersToJson(this.mean),
      withinCovariance: matrixToJson(this.withinCovariance),
      scalings: matrixToJson(this.scalings),
      eigenvalues: numbersToJson(this.eigenvalues),
    }
  }

  protected override restoreClassifier(state: StateReader, classes: number): void {
    const width = this.features.length
    if (classes < 2)
      throw new StateError(`${this.label}: the saved classes are ${classes}; there must be two or more`)
    const scores = classes === 2 ? 1 : classes
    this.coef = state.matrix('coef', scores, width)
    this.intercept = state.numbers('intercept', scores)
    this.means = state.matrix('means', classes, width)
    this.priors = state.numbers('priors', classes)
    this.mean = state.numbers('mean', width)
    this.withinCovariance = state.matrix('withinCovariance', width, width)
    this.eigenvalues = state.numbers('eigenvalues')
    this.scalings = state.matrix('scalings', width, this.eigenvalues.length)
  }
}

/** Rows that whiten, without directions of scaled columns whose deviation is up to `tol`. */
function regularDirections(within: Matrix, tol: number): Matrix {
  const size = within.rows
  const scales = Float64Array.from({ length: size }, (_, j) => Math.sqrt(within.get(j, j)) || 1)
  const correlation = new Matrix(size, size)
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) correlation.set(i, j, within.get(i, j) / scales[i]! / scales[j]!)
  }
  const { values, vectors } = symmetricEigen(correlation)
  const kept = Array.from(values.keys()).filter((k) => values[k]! > tol * tol)
  const result = vectors.take(kept)
  for (const [k, direction] of kept.entries()) {
    const root = Math.sqrt(values[direction]!)
    const row = result.row(k)
    for (let j = 0; j < size; j++) row[j]! /= root * scales[j]!
  }
  return result
}
