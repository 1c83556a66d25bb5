import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { DataError } from '../../src/data/index.ts'
import { decodeImage, ImageDecodeError, readImage } from '../../src/data/node.ts'
import { sharedPath } from '../support/shared.ts'
import fixtures from './fixtures/images.json' with { type: 'json' }

interface Fixture {
  readonly file: string
  readonly width: number
  readonly height: number
  readonly rgb: string
}

const files: Readonly<Record<string, Fixture>> = fixtures

function bytesOf(name: string): Uint8Array {
  return Buffer.from(files[name]!.file, 'base64')
}

describe('decodeImage', () => {
  it.each(Object.entries(files))('reads %s as Pillow does', async (name, { file, width, height, rgb }) => {
    const image = await decodeImage(Buffer.from(file, 'base64'), name)
    expect([image.width, image.height, image.channels]).toEqual([width, height, 3])
    expect(image.data).toBeInstanceOf(Uint8Array)
    expect([...image.data]).toEqual([...Buffer.from(rgb, 'base64')])
  })

  it('keeps the high byte of 16 bits', async () => {
    const values = Uint16Array.of(0x0000, 0x01ff, 0x8000, 0xfe80, 0xffff, 0x1234)
    const raw = { width: 6, height: 1, channels: 1 } as const
    const png = await sharp(values, { raw }).toColourspace('grey16').png().toBuffer()
    const { data } = await decodeImage(png)
    const red = Array.from(values, (_, i) => data[i * 3]!)
    for (const [i, value] of red.entries()) expect(Math.abs(value - values[i]! / 257)).toBeLessThanOrEqual(1)
  })
})

describe('damaged images', () => {
  const cut = (name: string, share: number): Uint8Array => {
    const bytes = bytesOf(name)
    return bytes.subarray(0, Math.floor(bytes.length * share))
  }

  it.each([
    'subsampling-2.jpg',
    'progressive.jpg',
    'cmyk.jpg',
    'color.png',
    'palette.gif',
    'lossy.webp',
    'color.tif',
  ])('%s that is cut off is an error, not half an image', async (name) => {
    for (const share of [0.1, 0.5, 0.9]) {
      const error = await decodeImage(cut(name, share), name).catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(ImageDecodeError)
      expect(error).toBeInstanceOf(DataError)
      expect((error as ImageDecodeError).path).toBe(name)
      expect((error as ImageDecodeError).message).toMatch(
        new RegExp(`^${name}: cannot be decoded: .*; replace it`),
      )
    }
  })

  it('of which a JPEG lacks its end alone is an error too', async () => {
    const bytes = bytesOf('subsampling-0.jpg')
    await expect(decodeImage(bytes.subarray(0, bytes.length - 2), 'a.jpg')).rejects.toThrow(
      'a.jpg: cannot be decoded: the file ends too early (VipsJpeg: premature end of JPEG image); replace it or leave it out',
    )
  })

  it('of which the middle was overwritten are errors', async () => {
    for (const name of ['color.png', 'subsampling-2.jpg']) {
      const bytes = Uint8Array.from(bytesOf(name))
      bytes.fill(0, bytes.length * 0.7)
      await expect(decodeImage(bytes, name)).rejects.toThrow(`${name}: cannot be decoded`)
    }
  })

  it('of which nothing is an image say so', async () => {
    await expect(decodeImage(new Uint8Array(), 'a.png')).rejects.toThrow('a.png: the file is empty')
    await expect(decodeImage(Buffer.from('<html>not found</html>'), 'a.png')).rejects.toThrow(
      'a.png: cannot be decoded: it is none of JPEG, PNG, WebP, GIF, TIFF and BMP',
    )
  })

  it.each([
    [
      'color.bmp',
      (view: DataView) => view.setInt32(18, 9999, true),
      'the file ends too early: 9999 x 15 pixels need',
    ],
    ['color.bmp', (view: DataView) => view.setUint16(28, 13, true), '13 bits a pixel are not supported'],
    [
      'palette.bmp',
      (view: DataView) => view.setUint32(30, 1, true),
      'compression 1 is not supported; save it uncom',
    ],
    ['palette.bmp', (view: DataView) => view.setUint32(46, 2, true), "is not among the palette's 2"],
    [
      'color.bmp',
      (view: DataView) => view.setUint32(14, 7, true),
      'a header of 7 bytes is none of a Windows bitmap',
    ],
    ['color.bmp', (view: DataView) => view.setInt32(22, 0, true), 'a size of 21 x 0 pixels makes no image'],
    ['masks-16.bmp', (view: DataView) => view.setUint32(54, 0, true), 'a colour mask is empty'],
  ])('%s with a wrong header says what is wrong', async (name, damage, message) => {
    const bytes = Uint8Array.from(bytesOf(name))
    damage(new DataView(bytes.buffer))
    await expect(decodeImage(bytes, name)).rejects.toThrow(`${name}: cannot be decoded: `)
    await expect(decodeImage(bytes, name)).rejects.toThrow(message)
  })

  it('such as a bitmap of a few bytes', async () => {
    await expect(decodeImage(bytesOf('color.bmp').subarray(0, 20), 'a.bmp')).rejects.toThrow(
      'ends within the header',
    )
  })
})

describe('readImage', () => {
  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ocelli-decode-'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  it('tells the format by the bytes and not by the name', async () => {
    const path = join(folder, 'named.png')
    await writeFile(path, bytesOf('color.bmp'))
    expect((await readImage(path)).width).toBe(21)
  })

  it('names the file that it cannot read', async () => {
    await expect(readImage(join(folder, 'none.jpg'))).rejects.toThrow(
      `${join(folder, 'none.jpg')}: no such file`,
    )
    await expect(readImage(folder)).rejects.toThrow(`${folder}: is a folder, not an image`)
  })

  it('says how to install sharp where it is absent, and reads bitmaps without it', async () => {
    vi.resetModules()
    vi.doMock('sharp', () => {
      throw Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' })
    })
    const { decodeImage: decodeAlone } = await import('../../src/data/decode.ts')
    await expect(decodeAlone(bytesOf('color.png'), 'a.png')).rejects.toThrow(
      /^Decoding images needs the package sharp, which .*; run: npm install sharp$/,
    )
    expect((await decodeAlone(bytesOf('color.bmp'))).height).toBe(15)
    vi.doUnmock('sharp')
  })

  const voc = sharedPath('assets', 'datasets', 'voc-sample')
  it.skipIf(voc === undefined)(
    'refuses the truncated photographs of a real data set, and them alone',
    async () => {
      const refused: string[] = []
      for (const year of ['VOC2007', 'VOC2012']) {
        for (const name of await readdir(join(voc!, year, 'JPEGImages'))) {
          const path = join(voc!, year, 'JPEGImages', name)
          await readImage(path).catch((error: unknown) => {
            expect(String(error)).toContain('the file ends too early')
            refused.push(name)
          })
        }
      }
      expect(refused.toSorted()).toEqual(['000001.jpg', '2007_000027.jpg'])
    },
  )

  const scenes = sharedPath('assets', 'images', 'scenes')
  it.skipIf(scenes === undefined)('reads bitmaps that others made', async () => {
    const image = await readImage(join(scenes!, 'coral-cat.bmp'))
    const bytes = await readFile(join(scenes!, 'coral-cat.bmp'))
    expect(image.data.length).toBe(image.width * image.height * 3)
    expect(image.data.length).toBeLessThanOrEqual(bytes.length)
  })
})
