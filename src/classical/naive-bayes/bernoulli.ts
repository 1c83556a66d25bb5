import { InputError } from '../errors.ts'
import { checkNumber } from '../option-checks.ts'
import { Matrix } from '../tables/matrix.ts'
import {
  checkDiscreteOptions,
  DiscreteNaiveBayes,
  type DiscreteNBOptions,
  discreteDefaults,
} from './discrete.ts'

export interface BernoulliNBOptions extends DiscreteNBOptions {
  /** Numbers above this count as 1, others as 0; null takes only 0 and 1. Default 0. */
  readonly binarize?: number | null
}

/**
 * Naive Bayes for features that are there or not: P(feature | class) = (samples with it + alpha) / (samples + 2 alpha);
 * that a feature is absent counts too. Source: Manning, Raghavan and Schütze, Introduction to Information Retrieval, 13.3.
 */
export class BernoulliNB extends DiscreteNaiveBayes<BernoulliNBOptions> {
  readonly method = 'bernoulli-nb'

  constructor(options: BernoulliNBOptions = {}) {
    super(options, { ...discreteDefaults, binarize: 0 })
    checkDiscreteOptions(this.label, this.options)
    if (this.options.binarize !== null) checkNumber(this.label, 'binarize', this.options.binarize)
  }

  protected override counted(x: Matrix): Matrix {
    const { binarize } = this.options
    if (binarize !== null) {
      return new Matrix(
        x.rows,
        x.columns,
        x.data.map((value) => (value > binarize ? 1 : 0)),
      )
    }
    const bad = x.data.findIndex((value) => value !== 0 && value !== 1)
    if (bad < 0) return x
    throw new InputError(
      `${this.label}: ${x.data[bad]} in row ${Math.floor(bad / x.columns)}, column ${bad % x.columns} is neither 0 nor 1; ` +
        'set binarize to the number above which a feature is there',
    )
  }

  protected override logProbabilities(count: Matrix, classCount: Float64Array, alphas: Float64Array): Matrix {
    const result = new Matrix(count.rows, count.columns)
    for (let c = 0; c < count.rows; c++) {
      for (let f = 0; f < count.columns; f++) {
        const total = classCount[c]! + 2 * alphas[f]!
        result.set(c, f, total > 0 ? Math.log((count.get(c, f) + alphas[f]!) / total) : -Math.LN2)
      }
    }
    return result
  }

  protected override joint(samples: Matrix): Matrix {
    const classes = this.classLogPrior.length
    const present = this.featureLogProb
    const absent = new Matrix(
      classes,
      samples.columns,
      present.data.map((value) => Math.log1p(-Math.exp(value))),
    )
    const joint = new Matrix(samples.rows, classes)
    for (let i = 0; i < samples.rows; i++) {
      const row = samples.row(i)
      for (let c = 0; c < classes; c++) {
        const [yes, no] = [present.row(c), absent.row(c)]
        let sum = this.classLogPrior[c]!
        for (let f = 0; f < row.length; f++) sum += row[f] === 1 ? yes[f]! : no[f]!
        joint.set(i, c, sum)
      }
    }
    return joint
  }
}
