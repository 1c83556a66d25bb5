import type { SampleRows } from './sample-rows.ts'

/**
 * A linear separation without kernels: the minimum over w of |w|^2 / 2 + the sum of costs times losses. A constant feature
 * stands for the intercept; its weight is the last of w, and regularised like the others, as in liblinear.
 */
export interface LinearProblem {
  /** The samples, the constant feature included. */
  readonly samples: SampleRows
  /** 1 or -1 for each sample. */
  readonly signs: Int8Array
  readonly costs: Float64Array
}

export interface LinearSolution {
  /** The weights of the features, and of the constant. */
  readonly weights: Float64Array
  readonly iterations: number
  readonly converged: boolean
}
