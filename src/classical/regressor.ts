import { InputError } from './errors.ts'
import { Estimator, type FitOptions, type InputKinds, readWeights } from './estimator.ts'
import { type Features, readTargets, type Targets } from './input.ts'
import { Table } from './tables/table.ts'

/** What a regressor learns from: a number for each sample. */
export interface NumberTarget {
  readonly values: Float64Array
  readonly weights: Float64Array | undefined
}

/** A method that predicts a number. */
export abstract class Regressor<O extends object, K extends keyof InputKinds> extends Estimator<O, K> {
  readonly kind = 'regressor'
  /** Whether `fit` takes sample weights. */
  protected readonly takesWeights: boolean = false

  /** Learns from samples and their numbers. */
  async fit(x: Features, y: Targets, { sampleWeight }: FitOptions = {}): Promise<this> {
    const { data, features } = await this.readTraining(x)
    const values = await readTargets(this.label, y)
    const rows = data instanceof Table ? data.length : data.rows
    if (rows !== values.length)
      throw new InputError(`${this.label}: ${values.length} targets for ${rows} samples`)
    if (rows === 0) throw new InputError(`${this.label}: there are no samples`)
    if (sampleWeight !== undefined && !this.takesWeights) {
      throw new InputError(`${this.label} takes no sample weights`)
    }
    const weights = sampleWeight && readWeights(this.label, sampleWeight, rows)
    await this.learn(data, { values, weights })
    this.markFitted(features, x instanceof Table)
    return this
  }

  /** The number of each sample. */
  async predict(x: Features): Promise<Float64Array> {
    return this.estimate(await this.readSamples(x))
  }

  /** The coefficient of determination R2 = 1 - sum (y - prediction)^2 / sum (y - mean)^2: 1 is perfect, 0 as good as the mean. */
  async score(x: Features, y: Targets): Promise<number> {
    const wanted = await readTargets(this.label, y)
    const predicted = await this.predict(x)
    if (wanted.length !== predicted.length) {
      throw new InputError(`${this.label}: ${wanted.length} targets for ${predicted.length} samples`)
    }
    return r2Score(wanted, predicted)
  }

  protected abstract learn(data: InputKinds[K], target: NumberTarget): void | Promise<void>
  protected abstract estimate(data: InputKinds[K]): Float64Array | Promise<Float64Array>
}

/** 1 - sum (y - prediction)^2 / sum (y - mean)^2; with equal targets, 1 where all are hit and 0 otherwise. */
export function r2Score(wanted: ArrayLike<number>, predicted: ArrayLike<number>): number {
  let mean = 0
  for (let i = 0; i < wanted.length; i++) mean += wanted[i]! / wanted.length
  let [residual, total] = [0, 0]
  for (let i = 0; i < wanted.length; i++) {
    residual += (wanted[i]! - predicted[i]!) ** 2
    total += (wanted[i]! - mean) ** 2
  }
  if (total === 0) return residual === 0 ? 1 : 0
  return 1 - residual / total
}
