import { describe, expect, it } from 'vitest'
import { type DType, dtypes } from '../../src/graph/dtype.ts'
import { Generator, tensor } from '../../src/tensor/index.ts'

const extremes: { readonly [D in Exclude<DType, 'float64'>]: readonly number[] } = {
  float32: [Number.NEGATIVE_INFINITY, -1.5, -0.5, 0, 0.5, Number.POSITIVE_INFINITY],
  int32: [-(2 ** 31), 1 - 2 ** 31, -1, 0, 1, 2 ** 31 - 1],
  uint8: [0, 1, 5, 127, 128, 254, 255],
  bool: [0, 1],
}

/** What each reduction gives of a row, worked out on plain numbers. */
const oracles = {
  min: (row: readonly number[]) => Math.min(...row),
  max: (row: readonly number[]) => Math.max(...row),
  amin: (row: readonly number[]) => Math.min(...row),
  amax: (row: readonly number[]) => Math.max(...row),
  argmin: (row: readonly number[]) => row.indexOf(Math.min(...row)),
  argmax: (row: readonly number[]) => row.indexOf(Math.max(...row)),
}

describe.each(Object.keys(extremes) as (keyof typeof extremes)[])('of %s', (dtype) => {
  it.each(Object.keys(oracles) as (keyof typeof oracles)[])('%s', async (op) => {
    const generator = new Generator(7)
    for (let trial = 0; trial < 40; trial++) {
      const [rows, columns] = [1 + generator.integer(3), 1 + generator.integer(4)]
      const values = dtypes[dtype].create(rows * columns)
      for (let i = 0; i < values.length; i++)
        values[i] = extremes[dtype][generator.integer(extremes[dtype].length)]!
      const x = tensor(values, [rows, columns], { dtype })
      const lines = Array.from({ length: rows }, (_, i) => [...values.slice(i * columns, (i + 1) * columns)])
      const result = x[op](1)
      expect(result.dtype).toBe(op.startsWith('arg') ? 'int32' : dtype)
      expect(await result.toArray()).toEqual(lines.map(oracles[op]))
      expect(await x[op]().item()).toBe(oracles[op]([...values]))
    }
  })
})
