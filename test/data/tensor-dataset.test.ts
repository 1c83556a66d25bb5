import { describe, expect, it } from 'vitest'
import { DataLoader, randomSplit, subset, tensorDataset } from '../../src/data/index.ts'
import { tensor } from '../../src/tensor/index.ts'
import { resize, toTensor } from '../../src/transforms/index.ts'

describe('tensorDataset', () => {
  it('makes batches of rows of any shape', async () => {
    const rows = tensor([1, 2, 3, 4, 5, 6], [3, 2, 1])
    const loader = new DataLoader(tensorDataset(rows, tensor(Int32Array.of(7, 8, 9))), { batchSize: 2 })
    const found: unknown[] = []
    for await (const { images, labels } of loader) {
      found.push(await images.toArray(), await labels.toArray())
    }
    expect(found).toEqual([
      [
        [[1], [2]],
        [[3], [4]],
      ],
      [7, 8],
      [[[5], [6]]],
      [9],
    ])
  })

  it('keeps the dtype', async () => {
    const dataset = tensorDataset(tensor(Uint8Array.of(3, 4), [2, 1]), [0, 1])
    for await (const { images } of new DataLoader(dataset, { batchSize: 2 })) {
      expect([images.dtype, ...(await images.data())]).toEqual(['uint8', 3, 4])
    }
  })

  it('passes pictures through a transform', async () => {
    const values = Uint8Array.from({ length: 2 * 3 * 2 * 2 }, (_, i) => i * 10)
    const images = tensor(values, [2, 3, 2, 2])
    const dataset = tensorDataset(images, [0, 1], { transform: toTensor({ range: 255 }) })
    for await (const batch of new DataLoader(dataset, { batchSize: 2 })) {
      expect([...(await batch.images.data())]).toEqual([...values])
    }
    const small = tensorDataset(images, [0, 1], { transform: resize(1) })
    for await (const batch of new DataLoader(small)) expect(batch.images.shape).toEqual([1, 3, 1, 1])
  })

  it('names what does not fit', async () => {
    expect(() => tensorDataset(tensor([1, 2], [2, 1]), [0])).toThrow(
      'tensorDataset: images [2, 1] need one label for each of their 2 rows, got 1',
    )
    expect(() => tensorDataset(tensor([1, 2], [1, 2, 1, 1]), [0], { transform: toTensor() })).toThrow(
      'a transform takes float32 or uint8 pictures [samples, 1 or 3, height, width], got float32 [1, 2, 1, 1]',
    )
    await expect(tensorDataset(tensor([1]), [0]).get(1)).rejects.toThrow(
      'sample 1 does not exist; there are 1, counted from 0',
    )
  })
})

describe('parts of a data set', () => {
  const dataset = {
    length: 10,
    classes: ['x'],
    labels: Uint8Array.of(5, 5, 5, 6, 5, 5, 5, 7, 5, 5),
    get: (index: number) => index,
  }

  it('have the samples that they were given', async () => {
    const part = subset(dataset, [3, 3, 7])
    expect([part.length, part.classes, part.get(0), part.get(2)]).toEqual([3, ['x'], 3, 7])
    expect(Array.from(part.labels!)).toEqual([6, 6, 7])
    expect(() => part.get(3)).toThrow('sample 3 does not exist')
    expect(() => subset(dataset, [10])).toThrow('sample 10 does not exist; there are 10')
  })

  it('that are split at random share none', () => {
    for (const sizes of [
      [7, 3],
      [0.7, 0.3],
    ]) {
      const parts = randomSplit(dataset, sizes, 1)
      expect(parts.map(({ length }) => length)).toEqual([7, 3])
      const all = parts.flatMap((part) =>
        Array.from({ length: part.length }, (_, i) => part.get(i) as number),
      )
      expect(all.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
      expect(all).not.toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    }
    expect(() => randomSplit(dataset, [7, 4])).toThrow('must be whole numbers adding up to 10 samples')
  })
})
