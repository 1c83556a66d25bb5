import { type ClassTarget, ProbabilisticClassifier } from '../classifier.ts'
import { InputError } from '../errors.ts'
import { checkFlag, checkNumber } from '../option-checks.ts'
import { type Json, matrixToJson, numbersToJson, type StateReader } from '../state.ts'
import { Matrix } from '../tables/matrix.ts'
import { checkPriors, classWeights, normalizeJoint, priorsOf } from './posterior.ts'

export interface SmoothingOptions {
  /** Added to each count (Laplace, Lidstone), from 0 up. Default 1. */
  readonly alpha?: number
  /** False raises an alpha below 1e-10 to 1e-10. Default true. */
  readonly forceAlpha?: boolean
}

export interface PriorOptions {
  /** Whether classes are as probable as their shares of the samples; false makes them equal. Default true. */
  readonly fitPrior?: boolean
  /** The classes' probabilities, their sum 1; null leaves them to `fitPrior`. Default null. */
  readonly classPrior?: readonly number[] | null
}

export interface DiscreteNBOptions extends Omit<SmoothingOptions, 'alpha'>, PriorOptions {
  /** Added to each count (Laplace, Lidstone), from 0 up: one number, or one for each feature. Default 1. */
  readonly alpha?: number | readonly number[]
}

export const discreteDefaults: Required<DiscreteNBOptions> = {
  alpha: 1,
  forceAlpha: true,
  fitPrior: true,
  classPrior: null,
}

export function checkDiscreteOptions(what: string, options: Required<DiscreteNBOptions>): void {
  for (const alpha of Array.isArray(options.alpha) ? options.alpha : [options.alpha]) {
    checkNumber(what, 'alpha', alpha, { atLeast: 0 })
  }
  checkFlag(what, 'forceAlpha', options.forceAlpha)
  checkFlag(what, 'fitPrior', options.fitPrior)
  checkPriors(what, 'classPrior', options.classPrior)
}

/** The alpha that is used. */
export function effectiveAlpha(alpha: number, forceAlpha: boolean): number {
  return forceAlpha ? alpha : Math.max(alpha, 1e-10)
}

/** The logarithms of the classes' probabilities. */
export function logPriorsOf(
  what: string,
  { fitPrior, classPrior }: Required<PriorOptions>,
  classCount: Float64Array,
): Float64Array {
  const total = classCount.reduce((sum, value) => sum + value, 0)
  const priors =
    classPrior !== null
      ? priorsOf(what, 'classPrior', classPrior, classCount.length)
      : classCount.map((count) => (fitPrior ? count / total : 1 / classCount.length))
  return priors.map((prior) => Math.log(prior))
}

/** Naive Bayes over counts of features: what the multinomial and the Bernoulli model share. */
export abstract class DiscreteNaiveBayes<O extends DiscreteNBOptions> extends ProbabilisticClassifier<
  O,
  'matrix'
> {
  protected override readonly reads = 'matrix'
  protected override readonly takesWeights = true
  protected override readonly fewestClasses = 1
  /** Each class's sum of weights. */
  classCount: Float64Array = new Float64Array()
  /** Logarithm of each class's probability before a sample is seen. */
  classLogPrior: Float64Array = new Float64Array()
  /** Weighted sum of each feature in each class: [classes, features]. */
  featureCount: Matrix = new Matrix(0, 0)
  /** Logarithm of each feature's probability in each class: [classes, features]. */
  featureLogProb: Matrix = new Matrix(0, 0)

  protected override learn(x: Matrix, { classes, codes, weights }: ClassTarget): void {
    const samples = this.counted(x)
    const count = new Matrix(classes.length, x.columns)
    for (let i = 0; i < x.rows; i++) {
      const [row, sums, weight] = [samples.row(i), count.row(codes[i]!), weights?.[i] ?? 1]
      for (let f = 0; f < row.length; f++) sums[f]! += weight * row[f]!
    }
    const classCount = classWeights(codes, weights, classes.length)
    const classLogPrior = logPriorsOf(this.label, this.#common, classCount)
    this.featureLogProb = this.logProbabilities(count, classCount, this.#alphas(x.columns))
    this.featureCount = count
    this.classCount = classCount
    this.classLogPrior = classLogPrior
  }

  protected override probabilities(x: Matrix): Matrix {
    return normalizeJoint(this.joint(this.counted(x)), this.classLogPrior)
  }

  /** The samples as what is counted. */
  protected abstract counted(x: Matrix): Matrix
  protected abstract logProbabilities(count: Matrix, classCount: Float64Array, alphas: Float64Array): Matrix
  /** log P(x, class) of counted samples. */
  protected abstract joint(samples: Matrix): Matrix

  get #common(): Required<DiscreteNBOptions> {
    return this.options as Required<DiscreteNBOptions>
  }

  #alphas(features: number): Float64Array {
    const { alpha, forceAlpha } = this.#common
    if (typeof alpha === 'number') return new Float64Array(features).fill(effectiveAlpha(alpha, forceAlpha))
    if (alpha.length !== features) {
      throw new InputError(`${this.label}: alpha has ${alpha.length} numbers for ${features} features`)
    }
    return Float64Array.from(alpha, (value) => effectiveAlpha(value, forceAlpha))
  }

  protected override learnedToJson(): { readonly [key: string]: Json } {
    return {
      classCount: numbersToJson(this.classCount),
      classLogPrior: numbersToJson(this.classLogPrior),
      featureCount: matrixToJson(this.featureCount),
      featureLogProb: matrixToJson(this.featureLogProb),
    }
  }

  protected override restoreClassifier(state: StateReader, classes: number): void {
    const width = this.features.length
    this.classCount = state.numbers('classCount', classes)
    this.classLogPrior = state.numbers('classLogPrior', classes)
    this.featureCount = state.matrix('featureCount', classes, width)
    this.featureLogProb = state.matrix('featureLogProb', classes, width)
  }
}
