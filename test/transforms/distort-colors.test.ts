import { describe, expect, it } from 'vitest'
import { Generator } from '../../src/tensor/index.ts'
import { makeImage, randomDistortColors, transformFrom } from '../../src/transforms/index.ts'

/** Hue as a share of the circle, saturation and value, by the textbook's formulas. */
function hsv(r: number, g: number, b: number): [number, number, number] {
  const [most, least] = [Math.max(r, g, b), Math.min(r, g, b)]
  const range = most - least
  const sixth =
    range === 0
      ? 0
      : most === r
        ? ((g - b) / range + 6) % 6
        : most === g
          ? 2 + (b - r) / range
          : 4 + (r - g) / range
  return [sixth / 6, most === 0 ? 0 : range / most, most]
}

describe('randomDistortColors', () => {
  const generator = new Generator(8)
  const colors = Float32Array.from({ length: 300 }, () => generator.uniform(0.1, 0.5))
  const image = makeImage(10, 10, 3, colors)

  it('turns every hue by one angle and scales saturation and brightness by one factor each', () => {
    for (let seed = 0; seed < 20; seed++) {
      const changed = randomDistortColors({ hue: 0.2, saturation: 1.2, exposure: 1.5 }).apply(
        image,
        new Generator(seed),
      )
      const pairs = Array.from({ length: 100 }, (_, i) => {
        const [from, to] = [image, changed].map(({ data }) =>
          hsv(data[3 * i]!, data[3 * i + 1]!, data[3 * i + 2]!),
        )
        return [(to![0] - from![0] + 1) % 1, to![1] / from![1], to![2] / from![2], from![1]] as const
      }).filter(([, , , saturation]) => saturation > 0.1 && saturation < 0.75)
      expect(pairs.length).toBeGreaterThan(30)
      const [turn, saturation, exposure] = pairs[0]!
      expect(Math.min(turn, 1 - turn)).toBeLessThan(0.2)
      expect(saturation).toBeGreaterThan(1 / 1.2 - 1e-4)
      expect(exposure).toBeLessThan(1.5 + 1e-4)
      for (const [ownTurn, ownSaturation, ownExposure] of pairs) {
        const apart = Math.abs(ownTurn - turn)
        expect(Math.min(apart, 1 - apart)).toBeLessThan(1e-4)
        expect(ownSaturation).toBeCloseTo(saturation, 4)
        expect(ownExposure).toBeCloseTo(exposure, 4)
      }
    }
  })

  it('changes nothing without distortion, and stays within its range', () => {
    const bytes = makeImage(
      10,
      10,
      3,
      Uint8Array.from(colors, (v) => 255 * v * 2),
    )
    const none = randomDistortColors({ hue: 0, saturation: 1, exposure: 1 })
    expect(none.apply(bytes, new Generator(1)).data).toEqual(bytes.data)
    const bright = randomDistortColors({ hue: 0.5, saturation: 3, exposure: 9 })
    for (let seed = 0; seed < 5; seed++) {
      const { data } = bright.apply(image, new Generator(seed))
      expect(Math.max(...data)).toBeLessThanOrEqual(1)
      expect(Math.min(...data)).toBeGreaterThanOrEqual(0)
    }
    expect(bright.apply(makeImage(1, 1, 1, Uint8Array.of(200)), new Generator(0)).channels).toBe(1)
  })

  it('describes itself, and refuses what it cannot do', () => {
    const transform = randomDistortColors({ hue: 0.1, saturation: 1.5, exposure: 1.5 })
    const again = transformFrom(JSON.parse(JSON.stringify(transform.describe())))
    expect(again.apply(image, new Generator(2))).toEqual(transform.apply(image, new Generator(2)))
    expect(() => randomDistortColors({ hue: 1, saturation: 1, exposure: 1 })).toThrow(/hue is from 0 to 0.5/)
    expect(() => randomDistortColors({ hue: 0, saturation: 0.5, exposure: 1 })).toThrow(/from 1/)
  })
})
