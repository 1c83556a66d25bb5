import { beforeAll, describe, expect, it } from 'vitest'
import { signedOf } from '../../scripts/golden.mjs'
import { AuxiliaryClassifier, Inception, NaiveInception } from '../../src/models/blocks/index.ts'
import { createModel } from '../../src/models/index.ts'
import { Conv2d, F, LocalResponseNorm } from '../../src/nn/index.ts'
import { getBackend, noGrad, type Tensor, tensor } from '../../src/tensor/index.ts'

const images = (...shape: number[]): Tensor => tensor(signedOf('googlenet', 'images', shape), shape)

let fast = false
beforeAll(async () => {
  fast = (await getBackend()).info.name !== 'reference'
})

describe('inception modules', () => {
  const widths = { conv1x1: 4, conv3x3: 6, conv5x5: 2 }
  const reduced = { ...widths, reduce3x3: 3, reduce5x5: 1, poolProjection: 5 }

  it('concatenate branches: 1x1, 3x3, 5x5 and what is pooled', async () => {
    const x = images(2, 8, 7, 5)
    const naive = new NaiveInception(8, widths)
    expect(naive.forward(x).shape).toEqual([2, 4 + 6 + 2 + 8, 7, 5])
    const module = new Inception(8, reduced)
    expect(module.forward(x).shape).toEqual([2, 4 + 6 + 2 + 5, 7, 5])
    expect(module.outChannels).toBe(17)
    const kernels = (name: string): readonly number[] =>
      (module.getSubmodule(`${name}.conv`) as Conv2d).weight.shape
    expect(kernels('branch2.1')).toEqual([6, 3, 3, 3])
    expect(kernels('branch3.1')).toEqual([2, 1, 5, 5])
    const [pooled, last] = [F.maxPool2d(x, 3, { stride: 1, padding: 1 }), naive.forward(x).narrow(1, 12, 8)]
    expect(await last.data()).toEqual(await pooled.data())
  })

  it('take another kernel and other convolutions', () => {
    const unit = (from: number, to: number, kernel: number): Conv2d =>
      new Conv2d(from, to, kernel, { padding: 'same', bias: false })
    const module = new Inception(8, reduced, { unit, largestKernel: 3 })
    expect([...module.stateDict().keys()]).toContain('branch3.1.weight')
    expect(module.stateDict().get('branch3.1.weight')!.shape).toEqual([2, 1, 3, 3])
    expect([...module.stateDict().keys()].filter((name) => name.endsWith('bias'))).toEqual([])
  })
})

describe('the auxiliary classifier', () => {
  it.each([14, 8, 3])('gives logits for maps of %i pixels', (side) => {
    const classifier = new AuxiliaryClassifier(16, 7)
    expect(classifier.forward(images(2, 16, side, side + 1)).shape).toEqual([2, 7])
  })

  it('pools 14x14 in windows of 5x5 with stride 3', async () => {
    const x = images(1, 16, 14, 14)
    const classifier = new AuxiliaryClassifier(16, 7).eval()
    const { conv, fc1, fc2 } = classifier
    const pooled: Tensor = conv.forward(F.avgPool2d(x, 5, { stride: 3 }))
    const expected = fc2.forward(F.relu(fc1.forward(pooled.flatten(1))))
    const values = await noGrad(() => classifier.forward(x)).data()
    expect(await expected.data()).toEqual(values)
    classifier.train()
    expect(await classifier.forward(x).data()).not.toEqual(values)
  })
})

describe('GoogLeNet', () => {
  it.each(['googlenet', 'googlenet_paper', 'googlenet_teaching'])(
    '%s has auxiliary outputs in training, weighted 0.3, unless it is made without',
    async (name) => {
      const x = images(2, 3, 64, 64)
      const network = await createModel(name, { numClasses: 5 })
      expect(network.forwardAll(x).map(({ shape }) => shape)).toEqual([
        [2, 5],
        [2, 5],
        [2, 5],
      ])
      expect(network.lossWeights).toEqual([1, 0.3, 0.3])
      expect(network.eval().forwardAll(x)).toHaveLength(1)
      const plain = await createModel(name, { auxLogits: false })
      expect(plain.forwardAll(x)).toHaveLength(1)
      expect(plain.lossWeights).toEqual([1])
      expect([...plain.stateDict().keys()].filter((key) => key.startsWith('aux'))).toEqual([])
    },
  )

  it('turns images normalised for ImageNet into values in [-1, 1]', async ({ skip }) => {
    if (!fast) skip('only on a fast backend')
    const pixels = images(1, 3, 32, 32).add(1).div(2)
    const normalised = (mean: number[], std: number[]): Tensor =>
      pixels.sub(tensor(mean, [1, 3, 1, 1])).div(tensor(std, [1, 3, 1, 1]))
    const plain = (await createModel('googlenet', { auxLogits: false })).eval()
    const transforming = (await createModel('googlenet', { auxLogits: false, transformInput: true })).eval()
    transforming.loadStateDict(plain.stateDict())
    const expected = await noGrad(() => plain.forward(normalised([0.5, 0.5, 0.5], [0.5, 0.5, 0.5]))).data()
    const input = normalised([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    const values = await noGrad(() => transforming.forward(input)).data()
    const largest = Math.max(...expected.map(Math.abs))
    for (const [i, value] of values.entries())
      expect(Math.abs(value - expected[i]!)).toBeLessThan(1e-4 * largest)
    await expect(createModel('googlenet', { transformInput: true, inChannels: 1 })).rejects.toThrow(
      'transformInput is for images of 3 channels',
    )
  })

  it('of the paper normalizes local responses and has kernels of 5x5', async () => {
    const network = await createModel('googlenet_paper')
    expect(network.modules().filter((module) => module instanceof LocalResponseNorm)).toHaveLength(2)
    const weight = network.stateDict().get('inception3a.branch3.1.conv.weight')!
    expect(weight.shape).toEqual([32, 16, 5, 5])
  })
})

describe('the teaching form', () => {
  it('has one reduction width a module, batch normalization twice, and only strides shrink maps', async () => {
    const network = await createModel('googlenet_teaching')
    const state = network.stateDict()
    for (const [name, width] of Object.entries({ '3a': 96, '4d': 144, '5b': 192 })) {
      const rows = ['branch2.0', 'branch3.0', 'branch4.1'].map(
        (branch) => state.get(`inception${name}.${branch}.conv.weight`)!.shape[0],
      )
      expect(rows).toEqual([width, width, width])
    }
    expect([...state.keys()].filter((name) => name.endsWith('running_mean'))).toEqual([
      'norm1.running_mean',
      'norm2.running_mean',
    ])
    const maps = network.eval().forwardPyramid(images(1, 3, 99, 70))
    expect(maps.map(({ shape }) => shape.slice(2))).toEqual([
      [50, 35],
      [25, 18],
      [13, 9],
      [7, 5],
      [4, 3],
    ])
  })

  it('gives three distributions in training when asked for', async ({ skip }) => {
    if (!fast) skip('only on a fast backend')
    const network = await createModel('googlenet_teaching', { softmax: true, numClasses: 4 })
    const outputs = network.forwardAll(images(2, 3, 64, 64))
    expect(outputs).toHaveLength(3)
    for (const output of outputs) {
      for (const sum of await output.sum(1).data()) expect(sum).toBeCloseTo(1, 5)
    }
  })
})
