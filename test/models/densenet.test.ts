import { describe, expect, it } from 'vitest'
import { chexnetLoss } from '../../src/models/chexnet.ts'
import { classLabels, createModel, type Network } from '../../src/models/index.ts'
import { type Tensor, tensor } from '../../src/tensor/index.ts'
import { plannedBytes } from '../support/planned-bytes.ts'

const small = { growthRate: 4, numInitFeatures: 8, blockConfig: [1, 2, 1, 2], bnSize: 1 }

describe('DenseNet', () => {
  it.each([
    ['densenet121', 2, 128, 0.55],
    ['densenet40_k12_cifar10', 2, 32, 0.6],
  ])('%s needs less memory where concatenations are computed again', async (name, batch, side, share) => {
    const bytes = async (memoryEfficient: boolean): Promise<number> =>
      plannedBytes(await createModel(name, { memoryEfficient }), batch, side)
    expect((await bytes(true)) / (await bytes(false))).toBeLessThan(share)
  })

  /** Loads a network's own tensors under other names, and says whether each came to its place. */
  async function loadsUnder(
    network: Network,
    fresh: Network,
    foreign: (name: string) => string,
  ): Promise<void> {
    const own = network.stateDict()
    const file = new Map<string, Tensor>()
    for (const [name, value] of own) file.set(foreign(name), value)
    expect([...file.keys()]).not.toEqual([...own.keys()])
    fresh.loadStateDict(file)
    for (const [name, value] of fresh.stateDict())
      expect(await value.data(), name).toEqual(await own.get(name)!.data())
  }

  const oldNames = (name: string): string => name.replace(/(denselayer\d+\.(?:norm|conv))([12])/, '$1.$2')

  it("takes the names of torchvision's files", async () => {
    await loadsUnder(
      await createModel('densenet121', small),
      await createModel('densenet121', small),
      oldNames,
    )
    expect(oldNames('features.denseblock1.denselayer2.norm1.weight')).toBe(
      'features.denseblock1.denselayer2.norm.1.weight',
    )
  })

  it("takes the names of pytorchcv's files", async () => {
    const pytorchcv = (name: string): string =>
      name
        .replace('features.conv0', 'features.init_block.conv')
        .replace('features.norm0', 'features.init_block.bn')
        .replace('features.norm5', 'features.post_activ.bn')
        .replace(/denseblock(\d)\.denselayer(\d)\.norm(\d)/, 'stage$1.unit$2.conv$3.bn')
        .replace(/denseblock(\d)\.denselayer(\d)\.conv(\d)/, 'stage$1.unit$2.conv$3.conv')
        .replace(/transition(\d)\.(norm|conv)/, (_, before, part) => {
          const stage = Number(before) + 1
          return `stage${stage}.trans${stage}.conv.${part === 'norm' ? 'bn' : 'conv'}`
        })
        .replace('classifier', 'output')
    await loadsUnder(
      await createModel('densenet121', small),
      await createModel('densenet121', small),
      pytorchcv,
    )
  })

  it('does not take two values for one name', async () => {
    const network = await createModel('densenet121', small)
    const name = 'features.denseblock1.denselayer1.conv1.weight'
    const both = new Map(network.stateDict())
    both.set(oldNames(name), both.get(name)!)
    expect(() => network.loadStateDict(both)).toThrow(`two values for ${name}`)
  })

  it('loads the same names into a network without a head', async () => {
    const whole = await createModel('densenet121', small)
    const body = await createModel('densenet121', { ...small, featuresOnly: true })
    const old = new Map([...whole.stateDict()].map(([name, value]) => [oldNames(name), value]))
    const { missing } = body.loadStateDict(old, { strict: false })
    expect(missing).toEqual([])
  })
})

describe('CheXNet', () => {
  it('gives a probability for each finding of ChestX-ray14', async () => {
    const network = await createModel('chexnet_densenet121', small)
    const probabilities = network.eval().forward(
      tensor(
        Float32Array.from({ length: 3 * 32 * 32 }, (_, i) => Math.sin(i)),
        [1, 3, 32, 32],
      ),
    )
    const values = await probabilities.data()
    expect(probabilities.shape).toEqual([1, (await classLabels('chestx-ray14')).length])
    for (const value of values) {
      expect(value).toBeGreaterThan(0)
      expect(value).toBeLessThan(1)
    }
  })

  it('loads a checkpoint that wraps the network twice', async () => {
    const network = await createModel('chexnet_densenet121', small)
    const own = network.stateDict()
    const wrapped = new Map(
      [...own].map(([name, value]) => [
        `module.densenet121.${name.replace(/(denselayer\d+\.(?:norm|conv))([12])/, '$1.$2')}`,
        value,
      ]),
    )
    const fresh = await createModel('chexnet_densenet121', small)
    fresh.loadStateDict(wrapped)
    const name = 'classifier.0.weight'
    expect(await fresh.stateDict().get(name)!.data()).toEqual(await own.get(name)!.data())
  })

  it('weighs the presence of rare findings more', async () => {
    const probabilities = tensor([
      [0.2, 0.9],
      [0.6, 0.5],
    ])
    const targets = tensor([
      [1, 1],
      [0, 1],
    ])
    const log = Math.log
    const plain = -(log(0.2) + log(0.9) + log(0.4) + log(0.5)) / 2
    expect(await chexnetLoss(probabilities, targets).item()).toBeCloseTo(plain, 5)
    const one = -(0.9 * (log(0.2) + log(0.9) + log(0.5)) + 0.1 * log(0.4)) / 2
    expect(await chexnetLoss(probabilities, targets, { positiveShare: 0.1 }).item()).toBeCloseTo(one, 5)
    const each = -(0.9 * log(0.2) + 0.1 * log(0.4) + 0.3 * (log(0.9) + log(0.5))) / 2
    expect(await chexnetLoss(probabilities, targets, { positiveShare: [0.1, 0.7] }).item()).toBeCloseTo(
      each,
      5,
    )
  })
})
