import { dot } from '../linear/linear-model.ts'
import { largestSize, type SolverLimits } from '../linear/logistic/solution.ts'
import { Pace } from '../pace.ts'

/** A function's value; its gradient goes into the second argument. */
export type Objective = (x: Float64Array, gradient: Float64Array) => number | Promise<number>

export interface LbfgsOptions extends SolverLimits {
  /**
   * How far values may be wrong, as a share of them, where that is more than rounding in float64: an iteration that gains no
   * more, or less than SciPy's least, is the last. Default 0: the gradient alone ends it.
   */
  readonly precision?: number
  /** Called with the value after each iteration. */
  readonly onIteration?: (value: number) => void
}

const memory = 10
/** How much of the promised descent a step must bring, and how much of the slope it may leave (Nocedal and Wright, 3.7). */
const [leastDescent, mostSlope] = [1e-4, 0.9]
/** SciPy's least gain, of values from 1 up a share. */
const leastGain = 1e7 * Number.EPSILON

interface Point {
  readonly x: Float64Array
  readonly value: number
  readonly gradient: Float64Array
}

/** L-BFGS (Nocedal 1980; Nocedal and Wright, algorithm 7.5) with steps that meet the strong Wolfe conditions. */
export async function minimize(
  objective: Objective,
  start: Float64Array,
  { maxIter, tol, precision = 0, onIteration }: LbfgsOptions,
): Promise<{ x: Float64Array; value: number; iterations: number; converged: boolean }> {
  const at = async (x: Float64Array): Promise<Point> => {
    const gradient = new Float64Array(x.length)
    const value = await objective(x, gradient)
    return { x, value, gradient }
  }
  const pace = new Pace()
  let point = await at(start)
  const steps: { s: Float64Array; y: Float64Array; rho: number }[] = []
  let iterations = 0
  let stalled = false
  while (!stalled && iterations < maxIter && largestSize(point.gradient) > tol) {
    const direction = descent(point.gradient, steps)
    const first = steps.length === 0 ? 1 / Math.sqrt(dot(point.gradient, point.gradient)) : 1
    // Near the minimum values differ by rounding alone; slopes, which are known better, decide there (Hager and Zhang 2005).
    const rounding = Math.max(8 * Number.EPSILON, precision) * Math.abs(point.value)
    const next = await wolfeStep(at, pace, point, direction, { first, rounding })
    if (next === undefined) {
      // Rounding hides any descent along an old memory's direction: the gradient itself is tried before giving up.
      stalled = steps.length === 0
      steps.length = 0
      continue
    }
    iterations++
    onIteration?.(next.value)
    const s = next.x.map((value, i) => value - point.x[i]!)
    const y = next.gradient.map((value, i) => value - point.gradient[i]!)
    const curvature = dot(s, y)
    if (curvature > Number.EPSILON * dot(y, y)) {
      steps.push({ s, y, rho: 1 / curvature })
      if (steps.length > memory) steps.shift()
    }
    if (precision > 0) {
      const size = Math.max(Math.abs(point.value), Math.abs(next.value))
      stalled = point.value - next.value <= Math.max(precision * size, leastGain * Math.max(size, 1))
    }
    point = next
  }
  const converged = largestSize(point.gradient) <= tol || (stalled && precision > 0)
  return { x: point.x, value: point.value, iterations, converged }
}

/** -H g, H the inverse curvature that the last steps show. */
function descent(
  gradient: Float64Array,
  steps: readonly { s: Float64Array; y: Float64Array; rho: number }[],
): Float64Array {
  const direction = gradient.map((value) => -value)
  const shares = steps.map(() => 0)
  for (let k = steps.length - 1; k >= 0; k--) {
    const { s, y, rho } = steps[k]!
    shares[k] = rho * dot(s, direction)
    addScaled(direction, y, -shares[k]!)
  }
  const last = steps.at(-1)
  if (last !== undefined) {
    const scale = 1 / last.rho / dot(last.y, last.y)
    for (let i = 0; i < direction.length; i++) direction[i]! *= scale
  }
  for (const [k, { s, y, rho }] of steps.entries())
    addScaled(direction, s, shares[k]! - rho * dot(y, direction))
  return direction
}

function addScaled(target: Float64Array, values: Float64Array, factor: number): void {
  for (let i = 0; i < target.length; i++) target[i]! += factor * values[i]!
}

interface Trial {
  readonly step: number
  readonly point: Point
  readonly slope: number
}

/** A point along the direction that meets the strong Wolfe conditions; undefined where none lies lower. */
async function wolfeStep(
  at: (x: Float64Array) => Promise<Point>,
  pace: Pace,
  start: Point,
  direction: Float64Array,
  { first, rounding }: { readonly first: number; readonly rounding: number },
): Promise<Point | undefined> {
  const slope0 = dot(start.gradient, direction)
  if (!(slope0 < 0)) return undefined
  const trial = async (step: number): Promise<Trial> => {
    await pace.pause()
    const point = await at(start.x.map((value, i) => value + step * direction[i]!))
    return { step, point, slope: dot(point.gradient, direction) }
  }
  let low: Trial = { step: 0, point: start, slope: slope0 }
  let high: Trial | undefined
  let step = first
  for (let count = 0; count < 40; count++) {
    const tried = await trial(step)
    const { point, slope } = tried
    const wanted = start.value + leastDescent * step * slope0 + rounding
    if (!(point.value <= wanted) || point.value >= low.point.value + rounding) {
      high = tried
    } else {
      if (Math.abs(slope) <= -mostSlope * slope0) return point
      if (slope * ((high?.step ?? Number.POSITIVE_INFINITY) - low.step) >= 0) high = low
      low = tried
    }
    step = high === undefined ? 4 * step : between(low, high)
    if (high !== undefined && Math.abs(high.step - low.step) <= 1e-12 * Math.abs(low.step)) break
  }
  return low.step > 0 && low.point.value <= start.value + rounding ? low.point : undefined
}

/** Where the cubic through two points and slopes is least, kept off the ends. */
function between(low: Trial, high: Trial): number {
  const width = high.step - low.step
  const d1 = low.slope + high.slope - (3 * (high.point.value - low.point.value)) / width
  const root = Math.sqrt(Math.max(0, d1 * d1 - low.slope * high.slope)) * Math.sign(width)
  const step = high.step - (width * (high.slope + root - d1)) / (high.slope - low.slope + 2 * root)
  const [from, to] = [low.step + 0.1 * width, low.step + 0.9 * width]
  const [least, most] = [Math.min(from, to), Math.max(from, to)]
  return step >= least && step <= most ? step : low.step + width / 2
}
