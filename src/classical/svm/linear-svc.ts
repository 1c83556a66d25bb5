import { Generator } from '../../tensor/index.ts'
import { type ClassWeight, checkClassWeight, classFactors } from '../class-weight.ts'
import { argmaxRows, Classifier, type ClassTarget } from '../classifier.ts'
import { InputError } from '../errors.ts'
import type { Features } from '../input.ts'
import { checkFlag, checkNumber, checkWord } from '../option-checks.ts'
import { type Json, matrixToJson, numbersToJson, type StateReader } from '../state.ts'
import { Matrix } from '../tables/matrix.ts'
import { dualDescent } from './dual-descent.ts'
import { linearDecisions } from './kernel-machine.ts'
import type { LinearProblem, LinearSolution } from './linear-problem.ts'
import { newton } from './primal-newton.ts'
import { SampleRows } from './sample-rows.ts'

export interface LinearSVCOptions {
  /** What a sample on the wrong side of the margin costs, above 0. Default 1. */
  readonly C?: number
  /** The loss of a sample with decision value f: max(0, 1 - y f), or its square. Default 'squaredHinge'. */
  readonly loss?: 'hinge' | 'squaredHinge'
  /**
   * Whether the dual problem is solved by coordinate descent, or the primal one by Newton's method, which the hinge does not
   * have. The optimum is the same. Default 'auto': the primal one where there is a choice and no more features than samples.
   */
  readonly dual?: boolean | 'auto'
  /** What ends the optimisation, above 0: see liblinear's manual. Default 1e-4. */
  readonly tol?: number
  /** Whether there is an intercept. Default true. */
  readonly fitIntercept?: boolean
  /** The constant feature whose weight is the intercept; the larger, the less the intercept is regularised. Above 0. Default 1. */
  readonly interceptScaling?: number
  /**
   * What each class weighs: 'balanced' (samples / (classes * samples of the class)), numbers by class, or null for 1. With more
   * than two classes it weighs a class against the others, which weigh 1 then, as in liblinear. Default null.
   */
  readonly classWeight?: ClassWeight
  /** Most Newton steps, or passes over the samples, from 1 up. Default 1000. */
  readonly maxIter?: number
  /** What the order of samples is drawn by in the dual, an integer from 0 up. Default 0. */
  readonly seed?: number
}

/**
 * Linear support vector classification, as liblinear does it (Fan, Chang, Hsieh, Wang and Lin, JMLR 9, 2008): each class
 * against all others, with a regularised intercept. It takes far more samples than `SVC` with the linear kernel.
 */
export class LinearSVC extends Classifier<LinearSVCOptions, 'matrix'> {
  readonly method = 'linear-svc'
  protected override readonly reads = 'matrix'
  protected override readonly takesWeights = true
  /** The weights of the features: a matrix [classes, features], or [1, features] for two classes, positive for the second. */
  coef: Matrix = new Matrix(0, 0)
  /** The constant of each row of `coef`. */
  intercept: Float64Array = new Float64Array()
  /** How many steps or passes each row of `coef` took. */
  iterations: Int32Array = new Int32Array()
  /** Whether all came within `tol` of the optimum before `maxIter`. */
  converged = false

  constructor(options: LinearSVCOptions = {}) {
    super(options, {
      C: 1,
      loss: 'squaredHinge',
      dual: 'auto',
      tol: 1e-4,
      fitIntercept: true,
      interceptScaling: 1,
      classWeight: null,
      maxIter: 1000,
      seed: 0,
    })
    const { label: what, options: given } = this
    checkNumber(what, 'C', given.C, { above: 0 })
    checkWord(what, 'loss', given.loss, ['hinge', 'squaredHinge'])
    if (given.dual !== 'auto') checkFlag(what, 'dual', given.dual)
    checkNumber(what, 'tol', given.tol, { above: 0 })
    checkFlag(what, 'fitIntercept', given.fitIntercept)
    checkNumber(what, 'interceptScaling', given.interceptScaling, { above: 0 })
    checkClassWeight(what, given.classWeight)
    checkNumber(what, 'maxIter', given.maxIter, { atLeast: 1, integer: true })
    checkNumber(what, 'seed', given.seed, { atLeast: 0, atMost: Number.MAX_SAFE_INTEGER, integer: true })
    if (given.dual === false && given.loss === 'hinge') {
      throw new InputError(`${what}: the hinge has no primal solver; leave dual out, or take 'squaredHinge'`)
    }
  }

