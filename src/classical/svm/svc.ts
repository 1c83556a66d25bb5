import { type ClassWeight, checkClassWeight, weightByClass } from '../class-weight.ts'
import { argmaxRows, Classifier, type ClassTarget } from '../classifier.ts'
import { InputError, NotFittedError, StateError } from '../errors.ts'
import type { Features } from '../input.ts'
import { checkFlag, checkNumber, checkWord } from '../option-checks.ts'
import { type Json, matrixToJson, numbersToJson, type StateReader } from '../state.ts'
import { Matrix } from '../tables/matrix.ts'
import { type Kernel, resolveGamma } from './kernel.ts'
import { KernelMachine, linearDecisions } from './kernel-machine.ts'
import {
  decisionsByClass,
  forEachPair,
  longestPair,
  type PairCoefficients,
  pairCount,
  pairDecisions,
  pairPrimal,
  vote,
} from './one-versus-one.ts'
import { checkKernelOptions, type KernelOptions, kernelDefaults } from './options.ts'
import { couplePairs, type Sigmoid, sigmoidOf } from './platt.ts'
import { trainPairs } from './train-pairs.ts'

export interface SVCOptions extends KernelOptions {
  /** Whether `fit` also learns probabilities, by 5-fold cross-validation: about five times the work. Default false. */
  readonly probability?: boolean
  /** What each class weighs: 'balanced' (samples / (classes * samples of the class)), numbers by class, or null for 1. Default null. */
  readonly classWeight?: ClassWeight
  /** Whether `decisionFunction` gives a number for each class or for each pair of classes. Default 'ovr'. */
  readonly decisionFunctionShape?: 'ovr' | 'ovo'
  /** Whether equal votes are decided by the decision values, and not for the first class. Default false. */
  readonly breakTies?: boolean
  /** What the folds of the cross-validation for probabilities are drawn by, an integer from 0 up. Default 0. */
  readonly seed?: number
}

/**
 * Support vector classification (Cortes and Vapnik 1995), as libsvm does it (Chang and Lin 2011): each pair of classes is
 * separated with the widest margin, C being the cost of what lies on the wrong side of it, and the pairs vote.
 */
export class SVC extends Classifier<SVCOptions, 'matrix'> {
  readonly method = 'svc'
  protected override readonly reads = 'matrix'
  protected override readonly takesWeights = true
  /** The rows of the support vectors in the samples of `fit`, class by class. */
  support: Int32Array = new Int32Array()
  /** The support vectors: a matrix [vectors, features]. */
  supportVectors: Matrix = new Matrix(0, 0)
  /** How many support vectors each class has. */
  nSupport: Int32Array = new Int32Array()
  /**
   * The coefficients of the support vectors, a matrix [classes - 1, vectors]: a vector of class i has its coefficient
   * against class j in row j - 1 where i < j, and in row j otherwise. Of two classes, the second is the positive one.
   */
  dualCoef: Matrix = new Matrix(0, 0)
  /** The constant of each pair's decision value: of (0, 1), (0, 2), … (1, 2), … Positive values speak for the pair's first class; of two classes in all, for the second. */
  intercept: Float64Array = new Float64Array()
  /** The gamma that was used. */
  gamma: number = Number.NaN
  /** The slope of each pair's sigmoid, with which the pair's first class has probability 1 / (1 + exp(probA f + probB)); empty without `probability`. */
  probA: Float64Array = new Float64Array()
  /** The constant of each pair's sigmoid. */
  probB: Float64Array = new Float64Array()
  /** How many steps each pair's optimisation took. */
  iterations: Int32Array = new Int32Array()
  /** Whether all pairs came within `tol` of the optimum before `maxIter`. */
  converged = false
  #machine: KernelMachine | undefined
  #coef: Matrix | undefined

