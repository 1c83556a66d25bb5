import { describe, expect, it } from 'vitest'
import { evenAndOddChannels } from '../../src/models/blocks/index.ts'
import { createModel, summary } from '../../src/models/index.ts'
import { ShuffleUnit } from '../../src/models/shufflenet.ts'
import { ShuffleUnitV2 } from '../../src/models/shufflenet-v2.ts'
import { Conv2d, type Module } from '../../src/nn/index.ts'
import { type Tensor, tensor } from '../../src/tensor/index.ts'

/** Makes every convolution give zeros, so that only what bypasses them is left. */
function silence(unit: Module): void {
  for (const module of unit.modules()) {
    if (module instanceof Conv2d) module.weight.load(new Float32Array(module.weight.size))
  }
}

async function channelsOf(y: Tensor): Promise<readonly number[]> {
  return [...(await y.data())]
}

/** Channels 1, 2, 3, … of one pixel each. */
const counted = (channels: number): Tensor =>
  tensor(
    Array.from({ length: channels }, (_, i) => i + 1),
    [1, channels, 1, 1],
  )

describe('the units of ShuffleNet', () => {
  it('divide channels into even and odd ones', async () => {
    const [even, odd] = evenAndOddChannels(counted(6))
    expect(await channelsOf(even)).toEqual([1, 3, 5])
    expect(await channelsOf(odd)).toEqual([2, 4, 6])
  })

  it('add their input, or have the pooled one at the end where they downsample', async () => {
    const same = new ShuffleUnit(8, 8, { groups: 2 })
    const down = new ShuffleUnit(8, 16, { groups: 2, downsample: true })
    for (const unit of [same, down]) silence(unit.eval())
    expect(await channelsOf(same.forward(counted(8)))).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    // Of nine pixels eight are padding, which counts.
    const pooled = await channelsOf(down.forward(counted(8)))
    expect(pooled.slice(0, 8)).toEqual(Array(8).fill(0))
    for (const [i, value] of pooled.slice(8).entries()) expect(value).toBeCloseTo((i + 1) / 9, 6)
  })

  it('of the second version pass the first half by and shuffle at the end', async () => {
    const unit = new ShuffleUnitV2(8, 8, 1)
    silence(unit.eval())
    expect(await channelsOf(unit.forward(counted(8)))).toEqual([1, 0, 2, 0, 3, 0, 4, 0])
    expect(() => new ShuffleUnitV2(8, 12, 1)).toThrow('8 channels cannot become 12')
    expect(() => new ShuffleUnitV2(8, 9, 2)).toThrow('8 channels cannot become 9')
  })
})

describe('ShuffleNet', () => {
  it('has the channels of the paper for each number of groups, scaled', async () => {
    const network = await createModel('shufflenet_g4_w1', { groups: 8, widthScale: 2 })
    expect(network.featureInfo.map(({ channels }) => channels)).toEqual([48, 768, 1536, 3072])
    // Table 2 of the paper: ShuffleNet 2x with 8 groups.
    const other = await createModel('shufflenet_g8_x2_0_megvii')
    const [macs, others] = [network, other].map((net) => summary(net.eval(), [1, 3, 224, 224]).macs)
    expect(macs).toBe(others)
  })

  it('says which groups there are, and that channels do not divide into them', async () => {
    await expect(createModel('shufflenet_g1_w1', { groups: 5 })).rejects.toThrow('1, 2, 3, 4 or 8, got 5')
    await expect(createModel('shufflenet_g8_w1', { widthScale: 0.5 })).rejects.toThrow(/groups/)
  })
})
