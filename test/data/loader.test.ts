import { describe, expect, it } from 'vitest'
import { DataLoader, type Dataset, digits, mapDataset, type Sample } from '../../src/data/index.ts'
import { Generator } from '../../src/tensor/index.ts'
import { compose, makeImage, randomCrop, randomHorizontalFlip, toTensor } from '../../src/transforms/index.ts'

const augment = compose([randomCrop(32, { padding: 4 }), randomHorizontalFlip(), toTensor()])
const augmented = digits({ size: 50, transform: augment })
const plain = digits({ size: 50 })

interface Values {
  readonly images: readonly number[]
  readonly indices: readonly number[]
}

async function valuesOf(loader: DataLoader<Sample>): Promise<Values[]> {
  const batches: Values[] = []
  for await (const { images, indices } of loader) {
    batches.push({ images: [...(await images.data())], indices: [...indices] })
  }
  return batches
}

async function orderOf(loader: DataLoader<Sample>): Promise<number[]> {
  return (await valuesOf(loader)).flatMap(({ indices }) => [...indices])
}

/** The same samples, each after a time of its own. */
function delayed<T>(dataset: Dataset<T>): Dataset<T> {
  return mapDataset(dataset, async (sample) => {
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 4))
    return sample
  })
}

/** Counts the samples asked for. */
function counted(length: number, fail = -1): Dataset & { asked: number } {
  const dataset = {
    length,
    asked: 0,
    async get(index: number): Promise<Sample> {
      dataset.asked++
      if (index === fail) throw new Error(`sample ${index} is broken`)
      return { image: makeImage(2, 1, 1, Uint8Array.of(0, 255)), label: index }
    },
  }
  return dataset
}

describe('DataLoader: batches', () => {
  it('hold every sample once, as float32 images and int32 labels', async () => {
    const loader = new DataLoader(plain, { batchSize: 16, shuffle: true })
    expect(loader.length).toBe(4)
    const seen: number[] = []
    for await (const { images, labels, indices } of loader) {
      expect(images.shape).toEqual([seen.length === 48 ? 2 : 16, 1, 32, 32])
      expect([images.dtype, labels.dtype]).toEqual(['float32', 'int32'])
      expect([...(await labels.data())]).toEqual(Array.from(indices, (i) => plain.get(i).label))
      const expected = plain.get(indices[1]!).image.data
      const found = (await images.data()).subarray(1024, 2048)
      expect([...found]).toEqual(Array.from(expected, (value) => Math.fround(value / 255)))
      seen.push(...indices)
    }
    expect(seen.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i))
  })

  it('put the channels of colour images into planes', async () => {
    const image = makeImage(2, 1, 3, Float32Array.of(1, 2, 3, 4, 5, 6))
    const loader = new DataLoader({ length: 2, get: (label) => ({ image, label }) }, { batchSize: 2 })
    for await (const { images } of loader) {
      expect(images.shape).toEqual([2, 3, 1, 2])
      expect([...(await images.data())]).toEqual([1, 4, 2, 5, 3, 6, 1, 4, 2, 5, 3, 6])
    }
  })

  it('leave out the last one with dropLast', async () => {
    const loader = new DataLoader(plain, { batchSize: 16, dropLast: true })
    expect(loader.length).toBe(3)
    expect(await orderOf(loader)).toEqual(Array.from({ length: 48 }, (_, i) => i))
  })

  it('of images that differ in size are refused', async () => {
    const sizes: Dataset = {
      length: 2,
      get: (index) => ({ image: makeImage(1 + index, 1, 1, new Uint8Array(1 + index)), label: 0 }),
    }
    await expect(orderOf(new DataLoader(sizes, { batchSize: 2 }))).rejects.toThrow(
      'sample 1 has shape [1, 1, 2], sample 0 of the same batch [1, 1, 1]; ' +
        'a transform such as resize and centerCrop makes them equal',
    )
  })

  it('of other samples take a collate function', async () => {
    const names: Dataset<string> = { length: 3, get: (index) => 'abc'[index]! }
    const loader = new DataLoader(names, { batchSize: 2, collate: (samples) => samples.join('') })
    const found: string[] = []
    for await (const batch of loader) found.push(batch)
    expect(found).toEqual(['ab', 'c'])
  })
})

