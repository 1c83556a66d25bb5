import { describe, expect, it } from 'vitest'
import { signedOf } from '../../scripts/golden.mjs'
import { createModel } from '../../src/models/index.ts'
import { OverFeat, parameterLayout } from '../../src/models/overfeat.ts'
import { noGrad, realize, tensor } from '../../src/tensor/index.ts'

describe('OverFeat', () => {
  // Where the programs that read the released files find each layer's weights and biases.
  it.each([
    [
      'overfeat_fast',
      [
        0, 34_848, 34_944, 649_344, 649_600, 1_829_248, 1_829_760, 6_548_352, 6_549_376, 15_986_560,
        15_987_584, 129_233_792, 129_236_864, 141_819_776, 141_823_872, 145_919_872,
      ],
    ],
    [
      'overfeat_accurate',
      [
        0, 14_112, 14_208, 1_218_432, 1_218_688, 2_398_336, 2_398_848, 4_758_144, 4_758_656, 9_477_248,
        9_478_272, 18_915_456, 18_916_480, 123_774_080, 123_778_176, 140_555_392, 140_559_488, 144_655_488,
      ],
    ],
  ])('%s has its parameters where the raw file has them', async (name, offsets) => {
    const layout = parameterLayout((await createModel(name)) as OverFeat)
    expect(layout.map(({ offset }) => offset)).toEqual(offsets)
    const last = layout.at(-1)!
    expect([last.name, last.shape]).toEqual(['classifier.6.bias', [1000]])
  })

  it('scores every window of the map of a larger image, and joins them by the largest', async () => {
    const network = new OverFeat(
      { layers: [{ out: 4, kernel: 3, stride: 2 }, 2, { out: 5, kernel: 3, padding: 1 }], head: [3, 8] },
      { numClasses: 3 },
    )
    network.eval()
    const image = tensor(signedOf('overfeat', 'image', [1, 3, 13, 17]), [1, 3, 13, 17])
    const parts = noGrad(() => {
      const map = network.forwardFeatures(image)
      return [
        network.scoreMap(image),
        network.forward(image),
        ...[0, 1].map((left) => network.forwardHead(map.narrow(3, left, 3))),
      ]
    })
    await realize(...parts)
    const [map, best, ...windows] = await Promise.all(parts.map(async (part) => [...(await part.data())]))
    expect(parts[0]!.shape).toEqual([1, 3, 1, 2])
    const largest = Math.max(...map!.map(Math.abs))
    for (let c = 0; c < 3; c++) {
      const scores = windows.map((window) => window[c]!)
      for (const [i, score] of scores.entries()) {
        expect(Math.abs(map![2 * c + i]! - score)).toBeLessThan(1e-4 * largest)
      }
      expect(Math.abs(best![c]! - Math.max(...scores))).toBeLessThan(1e-4 * largest)
    }
    expect(Math.abs(map![0]! - map![1]!)).toBeGreaterThan(0.01 * largest)
  })
})
