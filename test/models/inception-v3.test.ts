import { describe, expect, it } from 'vitest'
import { signedOf } from '../../scripts/golden.mjs'
import { createModel } from '../../src/models/index.ts'
import { type Tensor, tensor } from '../../src/tensor/index.ts'

const images = (...shape: number[]): Tensor => tensor(signedOf('inception', 'images', shape), shape)

describe('Inception-v3', () => {
  it('draws the auxiliary classifier from narrower distributions, a fresh one too', async () => {
    const network = await createModel('inception_v3')
    const deviation = async (name: string): Promise<number> => {
      const values = Array.from(await network.stateDict().get(name)!.data(), Number)
      return Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0) / values.length)
    }
    network.resetClassifier(100)
    expect(await deviation('fc.weight')).toBeCloseTo(0.1, 2)
    expect(await deviation('AuxLogits.fc.weight')).toBeCloseTo(0.001, 4)
    expect(await deviation('Mixed_5b.branch1x1.conv.weight')).toBeCloseTo(0.1, 2)
  })

  it.each([75, 299])(
    'has auxiliary outputs in training, weighted 0.4, from images of %i pixels',
    async (side) => {
      const x = images(2, 3, side, side + 1)
      const network = await createModel('inception_v3', { numClasses: 5 })
      expect(network.forwardAll(x).map(({ shape }) => shape)).toEqual([
        [2, 5],
        [2, 5],
      ])
      expect(network.lossWeights).toEqual([1, 0.4])
      expect(network.eval().forwardAll(x)).toHaveLength(1)
    },
  )

  it('goes without the auxiliary classifier when asked to', async () => {
    const network = await createModel('inception_v3', { auxLogits: false })
    expect(network.forwardAll(images(2, 3, 75, 75))).toHaveLength(1)
    expect(network.lossWeights).toEqual([1])
    expect(network.classifierNames()).toEqual(['fc'])
    expect([...network.stateDict().keys()].filter((name) => name.startsWith('Aux'))).toEqual([])
  })

  it('transforms images of three channels alone', async () => {
    await expect(createModel('inception_v3', { transformInput: true, inChannels: 4 })).rejects.toThrow(
      'transformInput is for images of 3 channels, not 4',
    )
  })
})
