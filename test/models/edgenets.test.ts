import { describe, expect, it } from 'vitest'
import { signedOf } from '../../scripts/golden.mjs'
import { DiceUnit, DimConv } from '../../src/models/dicenet.ts'
import { EESP } from '../../src/models/espnetv2.ts'
import { createModel } from '../../src/models/index.ts'
import type { Conv2d } from '../../src/nn/index.ts'
import { noGrad, type Tensor, tensor } from '../../src/tensor/index.ts'

const images = (...shape: number[]): Tensor => tensor(signedOf('edgenets', 'images', shape), shape)
const values = async (x: Tensor): Promise<number[]> => Array.from(await noGrad(() => x).data(), Number)

describe('EESP', () => {
  it('adds each branch to the next one, so that the first channels see least', async () => {
    const block = new EESP(16, 16, 1, [1, 2, 3, 4]).eval()
    const x = images(1, 4, 9, 9)
    const fused = block.branches.forward(x)
    let sum: Tensor | undefined
    for (const [i, branch] of [...block.branches].entries()) {
      const output: Tensor = branch.forward(x)
      sum = sum ? sum.add(output) : output
      const [got, expected] = [await values(fused.narrow(1, 4 * i, 4)), await values(sum)]
      for (const [j, value] of got.entries()) expect(value).toBeCloseTo(expected[j]!, 6)
      expect((branch as Conv2d).dilation).toEqual([i + 1, i + 1])
    }
  })

  it('keeps the map with stride 1 and halves it with stride 2', () => {
    const x = images(2, 16, 7, 10)
    expect(new EESP(16, 16, 1, [1, 1, 2, 3]).forward(x).shape).toEqual([2, 16, 7, 10])
    expect(new EESP(16, 32, 2, [1, 2, 3, 4]).forward(x).shape).toEqual([2, 32, 4, 5])
    expect(() => new EESP(8, 12, 2, [1, 2, 3, 4])).toThrow('does not divide into 4 branches')
    expect(() => new EESP(8, 16, 1, [1, 2, 3, 4])).toThrow('the input is added')
  })
})

describe('ESPNetv2', () => {
  it('leaves the image out of the last stage when asked to', async () => {
    const count = async (lastReinforcement: boolean): Promise<number> => {
      const network = await createModel('espnetv2_wd2', { lastReinforcement })
      return network.parameters().reduce((sum, { size }) => sum + size, 0)
    }
    // A 3x3 and a 1x1 convolution with normalization, and a PReLU after the first: 81 + 6 + 3 + 768 + 512.
    expect((await count(true)) - (await count(false))).toBe(1370)
  })
})

describe('dimension-wise convolution', () => {
  it('slides over rows with a weight for each column, and the other way round', async () => {
    const unit = new DimConv(3, [5, 4])
    const x = images(1, 3, 5, 4)
    const [, rows, columns] = [...unit.convs]
    const expected = async (conv: Conv2d, axis: 2 | 3): Promise<number[]> =>
      values(conv.forward(x.transpose(1, axis)).transpose(1, axis))
    const of = (module: unknown): Conv2d => (module as { conv: Conv2d }).conv
    expect(of(rows).weight.shape).toEqual([5, 1, 3, 3])
    expect(of(columns).weight.shape).toEqual([4, 1, 3, 3])
    expect(await values(rows!.forward(x))).toEqual(await expected(of(rows), 2))
    expect(await values(columns!.forward(x))).toEqual(await expected(of(columns), 3))
  })

  it.each([
    [5, 4],
    [3, 9],
    [11, 2],
  ])('takes maps of %i x %i pixels', (height, width) => {
    expect(new DimConv(3, [5, 4]).forward(images(2, 3, height, width)).shape).toEqual([2, 3, height, width])
  })

  it('is followed by a fusion whose factors are in 0..1', async () => {
    const unit = new DiceUnit(8, 12, [5, 4]).eval()
    const x = images(1, 8, 5, 4)
    expect(unit.forward(x).shape).toEqual([1, 12, 5, 4])
    expect(unit.proj_conv.conv.groups).toBe(4)
    for (const factor of await values(unit.att.factors(unit.base_block.forward(x)))) {
      expect(factor).toBeGreaterThan(0)
      expect(factor).toBeLessThan(1)
    }
  })
})

describe('DiCENet', () => {
  it('has weights for the rows and columns of the maps of its input size', async () => {
    const network = await createModel('dicenet_wd5', { inputSize: [96, 64] })
    const shape = (name: string): readonly number[] => network.stateDict().get(name)!.shape
    const convs = 'features.stage2.unit2.right_branch.dice.base_block.convs'
    expect([shape(`${convs}.h_conv.conv.weight`), shape(`${convs}.w_conv.conv.weight`)]).toEqual([
      [6, 1, 3, 3],
      [4, 1, 3, 3],
    ])
    expect(network.eval().forward(images(1, 3, 96, 64)).shape).toEqual([1, 1000])
    await expect(createModel('dicenet_wd5', { inputSize: 100 })).rejects.toThrow('multiples of 32')
  })
})
