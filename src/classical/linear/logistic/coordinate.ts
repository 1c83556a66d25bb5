import { Pace } from '../../pace.ts'
import { Matrix } from '../../tables/matrix.ts'
import type { LogisticProblem } from './problem.ts'
import { type SparseRows, sparseColumns } from './rows.ts'
import type { Solution, SolverLimits } from './solution.ts'

const mostSweeps = 200

/**
 * Newton's method for penalties with a kink: each step minimises the quadratic model plus the penalty by coordinate descent
 * over the parameters that are not 0 or want to leave 0 (Friedman, Hastie and Tibshirani 2010; Yuan, Ho and Lin 2012).
 */
export async function proximalNewton(
  problem: LogisticProblem,
  { maxIter, tol }: SolverLimits,
): Promise<Solution> {
  const columns = sparseColumns(problem.rows)
  let parameters = new Float64Array(problem.size)
  let gradient = new Float64Array(problem.size)
  let value = problem.evaluate(parameters, gradient) + problem.data.l1 * sizes(problem, parameters)
  for (let iterations = 0; ; iterations++) {
    const violations = violationsOf(problem, parameters, gradient)
    const worst = violations.reduce((most, each) => Math.max(most, each), 0)
    if (worst <= tol || iterations === maxIter) {
      return { parameters, iterations, converged: worst <= tol, separated: false }
    }
    const active = Array.from(violations.keys()).filter((at) => violations[at]! > 0 || parameters[at] !== 0)
    const step = await modelStep(problem, columns, { parameters, gradient, active, wanted: 0.05 * worst })
    let promised = 0
    for (const at of active) promised += gradient[at]! * step[at]!
    promised +=
      problem.data.l1 *
      (sizes(
        problem,
        parameters.map((each, at) => each + step[at]!),
      ) -
        sizes(problem, parameters))
    const nextGradient = new Float64Array(problem.size)
    let moved = false
    for (let length = 1; length > 1e-10; length /= 2) {
      const next = parameters.map((each, at) => each + length * step[at]!)
      const nextValue = problem.evaluate(next, nextGradient) + problem.data.l1 * sizes(problem, next)
      if (nextValue > value + 1e-4 * length * promised + 4 * Number.EPSILON * Math.abs(value)) continue
      ;[parameters, gradient, value, moved] = [next, nextGradient, nextValue, true]
      break
    }
    if (!moved) return { parameters, iterations, converged: false, separated: false }
  }
}

function sizes(problem: LogisticProblem, parameters: Float64Array): number {
  let sum = 0
  for (let at = 0; at < problem.penalized; at++) sum += Math.abs(parameters[at]!)
  return sum
}

/** How far each parameter is from meeting its condition of optimality. */
function violationsOf(
  { penalized, data }: LogisticProblem,
  parameters: Float64Array,
  gradient: Float64Array,
): Float64Array {
  return gradient.map((slope, at) => {
    if (at >= penalized) return Math.abs(slope)
    const parameter = parameters[at]!
    if (parameter !== 0) return Math.abs(slope + Math.sign(parameter) * data.l1)
    return Math.max(0, Math.abs(slope) - data.l1)
  })
}

interface Model {
  readonly parameters: Float64Array
  readonly gradient: Float64Array
  readonly active: readonly number[]
  /** How large the last sweep's largest gain in slope may be. */
  readonly wanted: number
}

/** The step to the minimum of the quadratic model with the penalty. */
async function modelStep(
  problem: LogisticProblem,
  { starts, indices, values }: SparseRows,
  { parameters, gradient, active, wanted }: Model,
): Promise<Float64Array> {
  const { data, scores: count, penalized } = problem
  const samples = data.x.rows
  const probabilities = problem.probabilities(problem.scoresOf(parameters)).data
  /** What the step adds to the scores, and the mean of that under the probabilities. */
  const moved = new Matrix(samples, count).data
  const means = new Float64Array(samples)
  const step = new Float64Array(parameters.length)
  const pace = new Pace()
  const columnOf = (at: number): readonly [rows: Int32Array, factors: Float64Array] => {
    const feature = Math.floor(at / count)
    const [from, to] = [starts[feature]!, starts[feature + 1]!]
    return [indices.subarray(from, to), values.subarray(from, to)]
  }
  const curvatures = active.map((at) => {
    const [rows, factors] = columnOf(at)
    const k = at % count
    let sum = at < penalized ? data.l2 : 0
    for (let n = 0; n < rows.length; n++) {
      const p = probabilities[rows[n]! * count + k]!
      sum += data.weights[rows[n]!]! * factors[n]! ** 2 * p * (1 - p)
    }
    return Math.max(sum, 1e-12)
  })
  for (let sweep = 0; sweep < mostSweeps; sweep++) {
    let largest = 0
    for (const [n, at] of active.entries()) {
      const [rows, factors] = columnOf(at)
      const k = at % count
      const l2 = at < penalized ? data.l2 : 0
      const l1 = at < penalized ? data.l1 : 0
      let slope = gradient[at]! + l2 * step[at]!
      for (let m = 0; m < rows.length; m++) {
        const i = rows[m]!
        const p = probabilities[i * count + k]!
        const along = count === 1 ? (1 - p) * moved[i]! : moved[i * count + k]! - means[i]!
        slope += data.weights[i]! * factors[m]! * p * along
      }
      const now = parameters[at]! + step[at]!
      const aim = now - slope / curvatures[n]!
      const shrunk = Math.sign(aim) * Math.max(0, Math.abs(aim) - l1 / curvatures[n]!)
      const change = shrunk - now
      if (change === 0) continue
      step[at]! += change
      largest = Math.max(largest, Math.abs(change) * curvatures[n]!)
      for (let m = 0; m < rows.length; m++) {
        const i = rows[m]!
        moved[i * count + k]! += change * factors[m]!
        if (count > 1) means[i]! += change * factors[m]! * probabilities[i * count + k]!
      }
      if (n % 16 === 0) await pace.pause()
    }
    if (largest <= wanted) break
  }
  return step
}
