import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DataLoader, type Sample } from '../../src/data/index.ts'
import { imageFolder, imageRows, labelledImages, openDataset, prefixedImages } from '../../src/data/node.ts'
import { centerCrop, compose, resize, toTensor } from '../../src/transforms/index.ts'
import { sharedPath } from '../support/shared.ts'
import fixtures from './fixtures/images.json' with { type: 'json' }

const good = Buffer.from(fixtures['color.png'].file, 'base64')
const corrupt = Buffer.from(fixtures['subsampling-2.jpg'].file, 'base64').subarray(0, 500)

let root = ''
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'ocelli-folders-'))
})
afterAll(() => rm(root, { recursive: true }))

/** Makes a folder of files; text is written as it is, anything else is an image. */
async function make(name: string, files: Readonly<Record<string, string | Buffer>>): Promise<string> {
  const folder = join(root, name)
  await mkdir(folder, { recursive: true })
  for (const [file, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, file)), { recursive: true })
    await writeFile(join(folder, file), content)
  }
  return folder
}

async function labelsOf(dataset: { readonly length: number; get(index: number): Sample | Promise<Sample> }) {
  return Promise.all(Array.from({ length: dataset.length }, async (_, i) => (await dataset.get(i)).label))
}

describe('imageFolder', () => {
  it('takes the classes in sorted order, and images in folders below', async () => {
    const folder = await make('sorted', {
      'owl/b.png': good,
      'owl/A.JPEG': good,
      'cat/deep/er/1.png': good,
      'cat/2.webp': good,
      'cat/notes.txt': 'no image',
      'cat/.hidden.png': good,
      '.git/x.png': good,
      'README.md': 'no image',
    })
    const dataset = await imageFolder(folder)
    expect(dataset.classes).toEqual(['cat', 'owl'])
    expect(dataset.paths).toEqual(
      ['cat/2.webp', 'cat/deep/er/1.png', 'owl/A.JPEG', 'owl/b.png'].map((p) => join(folder, p)),
    )
    expect([...dataset.labels]).toEqual([0, 0, 1, 1])
    expect(await labelsOf(dataset)).toEqual([0, 0, 1, 1])
    await expect(dataset.get(4)).rejects.toThrow('sample 4 does not exist; there are 4')
  })

  it('takes classes that were given', async () => {
    const folder = await make('given', { 'cat/1.png': good, 'owl/1.png': good })
    const dataset = await imageFolder(folder, { classes: ['owl', 'dog', 'cat'] })
    expect([dataset.classes, [...dataset.labels]]).toEqual([
      ['owl', 'dog', 'cat'],
      [2, 0],
    ])
    await expect(imageFolder(folder, { classes: ['cat'] })).rejects.toThrow(
      `${join(folder, 'owl')}: is none of the 1 classes; rename or remove the folder`,
    )
  })

  it('follows links', async () => {
    const folder = await make('links', { 'cat/1.png': good })
    await symlink(join(folder, 'cat'), join(folder, 'dog'))
    expect((await imageFolder(folder)).classes).toEqual(['cat', 'dog'])
  })

  it('names a folder that is absent, empty or no folder', async () => {
    await expect(imageFolder(join(root, 'none'))).rejects.toThrow(`${join(root, 'none')}: no such folder`)
    const empty = await make('empty', {})
    await expect(imageFolder(empty)).rejects.toThrow(
      `${empty}: is empty; each class needs a folder with its images there`,
    )
    const texts = await make('texts', { 'a.txt': '' })
    await expect(imageFolder(texts)).rejects.toThrow(`${texts}: holds neither class folders nor images`)
    await expect(imageFolder(join(texts, 'a.txt'))).rejects.toThrow('a.txt: is a file, not a folder')
    const flat = await make('flat', { 'a.png': good, 'b.png': good })
    await expect(imageFolder(flat)).rejects.toThrow(
      `${flat}: holds 2 images but no class folders; put the images of each class into a folder of its own`,
    )
  })

  it('names a class that has no images', async () => {
    const folder = await make('hollow', { 'cat/1.png': good, 'dog/1.txt': '' })
    await expect(imageFolder(folder)).rejects.toThrow(
      `${join(folder, 'dog')}: the class dog has no images (.jpg .jpeg .png .webp .gif .tif .tiff .bmp); ` +
        'add some or remove the folder',
    )
  })
})

