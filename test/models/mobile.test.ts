import { describe, expect, it } from 'vitest'
import { signedOf } from '../../scripts/golden.mjs'
import { InvertedResidual, MixedConv2d, splitChannels } from '../../src/models/blocks/index.ts'
import { scaledStages } from '../../src/models/efficientnet-notation.ts'
import { createModel, type ModelOptions } from '../../src/models/index.ts'
import { concat, manualSeed, noGrad, type Tensor, tensor, zeros } from '../../src/tensor/index.ts'

const images = (height: number, width: number): Tensor =>
  tensor(signedOf('mobile', 'images', [1, 3, height, width]), [1, 3, height, width])

async function logits(name: string, options: ModelOptions, x: Tensor): Promise<number[]> {
  manualSeed(5)
  const network = (await createModel(name, { numClasses: 5, ...options })).eval()
  return [...(await noGrad(() => network.forward(x)).data())]
}

describe("MobileNetV1 with Keras' padding", () => {
  it("is TensorFlow's at even sizes, and not at odd ones", async () => {
    for (const [side, equal] of [
      [64, true],
      [61, false],
    ] as const) {
      const x = images(side, side)
      const keras = await logits('mobilenet_wd4', { padding: 'keras' }, x)
      const tensorFlow = await logits('mobilenet_wd4', { padding: 'sameTensorFlow' }, x)
      expect(JSON.stringify(keras) === JSON.stringify(tensorFlow)).toBe(equal)
      expect(await logits('mobilenet_wd4', {}, x)).not.toEqual(keras)
    }
  })
})

describe("torchvision's MnasNet", () => {
  it('has the stem of alpha 1 in the first version of its definition', async () => {
    const stem = async (version: number): Promise<readonly (readonly number[])[]> => {
      const state = (await createModel('mnasnet0_5', { version })).stateDict()
      return ['layers.0.weight', 'layers.6.weight', 'layers.8.0.layers.6.weight'].map(
        (name) => state.get(name)!.shape,
      )
    }
    expect(await stem(1)).toEqual([
      [32, 3, 3, 3],
      [16, 32, 1, 1],
      [16, 48, 1, 1],
    ])
    expect(await stem(2)).toEqual([
      [16, 3, 3, 3],
      [8, 16, 1, 1],
      [16, 24, 1, 1],
    ])
    await expect(createModel('mnasnet0_5', { version: 3 })).rejects.toThrow('versions 1 and 2')
    await expect(createModel('mnasnet0_5', { alpha: 0 })).rejects.toThrow('alpha must be above 0')
  })
})

describe('mixed convolution', () => {
  it('gives the first part what is left over', () => {
    expect(splitChannels(120, 7)).toEqual([18, 17, 17, 17, 17, 17, 17])
    expect(splitChannels(12, 3)).toEqual([4, 4, 4])
  })

  it('convolves each part with its own kernel', async () => {
    const mixed = new MixedConv2d(7, 5, [3, 5])
    const x = tensor(signedOf('mobile', 'maps', [2, 7, 9, 8]), [2, 7, 9, 8])
    expect([...mixed.stateDict()].map(([name, { shape }]) => [name, shape])).toEqual([
      ['0.weight', [3, 4, 3, 3]],
      ['1.weight', [2, 3, 5, 5]],
    ])
    const [first, second] = mixed.children()
    const apart = concat([first!.forward(x.narrow(1, 0, 4)), second!.forward(x.narrow(1, 4, 3))], 1)
    expect(await mixed.forward(x).data()).toEqual(await apart.data())
  })

  it('needs a channel for each kernel', () => {
    expect(() => new MixedConv2d(2, 8, [3, 5, 7])).toThrow('3 kernel sizes do not share 2 channels')
    expect(() => new MixedConv2d(2, 8, [])).toThrow('0 kernel sizes')
  })
})

describe('inverted residuals', () => {
  it('add their input where shapes allow it and nothing forbids it', async () => {
    const x = tensor(signedOf('mobile', 'maps', [1, 8, 6, 6]), [1, 8, 6, 6])
    manualSeed(1)
    const added = new InvertedResidual(8, 8, { expansion: 3 }).eval()
    manualSeed(1)
    const alone = new InvertedResidual(8, 8, { expansion: 3, skip: false }).eval()
    const sum = await noGrad(() => alone.forward(x).add(x)).data()
    expect(await noGrad(() => added.forward(x)).data()).toEqual(sum)
    const strided = new InvertedResidual(8, 8, { stride: 2 })
    expect(strided.forward(x).shape).toEqual([1, 8, 3, 3])
  })
})

describe("timm's notation of blocks", () => {
  const stages = (...blocks: string[]) => ({ stages: [blocks] })

  it('is scaled in depth as a whole stage, its parts in proportion', () => {
    const counts = (depthMult: number, depthRounding: 'ceil' | 'round') =>
      scaledStages({ ...stages('ir_r1_k3_s2_c8', 'ir_r3_k5_s1_c8'), depthRounding }, depthMult)[0]!.map(
        ({ kernel }) => kernel,
      )
    expect(counts(1, 'ceil')).toEqual([3, 5, 5, 5])
    expect(counts(1.2, 'round')).toEqual([3, 5, 5, 5, 5])
    expect(counts(1.05, 'round')).toEqual([3, 5, 5, 5])
    expect(counts(1.05, 'ceil')).toEqual([3, 5, 5, 5, 5])
  })

  it.each([
    ['xx_r1_k3_s1_c8', "the block 'xx_r1_k3_s1_c8' is of none of the kinds ir, ds, dsa, cn"],
    ['ir_r1_k3_s1', "the block 'ir_r1_k3_s1' lacks 'c'"],
    ['ir_r1_k3_s1_c8_nwhat', "has a part 'nwhat' that means nothing"],
  ])('%s is an error', (block, message) => {
    expect(() => scaledStages(stages(block), 1)).toThrow(message)
  })
})

describe("options of timm's family", () => {
  it('dilate the later stages for an output stride', async () => {
    const network = await createModel('tf_efficientnet_b0', { outputStride: 8 })
    expect(network.forwardFeatures(zeros([1, 3, 64, 64])).shape.slice(2)).toEqual([8, 8])
    expect(network.featureInfo.map(({ stride }) => stride)).toEqual([2, 4, 8, 8, 8])
  })

  it('drop paths more the deeper they are', async () => {
    const network = await createModel('mobilenetv2_100', { dropPathRate: 0.17 })
    const rates = network
      .namedModules()
      .filter(([name]) => name.endsWith('drop_path'))
      .map(([, module]) => (module as unknown as { readonly p: number }).p)
    expect(rates).toHaveLength(16)
    for (const [i, rate] of rates.entries()) expect(rate).toBeCloseTo((0.17 * (i + 1)) / 17, 12)
  })
})
