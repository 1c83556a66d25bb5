import { describe, expect, test } from 'vitest'
import * as F from '../../../src/nn/functional/index.ts'
import { tensor } from '../../../src/tensor/index.ts'

const batches = [
  [1, 2, 3, 6],
  [5, 5, 7, 7],
  [-1, 0, 0, 5],
]

/** Channels whose values, by number among the channel's, are hard on a variance. */
const hardChannels: readonly ((i: number) => number)[] = [
  (i) => Math.sin(i * i),
  (i) => 1e4 + Math.sin(i * i),
  // Every value of a sample of them far from the others.
  (i) => (i % 32 === 0 ? 100 : 1) + 1e-3 * Math.sin(i * i),
  (i) => (i % 9216 < 288 ? -100 : 1) + 1e-3 * Math.sin(i * i),
  // One value that is no other's like.
  (i) => (i === 0 ? 1000 : 1e-3 * Math.sin(i * i)),
  () => 0.1,
]

describe('batchNorm', () => {
  test.each([true, false])('knows the variance of many values, channels last: %s', async (last) => {
    const [images, size] = [4, 96]
    const channels = hardChannels.length
    const count = images * size * size
    const values = hardChannels.map((value) => Float32Array.from({ length: count }, (_, i) => value(i)))
    const x = new Float32Array(count * channels)
    for (const [c, list] of values.entries()) {
      for (const [i, value] of list.entries()) {
        const image = Math.floor(i / size ** 2)
        x[last ? i * channels + c : i + (image * (channels - 1) + c) * size ** 2] = value
      }
    }
    const input = last
      ? tensor(x, [images, size, size, channels]).permute(0, 3, 1, 2)
      : tensor(x, [images, channels, size, size])
    const runningMean = tensor(new Float32Array(channels), [channels])
    const runningVar = tensor(new Float32Array(channels), [channels])
    await F.batchNorm(input, { runningMean, runningVar, training: true, momentum: 1 }).data()
    const [means, variances] = [await runningMean.data(), await runningVar.data()]
    for (const [c, list] of values.entries()) {
      const mean = list.reduce((s, v) => s + v, 0) / count
      const variance = list.reduce((s, v) => s + (v - mean) ** 2, 0) / (count - 1)
      // The mean itself is rounded.
      expect(Math.abs(means[c]! - mean)).toBeLessThanOrEqual(
        1e-6 * Math.max(Math.abs(mean), Math.sqrt(variance)),
      )
      expect(Math.abs(variances[c]! - variance)).toBeLessThanOrEqual(1e-5 * variance + (2 ** -22 * mean) ** 2)
    }
  })

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
