import { Cholesky } from '../../numerics/linear-algebra/cholesky.ts'
import { multiply } from '../../numerics/products.ts'
import { Pace } from '../../pace.ts'
import { Matrix } from '../../tables/matrix.ts'
import { dot } from '../linear-model.ts'
import type { LogisticProblem } from './problem.ts'
import { largestSize, type Solution, type SolverLimits } from './solution.ts'

/** A step that moves a score further than this where the gradient has all but vanished goes towards infinity. */
const farStep = 0.1

/**
 * Newton's method (iteratively reweighted least squares), halving steps that do not descend.
 *
 * Without a penalty it watches for classes that features tell apart: by the scores so far, or by a step that lowers no
 * sample's margin and keeps its length while the gradient vanishes (Albert and Anderson 1984).
 */
export async function newton(problem: LogisticProblem, { maxIter, tol }: SolverLimits): Promise<Solution> {
  let parameters = new Float64Array(problem.size)
  let gradient = new Float64Array(problem.size)
  let value = problem.evaluate(parameters, gradient)
  const free = problem.data.l2 === 0
  const pace = new Pace()
  let separated = false
  let iterations = 0
  while (iterations < maxIter) {
    await pace.pause()
    const scores = problem.scoresOf(parameters)
    if (free && problem.margins(scores)[0] > 0) {
      return { parameters, iterations, converged: false, separated: true }
    }
    const { cholesky } = await regularHessian(problem, scores, pace)
    const step = cholesky.solve(gradient.slice())
    for (let at = 0; at < step.length; at++) step[at] = -step[at]!
    const small = largestSize(gradient) <= tol
    if (free && (small || largestSize(gradient) <= 1e-3)) {
      const [least, most] = problem.margins(problem.scoresOf(step))
      const reach = Math.max(-least, most)
      separated = reach > farStep && (small || least >= -1e-6 * most)
      if (separated) break
    }
    const next = new Float64Array(problem.size)
    const nextGradient = new Float64Array(problem.size)
    const descent = dot(gradient, step)
    let [length, nextValue] = [1, Number.NaN]
    for (; length > 1e-10; length /= 2) {
      for (let at = 0; at < next.length; at++) next[at] = parameters[at]! + length * step[at]!
      nextValue = problem.evaluate(next, nextGradient)
      // At the end rounding may hide the descent of a good step.
      if (nextValue <= value + 1e-4 * length * descent + 4 * Number.EPSILON * Math.abs(value)) break
    }
    if (!(length > 1e-10)) break
    iterations++
    parameters = next
    ;[gradient, value] = [nextGradient, nextValue]
    if (small) return { parameters, iterations, converged: true, separated }
  }
  const converged = !separated && largestSize(gradient) <= tol
  return { parameters, iterations, converged, separated }
}

/** The Hessian's decomposition. A multiple of the identity is added where columns that depend on others leave it singular. */
async function regularHessian(
  problem: LogisticProblem,
  scores: Matrix,
  pace: Pace,
): Promise<{ cholesky: Cholesky; singular: boolean }> {
  const matrix = await hessian(problem, scores, pace)
  let [cholesky, added] = [new Cholesky(matrix), 0]
  let trace = 0
  for (let at = 0; at < matrix.rows; at++) trace += matrix.get(at, at)
  for (let extra = 1e-12 * (trace / matrix.rows) || 1e-12; cholesky.failedAt !== undefined; extra *= 100) {
    for (let at = 0; at < matrix.rows; at++) matrix.row(at)[at]! += extra - added
    added = extra
    cholesky = new Cholesky(matrix)
  }
  return { cholesky, singular: added > 0 }
}

/** The inverse of the Hessian; undefined where it is singular. */
export async function inverseHessian(
  problem: LogisticProblem,
  parameters: Float64Array,
): Promise<Matrix | undefined> {
  const { cholesky, singular } = await regularHessian(problem, problem.scoresOf(parameters), new Pace())
  return singular ? undefined : cholesky.inverse()
}

/**
 * The matrix of second derivatives. With several classes a constant may be added to all of a feature's coefficients, or to
 * the intercepts, without any effect: along these directions the matrix, singular there, is given a curvature of its own,
 * which changes neither Newton's step nor the variance of any difference between classes.
 */
async function hessian(problem: LogisticProblem, scores: Matrix, pace: Pace): Promise<Matrix> {
  const { data, scores: count, size, penalized } = problem
  const { x, weights, l2, fitIntercept } = data
  const width = x.columns + (fitIntercept ? 1 : 0)
  const columns = new Matrix(width, x.rows)
  for (let i = 0; i < x.rows; i++) {
    for (let j = 0; j < x.columns; j++) columns.data[j * x.rows + i] = x.data[i * x.columns + j]!
  }
  if (fitIntercept) columns.row(x.columns).fill(1)
  const probabilities = problem.probabilities(scores).data
  const result = new Matrix(size, size)
  const scaled = new Matrix(width, x.rows)
  const curvature = new Float64Array(x.rows)
  for (let k = 0; k < count; k++) {
    for (let l = 0; l <= k; l++) {
      await pace.pause()
      for (let i = 0; i < x.rows; i++) {
        const [p, q] = [probabilities[i * count + k]!, probabilities[i * count + l]!]
        curvature[i] = weights[i]! * (k === l ? p * (1 - p) : -p * q)
      }
      for (let j = 0; j < width; j++) {
        const [from, to] = [columns.row(j), scaled.row(j)]
        for (let i = 0; i < to.length; i++) to[i] = from[i]! * curvature[i]!
      }
      const block = multiply(scaled, columns, { transposeB: true })
      for (let a = 0; a < width; a++) {
        for (let b = 0; b < width; b++) {
          const entry = block.data[a * width + b]!
          result.data[(a * count + k) * size + b * count + l] = entry
          result.data[(b * count + l) * size + a * count + k] = entry
        }
      }
    }
  }
  for (let at = 0; at < penalized; at++) result.row(at)[at]! += l2
  if (count > 1) {
    for (let a = l2 > 0 ? x.columns : 0; a < width; a++) {
      let mean = 0
      for (let k = 0; k < count; k++) mean += result.get(a * count + k, a * count + k) / count
      for (let k = 0; k < count; k++) {
        for (let l = 0; l < count; l++) result.row(a * count + k)[a * count + l]! += mean / count
      }
    }
  }
  return result
}