  constructor(options: SVCOptions = {}) {
    super(options, {
      ...kernelDefaults,
      probability: false,
      classWeight: null,
      decisionFunctionShape: 'ovr',
      breakTies: false,
      seed: 0,
    })
    const what = this.label
    checkKernelOptions(what, this.options)
    checkFlag(what, 'probability', this.options.probability)
    checkClassWeight(what, this.options.classWeight)
    checkWord(what, 'decisionFunctionShape', this.options.decisionFunctionShape, ['ovr', 'ovo'])
    checkFlag(what, 'breakTies', this.options.breakTies)
    checkNumber(what, 'seed', this.options.seed, {
      atLeast: 0,
      atMost: Number.MAX_SAFE_INTEGER,
      integer: true,
    })
    if (this.options.breakTies && this.options.decisionFunctionShape === 'ovo') {
      throw new InputError(`${what}: breakTies needs decisionFunctionShape 'ovr'`)
    }
  }

  override get givesProbabilities(): boolean {
    return this.options.probability
  }

  /** The coefficients of the features, a matrix [pairs, features], signed like `intercept`: for the linear kernel only. */
  get coef(): Matrix {
    if (this.#coef !== undefined) return this.#coef
    if (this.#machine === undefined) throw new NotFittedError(this.label)
    throw new InputError(
      `${this.label}: coef exists with kernel 'linear' only, not with '${this.options.kernel}'`,
    )
  }

  /**
   * How far samples are on which side: a matrix [samples, classes], or [samples, pairs] with `decisionFunctionShape` 'ovo',
   * where positive values speak for the pair's first class. Of two classes in all, a matrix [samples, 1], positive for the second.
   */
  async decisionFunction(x: Features): Promise<Matrix> {
    const decisions = await this.#pairs(await this.readSamples(x))
    return this.options.decisionFunctionShape === 'ovo' ? decisions : this.#byClass(decisions)
  }

  /**
   * The probability of each class: a matrix [samples, classes] whose rows sum to 1. Needs `probability: true` at `fit`. The
   * most probable class need not be the one predicted.
   */
  async predictProba(x: Features): Promise<Matrix> {
    const samples = await this.readSamples(x)
    if (this.probA.length === 0) {
      throw new InputError(`${this.label}: no probabilities were learned; fit new SVC({ probability: true })`)
    }
    const decisions = await this.#pairs(samples)
    const k = this.classes.length
    const result = new Matrix(decisions.rows, k)
    for (let row = 0; row < decisions.rows; row++) result.row(row).set(this.#coupled(decisions.row(row), k))
    return result
  }

  #coupled(decisions: Float64Array, k: number): Float64Array {
    // Probabilities of 0 and 1 would leave the coupling without a solution.
    const smallest = 1e-7
    const pairwise = new Float64Array(k * k)
    forEachPair(k, (i, j, position) => {
      const f = k === 2 ? -decisions[position]! : decisions[position]!
      const p = sigmoidOf(f, { a: this.probA[position]!, b: this.probB[position]! })
      pairwise[i * k + j] = Math.min(Math.max(p, smallest), 1 - smallest)
      pairwise[j * k + i] = 1 - pairwise[i * k + j]!
    })
    return k === 2 ? Float64Array.of(pairwise[1]!, pairwise[2]!) : couplePairs(pairwise, k)
  }

  /** Decision values of pairs, [samples, pairs]. */
  async #pairs(x: Matrix): Promise<Matrix> {
    if (this.#coef !== undefined) return linearDecisions(x, this.#coef, this.intercept)
    const result = new Matrix(x.rows, this.intercept.length)
    const pairs = this.#coefficients()
    const norm = longestPair(pairs)
    await this.#machine!.evaluate(x, norm, (row, kernels) =>
      pairDecisions(pairs, this.intercept, kernels, result.row(row)),
    )
    return result
  }

  #coefficients(): PairCoefficients {
    const starts = new Int32Array(this.nSupport.length + 1)
    for (const [c, count] of this.nSupport.entries()) starts[c + 1] = starts[c]! + count
    return { coefficients: this.dualCoef, starts }
  }