describe('DataLoader: order and augmentation', () => {
  it('depend on neither prefetching nor on which sample is done first', async () => {
    const options = { batchSize: 8, shuffle: true, seed: 3 }
    const expected = await valuesOf(new DataLoader(augmented, { ...options, prefetch: 0, parallel: 1 }))
    expect(await valuesOf(new DataLoader(delayed(augmented), { ...options, prefetch: 4 }))).toEqual(expected)
    expect(await valuesOf(new DataLoader(delayed(augmented), { ...options, parallel: 3 }))).toEqual(expected)
  })

  it('depend on the seed and the epoch', async () => {
    const loader = new DataLoader(augmented, { batchSize: 50, shuffle: true })
    const [first] = await valuesOf(loader)
    const [second] = await valuesOf(loader)
    expect(second!.indices).not.toEqual(first!.indices)
    loader.setEpoch(0)
    expect((await valuesOf(loader))[0]).toEqual(first)
    expect((await valuesOf(loader))[0]).toEqual(second)
    const other = new DataLoader(augmented, { batchSize: 50, shuffle: true, seed: 1 })
    expect((await valuesOf(other))[0]!.indices).not.toEqual(first!.indices)
  })

  it('augment a sample as its own generator says, wherever it stands', async () => {
    const ordered = new DataLoader(augmented, { batchSize: 1, seed: 5 })
    const shuffled = new DataLoader(augmented, { batchSize: 1, seed: 5, shuffle: true })
    const bySample = (values: Values[]): Values[] => values.toSorted((a, b) => a.indices[0]! - b.indices[0]!)
    expect(bySample(await valuesOf(shuffled))).toEqual(bySample(await valuesOf(ordered)))
  })

  it('do not repeat augmentation from sample to sample or epoch to epoch', async () => {
    const drawn: number[] = []
    const words: Dataset<number> = { length: 20, get: (_, generator) => generator!.word() }
    const loader = new DataLoader(words, { collate: (samples) => samples[0]! })
    for (let epoch = 0; epoch < 3; epoch++) for await (const word of loader) drawn.push(word)
    expect(new Set(drawn).size).toBe(60)
    expect(drawn).not.toContain(new Generator(0).word())
  })

  it('go on bit for bit from any batch', async () => {
    const options = { batchSize: 7, shuffle: true, seed: 11 }
    const whole = new DataLoader(augmented, options)
    whole.setEpoch(4)
    const expected = await valuesOf(whole)
    const following = await valuesOf(whole)
    for (const start of [0, 1, 5, 8]) {
      const resumed = new DataLoader(augmented, options)
      resumed.setEpoch(4, start)
      expect(await valuesOf(resumed)).toEqual(expected.slice(start))
      expect(await valuesOf(resumed)).toEqual(following)
    }
  })
})

describe('DataLoader: control', () => {
  it('prepares no more than it was told to', async () => {
    const dataset = counted(100)
    const batches = new DataLoader(dataset, { batchSize: 5, prefetch: 3 })[Symbol.asyncIterator]()
    await batches.next()
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(dataset.asked).toBe(20)
    await batches.return()
  })

  it('stops with the signal’s reason, even while a sample hangs', async () => {
    const controller = new AbortController()
    const hanging: Dataset = { length: 4, get: () => new Promise<Sample>(() => undefined) }
    const pass = orderOf(new DataLoader(hanging, { signal: controller.signal }))
    setTimeout(() => controller.abort(new Error('enough')), 10)
    await expect(pass).rejects.toThrow('enough')
  })

  it('starts no further samples once it has been aborted or left', async () => {
    const controller = new AbortController()
    const aborted = counted(1000)
    const pass = (async () => {
      for await (const { indices } of new DataLoader(aborted, { batchSize: 10, signal: controller.signal })) {
        if (indices[0] === 20) controller.abort()
      }
    })()
    await expect(pass).rejects.toThrow('aborted')
    const left = counted(1000)
    for await (const { indices } of new DataLoader(left, { batchSize: 10 })) if (indices[0] === 20) break
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(Math.max(aborted.asked, left.asked)).toBeLessThanOrEqual(50)
  })

  it('throws a sample’s own error at its batch, not before', async () => {
    const seen: number[] = []
    const pass = (async () => {
      const loader = new DataLoader(counted(20, 9), { batchSize: 2, prefetch: 8 })
      for await (const { indices } of loader) {
        seen.push(...indices)
        await new Promise((resolve) => setTimeout(resolve, 2))
      }
    })()
    await expect(pass).rejects.toThrow('sample 9 is broken')
    expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  })

  it('names options out of range', () => {
    expect(() => new DataLoader(plain, { batchSize: 0 })).toThrow(
      'DataLoader: batchSize must be an integer from 1, got 0',
    )
    expect(() => new DataLoader(plain, { batchSize: 64, dropLast: true })).toThrow(
      'DataLoader: 50 samples make no batch of 64; without dropLast they would make one that is not full',
    )
    expect(() => new DataLoader({ length: 0, get: plain.get })).toThrow('0 samples make no batch of 1')
    const loader = new DataLoader(plain, { batchSize: 10 })
    expect(() => loader.setEpoch(0, 6)).toThrow('startBatch must be an integer from 0 to 5, got 6')
    expect(() => loader.setEpoch(-1)).toThrow('epoch must be an integer from 0')
  })
})
