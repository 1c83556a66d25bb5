import { InputError, NotFittedError } from '../errors.ts'
import { checkNumber } from '../option-checks.ts'
import { type NumberTarget, Regressor } from '../regressor.ts'
import { type Json, matrixToJson, numbersToJson, type StateReader } from '../state.ts'
import { Matrix } from '../tables/matrix.ts'
import type { DualSolution } from './dual-problem.ts'
import { type Kernel, resolveGamma } from './kernel.ts'
import { KernelMachine, linearDecisions, primalCoefficients } from './kernel-machine.ts'
import { KernelRows } from './kernel-rows.ts'
import { checkKernelOptions, type KernelOptions, kernelDefaults } from './options.ts'
import { solveDual } from './smo.ts'

export interface SVROptions extends KernelOptions {
  /** Targets closer than this are close enough, from 0 up. Default 0.1. */
  readonly epsilon?: number
}

/**
 * Epsilon support vector regression (Vapnik 1995; Chang and Lin 2011): the flattest function within `epsilon` of the targets,
 * C being what each unit beyond that costs.
 */
export class SVR extends Regressor<SVROptions, 'matrix'> {
  readonly method = 'svr'
  protected override readonly reads = 'matrix'
  protected override readonly takesWeights = true
  /** The rows of the support vectors in the samples of `fit`. */
  support: Int32Array = new Int32Array()
  /** The support vectors: a matrix [vectors, features]. */
  supportVectors: Matrix = new Matrix(0, 0)
  /** The coefficients of the support vectors: a matrix [1, vectors]. */
  dualCoef: Matrix = new Matrix(0, 0)
  /** The constant: one number. */
  intercept: Float64Array = new Float64Array()
  /** The gamma that was used. */
  gamma: number = Number.NaN
  /** How many steps the optimisation took. */
  iterations = 0
  /** Whether it came within `tol` of the optimum before `maxIter`. */
  converged = false
  #machine: KernelMachine | undefined
  #coef: Matrix | undefined

  constructor(options: SVROptions = {}) {
    super(options, { ...kernelDefaults, epsilon: 0.1 })
    checkKernelOptions(this.label, this.options)
    checkNumber(this.label, 'epsilon', this.options.epsilon, { atLeast: 0 })
  }

  /** The coefficients of the features, a matrix [1, features]: for the linear kernel only. */
  get coef(): Matrix {
    if (this.#coef !== undefined) return this.#coef
    if (this.#machine === undefined) throw new NotFittedError(this.label)
    throw new InputError(
      `${this.label}: coef exists with kernel 'linear' only, not with '${this.options.kernel}'`,
    )
  }

  protected override async learn(x: Matrix, { values, weights }: NumberTarget): Promise<void> {
    const costs = Float64Array.from(values, (_, i) => this.options.C * (weights?.[i] ?? 1))
    const rows = Array.from(costs.keys()).filter((row) => costs[row]! > 0)
    this.gamma = resolveGamma(this.options.gamma, x)
    const solution = await this.#solve(
      x.take(rows),
      rows.map((row) => values[row]!),
      rows.map((row) => costs[row]!),
    )
    const coefficients = rows.map((_, t) => solution.alpha[t]! - solution.alpha[t + rows.length]!)
    const kept = rows.map((_, t) => t).filter((t) => coefficients[t] !== 0)
    this.support = Int32Array.from(kept, (t) => rows[t]!)
    this.supportVectors = x.take(this.support)
    this.dualCoef = new Matrix(
      1,
      kept.length,
      Float64Array.from(kept, (t) => coefficients[t]!),
    )
    this.intercept = Float64Array.of(0 - solution.rho)
    this.iterations = solution.iterations
    this.converged = solution.converged
    this.#prepare()
  }

  /** Each sample has two variables: for its target being missed from above and from below. */
  async #solve(x: Matrix, targets: readonly number[], costs: readonly number[]): Promise<DualSolution> {
    const { options } = this
    const count = x.rows
    const { epsilon } = options
    return solveDual(
      {
        kernel: await KernelRows.of(x, this.#kernel(), options.cacheSize),
        index: Int32Array.from({ length: 2 * count }, (_, t) => t % count),
        signs: Int8Array.from({ length: 2 * count }, (_, t) => (t < count ? 1 : -1)),
        linear: Float64Array.from([
          ...targets.map((target) => epsilon - target),
          ...targets.map((target) => epsilon + target),
        ]),
        upper: Float64Array.from([...costs, ...costs]),
      },
      options,
    )
  }

  #kernel(): Kernel {
    const { kernel: name, degree, coef0 } = this.options
    return { name, degree, coef0, gamma: this.gamma }
  }

  #prepare(): void {
    this.#machine = new KernelMachine(this.supportVectors, this.#kernel(), this.options.tol)
    this.#coef =
      this.options.kernel === 'linear' ? primalCoefficients(this.dualCoef, this.supportVectors) : undefined
  }

  protected override async estimate(x: Matrix): Promise<Float64Array> {
    if (this.#coef !== undefined) return linearDecisions(x, this.#coef, this.intercept).data
    const result = new Float64Array(x.rows)
    const coefficients = this.dualCoef.data
    const norm = Math.sqrt(coefficients.reduce((sum, value) => sum + value * value, 0))
    await this.#machine!.evaluate(x, norm, (row, kernels) => {
      let sum = this.intercept[0]!
      for (let s = 0; s < coefficients.length; s++) sum += coefficients[s]! * kernels[s]!
      result[row] = sum
    })
    return result
  }

  protected override learnedToJson(): { readonly [key: string]: Json } {
    return {
      support: numbersToJson(this.support),
      supportVectors: matrixToJson(this.supportVectors),
      dualCoef: matrixToJson(this.dualCoef),
      intercept: numbersToJson(this.intercept),
      gamma: this.gamma,
      iterations: this.iterations,
      converged: this.converged,
    }
  }

  protected override restoreLearned(state: StateReader): void {
    const vectors = state.finiteMatrix('supportVectors', undefined, this.features.length)
    this.supportVectors = vectors
    this.support = state.indices('support', 2 ** 31, { length: vectors.rows })
    this.dualCoef = state.finiteMatrix('dualCoef', 1, vectors.rows)
    this.intercept = state.finiteNumbers('intercept', 1)
    this.gamma = state.number('gamma')
    this.iterations = state.integer('iterations')
    this.converged = state.flag('converged')
    this.#prepare()
  }
}
