import type { Matrix } from '../tables/matrix.ts'
import { covarianceOf } from './moments.ts'

/**
 * A class's covariance drawn towards a multiple of the identity with the same trace: (1 - s) S + s tr(S)/p I, by an amount s
 * from 0 to 1, or 'auto': on columns of deviation 1, by the amount of least expected error (Ledoit and Wolf 2004).
 */
export function shrunkCovariance(centered: Matrix, shrinkage: number | 'auto'): Matrix {
  if (shrinkage !== 'auto') return shrink(covarianceOf(centered, centered.rows), shrinkage)
  const { rows, columns } = centered
  const scales = new Float64Array(columns)
  for (let i = 0; i < rows; i++) {
    for (const [j, value] of centered.row(i).entries()) scales[j]! += (value * value) / rows
  }
  for (const [j, variance] of scales.entries()) scales[j] = variance > 0 ? Math.sqrt(variance) : 1
  const scaled = centered.take(Array.from({ length: rows }, (_, i) => i))
  for (let i = 0; i < rows; i++) {
    const row = scaled.row(i)
    for (let j = 0; j < columns; j++) row[j]! /= scales[j]!
  }
  const result = covarianceOf(scaled, rows)
  shrink(result, ledoitWolf(scaled, result))
  for (let i = 0; i < columns; i++) {
    for (let j = 0; j < columns; j++) result.row(i)[j]! *= scales[i]! * scales[j]!
  }
  return result
}

function meanVariance(covariance: Matrix): number {
  let trace = 0
  for (let j = 0; j < covariance.rows; j++) trace += covariance.get(j, j)
  return trace / covariance.rows
}

/** In place. */
function shrink(covariance: Matrix, amount: number): Matrix {
  const mean = meanVariance(covariance)
  for (let at = 0; at < covariance.data.length; at++) covariance.data[at]! *= 1 - amount
  for (let j = 0; j < covariance.rows; j++) covariance.row(j)[j]! += amount * mean
  return covariance
}

/** The amount: how far samples' own x x' lie from S, over how far S lies from the multiple of the identity. */
function ledoitWolf(centered: Matrix, covariance: Matrix): number {
  const { rows, columns } = centered
  const mean = meanVariance(covariance)
  const squared = covariance.data.reduce((sum, value) => sum + value * value, 0)
  let fourth = 0
  for (let i = 0; i < rows; i++) {
    fourth += centered.row(i).reduce((sum, value) => sum + value * value, 0) ** 2
  }
  const distance = squared - columns * mean * mean
  const noise = Math.min((fourth / rows - squared) / rows, distance)
  return noise > 0 ? noise / distance : 0
}
