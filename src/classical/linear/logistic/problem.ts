import { softmaxRow } from '../../numerics/softmax.ts'
import { Matrix } from '../../tables/matrix.ts'
import { type RowSums, rowSums } from './row-sums.ts'
import { type SparseRows, sparseRows } from './rows.ts'

export interface ProblemData {
  readonly x: Matrix
  readonly codes: Int32Array
  readonly classes: number
  readonly weights: Float64Array
  readonly fitIntercept: boolean
  /** The factor of the sum of absolute coefficients. */
  readonly l1: number
  /** The factor of half the sum of squared coefficients. */
  readonly l2: number
}

/**
 * The sum of -w ln p(class) over the samples, with penalties on the coefficients and none on the intercepts.
 *
 * Two classes have one score, more have one each (softmax). Parameters lie feature by feature: that of feature j and score k at
 * j * scores + k, the intercepts behind.
 */
export class LogisticProblem {
  readonly data: ProblemData
  readonly rows: SparseRows
  readonly #sums: RowSums
  /** How many scores a sample has: 1 with two classes. */
  readonly scores: number
  /** How many parameters there are. */
  readonly size: number
  /** How many of them are coefficients of features, which are penalised. */
  readonly penalized: number

  constructor(data: ProblemData) {
    this.data = data
    this.rows = sparseRows(data.x, data.fitIntercept)
    this.scores = data.classes === 2 ? 1 : data.classes
    this.penalized = data.x.columns * this.scores
    this.size = this.penalized + (data.fitIntercept ? this.scores : 0)
    this.#sums = rowSums(this.rows, this.scores)
  }

  /** The scores of all samples: a matrix [samples, scores]. */
  scoresOf(parameters: Float64Array): Matrix {
    const sums = this.#sums
    const result = new Matrix(this.rows.rows, this.scores)
    sums.begin(parameters)
    for (let first = 0; first < result.rows; first += sums.block) {
      const last = Math.min(result.rows, first + sums.block)
      const products = sums.products(first, last)
      for (let i = first; i < last; i++) {
        const from = (i - first) * sums.stride
        result.row(i).set(products.subarray(from, from + this.scores))
      }
    }
    return result
  }

  /** The loss with the smooth penalty, and its gradient in `gradient`. */
  evaluate(parameters: Float64Array, gradient: Float64Array): number {
    const { scores, rows, data, penalized } = this
    const sums = this.#sums
    const z = new Float64Array(scores)
    let loss = 0
    sums.begin(parameters)
    for (let first = 0; first < rows.rows; first += sums.block) {
      const last = Math.min(rows.rows, first + sums.block)
      const numbers = sums.products(first, last)
      for (let i = first; i < last; i++) {
        const from = (i - first) * sums.stride
        const weight = data.weights[i]!
        for (let k = 0; k < scores; k++) z[k] = numbers[from + k]!
        if (weight > 0) loss += weight * lossAndProbabilities(z, data.codes[i]!)
        else z.fill(0)
        if (scores === 1) z[0]! -= data.codes[i]!
        else z[data.codes[i]!]! -= 1
        for (let k = 0; k < scores; k++) numbers[from + k] = weight * z[k]!
      }
      sums.add(first, last)
    }
    sums.end(gradient)
    let squares = 0
    for (let at = 0; at < penalized; at++) {
      squares += parameters[at]! ** 2
      gradient[at]! += data.l2 * parameters[at]!
    }
    return loss + (data.l2 / 2) * squares
  }

  /** The probabilities that belong to scores: [samples, scores], that of the second class where there is one score. */
  probabilities(scores: Matrix): Matrix {
    const result = new Matrix(scores.rows, scores.columns, scores.data.slice())
    for (let i = 0; i < result.rows; i++) lossAndProbabilities(result.row(i), this.data.codes[i]!)
    return result
  }

  /** The smallest and largest of the scores of the samples' classes less those of the other classes. */
  margins(scores: Matrix): readonly [least: number, most: number] {
    const { codes, weights } = this.data
    let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
    for (let i = 0; i < scores.rows; i++) {
      if (weights[i] === 0) continue
      const row = scores.row(i)
      if (scores.columns === 1) {
        const margin = codes[i] === 1 ? row[0]! : -row[0]!
        least = Math.min(least, margin)
        most = Math.max(most, margin)
        continue
      }
      for (let k = 0; k < row.length; k++) {
        if (k === codes[i]) continue
        least = Math.min(least, row[codes[i]!]! - row[k]!)
        most = Math.max(most, row[codes[i]!]! - row[k]!)
      }
    }
    return [least, most]
  }
}

/** Turns a sample's scores into probabilities, and gives -ln of that of its class. */
function lossAndProbabilities(z: Float64Array, code: number): number {
  if (z.length === 1) {
    const score = z[0]!
    const small = Math.exp(-Math.abs(score))
    z[0] = score >= 0 ? 1 / (1 + small) : small / (1 + small)
    return Math.max(0, code === 1 ? -score : score) + Math.log1p(small)
  }
  const own = z[code]!
  return softmaxRow(z) - own
}
