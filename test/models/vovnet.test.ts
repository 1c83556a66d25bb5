import { describe, expect, it } from 'vitest'
import { OneShotAggregation } from '../../src/models/blocks/index.ts'
import { createModel, type Network } from '../../src/models/index.ts'
import { DropPath } from '../../src/nn/index.ts'
import type { Tensor } from '../../src/tensor/index.ts'

/** The authors' name of a module, from its stage, block and place in the block. */
const authorsPlace = (stage: number, block: number, place: string, layer: string): string =>
  `stage${stage}.OSA${stage}_${block}.${place}.OSA${stage}_${block}_${layer}`

/** timm's name of a tensor as youngwanLEE/vovnet-detectron2 has it. */
function detectron2Name(name: string): string {
  const part = (own: string, separable: boolean): string =>
    ({ conv: 'conv', bn: separable ? 'pw_norm' : 'norm', conv_dw: 'dw_conv3x3', conv_pw: 'pw_conv1x1' })[own]!
  const stem = /^stem\.(\d)\.(\w+)\.(\w+)$/.exec(name)
  if (stem) return `stem.stem_${Number(stem[1]) + 1}/${part(stem[2]!, false)}.${stem[3]}`
  const block = /^stages\.(\d)\.blocks\.(\d)\.(.*)$/.exec(name)!
  const [stage, unit, rest] = [Number(block[1]) + 2, Number(block[2]) + 1, block[3]!]
  if (rest.startsWith('attn.')) return `stage${stage}.OSA${stage}_${unit}.ese.${rest.slice(5)}`
  const layer = /^(conv_mid\.(\d)|conv_concat|conv_reduction)\.(\w+)\.(\w+)$/.exec(rest)!
  if (layer[2] !== undefined) {
    return `${authorsPlace(stage, unit, `layers.${layer[2]}`, layer[2])}/${part(layer[3]!, true)}.${layer[4]}`
  }
  return layer[1] === 'conv_concat'
    ? `${authorsPlace(stage, unit, 'concat', 'concat')}/${part(layer[3]!, false)}.${layer[4]}`
    : `stage${stage}.OSA${stage}_${unit}.conv_reduction.OSA${stage}_${unit}_reduction_0/${part(layer[3]!, false)}.${layer[4]}`
}

/** pytorchcv's name of a tensor as stigma0617/VoVNet.pytorch has it. */
function firstVersionName(name: string): string {
  const part = (own: string): string => (own === 'bn' ? 'norm' : own)
  const stem = /^features\.init_block\.conv(\d)\.(\w+)\.(\w+)$/.exec(name)
  if (stem) return `stem.stem_${stem[1]}/${part(stem[2]!)}.${stem[3]}`
  const block = /^features\.stage(\d)\.unit(\d)\.(?:branches\.branch(\d)|concat_conv)\.(\w+)\.(\w+)$/.exec(
    name,
  )
  if (!block) return name.replace('output', 'classifier')
  const [stage, unit] = [Number(block[1]) + 1, Number(block[2])]
  const layer = block[3] === undefined ? 'concat' : String(Number(block[3]) - 1)
  const place = block[3] === undefined ? 'concat' : `layers.${layer}`
  return `${authorsPlace(stage, unit, place, layer)}/${part(block[4]!)}.${block[5]}`
}

function renamed(network: Network, foreign: (name: string) => string): Map<string, Tensor> {
  return new Map([...network.stateDict()].map(([name, value]) => [foreign(name), value]))
}

describe("the names of VoVNet's authors", () => {
  it.each(['ese_vovnet39b', 'ese_vovnet19b_dw'])('of backbones for detectors fit %s', async (name) => {
    const options = { attentionBlocks: 'every', featuresOnly: true }
    const network = await createModel(name, options)
    const file = renamed(network, detectron2Name)
    expect(file.has('stage3.OSA3_1.concat.OSA3_1_concat/norm.weight')).toBe(true)
    const fresh = await createModel(name, options)
    expect(fresh.loadStateDict(file)).toEqual({ missing: [], unexpected: [], mismatched: [] })
    const own = 'stages.2.blocks.0.conv_concat.conv.weight'
    expect(await fresh.stateDict().get(own)!.data()).toEqual(await network.stateDict().get(own)!.data())
  })

  it('of the first version fit vovnet39', async () => {
    const network = await createModel('vovnet39')
    const file = renamed(network, firstVersionName)
    expect(file.has('stage3.OSA3_1.layers.0.OSA3_1_0/conv.weight')).toBe(true)
    const fresh = await createModel('vovnet39')
    expect(fresh.loadStateDict(file)).toEqual({ missing: [], unexpected: [], mismatched: [] })
    const own = 'features.stage2.unit1.branches.branch1.conv.weight'
    expect(await fresh.stateDict().get(own)!.data()).toEqual(await network.stateDict().get(own)!.data())
  })
})

describe('the variants with attention in every block', () => {
  it.each([
    ['ese_vovnet19b_slim_dw', 1_897_752, 1_384_752],
    ['ese_vovnet19b_dw', 6_543_080, 5_518_080],
    ['ese_vovnet19b_slim', 3_166_136, 2_653_136],
    ['ese_vovnet19b', 11_205_416, 10_180_416],
    ['ese_vovnet39b', 26_209_128, 25_184_128],
    ['ese_vovnet57b', 42_479_912, 41_454_912],
    ['ese_vovnet99b', 70_548_520, 69_523_520],
  ])("%s has the authors' %i parameters, %i of them in the backbone", async (name, whole, body) => {
    const count = async (more: object): Promise<number> => {
      const network = await createModel(name, { attentionBlocks: 'every', ...more })
      return network.parameters().reduce((sum, { size }) => sum + size, 0)
    }
    expect([await count({}), await count({ featuresOnly: true })]).toEqual([whole, body])
  })
})

describe('OneShotAggregation', () => {
  it('does not add what has other channels', () => {
    expect(() => new OneShotAggregation(8, 4, 16, 2, { residual: true })).toThrow(
      '8 channels cannot be added to 16',
    )
  })

  it('drops branches more the later they are', async () => {
    const network = await createModel('ese_vovnet39b', { dropPathRate: 0.2 })
    const rates = network.modules().flatMap((module) => (module instanceof DropPath ? [module.p] : []))
    expect(rates.map((rate) => Number(rate.toFixed(6)))).toEqual([0.04, 0.08, 0.12, 0.16, 0.2])
  })
})

it('takes a stem of half the stride, and no other', async () => {
  const network = await createModel('ese_vovnet19b_slim', { stemStride: 2 })
  expect(network.featureInfo.map(({ stride }) => stride)).toEqual([2, 4, 8, 16, 32])
  await expect(createModel('ese_vovnet19b_slim', { stemStride: 3 })).rejects.toThrow(
    'stemStride must be 2 or 4',
  )
})
