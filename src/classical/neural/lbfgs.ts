/** A function's value and gradient at a point. */
export interface Slope {
  readonly value: number
  readonly gradient: Float64Array
}

interface Point extends Slope {
  readonly x: Float64Array
}

export interface Minimum extends Slope {
  readonly x: Float64Array
  readonly iterations: number
  /** False where `maxIter` was reached first. */
  readonly converged: boolean
}

export interface LbfgsOptions {
  readonly maxIter: number
  /** Stops where no part of the gradient is larger. */
  readonly tol: number
  /** How far a value may be wrong, as a share of it: an iteration that gains no more is the last. */
  readonly precision: number
  readonly onIteration: (value: number) => void
}

/** Steps remembered, as SciPy does. */
const memory = 10
/** Wolfe's constants: the share of the slope that a step must win, and what may be left of it. */
const [decrease, curvature] = [1e-4, 0.9]
const mostTrials = 30
/** SciPy's smallest gain of an iteration that goes on: 1e7 times the precision of float64. */
const smallestGain = 1e7 * Number.EPSILON

/**
 * L-BFGS (Nocedal 1980) for values with rounding errors: where they hide the decrease, the slopes decide (Hager and Zhang
 * 2005, equation 4.1).
 */
export async function minimizeLbfgs(
  at: (x: Float64Array) => Promise<Slope>,
  start: Float64Array,
  { maxIter, tol, precision, onIteration }: LbfgsOptions,
): Promise<Minimum> {
  let point: Point = { x: start, ...(await at(start)) }
  const pairs: Pair[] = []
  let iterations = 0
  let converged = largest(point.gradient) <= tol
  while (!converged && iterations < maxIter) {
    const direction = descentDirection(point.gradient, pairs)
    const first = pairs.length > 0 ? 1 : Math.min(1, 1 / Math.sqrt(dot(point.gradient, point.gradient)))
    const next = await search(at, point, direction, first, precision)
    if (next === undefined) {
      // The remembered curvature may mislead; the gradient itself cannot.
      converged = pairs.length === 0
      pairs.length = 0
      continue
    }
    const s = next.x.map((value, i) => value - point.x[i]!)
    const y = next.gradient.map((value, i) => value - point.gradient[i]!)
    const sy = dot(s, y)
    if (sy > 0) {
      pairs.push({ s, y, rho: 1 / sy })
      if (pairs.length > memory) pairs.shift()
    }
    iterations++
    onIteration(next.value)
    const size = Math.max(Math.abs(point.value), Math.abs(next.value))
    const least = Math.max(precision * size, smallestGain * Math.max(size, 1))
    converged = largest(next.gradient) <= tol || point.value - next.value <= least
    point = next
  }
  return { ...point, iterations, converged }
}

interface Pair {
  readonly s: Float64Array
  readonly y: Float64Array
  readonly rho: number
}

/** The two-loop recursion (Nocedal and Wright, algorithm 7.4), negated. */
function descentDirection(gradient: Float64Array, pairs: readonly Pair[]): Float64Array {
  const direction = gradient.map((value) => -value)
  const factors = new Float64Array(pairs.length)
  for (let i = pairs.length - 1; i >= 0; i--) {
    const { s, y, rho } = pairs[i]!
    factors[i] = rho * dot(s, direction)
    addScaled(direction, y, -factors[i]!)
  }
  const last = pairs.at(-1)
  if (last !== undefined) {
    const scale = 1 / (last.rho * dot(last.y, last.y))
    for (let i = 0; i < direction.length; i++) direction[i]! *= scale
  }
  for (const [i, { s, y, rho }] of pairs.entries()) {
    addScaled(direction, s, factors[i]! - rho * dot(y, direction))
  }
  return direction
}

/** A point along the direction that is lower and less steep; undefined where there is none to be found. */
async function search(
  at: (x: Float64Array) => Promise<Slope>,
  from: Point,
  direction: Float64Array,
  first: number,
  precision: number,
): Promise<Point | undefined> {
  const slope = dot(from.gradient, direction)
  if (!(slope < 0)) return undefined
  const noise = precision * Math.abs(from.value)
  let low = { step: 0, value: from.value, slope }
  let high: typeof low | undefined
  let step = first
  for (let trial = 0; trial < mostTrials; trial++) {
    const x = from.x.slice()
    addScaled(x, direction, step)
    const found = await at(x)
    const here = { step, value: found.value, slope: dot(found.gradient, direction) }
    const lower =
      here.value <= from.value + decrease * step * slope ||
      (here.value <= from.value + noise && here.slope <= (2 * decrease - 1) * slope)
    if (lower && here.slope >= curvature * slope) return { x, ...found }
    // NaN counts as too far.
    if (lower) low = here
    else high = here
    step = high === undefined ? 3 * step : between(low, high)
  }
  return undefined
}

/** Where a cubic through both ends is lowest, kept away from them; the middle where it tells nothing. */
function between(
  low: { readonly step: number; readonly value: number; readonly slope: number },
  high: { readonly step: number; readonly value: number; readonly slope: number },
): number {
  const width = high.step - low.step
  const bend = low.slope + high.slope - (3 * (high.value - low.value)) / width
  const root = Math.sqrt(bend * bend - low.slope * high.slope)
  const share = 1 - (high.slope + root - bend) / (high.slope - low.slope + 2 * root)
  return low.step + width * (Number.isFinite(share) ? Math.min(Math.max(share, 0.1), 0.9) : 0.5)
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}

function addScaled(target: Float64Array, values: Float64Array, factor: number): void {
  for (let i = 0; i < target.length; i++) target[i]! += factor * values[i]!
}

function largest(values: Float64Array): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
}
