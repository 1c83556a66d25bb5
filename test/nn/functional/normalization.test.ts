import { describe, expect, test } from 'vitest'
import * as F from '../../../src/nn/functional/index.ts'
import { tensor } from '../../../src/tensor/index.ts'

const batches = [
  [1, 2, 3, 6],
  [5, 5, 7, 7],
  [-1, 0, 0, 5],
]

describe('batchNorm', () => {
  test('momentum null makes the running statistics means over all batches', async () => {
    const runningMean = tensor([0])
    const runningVar = tensor([1])
    const numBatchesTracked = tensor(Int32Array.of(0), [])
    for (const values of batches) {
      const x = tensor(values, [4, 1])
      const options = { runningMean, runningVar, numBatchesTracked, training: true, momentum: null }
      await F.batchNorm(x, options).data()
    }
    const means = batches.map((b) => b.reduce((s, v) => s + v, 0) / 4)
    const variances = batches.map((b, i) => b.reduce((s, v) => s + (v - means[i]!) ** 2, 0) / 3)
    const mean = (list: number[]): number => list.reduce((s, v) => s + v, 0) / list.length
    expect(await numBatchesTracked.item()).toBe(3)
    expect(await runningMean.item()).toBeCloseTo(mean(means), 5)
    expect(await runningVar.item()).toBeCloseTo(mean(variances), 5)
  })

  test('updates of several calls before a realization add up in order', async () => {
    const runningMean = tensor([0])
    const runningVar = tensor([1])
    for (const values of batches) {
      F.batchNorm(tensor(values, [4, 1]), { runningMean, runningVar, training: true, momentum: 0.5 })
    }
    const means = batches.map((b) => b.reduce((s, v) => s + v, 0) / 4)
    const expected = means.reduce((running, m) => 0.5 * running + 0.5 * m, 0)
    expect(await runningMean.item()).toBeCloseTo(expected, 5)
  })

  test('does not record the update of running statistics for the gradient', () => {
    const runningMean = tensor([0])
    const x = tensor([1, 2], [2, 1], { requiresGrad: true })
    const y = F.batchNorm(x, { runningMean, runningVar: tensor([1]), training: true })
    expect(y.requiresGrad).toBe(true)
    expect(runningMean.requiresGrad).toBe(false)
  })

  test('says what is missing', () => {
    const x = tensor([1, 2, 3, 4], [2, 2])
    expect(() => F.batchNorm(x)).toThrow('without training it needs runningMean and runningVar')
    expect(() => F.batchNorm(x, { training: true, weight: tensor([1, 2, 3]) })).toThrow(
      'batchNorm: weight must be [2], one for each channel of [2, 2], got [3]',
    )
    expect(() => F.batchNorm(tensor([1, 2], [1, 2]), { training: true })).toThrow('use a larger batch')
    const options = { training: true, momentum: null, runningMean: tensor([0, 0]) }
    expect(() => F.batchNorm(x, options)).toThrow('numBatchesTracked')
  })
})

describe('instanceNorm', () => {
  test('running statistics are means over the batch', async () => {
    const runningMean = tensor([0])
    const runningVar = tensor([1])
    const x = tensor(batches.flat(), [3, 1, 4])
    await F.instanceNorm(x, { runningMean, runningVar, momentum: 1 }).data()
    expect(await runningMean.item()).toBeCloseTo((3 + 6 + 1) / 3, 5)
    expect(await runningVar.item()).toBeCloseTo((14 / 3 + 4 / 3 + 22 / 3) / 3, 5)
  })
})