  #byClass(decisions: Matrix): Matrix {
    const k = this.classes.length
    if (k === 2) return decisions
    const result = new Matrix(decisions.rows, k)
    for (let i = 0; i < decisions.rows; i++) result.row(i).set(decisionsByClass(decisions.row(i), k))
    return result
  }

  protected override async decide(x: Matrix): Promise<Int32Array> {
    const decisions = await this.#pairs(x)
    const k = this.classes.length
    if (k > 2 && this.options.breakTies) return argmaxRows(this.#byClass(decisions))
    return Int32Array.from({ length: x.rows }, (_, i) => {
      const row = decisions.row(i)
      if (k === 2) return row[0]! >= 0 ? 1 : 0
      return vote(row, k)
    })
  }

  protected override async learn(x: Matrix, target: ClassTarget): Promise<void> {
    const { options, label } = this
    const { classes, codes } = target
    const costs = weightByClass(label, options.classWeight, target).map((weight) => options.C * weight)
    this.gamma = resolveGamma(options.gamma, x)
    const trained = await trainPairs(label, x, codes, costs, classes, this.#kernel(), options)
    this.support = trained.support
    this.supportVectors = x.take(trained.support)
    this.nSupport = trained.nSupport
    this.dualCoef = trained.coefficients
    this.intercept = trained.rho.map((rho) => 0 - rho)
    if (classes.length === 2) {
      // Of two classes the second is the positive one, as everywhere in this library and in scikit-learn.
      this.dualCoef.data.forEach((value, i, data) => {
        data[i] = 0 - value
      })
      this.intercept = trained.rho
    }
    this.probA = Float64Array.from(trained.sigmoids, ({ a }: Sigmoid) => a)
    this.probB = Float64Array.from(trained.sigmoids, ({ b }: Sigmoid) => b)
    this.iterations = trained.iterations
    this.converged = trained.converged
    this.#prepare()
  }

  #kernel(): Kernel {
    const { kernel: name, degree, coef0 } = this.options
    return { name, degree, coef0, gamma: this.gamma }
  }

  #prepare(): void {
    this.#machine = new KernelMachine(this.supportVectors, this.#kernel(), this.options.tol)
    this.#coef =
      this.options.kernel === 'linear' ? pairPrimal(this.#coefficients(), this.supportVectors) : undefined
  }

  protected override learnedToJson(): { readonly [key: string]: Json } {
    return {
      support: numbersToJson(this.support),
      supportVectors: matrixToJson(this.supportVectors),
      nSupport: numbersToJson(this.nSupport),
      dualCoef: matrixToJson(this.dualCoef),
      intercept: numbersToJson(this.intercept),
      gamma: this.gamma,
      probA: numbersToJson(this.probA),
      probB: numbersToJson(this.probB),
      iterations: numbersToJson(this.iterations),
      converged: this.converged,
    }
  }

  protected override restoreClassifier(state: StateReader, classes: number): void {
    if (classes < 2)
      throw new StateError(`${this.label}: the saved method knows ${classes} classes; two are needed`)
    const pairs = pairCount(classes)
    const vectors = state.finiteMatrix('supportVectors', undefined, this.features.length)
    this.supportVectors = vectors
    this.support = state.indices('support', 2 ** 31, { length: vectors.rows })
    this.nSupport = state.indices('nSupport', vectors.rows + 1, { length: classes })
    if (this.nSupport.reduce((sum, count) => sum + count, 0) !== vectors.rows) {
      throw new StateError(`${this.label}: nSupport does not sum to the ${vectors.rows} support vectors`)
    }
    this.dualCoef = state.finiteMatrix('dualCoef', classes - 1, vectors.rows)
    this.intercept = state.finiteNumbers('intercept', pairs)
    this.gamma = state.number('gamma')
    const sigmoids = this.options.probability ? pairs : 0
    this.probA = state.finiteNumbers('probA', sigmoids)
    this.probB = state.finiteNumbers('probB', sigmoids)
    this.iterations = state.indices('iterations', 2 ** 31, { length: pairs })
    this.converged = state.flag('converged')
    this.#prepare()
  }
}
