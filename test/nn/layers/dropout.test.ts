import { describe, expect, it } from 'vitest'
import * as nn from '../../../src/nn/index.ts'
import { manualSeed, ones, type Tensor } from '../../../src/tensor/index.ts'

const x = ones([64, 16, 5, 5])

async function shareOfZeros(y: Tensor): Promise<number> {
  return y.eq(0).float().mean().item()
}

describe.each([
  ['Dropout', new nn.Dropout(0.25), [64, 16, 5, 5]],
  ['Dropout2d', new nn.Dropout2d(0.25), [64, 16]],
  ['StochasticDepth', new nn.StochasticDepth(0.25), [64]],
  ['DropPath', new nn.DropPath(0.25), [64]],
] as const)('%s', (_, layer, drawn) => {
  it('drops in training whole parts of the shape that it draws for, and scales the others', async () => {
    manualSeed(3)
    layer.train()
    const y = layer.forward(x)
    const rest = Array.from({ length: 4 - drawn.length }, (_, i) => drawn.length + i)
    const [low, high] = rest.length > 0 ? [y.amin(rest), y.amax(rest)] : [y, y]
    expect(await low.eq(high).all().item()).toBe(1)
    expect(await high.max().item()).toBeCloseTo(4 / 3, 5)
    const zeros = await shareOfZeros(y)
    expect(Math.abs(zeros - 0.25)).toBeLessThan(3 * Math.sqrt(0.1875 / drawn.reduce((a, b) => a * b, 1)))
    expect(zeros).toBeGreaterThan(0)
  })

  it('passes everything in evaluation', () => {
    layer.eval()
    expect(layer.forward(x)).toBe(x)
  })
})

it('Dropout1d drops channels of sequences', async () => {
  manualSeed(1)
  const y = new nn.Dropout1d().forward(ones([32, 8, 6]))
  expect(await y.amin(2).eq(y.amax(2)).all().item()).toBe(1)
  expect(Math.abs((await shareOfZeros(y)) - 0.5)).toBeLessThan(0.1)
})

it('AlphaDropout keeps mean and deviation', async () => {
  manualSeed(1)
  const y = new nn.AlphaDropout(0.3).forward(ones([50_000]).mul(0))
  expect(Math.abs(await y.mean().item())).toBeLessThan(0.02)
})

it('StochasticDepth may decide for the whole batch', async () => {
  const layer = new nn.StochasticDepth(0.5, 'batch')
  const seen = new Set<number>()
  for (let seed = 0; seed < 12; seed++) {
    manualSeed(seed)
    const y = layer.forward(ones([3, 2]))
    expect(await y.amin().item()).toBe(await y.amax().item())
    seen.add(await y.amax().item())
  }
  expect(seen).toEqual(new Set([0, 2]))
})

it('probabilities out of range are refused', () => {
  expect(() => new nn.Dropout2d(1.5)).toThrow('Dropout2d: the probability must be in 0..1, got 1.5')
})
