import { describe, expect, it } from 'vitest'
import { digits } from '../../src/data/index.ts'
import { Generator } from '../../src/tensor/index.ts'
import { resize } from '../../src/transforms/index.ts'
import { crc32 } from '../../src/weights/crc32.ts'

function bytesOf(dataset: ReturnType<typeof digits>): Uint8Array {
  return Buffer.concat(
    Array.from({ length: dataset.length }, (_, i) => dataset.get(i).image.data as Uint8Array),
  )
}

describe('digits', () => {
  const train = digits({ size: 200 })

  it('are 32 x 32 grey images, every ten in a row one of each', () => {
    const { image } = train.get(7)
    expect([image.width, image.height, image.channels]).toEqual([32, 32, 1])
    for (let start = 0; start < 200; start += 10) {
      const labels = Array.from({ length: 10 }, (_, i) => train.get(start + i).label)
      expect(labels.toSorted()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    }
    expect([digits().length, digits({ train: false }).length]).toEqual([10_000, 2_000])
  })

  it('are the same on every machine, in any order', () => {
    expect(crc32(bytesOf(train))).toBe(1_573_732_349)
    const again = digits({ size: 500 })
    for (const i of [199, 0, 57]) expect(again.get(i)).toEqual(train.get(i))
  })

  it('differ by seed, part and index', () => {
    const sets = [train, digits({ size: 200, seed: 1 }), digits({ size: 200, train: false })]
    const images = sets.flatMap((set) =>
      Array.from({ length: 200 }, (_, i) =>
        Buffer.from(set.get(i).image.data as Uint8Array).toString('latin1'),
      ),
    )
    expect(new Set(images).size).toBe(600)
  })

  it('take few seconds', () => {
    const start = performance.now()
    bytesOf(digits())
    bytesOf(digits({ train: false }))
    expect(performance.now() - start).toBeLessThan(10_000)
  })

  it('are too hard for the nearest class mean, the simplest linear classifier', () => {
    const [training, test] = [digits({ size: 2000 }), digits({ size: 500, train: false })]
    const means = Array.from({ length: 10 }, () => new Float64Array(1024))
    for (let i = 0; i < training.length; i++) {
      const { image, label } = training.get(i)
      for (let p = 0; p < 1024; p++) means[label]![p]! += image.data[p]! / 200
    }
    let right = 0
    for (let i = 0; i < test.length; i++) {
      const { image, label } = test.get(i)
      const distances = means.map((mean) => mean.reduce((sum, m, p) => sum + (m - image.data[p]!) ** 2, 0))
      if (distances.indexOf(Math.min(...distances)) === label) right++
    }
    expect(right / test.length).toBeGreaterThan(0.4)
    expect(right / test.length).toBeLessThan(0.85)
  })

  it('pass through a transform', () => {
    expect(digits({ size: 1, transform: resize(16) }).get(0, new Generator(0)).image.width).toBe(16)
  })

  it('name sizes and indices out of range', () => {
    expect(() => digits({ size: 0 })).toThrow('digits: size must be an integer from 1 to 2^32, got 0')
    expect(() => train.get(200)).toThrow('digits: sample 200 does not exist; there are 200, counted from 0')
  })
})