describe('corrupt images in a folder', () => {
  const files = {
    'cat/1.png': good,
    'cat/2.jpg': corrupt,
    'dog/1.png': good,
    'dog/2.png': Buffer.alloc(0),
    'dog/3.png': good,
  }

  it('are an error that names the first one met', async () => {
    const folder = await make('corrupt', files)
    const loader = new DataLoader(await imageFolder(folder), { batchSize: 5 })
    const pass = (async () => {
      for await (const _ of loader);
    })()
    await expect(pass).rejects.toThrow(`${join(folder, 'cat/2.jpg')}: cannot be decoded: `)
  })

  it('are reported one by one and left out with skipCorrupt', async () => {
    const folder = await make('skipped', files)
    const skipped: string[] = []
    const dataset = await imageFolder(folder, { skipCorrupt: true, onSkip: ({ path }) => skipped.push(path) })
    expect(skipped).toEqual([join(folder, 'cat/2.jpg'), join(folder, 'dog/2.png')])
    expect([...dataset.labels]).toEqual([0, 1, 1])
    expect(await labelsOf(dataset)).toEqual([0, 1, 1])
  })

  it('that are all there is leave nothing to load', async () => {
    const folder = await make('hopeless', { 'cat/1.jpg': corrupt })
    await expect(imageFolder(folder, { skipCorrupt: true })).rejects.toThrow(
      `${folder}: none of its 1 images can be decoded`,
    )
  })
})

describe('labelledImages', () => {
  const images = { 'a.png': good, 'b.png': good, 'c.png': good }

  it('takes names of classes, with or without a heading', async () => {
    const folder = await make('named', {
      ...images,
      'labels.csv': 'file,class\r\nb.png,owl\r\na.png, cat\r\n\r\nc.png,owl\r\n',
      'plain.txt': 'b.png owl\na.png cat\nc.png owl',
    })
    for (const labels of ['labels.csv', 'plain.txt']) {
      const dataset = await labelledImages(folder, { labels })
      expect(dataset.classes).toEqual(['cat', 'owl'])
      expect(dataset.paths.map((path) => path.at(-5))).toEqual(['b', 'a', 'c'])
      expect(await labelsOf(dataset)).toEqual([1, 0, 1])
    }
    const given = await labelledImages(folder, { classes: ['owl', 'dog', 'cat'] })
    expect(await labelsOf(given)).toEqual([0, 2, 0])
  })

  it('takes numbers', async () => {
    const folder = await make('numbers', { ...images, 'labels.tsv': 'a.png\t2\nb.png\t0' })
    const dataset = await labelledImages(folder, { labels: 'labels.tsv' })
    expect([dataset.classes, await labelsOf(dataset)]).toEqual([
      ['0', '1', '2'],
      [2, 0],
    ])
    const named = await labelledImages(folder, { labels: 'labels.tsv', classes: ['x', 'y', 'z'] })
    expect([named.classes, await labelsOf(named)]).toEqual([
      ['x', 'y', 'z'],
      [2, 0],
    ])
  })

  it('names the line that is wrong', async () => {
    const folder = await make('wrong', { ...images, 'labels.csv': 'a.png,cat\nb.png\n', 'x.csv': 'a.png,7' })
    await expect(labelledImages(folder)).rejects.toThrow(
      `${join(folder, 'labels.csv')}: line 2 needs an image's name and its class`,
    )
    await expect(labelledImages(folder, { labels: 'x.csv', classes: ['a', 'b'] })).rejects.toThrow(
      `${join(folder, 'x.csv')}: line 1: 7 is not one of the 2 classes`,
    )
    await expect(labelledImages(folder, { labels: 'none.csv' })).rejects.toThrow('none.csv: no such file')
  })
})

