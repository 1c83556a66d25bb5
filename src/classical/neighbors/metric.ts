import { checkNumber, checkWord } from '../option-checks.ts'

export type MetricName = 'minkowski' | 'euclidean' | 'manhattan' | 'chebyshev' | 'cosine'

export const metricNames: readonly MetricName[] = [
  'minkowski',
  'euclidean',
  'manhattan',
  'chebyshev',
  'cosine',
]

/**
 * A way to measure distance. `reduced` is what distances are compared by: it orders them alike and costs less, as the
 * square does where the distance is its root.
 */
export interface Metric {
  readonly kind: 'squared' | 'sum' | 'largest' | 'power' | 'cosine'
  /** The reduced distance of the row of `a` that starts at `from` to the row of `b` that starts at `to`. */
  reduced(a: Float64Array, from: number, b: Float64Array, to: number, width: number): number
  /** The distance that a reduced one stands for. */
  distance(reduced: number): number
  toReduced(distance: number): number
}

const squared: Metric = {
  kind: 'squared',
  reduced: (a, from, b, to, width) => {
    let sum = 0
    for (let c = 0; c < width; c++) {
      const difference = a[from + c]! - b[to + c]!
      sum += difference * difference
    }
    return sum
  },
  distance: Math.sqrt,
  toReduced: (distance) => distance * distance,
}

const sum: Metric = {
  kind: 'sum',
  reduced: (a, from, b, to, width) => {
    let total = 0
    for (let c = 0; c < width; c++) total += Math.abs(a[from + c]! - b[to + c]!)
    return total
  },
  distance: (reduced) => reduced,
  toReduced: (distance) => distance,
}

const largest: Metric = {
  kind: 'largest',
  reduced: (a, from, b, to, width) => {
    let most = 0
    for (let c = 0; c < width; c++) most = Math.max(most, Math.abs(a[from + c]! - b[to + c]!))
    return most
  },
  distance: (reduced) => reduced,
  toReduced: (distance) => distance,
}

function power(p: number): Metric {
  const raise = Number.isInteger(p) && p <= 8 ? (value: number) => integerPower(value, p) : undefined
  return {
    kind: 'power',
    // Parts of the largest difference: its power alone would soon leave float64.
    reduced: (a, from, b, to, width) => {
      const most = largest.reduced(a, from, b, to, width)
      if (most === 0) return 0
      let total = 0
      for (let c = 0; c < width; c++) {
        const part = Math.abs(a[from + c]! - b[to + c]!) / most
        total += raise === undefined ? part ** p : raise(part)
      }
      return most * total ** (1 / p)
    },
    distance: (reduced) => reduced,
    toReduced: (distance) => distance,
  }
}

/** Many times as fast as a power in general. */
function integerPower(value: number, exponent: number): number {
  let result = value
  for (let i = 1; i < exponent; i++) result *= value
  return result
}

/** One minus the scalar product of rows of length 1. */
const cosine: Metric = {
  kind: 'cosine',
  reduced: (a, from, b, to, width) => {
    let product = 0
    for (let c = 0; c < width; c++) product += a[from + c]! * b[to + c]!
    return Math.min(2, Math.max(0, 1 - product))
  },
  distance: (reduced) => reduced,
  toReduced: (distance) => distance,
}

export function metricOf(name: MetricName, p: number): Metric {
  switch (name) {
    case 'euclidean':
      return squared
    case 'manhattan':
      return sum
    case 'chebyshev':
      return largest
    case 'cosine':
      return cosine
    case 'minkowski':
      return p === 1 ? sum : p === 2 ? squared : power(p)
  }
}

/** Throws an InputError for a metric or a power that there is not. */
export function checkMetric(what: string, name: unknown, p: unknown): void {
  checkWord(what, 'metric', name, metricNames)
  // Below 1 the triangle inequality fails, which ball trees rest upon.
  checkNumber(what, 'p', p, { atLeast: 1 })
}
