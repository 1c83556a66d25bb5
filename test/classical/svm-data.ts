import { expect } from 'vitest'
import { Matrix } from '../../src/classical/index.ts'
import { type DatasetName, loaded, standardized } from './datasets.ts'

/** Both to so many digits after the point. */
export function near(values: ArrayLike<number>, wanted: ArrayLike<number>, digits = 6): void {
  expect(values.length).toBe(wanted.length)
  for (let i = 0; i < wanted.length; i++) expect(values[i], `number ${i}`).toBeCloseTo(wanted[i]!, digits)
}

/** A data set as scripts/expected-svm.py splits it. */
export function split(
  name: DatasetName,
): { x: Matrix; y: (string | number)[]; held: Matrix; weights: number[] } | undefined {
  const data = loaded(name)
  if (data === undefined) return undefined
  const all =
    name === 'digits'
      ? new Matrix(
          data.x.rows,
          data.x.columns,
          data.x.data.map((value) => value / 16),
        )
      : standardized(data.x)
  const rows = Array.from({ length: all.rows }, (_, i) => i)
  const kept = rows.filter((i) => i % 3 !== 0)
  return {
    x: all.take(kept),
    y: kept.map((i) => data.y[i]!),
    held: all.take(rows.filter((i) => i % 3 === 0)),
    weights: kept.map((_, i) => (i % 11 === 0 ? 0 : (i % 5) + 0.5)),
  }
}
