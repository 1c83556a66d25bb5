import { argmaxRows, type ClassTarget, ProbabilisticClassifier } from '../classifier.ts'
import type { Json, StateReader } from '../state.ts'
import { Matrix } from '../tables/matrix.ts'
import { learnedFromJson, learnedToJson, learnNetwork, networkOutputs } from './learned.ts'
import type { NetworkShape } from './network.ts'
import { checkMlpOptions, type MLPOptions, mlpDefaults } from './options.ts'

/**
 * A multilayer perceptron (Rumelhart, Hinton and Williams 1986): fully connected layers, trained on the engine in float32 to
 * the least log loss. Two classes have one logistic output, more a softmax. Columns should be of one scale
 * (`new StandardScaler()`).
 */
export class MLPClassifier extends ProbabilisticClassifier<MLPOptions, 'matrix'> {
  readonly method = 'mlp'
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
  /** The accuracy on the samples set aside after each epoch; empty without early stopping. */
  validationScores: Float64Array = new Float64Array()

  constructor(options: MLPOptions = {}) {
    super(options, mlpDefaults)
    checkMlpOptions(this.label, this.options)
  }

  /** The smallest loss of an epoch. */
  get bestLoss(): number {
    return this.lossCurve.reduce((least, loss) => Math.min(least, loss), Number.POSITIVE_INFINITY)
  }

  #shape(features: number, classes: number): NetworkShape {
    const { hiddenLayerSizes, activation } = this.options
    const outputs = classes > 2 ? classes : 1
    return {
      sizes: [features, ...hiddenLayerSizes, outputs],
      activation,
      output: classes > 2 ? 'softmax' : 'logistic',
    }
  }

  protected override async learn(x: Matrix, { classes, codes }: ClassTarget): Promise<void> {
    const shape = this.#shape(x.columns, classes.length)
    const learned = await learnNetwork({
      what: this.label,
      options: this.options,
      shape,
      x,
      y: shape.output === 'softmax' ? codes : Float64Array.from(codes),
      score: (outputs, rows) => {
        const decided = argmaxRows(probabilitiesOf(outputs))
        return rows.filter((row, i) => decided[i] === codes[row]).length / rows.length
      },
      start: this.options.warmStart && this.coefs.length > 0 ? this : undefined,
    })
    Object.assign(this, learned)
  }

  protected override async probabilities(x: Matrix): Promise<Matrix> {
    const shape = this.#shape(x.columns, this.classes.length)
    return probabilitiesOf(await networkOutputs(shape, this, x))
  }

  protected override learnedToJson(): { readonly [key: string]: Json } {
    return learnedToJson(this)
  }

  protected override restoreClassifier(state: StateReader, classes: number): void {
    Object.assign(this, learnedFromJson(state, this.#shape(this.features.length, classes).sizes))
  }
}

/** Both columns where the network gives the probability of the second class alone. */
function probabilitiesOf(outputs: Matrix): Matrix {
  if (outputs.columns > 1) return outputs
  const both = new Matrix(outputs.rows, 2)
  for (const [i, p] of outputs.data.entries()) both.row(i).set([1 - p, p])
  return both
}
