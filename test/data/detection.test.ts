import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DataError, detectionSamples } from '../../src/data/index.ts'
import {
  cocoDetection,
  openDetectionDataset,
  parseCocoAnnotations,
  parseVocAnnotation,
  parseYoloLabels,
  vocDetection,
  yoloLabels,
} from '../../src/data/node.ts'
import { parseAnnotationXml } from '../../src/data/voc-xml.ts'
import { classLabels } from '../../src/models/index.ts'
import { Generator } from '../../src/tensor/index.ts'
import { sharedPath } from '../support/shared.ts'
import fixtures from './fixtures/images.json' with { type: 'json' }

const picture = Buffer.from(fixtures['color.png'].file, 'base64')
const corrupt = picture.subarray(0, 60)

let root = ''
let size = { width: 0, height: 0 }
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'ocelli-objects-'))
  const { image } = await (await yoloLabels(await make('probe', probe))).get(0)
  size = { width: image.width, height: image.height }
})
afterAll(() => rm(root, { recursive: true }))

async function make(name: string, files: Readonly<Record<string, string | Buffer>>): Promise<string> {
  const folder = join(root, name)
  for (const [file, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, file)), { recursive: true })
    await writeFile(join(folder, file), content)
  }
  return folder
}

const probe = {
  'classes.txt': 'cat\ndog\n',
  'images/a.png': picture,
  'images/b.png': picture,
  'labels/a.txt': '1 0.5 0.5 0.5 1\n\n0 0.9 0.5 0.4 0.5\n',
}

describe('yoloLabels', () => {
  it('reads boxes in shares of the image, cut at its edges', async () => {
    const dataset = await yoloLabels(await make('plain', probe))
    expect(dataset.classes).toEqual(['cat', 'dog'])
    expect(dataset.length).toBe(2)
    const { objects } = await dataset.get(0)
    const { width, height } = size
    expect(objects.map(({ label }) => label)).toEqual([1, 0])
    expect(objects[0]!.box).toEqual([0.25 * width, 0, 0.75 * width, height])
    expect(objects[1]!.box[2]).toBe(width)
    expect((await dataset.get(1)).objects).toEqual([])
    expect(dataset.relativeSizes!()[0]).toEqual([0.5, 1])
  })

  it('reads .data files, lists and folders with parts', async () => {
    const folder = await make('parts', {
      'obj.names': 'cat\ndog',
      'obj.data':
        'classes = 2\ntrain = train.txt\nvalid = other/valid.txt # held out\nnames = obj.names\nbackup = x\n',
      'train.txt': 'images/a.png\nimages/b.png\n',
      'other/valid.txt': 'images/c.png',
      'images/a.png': picture,
      'images/b.png': picture,
      'labels/a.txt': '0 0.5 0.5 1 1',
      'other/images/c.png': picture,
      'other/labels/c.txt': '1 0.5 0.5 1 1',
    })
    const data = join(folder, 'obj.data')
    expect((await yoloLabels(data)).length).toBe(2)
    const { dataset, layout, hasParts } = await openDetectionDataset(data, { train: false })
    expect([layout, hasParts, (await dataset.get(0)).objects[0]!.label]).toEqual(['yolo', true, 1])
    expect((await openDetectionDataset(join(folder, 'train.txt'))).dataset.length).toBe(2)
    const ultra = await make('ultra', {
      'classes.txt': 'cat',
      'images/train/a.png': picture,
      'labels/train/a.txt': '0 0.5 0.5 1 1',
      'images/val/b.png': picture,
      'labels/val/b.txt': '0 0.5 0.5 0.5 0.5',
    })
    const held = await openDetectionDataset(ultra, { train: false })
    expect([held.hasParts, held.dataset.paths]).toEqual([true, [join(ultra, 'images/val/b.png')]])
  })

  it('names the file and line of what is wrong', async () => {
    const wrong = (text: string) => () => parseYoloLabels(text, 'a.txt', 2)
    expect(wrong('0 0.5 0.5 1 1\n0 0.5 0.5 1')).toThrow('a.txt: line 2: has 4 values')
    expect(wrong('0 .1 .1 .2 .1 .3 .3')).toThrow(/outlines/)
    expect(wrong('2 0.5 0.5 1 1')).toThrow(/class 2 is not one of the 2/)
    expect(wrong('0.5 0.5 0.5 1 1')).toThrow(/class 0.5/)
    expect(wrong('0 0.5 x 1 1')).toThrow(/not five numbers/)
    expect(wrong('0 0.5 0.5 0 1')).toThrow(/no box in shares/)
    expect(wrong('0 120 80 40 40')).toThrow(/no box in shares/)
    expect(wrong('0 NaN 0.5 1 1')).toThrow(DataError)
    const { 'classes.txt': _, ...unnamed } = probe
    await expect(yoloLabels(await make('unnamed', unnamed))).rejects.toThrow(/classes.txt/)
    const { 'labels/a.txt': __, ...unlabelled } = probe
    await expect(yoloLabels(await make('unlabelled', unlabelled))).rejects.toThrow(/labels.a\.txt/)
    await expect(yoloLabels(join(root, 'none.data'))).rejects.toThrow(/no such file/)
    const empty = await make('empty', { 'obj.data': 'classes=2\n', 'classes.txt': 'a', 'x.txt': 'note.doc' })
    await expect(yoloLabels(join(empty, 'obj.data'))).rejects.toThrow(/no entry 'train'/)
    await expect(yoloLabels(join(empty, 'x.txt'))).rejects.toThrow(/line 1: 'note.doc'/)
  })

  it('leaves out images that cannot be decoded where it is told so', async () => {
    const folder = await make('corrupt', { ...probe, 'images/b.png': corrupt })
    const skipped: string[] = []
    const options = { skipCorrupt: true, onSkip: ({ path }: { path: string }) => skipped.push(path) }
    expect((await yoloLabels(folder, options)).length).toBe(1)
    expect(skipped).toEqual([join(folder, 'images/b.png')])
    await expect((await yoloLabels(folder)).get(1)).rejects.toThrow(/b\.png/)
  })
})

