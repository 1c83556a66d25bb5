import { columnNorms } from '../numerics/linear-algebra/least-squares.ts'
import { type NumberTarget, Regressor } from '../regressor.ts'
import { type Json, numbersToJson, type StateReader } from '../state.ts'
import { Matrix } from '../tables/matrix.ts'

/** A regressor that predicts intercept + sum of coef times the features. */
export abstract class LinearModel<O extends object> extends Regressor<O, 'matrix'> {
  protected override readonly reads = 'matrix'
  protected override readonly takesWeights = true
  /** The factor of each feature. */
  coef: Float64Array = new Float64Array()
  /** What is predicted where all features are 0; 0 where none was fitted. */
  intercept = 0

  protected override estimate(x: Matrix): Float64Array {
    return Float64Array.from({ length: x.rows }, (_, i) => this.intercept + dot(x.row(i), this.coef))
  }

  protected override learnedToJson(): { readonly [key: string]: Json } {
    return { coef: numbersToJson(this.coef), intercept: this.intercept }
  }

  protected override restoreLearned(state: StateReader): void {
    this.coef = state.numbers('coef', this.features.length)
    this.intercept = state.number('intercept')
  }
}

export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}

/** Samples and targets, less their means, times the square roots of their weights. */
export interface Centered {
  readonly x: Matrix
  readonly y: Float64Array
  /** What was subtracted; 0 without an intercept. */
  readonly means: Float64Array
  readonly mean: number
  /** The columns' lengths before the means were subtracted. */
  readonly norms: Float64Array
  readonly weightSum: number
}

/** Rows of weight 0 are left out. */
export function center(x: Matrix, { values, weights }: NumberTarget, fitIntercept: boolean): Centered {
  const kept = weights && Array.from(weights.keys()).filter((i) => weights[i]! > 0)
  const samples = kept ? x.take(kept) : new Matrix(x.rows, x.columns, x.data.slice())
  const y = kept ? Float64Array.from(kept, (i) => values[i]!) : values.slice()
  const used = kept ? Float64Array.from(kept, (i) => weights![i]!) : undefined
  const weightSum = used ? used.reduce((sum, weight) => sum + weight, 0) : samples.rows
  const norms = columnNorms(samples)
  let means: Float64Array = new Float64Array(x.columns)
  let mean = 0
  if (fitIntercept) {
    means = columnMeans(samples, used)
    mean = columnMeans(new Matrix(y.length, 1, y), used)[0]!
  }
  const { columns, data } = samples
  let largest = 0
  for (let i = 0; i < samples.rows; i++) {
    const root = used ? Math.sqrt(used[i]!) : 1
    largest = Math.max(largest, root)
    for (let j = 0; j < columns; j++) data[i * columns + j] = (data[i * columns + j]! - means[j]!) * root
    y[i] = (y[i]! - mean) * root
  }
  return { x: samples, y, means, mean, norms: norms.map((norm) => norm * largest), weightSum }
}

/** The (weighted) means of the columns. The second pass takes away what rounding left in the first. */
export function columnMeans({ rows, columns, data }: Matrix, weights?: Float64Array): Float64Array {
  const means = new Float64Array(columns)
  for (let pass = 0; pass < 2; pass++) {
    const sums = new Float64Array(columns)
    let total = 0
    for (let i = 0; i < rows; i++) {
      const weight = weights?.[i] ?? 1
      total += weight
      for (let j = 0; j < columns; j++) sums[j]! += weight * (data[i * columns + j]! - means[j]!)
    }
    for (let j = 0; j < columns; j++) means[j]! += sums[j]! / total
  }
  return means
}
