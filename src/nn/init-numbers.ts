import type { TypedArray } from '../graph/dtype.ts'
import type { Generator } from '../tensor/generator.ts'

/** Fills an array with normally distributed numbers within low..high. */
export function fillTruncated(
  generator: Generator,
  values: TypedArray,
  mean: number,
  std: number,
  low: number,
  high: number,
): void {
  generator.fillNormal(values, mean, std)
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    if (!(value >= low && value <= high)) values[i] = truncatedNormal(generator, mean, std, low, high)
  }
}

/** A normally distributed number within low..high, by rejection (Robert, "Simulation of truncated normal variables", 1995). */
function truncatedNormal(generator: Generator, mean: number, std: number, low: number, high: number): number {
  const [from, to] = [(low - mean) / std, (high - mean) / std]
  if (from > 0) return mean + std * tail(generator, from, to)
  if (to < 0) return mean - std * tail(generator, -to, -from)
  // Drawing uniformly accepts more often than the normal distribution does where the interval is narrow.
  const narrow = to - from < Math.sqrt(2 * Math.PI)
  for (;;) {
    const z = narrow ? generator.uniform(from, to) : generator.normal()
    if (narrow ? generator.uniform() < Math.exp(-z * z * 0.5) : z >= from && z <= to) return mean + std * z
  }
}

/** A standard normal number within from..to, where 0 < from. */
function tail(generator: Generator, from: number, to: number): number {
  const rate = (from + Math.sqrt(from * from + 4)) / 2
  const narrow = to - from < 1 / rate
  for (;;) {
    const z = narrow ? generator.uniform(from, to) : from - Math.log(1 - generator.uniform()) / rate
    const acceptance = narrow ? (from * from - z * z) / 2 : -((z - rate) ** 2) / 2
    if (z <= to && generator.uniform() < Math.exp(acceptance)) return z
  }
}

/** Random orthonormal vectors, uniformly distributed: Gram and Schmidt's procedure on normally distributed ones. */
export function orthonormalRows(generator: Generator, count: number, length: number): Float64Array[] {
  const rows: Float64Array[] = []
  while (rows.length < count) {
    const row = new Float64Array(length)
    generator.fillNormal(row)
    // Twice is enough: the second pass removes what rounding left in the first.
    for (let pass = 0; pass < 2; pass++) {
      for (const other of rows) {
        let product = 0
        for (let i = 0; i < length; i++) product += row[i]! * other[i]!
        for (let i = 0; i < length; i++) row[i]! -= product * other[i]!
      }
    }
    const norm = euclidean(row)
    for (let i = 0; i < length; i++) row[i]! /= norm
    rows.push(row)
  }
  return rows
}

function euclidean(row: Float64Array): number {
  let squares = 0
  for (const value of row) squares += value * value
  return Math.sqrt(squares)
}
