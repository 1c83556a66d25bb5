import { describe, expect, it } from 'vitest'
import { SpatialPyramidPool2d } from '../../src/models/blocks/index.ts'
import { createModel } from '../../src/models/index.ts'
import { PReLU, ReLU } from '../../src/nn/index.ts'
import { tensor, zeros } from '../../src/tensor/index.ts'

/** A map whose pixel in row i and column j is 100 i + j: the maximum of a window is its last pixel. */
function ramp(height: number, width: number): number[] {
  return Array.from({ length: height * width }, (_, at) => 100 * Math.floor(at / width) + (at % width))
}

async function pooled(height: number, width: number, bins: readonly number[]): Promise<number[]> {
  const x = tensor(ramp(height, width), [1, 1, height, width])
  return [...(await (new SpatialPyramidPool2d(bins).forward(x) as typeof x).data())]
}

describe('spatial pyramid pooling', () => {
  it('gives a vector of the same length at any size, in the order of its levels', () => {
    const layer = new SpatialPyramidPool2d([1, 2, 3, 6])
    expect(layer.binsPerChannel).toBe(50)
    for (const [height, width] of [
      [13, 13],
      [10, 10],
      [1, 1],
      [2, 31],
      [17, 5],
    ] as const) {
      expect((layer.forward(zeros([2, 3, height, width])) as { shape: unknown }).shape).toEqual([2, 150])
    }
  })

  it("has the paper's windows where they are as many as wanted", async () => {
    // 13 in 3: windows of 5, 4 apart.
    expect(await pooled(13, 13, [3])).toEqual([404, 408, 412, 804, 808, 812, 1204, 1208, 1212])
    // 13 in 2: windows of 7, 6 apart; the map's maximum comes first.
    expect(await pooled(13, 13, [1, 2])).toEqual([1212, 606, 612, 1206, 1212])
    // 13 in 6: windows of 3, 2 apart.
    expect((await pooled(13, 13, [6])).slice(0, 6)).toEqual([202, 204, 206, 208, 210, 212])
  })

  it('and windows with rounded borders elsewhere, side by side', async () => {
    // 10 in 6: from 0, 1, 3, 5, 6, 8 to 2, 4, 5, 7, 9, 10, where windows of 2 that are 1 apart would be nine.
    const expected = [1, 3, 4, 6, 8, 9]
    expect((await pooled(10, 10, [6])).slice(0, 6)).toEqual(expected.map((column) => 100 + column))
    expect((await pooled(13, 10, [6])).slice(0, 6)).toEqual(expected.map((column) => 200 + column))
    expect(await pooled(1, 2, [3])).toEqual([0, 1, 1, 0, 1, 1, 0, 1, 1])
  })

  it('takes integers above zero', () => {
    expect(() => new SpatialPyramidPool2d([])).toThrow('bins are integers >= 1')
    expect(() => new SpatialPyramidPool2d([2, 0.5])).toThrow('got [2, 0.5]')
  })
})

describe('PReLU-Net', () => {
  it('has one slope a channel, a quarter at first, or none', async () => {
    const slopes = (await createModel('prelunet_a', { numClasses: 2 }))
      .modules()
      .filter((m) => m instanceof PReLU)
    expect(slopes).toHaveLength(18)
    expect(slopes.reduce((sum, { weight }) => sum + weight.size, 0)).toBe(14_688)
    expect(new Set(await slopes[1]!.weight.data())).toEqual(new Set([0.25]))
    const plain = await createModel('prelunet_b', { activation: 'relu' })
    expect(plain.modules().filter((m) => m instanceof ReLU)).toHaveLength(21)
    expect(plain.parameters().reduce((sum, { size }) => sum + size, 0)).toBe(183_327_080)
  })

  it('draws weights for the slopes it begins with', async () => {
    for (const [activation, slope] of [
      ['prelu', 0.25],
      ['relu', 0],
    ] as const) {
      const network = await createModel('prelunet_a', { activation, numClasses: 2 })
      const weight = new Map(network.namedParameters()).get('features.3.weight')!
      const wanted = Math.sqrt(2 / ((1 + slope ** 2) * 9 * 96))
      expect((await weight.std().item()) / wanted).toBeCloseTo(1, 2)
    }
  })
})