describe('prefixedImages', () => {
  it('takes the class from the name', async () => {
    const folder = await make('prefixed', { 'n02_x.png': good, 'n01_y_z.png': good })
    const dataset = await prefixedImages(folder)
    expect([dataset.classes, await labelsOf(dataset)]).toEqual([
      ['n01', 'n02'],
      [0, 1],
    ])
    expect(await labelsOf(await prefixedImages(folder, { classes: ['n00', 'n01', 'n02'] }))).toEqual([1, 2])
    await expect(prefixedImages(folder, { classes: ['n01'] })).rejects.toThrow(
      `${folder}: n02_x.png: n02 is not one of the 1 classes`,
    )
    await make('prefixed', { 'bare.png': good })
    await expect(prefixedImages(folder)).rejects.toThrow(
      'bare.png: does not begin with a class and an underscore',
    )
  })

  const photographs = sharedPath('assets', 'images', 'imagenet')
  it.skipIf(photographs === undefined)('loads photographs into batches', async () => {
    const transform = compose([resize(64), centerCrop(64), toTensor()])
    const { dataset, layout, hasParts } = await openDataset(photographs!, { transform })
    expect([dataset.length, dataset.classes.length, layout, hasParts]).toEqual([
      100,
      100,
      'labels in file names',
      false,
    ])
    for await (const { images } of new DataLoader(dataset, { batchSize: 10 })) {
      expect(images.shape).toEqual([10, 3, 64, 64])
      break
    }
  })
})

describe('imageRows', () => {
  const cifar = sharedPath('assets', 'datasets', 'cifar10-lossless')
  it.skipIf(cifar === undefined)('reads CIFAR-10 as ConvNetJS keeps it', async () => {
    const dataset = await imageRows(cifar!)
    expect(dataset.length).toBe(2000)
    expect(dataset.classes).toEqual([
      'airplane',
      'automobile',
      'bird',
      'cat',
      'deer',
      'dog',
      'frog',
      'horse',
      'ship',
      'truck',
    ])
    const { image, label } = await dataset.get(0)
    // The first pixels of CIFAR-10's first training image, a frog.
    expect([image.width, image.height, label, [...image.data.subarray(0, 6)]]).toEqual([
      32,
      32,
      6,
      [59, 62, 63, 43, 46, 45],
    ])
    expect((await openDataset(cifar!)).layout).toBe('image rows')
  })

  it('names what is wrong', async () => {
    const table = await make('rows', { 'labels.csv': 'batch,row,label\n0,99,1', 'x_0.png': good })
    await expect(imageRows(table)).rejects.toThrow('x_0.png: rows of 21 pixels make no square image')
    const absent = await make('absent', { 'labels.csv': 'batch,row,label\n0,99,1' })
    await expect(imageRows(absent)).rejects.toThrow('holds none of the sheets')
    const wrong = await make('wrong-rows', { 'labels.csv': 'batch,row,label\n0,x,1' })
    await expect(imageRows(wrong)).rejects.toThrow(
      'line 2: batch, row and label must be whole numbers from 0',
    )
    const columns = await make('columns', { 'labels.csv': 'a,b\n0,1' })
    await expect(imageRows(columns)).rejects.toThrow(
      'needs the columns batch, row and label in its first line',
    )
  })
})

describe('openDataset', () => {
  it('tells the layouts apart', async () => {
    const folders = await make('open/folders', { 'cat/1.png': good, 'dog/1.png': good })
    const labels = await make('open/labels', { '1.png': good, 'labels.csv': '1.png,cat' })
    const parts = await make('open/parts', {
      'train/cat/1.png': good,
      'train/dog/1.png': good,
      'val/dog/2.png': good,
      'test/cat/3.png': good,
      'test/dog/3.png': good,
    })
    expect(await openDataset(folders)).toMatchObject({ layout: 'class folders', hasParts: false })
    expect(await openDataset(labels)).toMatchObject({ layout: 'labels file', hasParts: false })
    const train = await openDataset(parts)
    expect(train).toMatchObject({ layout: 'class folders', hasParts: true, dataset: { length: 2 } })
    const test = await openDataset(parts, { train: false })
    expect(test).toMatchObject({ hasParts: true, dataset: { length: 1, classes: ['cat', 'dog'] } })
    expect(await labelsOf(test.dataset)).toEqual([1])
  })

  it('says what it looked for', async () => {
    const folder = await make('open/nothing', { 'a.png': good })
    await expect(openDataset(folder)).rejects.toThrow(
      'it needs a folder for each class, a file labels.csv, names that begin with the class and an underscore, or the files of MNIST',
    )
    await expect(openDataset(join(root, 'nowhere'))).rejects.toThrow('nowhere: no such folder')
  })
})
