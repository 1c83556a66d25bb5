import { Matrix } from '../matrix.ts'
import { softmaxRow } from '../softmax.ts'
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
  /** How many scores a sample has: 1 with two classes. */
  readonly scores: number
  /** How many parameters there are. */
  readonly size: number
  /** How many of them are coefficients of features, which are penalised. */
  readonly penalized: number

  constructor(data: ProblemData) {
    this.data = data
    this.rows = sparseRows(data.x)
    this.scores = data.classes === 2 ? 1 : data.classes
    this.penalized = data.x.columns * this.scores
    this.size = this.penalized + (data.fitIntercept ? this.scores : 0)
  }

  /** The scores of all samples: a matrix [samples, scores]. */
  scoresOf(parameters: Float64Array): Matrix {
    const { scores, rows } = this
    const result = new Matrix(rows.rows, scores)
    for (let i = 0; i < rows.rows; i++) this.#scoreRow(parameters, i, result.data, i * scores)
    return result
  }

  /** The loss with the smooth penalty, and its gradient in `gradient`. */
  evaluate(parameters: Float64Array, gradient: Float64Array): number {
    const { scores, rows, data, penalized, size } = this
    const { starts, indices, values } = rows
    gradient.fill(0)
    const z = new Float64Array(scores)
    let loss = 0
    for (let i = 0; i < rows.rows; i++) {
      this.#scoreRow(parameters, i, z, 0)
      const weight = data.weights[i]!
      if (weight === 0) continue
      loss += weight * lossAndProbabilities(z, data.codes[i]!)
      if (scores === 1) {
        const residual = weight * (z[0]! - data.codes[i]!)
        for (let at = starts[i]!; at < starts[i + 1]!; at++) gradient[indices[at]!]! += values[at]! * residual
        if (size > penalized) gradient[penalized]! += residual
        continue
      }
      z[data.codes[i]!]! -= 1
      for (let k = 0; k < scores; k++) z[k]! *= weight
      for (let at = starts[i]!; at < starts[i + 1]!; at++) {
        const value = values[at]!
        const to = indices[at]! * scores
        for (let k = 0; k < scores; k++) gradient[to + k]! += value * z[k]!
      }
      if (size > penalized) for (let k = 0; k < scores; k++) gradient[penalized + k]! += z[k]!
    }
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

  #scoreRow(parameters: Float64Array, i: number, z: Float64Array, to: number): void {
    const { scores, rows, penalized, size } = this
    const { starts, indices, values } = rows
    if (scores === 1) {
      let sum = size > penalized ? parameters[penalized]! : 0
      for (let at = starts[i]!; at < starts[i + 1]!; at++) sum += values[at]! * parameters[indices[at]!]!
      z[to] = sum
      return
    }
    for (let k = 0; k < scores; k++) z[to + k] = size > penalized ? parameters[penalized + k]! : 0
    for (let at = starts[i]!; at < starts[i + 1]!; at++) {
      const value = values[at]!
      const from = indices[at]! * scores
      for (let k = 0; k < scores; k++) z[to + k]! += value * parameters[from + k]!
    }
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
