import { describe, expect, it } from 'vitest'
import { halved, restored } from '../../src/models/blocks/index.ts'
import { createModel } from '../../src/models/index.ts'
import { type Tensor, tensor, zeros } from '../../src/tensor/index.ts'
import { plannedBytes } from '../support/planned-bytes.ts'

describe('half of the resolution', () => {
  const image = (height: number, width: number): Tensor =>
    tensor(
      Float32Array.from({ length: height * width }, (_, i) => i),
      [1, 1, height, width],
    )

  it('is the mean of 2x2, the last pixels of odd sides counting twice', async () => {
    expect(await halved(image(2, 4)).data()).toEqual(Float32Array.of(2.5, 4.5))
    // 0 1 2 | 2 and 3 4 5 | 5 and 6 7 8 | 8, the last row twice.
    expect(await halved(image(3, 3)).data()).toEqual(Float32Array.of(2, 3.5, 6.5, 8))
  })

  it('is undone by a bilinear doubling that is cut to the size', async () => {
    const low = tensor(Float32Array.of(0, 4), [1, 1, 1, 2])
    const high = restored(low, [1, 3])
    expect(high.shape).toEqual([1, 1, 1, 3])
    expect(await high.data()).toEqual(Float32Array.of(0, 1, 3))
  })
})

describe('elastic networks', () => {
  it.each([
    ['densenet201_elastic', 90, 74],
    ['densenet201_elastic', 29, 33],
    ['resnext50_elastic', 33, 50],
    ['resnext50_elastic', 5, 9],
  ])('%s takes an image of %ix%i', async (name, height, width) => {
    const network = await createModel(name, { numClasses: 5 })
    expect(network.eval().forward(zeros([1, 3, height, width])).shape).toEqual([1, 5])
  })

  it('of dense layers need less memory where concatenations are computed again', async () => {
    const options = { blockConfig: [4, 6, 8, 6] }
    const bytes = async (memoryEfficient: boolean): Promise<number> =>
      plannedBytes(await createModel('densenet201_elastic', { ...options, memoryEfficient }), 2, 128)
    expect((await bytes(true)) / (await bytes(false))).toBeLessThan(0.8)
  })

  it('need an even number of groups', async () => {
    await expect(createModel('resnext50_elastic', { cardinality: 3 })).rejects.toThrow('must be even')
  })

  it("take a DenseNet-201 of their authors' names", async () => {
    const network = await createModel('densenet201')
    expect(network.renameKey('features.norm_final.weight')).toBe('features.norm5.weight')
    const elastic = await createModel('densenet201_elastic')
    expect(elastic.renameKey('features.norm_final.weight')).toBe('features.norm_final.weight')
  })
})
