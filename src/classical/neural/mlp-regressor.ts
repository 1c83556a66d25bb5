import { type NumberTarget, Regressor, r2Score } from '../regressor.ts'
import type { Json, StateReader } from '../state.ts'
import type { Matrix } from '../tables/matrix.ts'
import { learnedFromJson, learnedToJson, learnNetwork, networkOutputs } from './learned.ts'
import type { NetworkShape } from './network.ts'
import { checkMlpOptions, type MLPOptions, mlpDefaults } from './options.ts'

/**
 * A multilayer perceptron for numbers: fully connected layers and one linear output, trained on the engine in float32 to the
 * least half mean squared error. Columns should be of one scale (`new StandardScaler()`), and targets not far from 1.
 */
export class MLPRegressor extends Regressor<MLPOptions, 'matrix'> {
  readonly method = 'mlp-regressor'
  protected override readonly reads = 'matrix'
  /** The coefficients of each layer: matrices [inputs, outputs]. */
  coefs: readonly Matrix[] = []
  /** The intercepts of each layer. */
  intercepts: readonly Float64Array[] = []
  /** The loss of each epoch, the penalty included: the mean over its steps, each before the step. Of 'lbfgs', after each iteration. */
  lossCurve: Float64Array = new Float64Array()
  /** Epochs run, or iterations of 'lbfgs'. */
  nIter: number = 0
  /** The last loss. */
  loss: number = Number.NaN
  /** Whether training stopped by itself; false where maxIter ended it: more epochs may make it better. */
  converged: boolean = false
  /** R2 on the samples set aside after each epoch; empty without early stopping. */
  validationScores: Float64Array = new Float64Array()

  constructor(options: MLPOptions = {}) {
    super(options, mlpDefaults)
    checkMlpOptions(this.label, this.options)
  }

  /** The smallest loss of an epoch. */
  get bestLoss(): number {
    return this.lossCurve.reduce((least, loss) => Math.min(least, loss), Number.POSITIVE_INFINITY)
  }

  #shape(features: number): NetworkShape {
    const { hiddenLayerSizes, activation } = this.options
    return { sizes: [features, ...hiddenLayerSizes, 1], activation, output: 'identity' }
  }

  protected override async learn(x: Matrix, { values }: NumberTarget): Promise<void> {
    const learned = await learnNetwork({
      what: this.label,
      options: this.options,
      shape: this.#shape(x.columns),
      x,
      y: values,
      score: (outputs, rows) =>
        r2Score(
          Array.from(rows, (row) => values[row]!),
          outputs.data,
        ),
      start: this.options.warmStart && this.coefs.length > 0 ? this : undefined,
    })
    Object.assign(this, learned)
  }

  protected override async estimate(x: Matrix): Promise<Float64Array> {
    return (await networkOutputs(this.#shape(x.columns), this, x)).data
  }

  protected override learnedToJson(): { readonly [key: string]: Json } {
    return learnedToJson(this)
  }

  protected override restoreLearned(state: StateReader): void {
    Object.assign(this, learnedFromJson(state, this.#shape(this.features.length).sizes))
  }
}