const annotation = `<?xml version="1.0"?>
<!-- by hand -->
<annotation verified="yes">
  <filename>a.png</filename>
  <size><width>8</width><height>6</height><depth>3</depth></size>
  <object>
    <name>salt &amp; pepper</name><difficult>1</difficult>
    <part><name>head</name><bndbox><xmin>1</xmin></bndbox></part>
    <bndbox><ymin>2</ymin><xmin>1</xmin><xmax>8</xmax><ymax>6</ymax></bndbox>
  </object>
</annotation>`

describe('vocDetection', () => {
  it('reads pixels counted from 1 up to the last one', () => {
    expect(parseVocAnnotation(annotation, 'a.xml')).toEqual({
      filename: 'a.png',
      size: { width: 8, height: 6 },
      objects: [{ name: 'salt & pepper', box: [0, 1, 8, 6], difficult: true }],
    })
  })

  it('ends in a clear error for a file cut anywhere', () => {
    for (let length = 0; length < annotation.length; length++) {
      expect(() => parseVocAnnotation(annotation.slice(0, length), 'a.xml')).toThrow(DataError)
    }
  })

  it('ends in an error of its own, or reads something, whatever bytes are changed', () => {
    const generator = new Generator(4)
    let refused = 0
    for (let round = 0; round < 3000; round++) {
      const letters = [...annotation]
      for (let i = generator.integer(4); i >= 0; i--) {
        letters[generator.integer(letters.length)] = '<>/&;"a1 \n\0'[generator.integer(11)]!
      }
      try {
        parseVocAnnotation(letters.join(''), 'a.xml')
      } catch (error) {
        expect(error).toBeInstanceOf(DataError)
        refused++
      }
    }
    expect(refused).toBeGreaterThan(500)
  })

  it('refuses XML that no annotation needs', () => {
    const wrong = (text: string) => () => parseAnnotationXml(text, 'a.xml')
    expect(wrong('<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>')).toThrow(/line 1: document types/)
    expect(wrong('<a>\n<b>\n</a>')).toThrow('a.xml: line 3: </a> closes <b>')
    expect(wrong('<a>&nothing;</a>')).toThrow(/entity/)
    expect(wrong('<a/><b/>')).toThrow(/after the end/)
    expect(wrong('text')).toThrow(/outside/)
    expect(wrong('')).toThrow(/no XML element/)
    expect(wrong('<a>'.repeat(100_000))).toThrow(/nested/)
    expect(wrong(`<a ${'x '.repeat(50_000)}`)).toThrow(DataError)
    expect(parseAnnotationXml('<a><![CDATA[<b>]]>&#65;&#x42;</a>', 'a.xml').text).toBe('<b>AB')
  })

  it('names what is missing or wrong, with its line', () => {
    const wrong = (from: string, to: string) => () =>
      parseVocAnnotation(annotation.replace(from, to), 'a.xml')
    expect(wrong('<xmax>8</xmax>', '')).toThrow('a.xml: line 9: <bndbox> has no <xmax>')
    expect(wrong('<xmax>8', '<xmax>wide')).toThrow(/line 9: <xmax> must be a number/)
    expect(wrong('<xmax>8', '<xmax>0')).toThrow(/ends before it begins/)
    expect(wrong('<name>salt &amp; pepper</name>', '')).toThrow(/line 6: <object> has no <name>/)
    expect(wrong('<annotation ', '<note ')).toThrow(DataError)
  })

  it('reads folders, and an annotation that is not of its image is an error', async () => {
    const { width, height } = size
    const good = annotation.replace('<width>8', `<width>${width}`).replace('<height>6', `<height>${height}`)
    const folder = await make('voc', {
      'Annotations/a.xml': good,
      'Annotations/b.xml': annotation.replace('a.png', 'b.png'),
      'JPEGImages/a.png': picture,
      'JPEGImages/b.png': picture,
      'ImageSets/Main/train.txt': 'a\n',
      'ImageSets/Main/val.txt': 'b  1\na -1\n',
    })
    const { dataset, hasParts, layout } = await openDetectionDataset(folder)
    expect([dataset.length, hasParts, layout, dataset.classes]).toEqual([1, true, 'voc', ['salt & pepper']])
    expect((await dataset.get(0)).objects[0]!.box).toEqual([0, 1, 8, 6])
    const other = await openDetectionDataset(folder, { train: false })
    expect(other.dataset.paths).toEqual([join(folder, 'JPEGImages', 'b.png')])
    await expect(other.dataset.get(0)).rejects.toThrow(/its annotation is for 8 x 6/)
    await expect(vocDetection(folder, { classes: ['cat'] })).rejects.toThrow(
      /'salt & pepper' is not one of the 1/,
    )
  })

  it('reads the sample of VOC, two of whose photographs are cut short', async () => {
    const path = sharedPath('assets', 'datasets', 'voc-sample')
    if (!path) return
    const skipped: string[] = []
    const { dataset } = await openDetectionDataset(path, {
      skipCorrupt: true,
      onSkip: (error) => skipped.push(error.path),
    })
    expect([dataset.length + skipped.length, skipped.length]).toEqual([10, 2])
    expect(dataset.classes).toEqual((await classLabels('voc')).map(({ id }) => id))
    const at = dataset.paths.findIndex((name) => name.endsWith('2007_000032.jpg'))
    const { objects } = await dataset.get(at)
    expect(objects.map(({ label, box }) => [dataset.classes[label], ...box])).toEqual([
      ['aeroplane', 103, 77, 375, 183],
      ['aeroplane', 132, 87, 197, 123],
      ['person', 194, 179, 213, 229],
      ['person', 25, 188, 44, 238],
    ])
  })
})

