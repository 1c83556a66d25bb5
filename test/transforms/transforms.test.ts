import { describe, expect, it } from 'vitest'
import { Generator } from '../../src/tensor/index.ts'
import {
  centerCrop,
  compose,
  evaluationTransform,
  grayscale,
  type Image,
  makeImage,
  normalize,
  pad,
  randomCrop,
  randomHorizontalFlip,
  randomResizedCrop,
  resize,
  toTensor,
  transformFrom,
} from '../../src/transforms/index.ts'

/** Each pixel's value says where it lies: 16 * row + column. */
const located = makeImage(
  16,
  8,
  1,
  Uint8Array.from({ length: 128 }, (_, i) => i),
)

/** Row and column of a crop's first pixel, after checking that the rest follows it. */
function placeOf(image: Image): [number, number] {
  const first = image.data[0]!
  for (let y = 0; y < image.height; y++) {
    for (let x = 0; x < image.width; x++) expect(image.data[y * image.width + x]).toBe(first + 16 * y + x)
  }
  return [first >> 4, first & 15]
}

describe('random transforms', () => {
  it('crop at every place, equally often', () => {
    const generator = new Generator(0)
    const counts = new Map<string, number>()
    const transform = randomCrop([6, 14])
    for (let i = 0; i < 1800; i++) {
      const key = placeOf(transform.apply(located, generator)).join()
      counts.set(key, (counts.get(key) ?? 0) + 1)
    }
    expect(counts.size).toBe(9)
    for (const count of counts.values()) expect(Math.abs(count - 200)).toBeLessThan(60)
  })

  it('pad before they crop', () => {
    const generator = new Generator(1)
    const transform = randomCrop(24, { padding: [4, 8], fill: 7 })
    const image = transform.apply(located, generator)
    expect([image.height, image.width, image.data[0]]).toEqual([24, 24, 7])
    const needed = randomCrop([20, 10], { padIfNeeded: true }).apply(located, generator)
    expect([needed.height, needed.width]).toEqual([20, 10])
    expect(() => randomCrop(20).apply(located, generator)).toThrow(
      'RandomCrop: a crop of height 20 and width 20 does not fit an image of height 8 and width 16',
    )
  })

  it('flip as often as they should', () => {
    const generator = new Generator(2)
    const transform = randomHorizontalFlip(0.25)
    let flipped = 0
    for (let i = 0; i < 2000; i++) if (transform.apply(located, generator) !== located) flipped++
    expect(Math.abs(flipped - 500)).toBeLessThan(80)
    const mirrored = randomHorizontalFlip(1).apply(located, generator)
    expect([...mirrored.data.subarray(0, 3)]).toEqual([15, 14, 13])
  })

  it('cut boxes of the areas and proportions asked for', () => {
    const generator = new Generator(3)
    const image = makeImage(100, 80, 1, new Uint8Array(8000).fill(9))
    const transform = randomResizedCrop(10, { scale: [0.2, 0.4] })
    for (let i = 0; i < 50; i++) {
      const result = transform.apply(image, generator)
      expect([result.width, result.height, ...new Set(result.data)]).toEqual([10, 10, 9])
    }
  })

  it('repeat themselves from the same generator and need one', () => {
    const transform = compose([randomResizedCrop(6), randomHorizontalFlip()])
    expect(transform.random).toBe(true)
    const results = [5, 5, 6].map((seed) => transform.apply(located, new Generator(seed)).data)
    expect(results[1]).toEqual(results[0])
    expect(results[2]).not.toEqual(results[0])
    expect(() => transform.apply(located)).toThrow('RandomResizedCrop: a random transform needs a generator')
  })
})

describe('descriptions', () => {
  it('give every transform again', () => {
    const transform = compose([
      grayscale(3),
      pad([1, 2], { fill: [1, 2, 3] }),
      resize([7, 9], { interpolation: 'bicubic' }),
      centerCrop(5),
      randomCrop(4, { padding: 1, paddingMode: 'reflect' }),
      randomResizedCrop(3, { ratio: [1, 2] }),
      randomHorizontalFlip(0.1),
      toTensor({ range: 255 }),
      normalize([1, 2, 3], [4, 5, 6]),
    ])
    const again = transformFrom(JSON.parse(JSON.stringify(transform.describe())))
    expect(again.toString()).toBe(transform.toString())
    expect(again.apply(located, new Generator(0))).toEqual(transform.apply(located, new Generator(0)))
  })

  it('of no transform name what is wrong', () => {
    expect(() => transformFrom({ name: 'Blur' })).toThrow('no transform is named Blur; known: CenterCrop')
    expect(() => transformFrom({ name: 'CenterCrop', size: -1 })).toThrow(
      'describes no transform: CenterCrop: sizes must be positive integers, got -1',
    )
  })
})

describe('evaluationTransform', () => {
  it('resizes, crops and normalises as a network wants it', () => {
    const image = makeImage(50, 40, 3, new Uint8Array(6000).fill(51))
    const transform = evaluationTransform({
      inputSize: 28,
      resize: 32,
      mean: [0.1, 0.1, 0.1],
      std: [0.5, 0.5, 0.5],
    })
    const result = transform.apply(image)
    expect([result.width, result.height, result.channels]).toEqual([28, 28, 3])
    for (const value of result.data) expect(value).toBeCloseTo(0.2, 6)
  })

  it('gives BGR to networks that want it', () => {
    const image = makeImage(1, 1, 3, Uint8Array.of(10, 20, 30))
    const raw = { inputSize: 1, range: 255, mean: [3, 2, 1], std: [1, 2, 3] } as const
    const bgr = evaluationTransform({ ...raw, channelOrder: 'bgr' })
    expect([...bgr.apply(image).data]).toEqual([27, 9, 3])
    expect([...transformFrom(bgr.describe()).apply(image).data]).toEqual([27, 9, 3])
    expect([...evaluationTransform(raw).apply(image).data]).toEqual([7, 9, Math.fround(29 / 3)])
    expect(() => evaluationTransform({ inputSize: 1, mean: [0] })).toThrow('give both mean and std')
  })

  it('computes the resize from the crop’s share', () => {
    expect(evaluationTransform({ inputSize: 224, cropPct: 0.875 }).toString()).toContain('Resize(size=256')
    const grey = evaluationTransform({ inputSize: 28, channels: 1, range: 255 })
    expect(grey.apply(makeImage(28, 28, 3, new Uint8Array(28 * 28 * 3).fill(9))).data[0]).toBe(9)
  })
})

describe('errors', () => {
  it('say what is wrong', () => {
    const color = makeImage(2, 1, 3, new Uint8Array(6))
    expect(() => normalize([0.5], [0.5]).apply(color)).toThrow('put toTensor() before it')
    expect(() => normalize([0.5], [0.5]).apply(toTensor().apply(color))).toThrow(
      '1 means do not fit an image of 3',
    )
    expect(() => normalize([0.5], [0])).toThrow('std must be above 0')
    expect(() => resize(0)).toThrow('Resize: sizes must be positive integers, got 0')
    expect(() => makeImage(2, 2, 3, new Uint8Array(11))).toThrow('need 12 values, got 11')
    expect(() => makeImage(2, 2, 4, new Uint8Array(16))).toThrow('1 or 3 channels are supported, got 4')
  })
})
