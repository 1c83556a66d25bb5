import type { Generator } from '../../tensor/index.ts'
import { Pace } from '../pace.ts'
import type { LinearProblem, LinearSolution } from './linear-problem.ts'

/**
 * Dual coordinate descent (Hsieh, Chang, Lin, Keerthi and Sundararajan, ICML 2008) with shrinking, as in liblinear: one
 * sample's dual variable after another is set to its best, in an order drawn anew for each pass. It ends where the projected
 * gradients of a pass differ by no more than `tol`.
 */
export async function dualDescent(
  problem: LinearProblem,
  squared: boolean,
  tol: number,
  maxIter: number,
  generator: Generator,
): Promise<LinearSolution> {
  const { signs, costs, samples } = problem
  const rows = signs.length
  const weights = new Float64Array(samples.width + 1)
  const alpha = new Float64Array(rows)
  // The squared loss has no upper bound, and a term of its own on the diagonal.
  const extra = costs.map((cost) => (squared ? 0.5 / cost : 0))
  const upper = costs.map((cost) => (squared ? Number.POSITIVE_INFINITY : cost))
  const curvature = extra.map((value, i) => value + samples.squaredLength(i))
  const order = Int32Array.from({ length: rows }, (_, i) => i)
  const pace = new Pace()
  let active = rows
  let [highest, lowest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (let iteration = 1; iteration <= maxIter; iteration++) {
    let [most, least] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
    for (let s = 0; s < active; s++) swap(order, s, s + generator.integer(active - s))
    for (let s = 0; s < active; s++) {
      const i = order[s]!
      const gradient = signs[i]! * samples.dot(i, weights) - 1 + alpha[i]! * extra[i]!
      const atZero = alpha[i] === 0
      const atUpper = alpha[i] === upper[i]
      if ((atZero && gradient > highest) || (atUpper && gradient < lowest)) {
        swap(order, s--, --active)
        continue
      }
      const projected =
        (atZero && gradient > 0) || (atUpper && gradient < 0) || curvature[i] === 0 ? 0 : gradient
      most = Math.max(most, projected)
      least = Math.min(least, projected)
      if (Math.abs(projected) <= 1e-12) continue
      const old = alpha[i]!
      alpha[i] = Math.min(Math.max(old - gradient / curvature[i]!, 0), upper[i]!)
      samples.add(i, (alpha[i]! - old) * signs[i]!, weights)
    }
    await pace.pause()
    if (most - least <= tol || active === 0) {
      if (active === rows) return { weights, iterations: iteration, converged: true }
      active = rows
      highest = Number.POSITIVE_INFINITY
      lowest = Number.NEGATIVE_INFINITY
      continue
    }
    highest = most <= 0 ? Number.POSITIVE_INFINITY : most
    lowest = least >= 0 ? Number.NEGATIVE_INFINITY : least
  }
  return { weights, iterations: maxIter, converged: false }
}

function swap(values: Int32Array, a: number, b: number): void {
  const value = values[a]!
  values[a] = values[b]!
  values[b] = value
}