describe('cocoDetection', () => {
  const good = () => ({
    images: [
      { id: 7, file_name: 'a.png', width: size.width, height: size.height },
      { id: 9, file_name: 'sub/b.png' },
    ],
    annotations: [
      { id: 1, image_id: 7, category_id: 18, bbox: [1, 2, 3, 2.5], area: 5, iscrowd: 0 },
      { id: 2, image_id: 7, category_id: 3, bbox: [0, 0, 4, 4], iscrowd: 1 },
    ],
    categories: [
      { id: 18, name: 'dog' },
      { id: 3, name: 'car' },
    ],
  })

  it('reads boxes, crowds and areas; labels go by the ids of the categories', async () => {
    const folder = await make('coco', {
      'annotations/instances_val2017.json': JSON.stringify(good()),
      'val2017/a.png': picture,
      'val2017/sub/b.png': picture,
    })
    const { dataset, layout } = await openDetectionDataset(folder)
    expect([layout, dataset.classes, dataset.length]).toEqual(['coco', ['car', 'dog'], 2])
    expect((await dataset.get(0)).objects).toEqual([
      { label: 1, box: [1, 2, 4, 4.5], area: 5 },
      { label: 0, box: [0, 0, 4, 4], crowd: true },
    ])
    expect((await dataset.get(1)).objects).toEqual([])
    const file = join(folder, 'annotations/instances_val2017.json')
    const renamed = await cocoDetection(file, join(folder, 'val2017'), { classes: ['dog', 'cat', 'car'] })
    expect((await renamed.get(0)).objects.map(({ label }) => label)).toEqual([0, 2])
  })

  it('names the record that is wrong', () => {
    const wrong = (change: (value: ReturnType<typeof good> & Record<string, unknown>) => void) => () => {
      const value = good()
      change(value)
      parseCocoAnnotations(JSON.stringify(value), 'x.json')
    }
    expect(wrong((v) => Object.assign(v.annotations[1]!, { bbox: [1, 2, 3] }))).toThrow(
      'x.json: annotation 1: bbox',
    )
    expect(wrong((v) => Object.assign(v.annotations[0]!, { bbox: [1, 2, -3, 1] }))).toThrow(/negative/)
    expect(wrong((v) => Object.assign(v.annotations[0]!, { image_id: 8 }))).toThrow(/no image with the id 8/)
    expect(wrong((v) => Object.assign(v.annotations[0]!, { category_id: 8 }))).toThrow(/no category/)
    expect(wrong((v) => Object.assign(v.images[1]!, { id: 7 }))).toThrow(/image 1: another image/)
    expect(wrong((v) => Object.assign(v.images[1]!, { file_name: '../x.png' }))).toThrow(/below the images/)
    expect(wrong((v) => Object.assign(v, { categories: {} }))).toThrow(/no list 'categories'/)
    expect(wrong((v) => Object.assign(v.categories[0]!, { id: 3 }))).toThrow(/same id/)
    for (const text of [
      '',
      '[',
      '[]',
      'null',
      '{"images": [1], "annotations": [], "categories": []}',
      '['.repeat(1e6),
    ]) {
      expect(() => parseCocoAnnotations(text, 'x.json')).toThrow(DataError)
    }
  })

  it('reads a file made by others', async () => {
    const path = sharedPath('assets', 'datasets', 'voc-sample', 'coco_sample.json')
    if (!path) return
    const dataset = await cocoDetection(path, '.')
    expect([dataset.length, dataset.classes]).toEqual([3, ['bus', 'car']])
  })
})

describe('openDetectionDataset', () => {
  it('says what it takes where it finds none of it', async () => {
    await expect(openDetectionDataset(join(root, 'nowhere'))).rejects.toThrow(/no such file or folder/)
    await expect(openDetectionDataset(await make('nothing', { 'a.doc': '' }))).rejects.toThrow(/Annotations/)
    await expect(openDetectionDataset(join(await make('odd', { 'a.doc': '' }), 'a.doc'))).rejects.toThrow(
      /\.data/,
    )
  })
})

describe('detectionSamples', () => {
  it('checks the classes of samples in memory', () => {
    const image = { width: 4, height: 2, channels: 3 as const, data: new Uint8Array(24) }
    const samples = [{ image, objects: [{ label: 0, box: [0, 0, 2, 1] as const }] }]
    expect(detectionSamples(samples, ['a']).relativeSizes!()).toEqual([[0.5, 0.5]])
    expect(() => detectionSamples(samples, [])).toThrow(/sample 0: class 0/)
  })
})
