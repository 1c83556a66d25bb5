import type { KernelRows } from './kernel-rows.ts'

/**
 * The dual problem of support vector machines: the minimum over a of a'Qa / 2 + p'a with 0 <= a_t <= C_t and y'a = 0, where
 * Q_st = y_s y_t K(index_s, index_t).
 */
export interface DualProblem {
  readonly kernel: KernelRows
  /** The row of the kernel matrix that each variable belongs to. */
  readonly index: Int32Array
  /** y: 1 or -1 for each variable. */
  readonly signs: Int8Array
  /** p. */
  readonly linear: Float64Array
  /** C. */
  readonly upper: Float64Array
}

export interface DualOptions {
  readonly tol: number
  readonly shrinking: boolean
  /** -1: libsvm's limit, 10 million iterations or 100 a variable. */
  readonly maxIter: number
}

export interface DualSolution {
  readonly alpha: Float64Array
  /** The decision value is the sum of y a K less rho. */
  readonly rho: number
  readonly objective: number
  readonly iterations: number
  readonly converged: boolean
}
