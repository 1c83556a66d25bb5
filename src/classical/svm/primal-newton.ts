import { Pace } from '../pace.ts'
import type { LinearProblem, LinearSolution } from './linear-problem.ts'

/** The residual of the inner iterations, relative to the gradient. */
const innerTolerance = 0.1
const sufficientDecrease = 1e-4

/**
 * Newton's method for the squared hinge loss max(0, 1 - y f)^2 (Keerthi and DeCoste, JMLR 6, 2005): the objective is
 * piecewise quadratic, the generalised Hessian that of the samples within the margin. Steps come from conjugate gradients
 * with the Hessian's diagonal as preconditioner, and are halved until the objective falls enough.
 *
 * It ends where the gradient is below tol * min(positive, negative) / samples of what it was at the start, as in liblinear.
 */
export async function newton(problem: LinearProblem, tol: number, maxIter: number): Promise<LinearSolution> {
  const { signs } = problem
  const rows = signs.length
  const positive = signs.filter((sign) => sign > 0).length
  const pace = new Pace()
  let weights = new Float64Array(problem.samples.width + 1)
  let state = evaluate(problem, weights)
  const enough = norm(state.gradient) * tol * (Math.max(1, Math.min(positive, rows - positive)) / rows)
  let iterations = 0
  while (norm(state.gradient) > enough) {
    if (iterations === maxIter) return { weights, iterations, converged: false }
    iterations++
    const direction = await newtonDirection(problem, state, pace)
    const slope = dot(direction, state.gradient)
    let accepted = false
    for (let step = 1; step > 1e-12; step /= 2) {
      const next = weights.map((value, c) => value + step * direction[c]!)
      const nextState = evaluate(problem, next)
      await pace.pause()
      // Near the optimum the objective no longer shows what is gained, and the gradient still does.
      const rounding = 8 * Number.EPSILON * state.objective
      if (nextState.objective > state.objective + sufficientDecrease * step * slope + rounding) continue
      accepted =
        nextState.objective < state.objective - rounding || norm(nextState.gradient) < norm(state.gradient)
      if (accepted) [weights, state] = [next, nextState]
      break
    }
    // Nothing can be gained any more: rounding has the last word.
    if (!accepted) return { weights, iterations, converged: true }
  }
  return { weights, iterations, converged: true }
}

interface State {
  readonly objective: number
  readonly gradient: Float64Array
  /** The samples within the margin. */
  readonly within: Int32Array
}

function evaluate(problem: LinearProblem, weights: Float64Array): State {
  const { signs, costs, samples } = problem
  const gradient = weights.slice()
  let objective = dot(weights, weights) / 2
  const within: number[] = []
  for (let i = 0; i < signs.length; i++) {
    const missing = 1 - signs[i]! * samples.dot(i, weights)
    if (missing <= 0) continue
    within.push(i)
    objective += costs[i]! * missing * missing
    samples.add(i, -2 * costs[i]! * missing * signs[i]!, gradient)
  }
  return { objective, gradient, within: Int32Array.from(within) }
}

async function newtonDirection(
  problem: LinearProblem,
  { gradient, within }: State,
  pace: Pace,
): Promise<Float64Array> {
  const { samples, costs } = problem
  const diagonal = new Float64Array(gradient.length).fill(1)
  for (const i of within) samples.addSquares(i, 2 * costs[i]!, diagonal)
  const direction = new Float64Array(gradient.length)
  const residual = gradient.map((value) => -value)
  let scaled = residual.map((value, c) => value / diagonal[c]!)
  const search = scaled.slice()
  let product = dot(residual, scaled)
  const enough = innerTolerance * norm(gradient)
  for (let step = 0; step < 4 * gradient.length + 50 && norm(residual) > enough; step++) {
    const curved = search.slice()
    for (const i of within) samples.add(i, 2 * costs[i]! * samples.dot(i, search), curved)
    const length = product / dot(search, curved)
    for (let c = 0; c < direction.length; c++) {
      direction[c]! += length * search[c]!
      residual[c]! -= length * curved[c]!
    }
    scaled = residual.map((value, c) => value / diagonal[c]!)
    const next = dot(residual, scaled)
    for (let c = 0; c < search.length; c++) search[c] = scaled[c]! + (next / product) * search[c]!
    product = next
    await pace.pause()
  }
  return direction
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}

function norm(a: Float64Array): number {
  return Math.sqrt(dot(a, a))
}
