import { describe, expect, it } from 'vitest'
import { createDarknet } from '../../src/models/darknet-network.ts'
import { createModel } from '../../src/models/index.ts'
import { BatchNorm2d, Conv2d, fuseConvBatchNorm, Module, Sequential } from '../../src/nn/index.ts'
import { noGrad, rand, randn, type Tensor, zeros } from '../../src/tensor/index.ts'
import { parseDarknetConfig } from '../../src/weights/darknet/parse.ts'

/** Statistics that change what a network computes. */
function stir(network: Module): void {
  for (const module of network.modules()) {
    if (!(module instanceof BatchNorm2d)) continue
    const shape = [module.numFeatures]
    module.weight!.assign(rand(shape).add(0.5))
    module.bias!.assign(randn(shape).mul(0.2))
    module.running_mean!.assign(randn(shape).mul(0.2))
    module.running_var!.assign(rand(shape).add(0.5))
  }
}

async function difference(a: Tensor, b: Tensor): Promise<number> {
  const [x, y] = [Array.from(await a.data(), Number), Array.from(await b.data(), Number)]
  const most = (values: number[]): number => values.reduce((max, value) => Math.max(max, Math.abs(value)), 0)
  return most(x.map((value, i) => value - y[i]!)) / Math.max(most(x), 1e-6)
}

describe('fuseConvBatchNorm', () => {
  it.each([
    ['resnet18', 64, 20, 0],
    ['mobilenet_v2', 64, 52, 0],
    ['yolov3-tiny', 64, 11, 0],
    ['densenet121', 64, 59, 62],
    // The two of the auxiliary classifiers, which run in training alone.
    ['googlenet', 64, 57, 2],
  ])('leaves what %s computes as it is', async (name, side, fused, left) => {
    const network = await createModel(name, { numClasses: 7 })
    stir(network)
    network.eval()
    const x = randn([1, 3, side, side])
    const forward = (input: Tensor): readonly Tensor[] => noGrad(() => network.forwardAll(input))
    const before = forward(x)[0]!
    await before.data()
    const report = await fuseConvBatchNorm(network, () => forward(zeros([1, 3, side, side])))
    expect([report.fused.length, report.left.length]).toEqual([fused, left])
    expect(await difference(before, forward(x)[0]!)).toBeLessThan(1e-4)
  })

  it('leaves a convolution whose output goes elsewhere too', async () => {
    class Twice extends Module {
      conv = new Conv2d(2, 3, 3)
      norm = new BatchNorm2d(3)
      shared = new Sequential(new Conv2d(3, 3, 1), new BatchNorm2d(3))

      override forward(x: Tensor): Tensor {
        const y = this.conv.forward(x)
        return this.shared.forward(this.shared.forward(y.add(this.norm.forward(y))))
      }
    }
    const network = new Twice()
    stir(network)
    const report = await fuseConvBatchNorm(network, () => network.forward(zeros([1, 2, 5, 5])))
    expect(report).toEqual({ fused: [], left: ['norm', 'shared.1'] })
  })

  it('gives a Darknet configuration without normalization, for writing', async () => {
    const text =
      '[net]\nwidth=8\nheight=8\n[convolutional]\nbatch_normalize=1\nfilters=5\nsize=3\npad=1\nactivation=leaky\n' +
      '[convolutional]\nfilters=4\nactivation=linear\n[avgpool]\n[softmax]'
    const network = createDarknet(parseDarknetConfig(text))
    stir(network)
    await fuseConvBatchNorm(network, () => network.forward(zeros([1, 3, 8, 8])))
    expect(network.config.sections[0]).toMatchObject({ type: 'convolutional', batchNormalize: false })
    expect([...network.stateDict().keys()]).toEqual([
      'module_list.0.Conv2d.bias',
      'module_list.0.Conv2d.weight',
      'module_list.1.Conv2d.bias',
      'module_list.1.Conv2d.weight',
    ])
    const again = createDarknet(network.config).eval()
    again.loadStateDict(new Map(network.stateDict()))
    const x = randn([1, 3, 8, 8])
    expect(await difference(network.forward(x), again.forward(x))).toBe(0)
  })
})
