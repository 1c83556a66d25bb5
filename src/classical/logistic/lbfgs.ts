import { dot } from '../linear-model.ts'
import { Pace } from '../pace.ts'
import { largestSize, type SolverLimits } from './solution.ts'

/** A function's value; its gradient goes into the second argument. */
export type Objective = (x: Float64Array, gradient: Float64Array) => number

const memory = 10
/** How much of the promised descent a step must bring, and how much of the slope it may leave (Nocedal and Wright, 3.7). */
const [leastDescent, mostSlope] = [1e-4, 0.9]

interface Point {
  readonly x: Float64Array
  readonly value: number
  readonly gradient: Float64Array
}

/** L-BFGS (Nocedal 1980; Nocedal and Wright, algorithm 7.5) with steps that meet the strong Wolfe conditions. */
export async function minimize(
  objective: Objective,
  start: Float64Array,
  { maxIter, tol }: SolverLimits,
): Promise<{ x: Float64Array; iterations: number; converged: boolean }> {
  const at = (x: Float64Array): Point => {
    const gradient = new Float64Array(x.length)
    const value = objective(x, gradient)
    return { x, value, gradient }
  }
  const pace = new Pace()
  let point = at(start)
  const steps: { s: Float64Array; y: Float64Array; rho: number }[] = []
  let iterations = 0
  while (iterations < maxIter && largestSize(point.gradient) > tol) {
    const direction = descent(point.gradient, steps)
    const first = steps.length === 0 ? 1 / Math.sqrt(dot(point.gradient, point.gradient)) : 1
    const next = await wolfeStep(at, pace, point, direction, first)
    if (next === undefined) {
      // Rounding hides any descent along an old memory's direction: the gradient itself is tried before giving up.
      if (steps.length === 0) break
      steps.length = 0
      continue
    }
    iterations++
    const s = next.x.map((value, i) => value - point.x[i]!)
    const y = next.gradient.map((value, i) => value - point.gradient[i]!)
    const curvature = dot(s, y)
    if (curvature > Number.EPSILON * dot(y, y)) {
      steps.push({ s, y, rho: 1 / curvature })
      if (steps.length > memory) steps.shift()
    }
    point = next
  }
  return { x: point.x, iterations, converged: largestSize(point.gradient) <= tol }
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
  at: (x: Float64Array) => Point,
  pace: Pace,
  start: Point,
  direction: Float64Array,
  first: number,
): Promise<Point | undefined> {
  const slope0 = dot(start.gradient, direction)
  if (!(slope0 < 0)) return undefined
  const trial = async (step: number): Promise<Trial> => {
    await pace.pause()
    const point = at(start.x.map((value, i) => value + step * direction[i]!))
    return { step, point, slope: dot(point.gradient, direction) }
  }
  // Near the minimum values differ by rounding alone; slopes, which are known better, decide there (Hager and Zhang 2005).
  const rounding = 8 * Number.EPSILON * Math.abs(start.value)
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
