import { describe, expect, it } from 'vitest'
import { signedOf } from '../../scripts/golden.mjs'
import { createModel, modelMetadata } from '../../src/models/index.ts'
import { noGrad, type Tensor, tensor } from '../../src/tensor/index.ts'

const images = (...shape: number[]): Tensor => tensor(signedOf('xception', 'images', shape), shape)

describe('Xception', () => {
  it('without its top gives the map, or what a pooling makes of it', async () => {
    const x = images(1, 3, 71, 103)
    const outputs = async (options: object): Promise<Tensor> => {
      const network = (await createModel('legacy_xception', { includeTop: false, ...options })).eval()
      network.loadStateDict(shared.stateDict())
      return noGrad(() => network.forward(x))
    }
    const shared = await createModel('legacy_xception', { includeTop: false })
    expect([...shared.stateDict().keys()].filter((name) => name.startsWith('fc'))).toEqual([])
    expect(shared.numClasses).toBe(0)
    const map = await outputs({})
    expect(map.shape).toEqual([1, 2048, 3, 4])
    const pixels = Array.from(await map.data(), Number)
    const channels = Array.from({ length: 2048 }, (_, c) => pixels.slice(12 * c, 12 * (c + 1)))
    const [means, maxima] = [await outputs({ pooling: 'avg' }), await outputs({ pooling: 'max' })]
    expect([means.shape, maxima.shape]).toEqual([
      [1, 2048],
      [1, 2048],
    ])
    expect(Array.from(await maxima.data(), Number)).toEqual(channels.map((values) => Math.max(...values)))
    for (const [c, mean] of (await means.data()).entries()) {
      expect(Number(mean)).toBeCloseTo(channels[c]!.reduce((a, b) => a + b) / 12, 5)
    }
  })

  it('has no classifier to reset or to ask for without pooling', async () => {
    const network = await createModel('legacy_xception', { includeTop: false })
    expect(network.classifierNames()).toEqual([])
    expect(() => network.resetClassifier(5)).toThrow('includeTop: false')
    await expect(createModel('legacy_xception', { pooling: null })).rejects.toThrow(
      "the classifier needs pooling ('avg' or 'max')",
    )
  })

  it.each([71, 150])('takes images of %i pixels, and pools by maxima before the classifier', async (side) => {
    const network = await createModel('legacy_xception', { pooling: 'max', numClasses: 3 })
    expect(network.eval().forward(images(1, 3, side, side)).shape).toEqual([1, 3])
  })

  it('wants values in [-1, 1] at 299 pixels', () => {
    const { inputSize, mean, std } = modelMetadata('legacy_xception').preprocessing
    expect({ inputSize, mean, std }).toEqual({
      inputSize: 299,
      mean: [0.5, 0.5, 0.5],
      std: [0.5, 0.5, 0.5],
    })
  })
})
