import { InputError } from '../errors.ts'
import type { Matrix } from '../tables/matrix.ts'
import { listed } from '../tables/table.ts'

/**
 * Turns log P(x, class), a row a sample, into P(class | x), in place. A sample that is impossible under every class, as
 * without smoothing can be, gets the priors.
 */
export function normalizeJoint(joint: Matrix, logPriors: ArrayLike<number>): Matrix {
  for (let i = 0; i < joint.rows; i++) {
    const row = joint.row(i)
    if (row.every((value) => value === Number.NEGATIVE_INFINITY)) row.set(logPriors)
    let highest = Number.NEGATIVE_INFINITY
    for (const value of row) if (value > highest) highest = value
    let sum = 0
    for (let c = 0; c < row.length; c++) sum += row[c] = Math.exp(row[c]! - highest)
    for (let c = 0; c < row.length; c++) row[c]! /= sum
  }
  return joint
}

/** Throws an InputError unless given priors are null or a list of numbers from 0 up that sum to 1. */
export function checkPriors(what: string, name: string, priors: unknown): void {
  if (priors === null) return
  const values = Array.isArray(priors) ? (priors as unknown[]) : []
  const valid = values.every((value): value is number => typeof value === 'number' && value >= 0)
  const sum = valid ? (values as number[]).reduce((total, value) => total + value, 0) : Number.NaN
  if (values.length > 0 && Math.abs(sum - 1) < 1e-8) return
  throw new InputError(
    `${what}: ${name} is ${listed(values.map(String)) || priors}; it must be null or a probability for each class, their sum 1`,
  )
}

/** Given priors, one for each class; throws an InputError where their count is another. */
export function priorsOf(
  what: string,
  name: string,
  priors: readonly number[],
  classes: number,
): Float64Array {
  if (priors.length === classes) return Float64Array.from(priors)
  throw new InputError(`${what}: ${name} has ${priors.length} numbers for ${classes} classes`)
}

/** Each class's sum of weights. */
export function classWeights(
  codes: Int32Array,
  weights: Float64Array | undefined,
  classes: number,
): Float64Array {
  const sums = new Float64Array(classes)
  for (let i = 0; i < codes.length; i++) sums[codes[i]!]! += weights?.[i] ?? 1
  return sums
}
