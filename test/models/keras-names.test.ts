import { describe, expect, it } from 'vitest'
import { createModel, namesFromKeras } from '../../src/models/index.ts'
import { tensor } from '../../src/tensor/index.ts'
import { loadStateDictFile } from '../../src/weights/file.ts'
import { toFloat32 } from '../../src/weights/state-dict.ts'
import { sharedPath } from '../support/shared.ts'

const file = sharedPath('assets', 'weights', 'mobilenet_v1_0.25_224_notop.keras.h5')

describe("Keras' names of networks in the registry", () => {
  it.skipIf(file === undefined)('load the published MobileNet 0.25 without its top', async () => {
    const { tensors } = await loadStateDictFile(file!)
    const names = namesFromKeras('mobilenet_wd4', [...tensors.keys()])!
    const network = await createModel('mobilenet_wd4', {
      activation: 'relu6',
      normEps: 1e-3,
      padding: 'keras',
    })
    const state = new Map([...tensors].map(([name, value]) => [names.get(name)!, value]))
    const report = network.loadStateDict(state, { strict: false })
    // Keras' file has no classifier; PyTorch counts batches beside each batch normalization.
    expect(report.missing.filter((name) => !name.endsWith('num_batches_tracked')).sort()).toEqual([
      'output.bias',
      'output.weight',
    ])
    expect([report.unexpected, report.mismatched]).toEqual([[], []])
    const kernel = await network.stateDict().get('features.stage2.unit1.dw_conv.conv.weight')!.data()
    expect(kernel).toEqual(toFloat32(tensors.get('conv_dw_2.weight')!))
    network.eval()
    const features = network.forwardFeatures(tensor(new Float32Array(3 * 64 * 64).fill(0.5), [1, 3, 64, 64]))
    const values = (await features.data()) as Float32Array
    // What PyTorch 1.13 gives for a grey image with the arrays as h5py reads them, with Keras' padding.
    expect(features.shape).toEqual([1, 256, 2, 2])
    expect(values.reduce((sum, value) => sum + value, 0)).toBeCloseTo(158.2385, 2)
  })

  it('are those of every layer of Xception', async () => {
    const separable = (block: number, count: number): string[] =>
      Array.from({ length: count }, (_, i) => [
        `block${block}_sepconv${i + 1}.`,
        `block${block}_sepconv${i + 1}_bn.`,
      ]).flat()
    const middle = Array.from({ length: 8 }, (_, i) => separable(i + 5, 3)).flat()
    const blocks = [2, 3, 4, 13, 14].flatMap((block) => separable(block, 2))
    const plain = ['block1_conv1.', 'block1_conv1_bn.', 'block1_conv2.', 'block1_conv2_bn.']
    for (const first of [0, 1]) {
      const numbered = [0, 1, 2, 3].map((i) => (i + first === 0 ? '' : `_${i + first}`))
      const shortcuts = numbered.flatMap((n) => [`conv2d${n}.`, `batch_normalization${n}.`])
      const keras = [...plain, ...blocks, ...middle, ...shortcuts, 'predictions.'].flatMap((layer) => {
        if (/_bn\.|batch_norm/.test(layer)) {
          return ['weight', 'bias', 'running_mean', 'running_var'].map((part) => layer + part)
        }
        if (layer.includes('sepconv')) return [`${layer}depthwise.weight`, `${layer}pointwise.weight`]
        return layer === 'predictions.' ? ['predictions.weight', 'predictions.bias'] : [`${layer}weight`]
      })
      const own = [...namesFromKeras('legacy_xception', keras)!.values()]
      const network = await createModel('legacy_xception', { keras: true })
      const wanted = [...network.stateDict().keys()].filter((name) => !name.endsWith('num_batches_tracked'))
      expect(own.sort()).toEqual(wanted.sort())
    }
  })

  it('are not guessed for other networks or other layers', () => {
    expect(namesFromKeras('resnet18', ['conv1.weight'])).toBeNull()
    expect(namesFromKeras('mobilenet_w1', ['conv_dw_14.weight'])).toBeNull()
  })
})
