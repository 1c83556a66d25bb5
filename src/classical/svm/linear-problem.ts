import type { Matrix } from '../matrix.ts'

/**
 * A linear separation without kernels: the minimum over w of |w|^2 / 2 + the sum of costs times losses. A constant feature
 * stands for the intercept; its weight is the last of w, and regularised like the others, as in liblinear.
 */
export interface LinearProblem {
  readonly x: Matrix
  /** 1 or -1 for each sample. */
  readonly signs: Int8Array
  readonly costs: Float64Array
  /** The constant feature; 0 for none. */
  readonly constant: number
}

export interface LinearSolution {
  /** The weights of the features, and of the constant. */
  readonly weights: Float64Array
  readonly iterations: number
  readonly converged: boolean
}

/** The scalar product of a sample, its constant included, and the weights. */
export function scoreOf({ x, constant }: LinearProblem, row: number, weights: Float64Array): number {
  const { data, columns } = x
  const from = row * columns
  let sum = constant * weights[columns]!
  for (let c = 0; c < columns; c++) sum += data[from + c]! * weights[c]!
  return sum
}

/** Adds a multiple of a sample, its constant included. */
export function addSample(
  { x, constant }: LinearProblem,
  row: number,
  factor: number,
  sum: Float64Array,
): void {
  const { data, columns } = x
  const from = row * columns
  for (let c = 0; c < columns; c++) sum[c]! += factor * data[from + c]!
  sum[columns]! += factor * constant
}
