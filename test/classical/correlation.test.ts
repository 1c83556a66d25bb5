import { describe, expect, it } from 'vitest'
import { correlationMatrix, covarianceMatrix, type Matrix, Table } from '../../src/classical/index.ts'
import { longley } from './textbook-data.ts'

function expectClose(actual: Matrix, wanted: readonly (readonly number[])[]): void {
  for (const [i, row] of wanted.entries()) {
    for (const [j, value] of row.entries()) expect(actual.get(i, j) / value).toBeCloseTo(1, 12)
  }
}

const columns = longley.map((row) => [row[0]!, row[3]!, row[4]!])

// numpy.cov, numpy.corrcoef and scipy.stats.spearmanr of Longley's employment, unemployment and armed forces
const covariance = [
  [12333921.733333332, 1649102.6666666667, 1117681.0666666667],
  [1649102.6666666667, 873223.4291666667, -115378.7625],
  [1117681.0666666667, -115378.7625, 484304.0958333333],
]
const pearson = [
  [1, 0.5024980838759942, 0.4573073999764818],
  [0.5024980838759942, 1, -0.1774206295018783],
  [0.4573073999764818, -0.1774206295018783, 1],
]
const spearman = [
  [1, 0.5647058823529412, 0.22647058823529412],
  [0.5647058823529412, 1, -0.3411764705882353],
  [0.22647058823529412, -0.3411764705882353, 1],
]

describe('covarianceMatrix', () => {
  it("is numpy's", async () => {
    const found = await covarianceMatrix(columns)
    expectClose(found, covariance)
    const biased = await covarianceMatrix(columns, { ddof: 0 })
    expectClose(
      biased,
      covariance.map((row) => row.map((value) => (value * 15) / 16)),
    )
  })

  it('refuses what it cannot use', async () => {
    await expect(covarianceMatrix([[1, 2]])).rejects.toThrow('1 samples less 1')
    await expect(covarianceMatrix([[1], [Number.NaN]])).rejects.toThrow('row 1')
    await expect(covarianceMatrix([['a'], ['b']])).rejects.toThrow('categories')
  })
})

describe('correlationMatrix', () => {
  it("is numpy's and scipy's", async () => {
    expectClose(await correlationMatrix(columns), pearson)
    expectClose(await correlationMatrix(columns, { method: 'spearman' }), spearman)
  })

  it('of ranks, equal numbers sharing theirs', async () => {
    // scipy.stats.spearmanr([1, 2, 2, 9], [5, 6, 7, 8])
    const found = await correlationMatrix(
      [
        [1, 5],
        [2, 6],
        [2, 7],
        [9, 8],
      ],
      { method: 'spearman' },
    )
    expect(found.get(0, 1)).toBeCloseTo(0.9486832980505139, 12)
    const monotone = await correlationMatrix(
      [1, 2, 3, 4].map((value) => [value, -Math.exp(value)]),
      { method: 'spearman' },
    )
    expect(monotone.get(0, 1)).toBeCloseTo(-1, 14)
  })

  it('has none with a constant column', async () => {
    const table = Table.fromRows(
      [0.1, 0.2, 0.4].map((value) => [value, 0.3]),
      ['varies', 'constant'],
    )
    for (const method of ['pearson', 'spearman'] as const) {
      const found = await correlationMatrix(table, { method })
      expect(found.get(0, 0)).toBe(1)
      expect(found.get(0, 1)).toBeNaN()
      expect(found.get(1, 1)).toBeNaN()
    }
  })
})
