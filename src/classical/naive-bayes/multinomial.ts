import { InputError } from '../errors.ts'
import { Matrix } from '../tables/matrix.ts'
import {
  checkDiscreteOptions,
  DiscreteNaiveBayes,
  type DiscreteNBOptions,
  discreteDefaults,
} from './discrete.ts'

export type MultinomialNBOptions = DiscreteNBOptions

/**
 * Naive Bayes for counts, as of words in texts: P(feature | class) = (count + alpha) / (sum of counts + alpha * features).
 * Features are numbers from 0 up. Source: Manning, Raghavan and Schütze, Introduction to Information Retrieval, 13.2.
 */
export class MultinomialNB extends DiscreteNaiveBayes<MultinomialNBOptions> {
  readonly method = 'multinomial-nb'

  constructor(options: MultinomialNBOptions = {}) {
    super(options, discreteDefaults)
    checkDiscreteOptions(this.label, this.options)
  }

  protected override counted(x: Matrix): Matrix {
    const bad = x.data.findIndex((value) => value < 0)
    if (bad < 0) return x
    throw new InputError(
      `${this.label}: ${x.data[bad]} in row ${Math.floor(bad / x.columns)}, column ${bad % x.columns} is not a count; ` +
        'use GaussianNB for numbers below 0',
    )
  }

  protected override logProbabilities(count: Matrix, _: Float64Array, alphas: Float64Array): Matrix {
    const result = new Matrix(count.rows, count.columns)
    for (let c = 0; c < count.rows; c++) {
      const smoothed = count.row(c).map((value, f) => value + alphas[f]!)
      const total = smoothed.reduce((sum, value) => sum + value, 0)
      // A class without a single count makes no feature more likely than another.
      result
        .row(c)
        .set(smoothed.map((value) => (total > 0 ? Math.log(value / total) : -Math.log(count.columns))))
    }
    return result
  }

  protected override joint(samples: Matrix): Matrix {
    const classes = this.classLogPrior.length
    const joint = new Matrix(samples.rows, classes)
    for (let i = 0; i < samples.rows; i++) {
      const [row, sums] = [samples.row(i), joint.row(i)]
      sums.set(this.classLogPrior)
      for (let f = 0; f < row.length; f++) {
        // Without smoothing a probability can be 0, and what does not occur must not count.
        if (row[f] === 0) continue
        for (let c = 0; c < classes; c++) sums[c]! += row[f]! * this.featureLogProb.get(c, f)
      }
    }
    return joint
  }
}
