import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DataError, idxDataset, parseIdx } from '../../src/data/index.ts'
import { isMnistFolder, mnist, readIdx } from '../../src/data/node.ts'
import { toTensor } from '../../src/transforms/index.ts'
import { sharedPath } from '../support/shared.ts'

function idx(shape: readonly number[], values: ArrayLike<number>, type = 8): Uint8Array {
  const header = [0, 0, type, shape.length, ...shape.flatMap((n) => [n >>> 24, n >>> 16, n >>> 8, n])]
  return Uint8Array.from([...header, ...Array.from(values)])
}

const pixels = Uint8Array.from({ length: 3 * 2 * 2 }, (_, i) => i)

describe('parseIdx', () => {
  it('reads plain and gzipped files', async () => {
    const bytes = idx([3, 2, 2], pixels)
    const expected = { shape: [3, 2, 2], data: pixels }
    expect(await parseIdx(bytes)).toEqual(expected)
    expect(await parseIdx(gzipSync(bytes))).toEqual(expected)
    const inside = Buffer.concat([Buffer.alloc(3), bytes]).subarray(3)
    expect((await parseIdx(inside)).data).toEqual(Buffer.from(pixels))
  })

  it.each([
    [
      'wrong magic',
      Uint8Array.of(1, 2, 3, 4, 5),
      'f: not an IDX file: it begins with 01 02 03 04, an IDX file with 00 00 08',
    ],
    ['nothing', new Uint8Array(), 'f: not an IDX file: it begins with nothing'],
    ['no axes', Uint8Array.of(0, 0, 8, 0), 'f: not an IDX file'],
    [
      'floats',
      idx([1], [0, 0, 0, 0], 13),
      'f: holds values of IDX type 0x0d; only unsigned bytes (0x08) are read',
    ],
    ['a cut header', idx([3, 2, 2], []).subarray(0, 10), 'f: the file ends within the header; get it again'],
    [
      'missing values',
      idx([3, 2, 2], pixels).subarray(0, 20),
      'announces [3, 2, 2], which is 12 bytes, but 4 follow',
    ],
    [
      'too many values',
      idx([2, 2, 2], pixels),
      'announces [2, 2, 2], which is 8 bytes, but 12 follow; get it again',
    ],
    ['a cut archive', gzipSync(idx([3, 2, 2], pixels)).subarray(0, 25), 'f: cannot be unpacked ('],
    [
      'a damaged archive',
      gzipSync(idx([3, 2, 2], pixels)).fill(7, 12, 20),
      'it is damaged or cut off, get it again',
    ],
  ])('refuses %s', async (_, bytes, message) => {
    const error = await parseIdx(bytes, 'f').catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(DataError)
    expect((error as DataError).message).toContain(message)
  })
})

describe('idxDataset', () => {
  const images = { shape: [3, 2, 2], data: pixels }

  it('gives images with labels', async () => {
    const dataset = idxDataset(images, { shape: [3], data: Uint8Array.of(0, 2, 1) })
    expect([dataset.length, dataset.classes]).toEqual([3, ['0', '1', '2']])
    const { image, label } = await dataset.get(1)
    expect([image.width, image.height, image.channels, [...image.data], label]).toEqual([
      2,
      2,
      1,
      [4, 5, 6, 7],
      2,
    ])
    expect(() => dataset.get(3)).toThrow('sample 3 does not exist; there are 3')
  })

  it('names what does not fit', () => {
    expect(() => idxDataset(images, { shape: [2], data: Uint8Array.of(0, 1) })).toThrow(
      'images [samples, height, width] and labels [samples] are needed, got [3, 2, 2] and [2]',
    )
    const labels = { shape: [3], data: Uint8Array.of(0, 2, 1) }
    expect(() => idxDataset(images, labels, { classes: ['a', 'b'] })).toThrow(
      'label 2 is not one of the 2 classes',
    )
  })
})

describe('mnist', () => {
  let root = ''
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'ocelli-idx-'))
  })
  afterAll(() => rm(root, { recursive: true }))

  async function folderOf(name: string, files: Readonly<Record<string, Uint8Array>>): Promise<string> {
    const folder = join(root, name)
    await mkdir(folder, { recursive: true })
    for (const [file, bytes] of Object.entries(files)) await writeFile(join(folder, file), bytes)
    return folder
  }

  it('finds the files in the usual places and spellings', async () => {
    const images = idx([3, 2, 2], pixels)
    const labels = idx([3], [1, 0, 1])
    const plain = { 'train-images-idx3-ubyte': images, 'train-labels-idx1-ubyte': labels }
    const dotted = { 't10k-images.idx3-ubyte.gz': gzipSync(images), 't10k-labels.idx1-ubyte': labels }
    await folderOf('plain', { ...plain, ...dotted })
    await folderOf('torch/MNIST/raw', plain)
    for (const [folder, train] of [
      ['plain', true],
      ['plain', false],
      ['torch', true],
    ] as const) {
      const dataset = await mnist(join(root, folder), { train, transform: toTensor() })
      expect(dataset.length).toBe(3)
      expect((await dataset.get(2)).image.data).toBeInstanceOf(Float32Array)
    }
    expect(await isMnistFolder(join(root, 'torch'))).toBe(true)
    expect(await isMnistFolder(root)).toBe(false)
  })

  it('names files that are missing, differ or are not IDX', async () => {
    const empty = await folderOf('empty', {})
    await expect(mnist(empty)).rejects.toThrow(
      `${empty}: holds no train-images-idx3-ubyte, plain or .gz; put MNIST's four files there`,
    )
    const images = { 'train-images-idx3-ubyte': idx([3, 2, 2], pixels) }
    const differ = await folderOf('differ', { ...images, 'train-labels-idx1-ubyte': idx([2], [0, 1]) })
    await expect(mnist(differ)).rejects.toThrow(
      /train-images-idx3-ubyte: holds 3 images, .* 2 labels; they belong/,
    )
    const axes = await folderOf('axes', { ...images, 'train-labels-idx1-ubyte': idx([1, 3], [0, 1, 1]) })
    await expect(mnist(axes)).rejects.toThrow('train-labels-idx1-ubyte: has 2 axes, train-labels have 1')
    const page = await folderOf('page', { ...images, 'train-labels-idx1-ubyte': Buffer.from('<html>') })
    await expect(mnist(page)).rejects.toThrow(
      'train-labels-idx1-ubyte: not an IDX file: it begins with 3c 68 74 6d',
    )
    await expect(readIdx(join(root, 'none'))).rejects.toThrow('none: no such file')
  })

  const real = sharedPath('assets', 'datasets', 'mnist')
  it.skipIf(real === undefined)('reads the real files', async () => {
    for (const [train, length, first] of [
      [true, 60_000, [5, 0, 4, 1, 9]],
      [false, 10_000, [7, 2, 1, 0, 4]],
    ] as const) {
      const dataset = await mnist(real!, { train })
      expect([dataset.length, dataset.classes.length]).toEqual([length, 10])
      const labels = await Promise.all(first.map(async (_, i) => (await dataset.get(i)).label))
      expect(labels).toEqual(first)
    }
    const { image } = await (await mnist(real!)).get(0)
    expect(Array.from(image.data).reduce((sum, value) => sum + value, 0)).toBe(27_525)
  })
})
