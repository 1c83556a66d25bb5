import { InputError, StateError } from './errors.ts'
import { Estimator, type FitOptions, type InputKinds, readWeights } from './estimator.ts'
import { type Features, type Label, type Labels, labelValues, readLabels } from './input.ts'
import type { Json, StateReader } from './state.ts'
import type { Matrix } from './tables/matrix.ts'
import { Table } from './tables/table.ts'

/** What a classifier learns from: a class for each sample. */
export interface ClassTarget {
  readonly classes: readonly Label[]
  /** Positions in `classes`. */
  readonly codes: Int32Array
  readonly weights: Float64Array | undefined
}

/**
 * A method that predicts a class. Ties go to the class that comes first.
 *
 * A subclass gives `learn`, and `probabilities` or `decide`.
 */
export abstract class Classifier<O extends object, K extends keyof InputKinds> extends Estimator<O, K> {
  readonly kind = 'classifier'
  /** Whether `fit` takes sample weights. */
  protected readonly takesWeights: boolean = false
  /** How few classes `fit` accepts. */
  protected readonly fewestClasses: number = 2
  #classes: readonly Label[] = []

  /** The classes of `fit`: sorted, or in the order of the target column's categories. */
  get classes(): readonly Label[] {
    return this.#classes
  }

  /** Whether the method gives the probability of each class, with the options that it has. */
  get givesProbabilities(): boolean {
    return 'predictProba' in this
  }

  /** Learns from samples and their classes. Rows without a class are an error. */
  async fit(x: Features, y: Labels, { sampleWeight }: FitOptions = {}): Promise<this> {
    const { data, features } = await this.readTraining(x)
    const { classes, codes } = await readLabels(this.label, y)
    const rows = data instanceof Table ? data.length : data.rows
    if (rows !== codes.length)
      throw new InputError(`${this.label}: ${codes.length} labels for ${rows} samples`)
    const unlabelled = codes.indexOf(-1)
    if (unlabelled >= 0) {
      throw new InputError(
        `${this.label}: row ${unlabelled} has no class; leave such rows out, as table.dropMissing(target) does`,
      )
    }
    if (classes.length < this.fewestClasses) {
      throw new InputError(
        rows === 0
          ? `${this.label}: there are no samples`
          : `${this.label}: all ${rows} samples are of one class, '${classes[0]}'; it needs at least ${this.fewestClasses}`,
      )
    }
    if (sampleWeight !== undefined && !this.takesWeights) {
      throw new InputError(`${this.label} takes no sample weights`)
    }
    const weights = sampleWeight && readWeights(this.label, sampleWeight, rows)
    await this.learn(data, { classes, codes, weights })
    this.#classes = classes
    this.markFitted(features, x instanceof Table)
    return this
  }

  /** The most probable class of each sample. */
  async predict(x: Features): Promise<Label[]> {
    const data = await this.readSamples(x)
    return Array.from(await this.decide(data), (code) => this.#classes[code]!)
  }

  /** Accuracy: the share of samples whose class is predicted, 0 to 1. */
  async score(x: Features, y: Labels): Promise<number> {
    return accuracyScore(await labelValues(y), await this.predict(x))
  }

  protected abstract learn(data: InputKinds[K], target: ClassTarget): void | Promise<void>

  /** The position of each sample's class. */
  protected abstract decide(data: InputKinds[K]): ArrayLike<number> | Promise<ArrayLike<number>>

  override toJSON(): ReturnType<Estimator<O, K>['toJSON']> {
    const state = super.toJSON()
    if (state.fitted === undefined) return state
    return { ...state, fitted: { classes: [...this.#classes], ...(state.fitted as { [key: string]: Json }) } }
  }

  protected override restoreLearned(state: StateReader): void {
    const classes = state.list('classes')
    if (!classes.every((each) => typeof each === 'string' || typeof each === 'number')) {
      throw new StateError(`${this.label}: the saved classes are neither words nor numbers`)
    }
    this.#classes = classes as Label[]
    this.restoreClassifier(state, classes.length)
  }

  protected abstract restoreClassifier(state: StateReader, classes: number): void
}

/** A classifier that gives probabilities, and predicts the class of the highest. */
export abstract class ProbabilisticClassifier<
  O extends object,
  K extends keyof InputKinds,
> extends Classifier<O, K> {
  /** The probability of each class: a matrix [samples, classes] whose rows sum to 1, columns in the order of `classes`. */
  async predictProba(x: Features): Promise<Matrix> {
    return this.probabilities(await this.readSamples(x))
  }

  protected abstract probabilities(data: InputKinds[K]): Matrix | Promise<Matrix>

  protected override async decide(data: InputKinds[K]): Promise<Int32Array> {
    return argmaxRows(await this.probabilities(data))
  }
}

/** The position of each row's highest number, the first of equal ones. */
export function argmaxRows(matrix: Matrix): Int32Array {
  return Int32Array.from({ length: matrix.rows }, (_, i) => {
    const row = matrix.row(i)
    let best = 0
    for (let c = 1; c < row.length; c++) if (row[c]! > row[best]!) best = c
    return best
  })
}

/** The share of predictions that are right, 0 to 1. A missing label (null) is never hit. */
export function accuracyScore(wanted: ArrayLike<Label | null>, predicted: ArrayLike<Label>): number {
  if (wanted.length !== predicted.length) {
    throw new InputError(`accuracyScore: ${predicted.length} predictions for ${wanted.length} labels`)
  }
  let right = 0
  for (let i = 0; i < wanted.length; i++) if (wanted[i] === predicted[i]) right++
  return right / wanted.length
}
