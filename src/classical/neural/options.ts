import { InputError } from '../errors.ts'
import { checkFlag, checkNumber, checkWord } from '../option-checks.ts'

/** What follows each hidden layer. */
export type Activation = 'identity' | 'logistic' | 'tanh' | 'relu'

/** Scikit-learn's options with its defaults. */
export interface MLPOptions {
  /** Neurons of each hidden layer, each from 1; none makes a linear model. Default [100]. */
  readonly hiddenLayerSizes?: readonly number[]
  /** f(x) of the hidden layers: x, 1 / (1 + e^-x), tanh x or max(0, x). Default 'relu'. */
  readonly activation?: Activation
  /** Gradient descent with momentum, Adam (Kingma and Ba 2015), or L-BFGS over all samples at once. Default 'adam'. */
  readonly solver?: 'adam' | 'sgd' | 'lbfgs'
  /** L2 penalty, from 0: alpha / 2 times the sum of squared coefficients, divided by the batch's samples. Default 1e-4. */
  readonly alpha?: number
  /** Samples a step, from 1; 'auto' takes 200, or all where there are fewer. Not for 'lbfgs'. Default 'auto'. */
  readonly batchSize?: number | 'auto'
  /**
   * Of 'sgd': 'constant'; 'invscaling' divides by (samples seen + 1) ^ powerT after each epoch; 'adaptive' divides by 5 when
   * nIterNoChange epochs bring nothing. Default 'constant'.
   */
  readonly learningRate?: 'constant' | 'invscaling' | 'adaptive'
  /** The learning rate at the start of 'sgd' and 'adam', above 0. Default 0.001. */
  readonly learningRateInit?: number
  /** Exponent of 'invscaling', from 0. Default 0.5. */
  readonly powerT?: number
  /** Epochs at most; iterations of 'lbfgs'. From 1. Default 200. */
  readonly maxIter?: number
  /** Whether the samples are shuffled before each epoch. Default true. */
  readonly shuffle?: boolean
  /** Of the first weights, the shuffling and the samples set aside. An integer from 0. Default 0. */
  readonly seed?: number
  /**
   * How much the loss (or the validation score) must improve to count, from 0; for 'lbfgs' the largest slope that is left.
   * Default 1e-4.
   */
  readonly tol?: number
  /** Epochs in a row without such an improvement after which, plus one, training stops. From 1. Default 10. */
  readonly nIterNoChange?: number
  /** Of 'sgd', 0 to 1. Default 0.9. */
  readonly momentum?: number
  /** Whether the momentum looks ahead (Nesterov 1983). Default true. */
  readonly nesterovsMomentum?: boolean
  /**
   * Whether a share of the samples is set aside (of each class alike), training stops by the score on it, and the best weights
   * by that score are kept. Not for 'lbfgs'. Default false.
   */
  readonly earlyStopping?: boolean
  /** The share set aside for early stopping, above 0 and below 1. Default 0.1. */
  readonly validationFraction?: number
  /** Decay of Adam's mean of gradients, from 0 and below 1. Default 0.9. */
  readonly beta1?: number
  /** Decay of Adam's mean of squared gradients, from 0 and below 1. Default 0.999. */
  readonly beta2?: number
  /** Keeps Adam's quotients finite, above 0. Default 1e-8. */
  readonly epsilon?: number
  /** Whether `fit` starts from the `coefs` and `intercepts` that are there, fitted or set by hand. Default false. */
  readonly warmStart?: boolean
}

export const mlpDefaults: Required<MLPOptions> = {
  hiddenLayerSizes: [100],
  activation: 'relu',
  solver: 'adam',
  alpha: 1e-4,
  batchSize: 'auto',
  learningRate: 'constant',
  learningRateInit: 1e-3,
  powerT: 0.5,
  maxIter: 200,
  shuffle: true,
  seed: 0,
  tol: 1e-4,
  nIterNoChange: 10,
  momentum: 0.9,
  nesterovsMomentum: true,
  earlyStopping: false,
  validationFraction: 0.1,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  warmStart: false,
}

const mostNeurons = 2 ** 24

/** Throws an InputError for a value out of range. */
export function checkMlpOptions(what: string, options: Required<MLPOptions>): void {
  const { hiddenLayerSizes, batchSize } = options
  if (!Array.isArray(hiddenLayerSizes)) {
    throw new InputError(
      `${what}: hiddenLayerSizes must be a list, [100] for one hidden layer of 100 neurons`,
    )
  }
  for (const size of hiddenLayerSizes) {
    checkNumber(what, 'a size in hiddenLayerSizes', size, { integer: true, atLeast: 1, atMost: mostNeurons })
  }
  checkWord(what, 'activation', options.activation, ['identity', 'logistic', 'tanh', 'relu'])
  checkWord(what, 'solver', options.solver, ['adam', 'sgd', 'lbfgs'])
  checkWord(what, 'learningRate', options.learningRate, ['constant', 'invscaling', 'adaptive'])
  const counts = ['maxIter', 'nIterNoChange'] as const
  for (const name of counts) checkNumber(what, name, options[name], { integer: true, atLeast: 1 })
  if (batchSize !== 'auto') checkNumber(what, 'batchSize', batchSize, { integer: true, atLeast: 1 })
  checkNumber(what, 'seed', options.seed, { integer: true, atLeast: 0, atMost: Number.MAX_SAFE_INTEGER })
  const notNegative = ['alpha', 'powerT', 'tol'] as const
  for (const name of notNegative) checkNumber(what, name, options[name], { atLeast: 0 })
  const positive = ['learningRateInit', 'epsilon'] as const
  for (const name of positive) checkNumber(what, name, options[name], { above: 0 })
  checkNumber(what, 'momentum', options.momentum, { atLeast: 0, atMost: 1 })
  checkNumber(what, 'beta1', options.beta1, { atLeast: 0, below: 1 })
  checkNumber(what, 'beta2', options.beta2, { atLeast: 0, below: 1 })
  checkNumber(what, 'validationFraction', options.validationFraction, { above: 0, below: 1 })
  const flags = ['shuffle', 'nesterovsMomentum', 'earlyStopping', 'warmStart'] as const
  for (const name of flags) checkFlag(what, name, options[name])
}
