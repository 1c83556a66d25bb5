import { describe, expect, test } from 'vitest'
import * as F from '../../../src/nn/functional/index.ts'
import { Generator, grad, ones, randn, type Tensor } from '../../../src/tensor/index.ts'

const generator = (): Generator => new Generator(7)

async function values(x: Tensor): Promise<number[]> {
  return [...(await x.data())]
}

describe('dropout', () => {
  test('keeps about 1 - p of the elements, scaled by 1 / (1 - p)', async () => {
    const dropped = await values(F.dropout(ones([100, 100]), 0.2, { generator: generator() }))
    expect(new Set(dropped)).toEqual(new Set([0, Math.fround(1.25)]))
    const share = dropped.filter((v) => v !== 0).length / dropped.length
    expect(Math.abs(share - 0.8)).toBeLessThan(4 * Math.sqrt((0.2 * 0.8) / 10000))
  })

  test('passes the gradient where it kept the value', async () => {
    const x = ones([50], { requiresGrad: true })
    const y = F.dropout(x, 0.5, { generator: generator() })
    const [g] = grad(y.sum(), [x])
    expect(await values(g!)).toEqual(await values(y))
  })

  test('draws anew with each call, and again from the same generator state', async () => {
    const g = generator()
    const first = await values(F.dropout(ones([64]), 0.5, { generator: g }))
    const second = await values(F.dropout(ones([64]), 0.5, { generator: g }))
    expect(second).not.toEqual(first)
    expect(await values(F.dropout(ones([64]), 0.5, { generator: generator() }))).toEqual(first)
  })

  test('is the identity outside training and for p = 0, and zero for p = 1', async () => {
    const x = ones([4])
    expect(F.dropout(x, 0.5, { training: false })).toBe(x)
    expect(F.dropout2d(ones([1, 2]), 0).shape).toEqual([1, 2])
    expect(F.dropPath(x, 0)).toBe(x)
    expect(F.alphaDropout(x, 0.5, { training: false })).toBe(x)
    expect(await values(F.dropout(x, 1))).toEqual([0, 0, 0, 0])
  })

  test('drops whole channels, whole samples or whole batches', async () => {
    const channels = await F.dropout2d(ones([8, 8, 2, 2]), 0.5, { generator: generator() }).toArray()
    const planes = (channels as number[][][][]).flat().map((plane) => new Set(plane.flat()))
    expect(planes.every((plane) => plane.size === 1)).toBe(true)
    expect(new Set(planes.map((plane) => [...plane][0]))).toEqual(new Set([0, 2]))
    const rows = await F.dropPath(ones([32, 3]), 0.5, { generator: generator() }).toArray()
    expect(new Set((rows as number[][]).map((row) => row.join()))).toEqual(new Set(['0,0,0', '2,2,2']))
    const batch = await values(F.stochasticDepth(ones([16, 3]), 0.5, 'batch', { generator: generator() }))
    expect(new Set(batch).size).toBe(1)
    const unscaled = F.dropPath(ones([32, 1]), 0.5, { scaleByKeep: false, generator: generator() })
    expect(new Set(await values(unscaled))).toEqual(new Set([0, 1]))
  })

  test('alphaDropout keeps mean and variance of standard normal values', async () => {
    const x = randn([20000], { generator: new Generator(3) })
    const y = await values(F.alphaDropout(x, 0.3, { generator: generator() }))
    const mean = y.reduce((a, b) => a + b, 0) / y.length
    const variance = y.reduce((a, b) => a + (b - mean) ** 2, 0) / y.length
    expect(Math.abs(mean)).toBeLessThan(0.05)
    expect(Math.abs(variance - 1)).toBeLessThan(0.05)
  })

  test('refuses a probability outside 0..1', () => {
    expect(() => F.dropout(ones([2]), 1.5)).toThrow('dropout: the probability must be in 0..1, got 1.5')
    expect(() => F.dropPath(ones([2]), Number.NaN)).toThrow('dropPath')
    expect(() => F.dropout2d(ones([2]), 0.5)).toThrow('dropout2d: needs a batch with channels')
  })
})
