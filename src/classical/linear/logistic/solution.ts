/** Where a solver came to. */
export interface Solution {
  readonly parameters: Float64Array
  readonly iterations: number
  /** Whether the gradient became as small as it was to. */
  readonly converged: boolean
  /** Whether some combination of features tells classes apart without error, so that coefficients grow without bound. */
  readonly separated: boolean
}

export interface SolverLimits {
  readonly maxIter: number
  /** The largest entry of the gradient at the end. */
  readonly tol: number
}

export function largestSize(values: Float64Array): number {
  let largest = 0
  for (let at = 0; at < values.length; at++) {
    const size = Math.abs(values[at]!)
    // NaN must not pass for small.
    if (!(size <= largest)) largest = size
  }
  return largest
}
