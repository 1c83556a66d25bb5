import { type ClassTarget, ProbabilisticClassifier } from '../classifier.ts'
import { InputError, StateError } from '../errors.ts'
import { checkNumber } from '../option-checks.ts'
import { type Json, matrixToJson, numbersToJson, type StateReader } from '../state.ts'
import { Matrix } from '../tables/matrix.ts'
import { checkPriors, classWeights, normalizeJoint, priorsOf } from './posterior.ts'

export interface GaussianNBOptions {
  /** The classes' probabilities, their sum 1; null takes their shares of the samples. Default null. */
  readonly priors?: readonly number[] | null
  /** Part of the largest variance of all columns that is added to each variance, from 0 up. Default 1e-9. */
  readonly varSmoothing?: number
}

/**
 * Naive Bayes for numbers: in each class each column is normally distributed, independent of the others. Variances are
 * the population's (divided by the sum of weights), as in scikit-learn; `NaiveBayes` has the sample's.
 */
export class GaussianNB extends ProbabilisticClassifier<GaussianNBOptions, 'matrix'> {
  readonly method = 'gaussian-nb'
  protected override readonly reads = 'matrix'
  protected override readonly takesWeights = true
  protected override readonly fewestClasses = 1
  /** Each class's sum of weights. */
  classCount: Float64Array = new Float64Array()
  /** Each class's probability before a sample is seen. */
  classPrior: Float64Array = new Float64Array()
  /** Mean of each column in each class: [classes, features]. */
  theta: Matrix = new Matrix(0, 0)
  /** Variance of each column in each class, `epsilon` included: [classes, features]. */
  variance: Matrix = new Matrix(0, 0)
  /** What was added to the variances. */
  epsilon: number = 0

  constructor(options: GaussianNBOptions = {}) {
    super(options, { priors: null, varSmoothing: 1e-9 })
    checkPriors(this.label, 'priors', this.options.priors)
    checkNumber(this.label, 'varSmoothing', this.options.varSmoothing, { atLeast: 0 })
  }

  protected override learn(x: Matrix, { classes, codes, weights }: ClassTarget): void {
    const { priors, varSmoothing } = this.options
    const count = classWeights(codes, weights, classes.length)
    const empty = count.indexOf(0)
    if (empty >= 0)
      throw new InputError(`${this.label}: all samples of class '${classes[empty]}' have weight 0`)
    const total = count.reduce((sum, value) => sum + value, 0)
    const prior =
      priors === null
        ? count.map((value) => value / total)
        : priorsOf(this.label, 'priors', priors, classes.length)

    const theta = classMeans(x, codes, weights, count)
    const variance = classVariances(x, codes, weights, count, theta)
    const epsilon = varSmoothing * largestVariance(x)
    for (let i = 0; i < variance.data.length; i++) {
      variance.data[i]! += epsilon
      if (!(variance.data[i]! > 0)) {
        throw new InputError(
          `${this.label}: column ${i % x.columns} is constant in class '${classes[Math.floor(i / x.columns)]}'; ` +
            'leave it out, or set varSmoothing above 0 where other columns vary',
        )
      }
    }
    this.classCount = count
    this.classPrior = prior
    this.theta = theta
    this.variance = variance
    this.epsilon = epsilon
  }

  protected override probabilities(x: Matrix): Matrix {
    const classes = this.classPrior.length
    const logPriors = this.classPrior.map((prior) => Math.log(prior))
    const joint = new Matrix(x.rows, classes)
    for (let c = 0; c < classes; c++) {
      const [mean, variance] = [this.theta.row(c), this.variance.row(c)]
      let constant = logPriors[c]!
      for (const value of variance) constant -= 0.5 * Math.log(2 * Math.PI * value)
      for (let i = 0; i < x.rows; i++) {
        let squares = 0
        for (let f = 0, at = i * x.columns; f < x.columns; f++, at++) {
          const distance = x.data[at]! - mean[f]!
          squares += (distance * distance) / variance[f]!
        }
        joint.set(i, c, constant - 0.5 * squares)
      }
    }
    return normalizeJoint(joint, logPriors)
  }

  protected override learnedToJson(): { readonly [key: string]: Json } {
    return {
      classCount: numbersToJson(this.classCount),
      classPrior: numbersToJson(this.classPrior),
      theta: matrixToJson(this.theta),
      variance: matrixToJson(this.variance),
      epsilon: this.epsilon,
    }
  }

  protected override restoreClassifier(state: StateReader, classes: number): void {
    const width = this.features.length
    this.classCount = state.numbers('classCount', classes)
    this.classPrior = state.numbers('classPrior', classes)
    this.theta = state.matrix('theta', classes, width)
    this.variance = state.matrix('variance', classes, width)
    this.epsilon = state.number('epsilon')
    if (!this.variance.data.every((value) => value > 0)) {
      throw new StateError(`${this.label}: a saved variance is not above 0`)
    }
  }
}

function classMeans(
  x: Matrix,
  codes: Int32Array,
  weights: Float64Array | undefined,
  count: Float64Array,
): Matrix {
  const means = new Matrix(count.length, x.columns)
  for (let i = 0; i < x.rows; i++) {
    const [row, sums, weight] = [x.row(i), means.row(codes[i]!), weights?.[i] ?? 1]
    for (let f = 0; f < row.length; f++) sums[f]! += weight * row[f]!
  }
  for (let c = 0; c < count.length; c++) {
    const sums = means.row(c)
    for (let f = 0; f < sums.length; f++) sums[f]! /= count[c]!
  }
  return means
}

function classVariances(
  x: Matrix,
  codes: Int32Array,
  weights: Float64Array | undefined,
  count: Float64Array,
  means: Matrix,
): Matrix {
  const variances = new Matrix(count.length, x.columns)
  for (let i = 0; i < x.rows; i++) {
    const code = codes[i]!
    const [row, mean, sums, weight] = [x.row(i), means.row(code), variances.row(code), weights?.[i] ?? 1]
    for (let f = 0; f < row.length; f++) sums[f]! += weight * (row[f]! - mean[f]!) ** 2
  }
  for (let c = 0; c < count.length; c++) {
    const sums = variances.row(c)
    for (let f = 0; f < sums.length; f++) sums[f]! /= count[c]!
  }
  return variances
}

/** The largest population variance of a column over all samples, weights aside. */
function largestVariance(x: Matrix): number {
  const [codes, count] = [new Int32Array(x.rows), Float64Array.of(x.rows)]
  const means = classMeans(x, codes, undefined, count)
  return classVariances(x, codes, undefined, count, means).data.reduce(
    (most, value) => Math.max(most, value),
    0,
  )
}