  /** How far samples are on which side: a matrix [samples, classes]; [samples, 1] for two classes, positive for the second. */
  async decisionFunction(x: Features): Promise<Matrix> {
    return linearDecisions(await this.readSamples(x), this.coef, this.intercept)
  }

  protected override decide(x: Matrix): Int32Array {
    const decisions = linearDecisions(x, this.coef, this.intercept)
    if (decisions.columns > 1) return argmaxRows(decisions)
    return Int32Array.from(decisions.data, (value) => (value > 0 ? 1 : 0))
  }

  protected override async learn(x: Matrix, target: ClassTarget): Promise<void> {
    const { options, label } = this
    const { classes, codes, weights } = target
    const ofClass = classFactors(label, options.classWeight, target)
    const two = classes.length === 2
    const rows = Array.from(codes.keys()).filter((i) => (weights?.[i] ?? 1) > 0)
    const empty = classes.find((_, c) => ofClass[c] === 0 || !rows.some((i) => codes[i] === c))
    if (empty !== undefined) {
      throw new InputError(`${label}: all samples of class '${empty}' weigh 0; leave the class out`)
    }
    const positives = two ? [1] : classes.map((_, c) => c)
    const coef = new Matrix(positives.length, x.columns)
    const constant = options.fitIntercept ? options.interceptScaling : 0
    const samples = new SampleRows(rows.length === x.rows ? x : x.take(rows), constant)
    const solutions: LinearSolution[] = []
    for (const [r, positive] of positives.entries()) {
      const solution = await this.#solve({
        samples,
        signs: Int8Array.from(rows, (i) => (codes[i] === positive ? 1 : -1)),
        costs: Float64Array.from(rows, (i) => {
          const ofOwn = two || codes[i] === positive ? ofClass[codes[i]!]! : 1
          return options.C * ofOwn * (weights?.[i] ?? 1)
        }),
      })
      coef.row(r).set(solution.weights.subarray(0, x.columns))
      solutions.push(solution)
    }
    this.coef = coef
    this.intercept = Float64Array.from(solutions, (solution) => constant * solution.weights[x.columns]!)
    this.iterations = Int32Array.from(solutions, ({ iterations }) => iterations)
    this.converged = solutions.every(({ converged }) => converged)
  }

  #solve(problem: LinearProblem): Promise<LinearSolution> {
    const { loss, dual, tol, maxIter, seed } = this.options
    const { samples, signs } = problem
    // Newton's steps run in the space of the features: with more of them than samples it is the larger one.
    const primal = loss === 'squaredHinge' && samples.width <= signs.length
    if (dual === false || (dual === 'auto' && primal)) return newton(problem, tol, maxIter)
    return dualDescent(problem, loss === 'squaredHinge', tol, maxIter, new Generator(seed))
  }

  protected override learnedToJson(): { readonly [key: string]: Json } {
    return {
      coef: matrixToJson(this.coef),
      intercept: numbersToJson(this.intercept),
      iterations: numbersToJson(this.iterations),
      converged: this.converged,
    }
  }

  protected override restoreClassifier(state: StateReader, classes: number): void {
    const rows = classes === 2 ? 1 : classes
    this.coef = state.finiteMatrix('coef', rows, this.features.length)
    this.intercept = state.finiteNumbers('intercept', rows)
    this.iterations = state.indices('iterations', 2 ** 31, { length: rows })
    this.converged = state.flag('converged')
  }
}
