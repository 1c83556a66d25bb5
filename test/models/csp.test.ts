import { describe, expect, it } from 'vitest'
import { CrossStagePartial } from '../../src/models/blocks/index.ts'
import { createModel, type ModelOptions, summary } from '../../src/models/index.ts'
import { Identity, Module } from '../../src/nn/index.ts'
import { type Tensor, tensor, zeros } from '../../src/tensor/index.ts'

class Tenfold extends Module {
  override forward(x: Tensor): Tensor {
    return x.mul(10)
  }
}

describe('CrossStagePartial', () => {
  const x = tensor(Float32Array.of(1, 2, 3), [1, 3, 1, 1])

  it('puts what passes by the branch first', async () => {
    const first = new CrossStagePartial(1, new Tenfold(), { branched: 'first' })
    expect(await first.forward(x).data()).toEqual(Float32Array.of(2, 3, 10))
    const last = new CrossStagePartial(1, new Tenfold(), { branched: 'last', transition: new Tenfold() })
    expect(await last.forward(x).data()).toEqual(Float32Array.of(10, 20, 300))
  })

  it('needs channels that pass by', () => {
    const stage = new CrossStagePartial(3, new Identity(), { branched: 'first' })
    expect(() => stage.forward(x)).toThrow(/some must pass by; got 3\n {2}in /)
  })
})

describe('CSPPeleeNet', () => {
  const counts = async (options: ModelOptions): Promise<readonly [number, number]> => {
    const { trainableParameters, macs } = summary(
      (await createModel('csppeleenet', options)).eval(),
      [1, 3, 224, 224],
    )
    return [trainableParameters, macs]
  }

  it('is PeleeNet where all channels go through the layers', async () => {
    expect(await counts({ partialRatio: 1 })).toEqual([2_802_248, 507_757_568])
  })

  it("comes near the authors' 2.83 M parameters and 0.888 GFLOPs where it pools first", async () => {
    const [parameters, macs] = await counts({ poolFirst: true })
    const network = await createModel('csppeleenet', { poolFirst: true })
    const inNorms = network
      .namedParameters()
      .reduce((sum, [, { shape, size }]) => sum + (shape.length === 1 ? size : 0), 0)
    // Their counts leave normalization out; the classifier's 1000 biases are counted.
    expect((parameters - (inNorms - 1000)) / 2.83e6).toBeCloseTo(1, 1.5)
    expect((2 * macs) / 0.888e9).toBeCloseTo(1, 1.5)
  })

  it('scales its stages where asked to', async () => {
    const network = await createModel('csppeleenet', {
      squeezeExcite: true,
      poolFirst: true,
      activation: 'silu',
    })
    expect(
      network
        .eval()
        .forwardPyramid(zeros([1, 3, 64, 64]))
        .map(({ shape }) => shape.slice(1)),
    ).toEqual([
      [128, 8, 8],
      [256, 4, 4],
      [512, 2, 2],
      [704, 2, 2],
    ])
    expect(network.featureInfo.map(({ stride }) => stride)).toEqual([8, 16, 32, 32])
  })

  it.each([
    [{ partialRatio: 0 }, 'partialRatio must be above 0'],
    [{ blockConfig: [1, 2] }, '2 stages in blockConfig need as many bottleneckWidths, got 4'],
  ])('does not take %j', async (options, message) => {
    await expect(createModel('csppeleenet', options)).rejects.toThrow(message)
  })
})
