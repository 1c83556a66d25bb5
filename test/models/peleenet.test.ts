import { describe, expect, it } from 'vitest'
import { createModel } from '../../src/models/index.ts'
import { peleeBottleneck } from '../../src/models/peleenet.ts'
import { type Tensor, zeros } from '../../src/tensor/index.ts'

const parts: Readonly<Record<string, string>> = {
  'features.init_block.first_conv': 'features.stemblock.stem1',
  'features.init_block.branches.branch1.conv1': 'features.stemblock.stem2a',
  'features.init_block.branches.branch1.conv2': 'features.stemblock.stem2b',
  'features.init_block.last_conv': 'features.stemblock.stem3',
  'features.stage2.trans2.conv': 'features.transition1',
  'features.stage3.trans3.conv': 'features.transition2',
  'features.stage4.trans4.conv': 'features.transition3',
  'features.final_block': 'features.transition4',
  'output.fc': 'classifier',
}

/** The authors' name of a tensor. */
function authorsName(name: string): string {
  const [, path, part, last] = /^(.*?)(?:\.(conv|bn))?\.(\w+)$/.exec(name)!
  const layer = /^features\.stage(\d)\.unit(\d)\.branch(\d)\.conv(\d)$/.exec(path!)
  const place = layer
    ? `features.denseblock${layer[1]}.denselayer${layer[2]}.branch${layer[3]}${'abc'[Number(layer[4]) - 1]}`
    : parts[path!]
  return [place, part === 'bn' ? 'norm' : part, last].filter(Boolean).join('.')
}

describe('PeleeNet', () => {
  it("takes the names of the authors' files", async () => {
    const network = await createModel('peleenet', { stemOrder: 'poolFirst' })
    const file = new Map<string, Tensor>()
    for (const [name, value] of network.stateDict()) file.set(authorsName(name), value)
    expect([...file.keys()].filter((name) => /undefined|unit|\.bn\./.test(name))).toEqual([])
    expect(file.has('features.denseblock2.denselayer3.branch2b.norm.weight')).toBe(true)
    const fresh = await createModel('peleenet', { stemOrder: 'poolFirst' })
    expect(fresh.loadStateDict(file)).toEqual({ missing: [], unexpected: [], mismatched: [] })
    const name = 'features.stage2.unit3.branch2.conv2.conv.weight'
    expect(await fresh.stateDict().get(name)!.data()).toEqual(await network.stateDict().get(name)!.data())
  })

  it('never has wider ways than half of what they see', () => {
    expect(peleeBottleneck(32, 32, 1)).toBe(16)
    expect(peleeBottleneck(64, 32, 2)).toBe(32)
    expect(peleeBottleneck(32, 32, 4)).toBe(16)
    expect(peleeBottleneck(20, 12, 4)).toBe(8)
  })

  it('says that a side does not suit its stem', async () => {
    const network = await createModel('peleenet')
    expect(() => network.eval().forward(zeros([1, 3, 66, 64]))).toThrow(/\n {2}in /)
  })

  it('needs a width for each stage', async () => {
    await expect(createModel('peleenet', { bottleneckWidths: [1, 2] })).rejects.toThrow(
      '4 stages in blockConfig need as many bottleneckWidths, got 2',
    )
  })
})
