import { type ClassTarget, ProbabilisticClassifier } from '../classifier.ts'
import { type NumberTarget, Regressor } from '../regressor.ts'
import { type Json, numbersToJson, type StateReader } from '../state.ts'
import { Matrix } from '../tables/matrix.ts'
import type { Table } from '../tables/table.ts'

export type ZeroROptions = Record<never, never>

/**
 * Predicts the most frequent class whatever the sample: the baseline of every classifier. Ties go to the first class.
 * Probabilities are the classes' shares.
 */
export class ZeroR extends ProbabilisticClassifier<ZeroROptions, 'table'> {
  readonly method = 'zeror'
  protected override readonly reads = 'table'
  protected override readonly acceptsMissing = true
  protected override readonly takesWeights = true
  protected override readonly fewestClasses = 1
  /** Each class's share of the samples, in the order of `classes`. */
  priors: Float64Array = new Float64Array()

  constructor(options: ZeroROptions = {}) {
    super(options, {})
  }

  protected override learn(_: Table, { classes, codes, weights }: ClassTarget): void {
    this.priors = new Float64Array(classes.length)
    let total = 0
    for (const [i, code] of codes.entries()) {
      const weight = weights?.[i] ?? 1
      this.priors[code]! += weight
      total += weight
    }
    this.priors = this.priors.map((sum) => sum / total)
  }

  protected override probabilities(table: Table): Matrix {
    const result = new Matrix(table.length, this.priors.length)
    for (let i = 0; i < table.length; i++) result.row(i).set(this.priors)
    return result
  }

  protected override learnedToJson(): { readonly [key: string]: Json } {
    return { priors: numbersToJson(this.priors) }
  }

  protected override restoreClassifier(state: StateReader, classes: number): void {
    this.priors = state.numbers('priors', classes)
  }
}

/** Predicts the mean whatever the sample: the baseline of every regressor. */
export class ZeroRRegressor extends Regressor<ZeroROptions, 'table'> {
  readonly method = 'zeror-regressor'
  protected override readonly reads = 'table'
  protected override readonly acceptsMissing = true
  protected override readonly takesWeights = true
  /** The (weighted) mean of the targets. */
  mean: number = Number.NaN

  constructor(options: ZeroROptions = {}) {
    super(options, {})
  }

  protected override learn(_: Table, { values, weights }: NumberTarget): void {
    let [sum, total] = [0, 0]
    for (const [i, value] of values.entries()) {
      const weight = weights?.[i] ?? 1
      sum += weight * value
      total += weight
    }
    this.mean = sum / total
  }

  protected override estimate(table: Table): Float64Array {
    return new Float64Array(table.length).fill(this.mean)
  }

  protected override learnedToJson(): { readonly [key: string]: Json } {
    return { mean: this.mean }
  }

  protected override restoreLearned(state: StateReader): void {
    this.mean = state.number('mean')
  }
}
