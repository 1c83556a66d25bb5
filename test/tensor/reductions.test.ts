import { describe, expect, it } from 'vitest'
import { type DType, dtypes } from '../../src/graph/dtype.ts'
import { Generator, tensor, zeros } from '../../src/tensor/index.ts'

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

it('max and min along an axis say where they are', async () => {
  const x = tensor([
    [3, 1, 3],
    [-2, 5, -2],
  ])
  for (const keepdim of [false, true]) {
    const [most, least] = [x.maxWithIndices(1, keepdim), x.minWithIndices(-1, keepdim)]
    const shaped = (list: number[]): unknown => (keepdim ? list.map((value) => [value]) : list)
    expect(await most.values.toArray()).toEqual(shaped([3, 5]))
    expect(await most.indices.toArray()).toEqual(shaped([0, 1]))
    expect(await least.values.toArray()).toEqual(shaped([1, -2]))
    expect(await least.indices.toArray()).toEqual(shaped([1, 0]))
  }
})

it('any of nothing is false, all of nothing true', async () => {
  const nothing = zeros([2, 0, 3])
  for (const [any, all] of [
    [nothing.any(), nothing.all()],
    [nothing.to('bool').any(), nothing.to('bool').all()],
  ]) {
    expect([any!.dtype, await any!.item(), all!.dtype, await all!.item()]).toEqual(['bool', 0, 'bool', 1])
  }
  expect(await nothing.any(1, true).toArray()).toEqual([[[0, 0, 0]], [[0, 0, 0]]])
  expect(await nothing.all(1).toArray()).toEqual([
    [1, 1, 1],
    [1, 1, 1],
  ])
  expect(nothing.any(0).shape).toEqual([0, 3])
})
