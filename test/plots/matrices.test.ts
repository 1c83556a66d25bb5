import { inflateSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { deflate } from '../../src/plots/deflate.ts'
import { heatmap, imageGrid } from '../../src/plots/index.ts'
import { encodePng } from '../../src/plots/png.ts'
import { colourStops } from '../../src/plots/theme.ts'
import { crc32ByTables } from '../../src/weights/crc32.ts'
import { readPicture } from './picture.ts'

interface Pixels {
  readonly width: number
  readonly height: number
  readonly channels: number
  readonly data: Uint8Array
}

/** Reads a PNG as the standard says, with Node's own decompressor. */
function readPng(file: Uint8Array): Pixels {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  expect([...file.subarray(0, 8)]).toEqual([137, 80, 78, 71, 13, 10, 26, 10])
  const chunks = new Map<string, Uint8Array>()
  for (let at = 8; at < file.length; ) {
    const length = view.getUint32(at)
    const body = file.subarray(at + 4, at + 8 + length)
    expect(view.getUint32(at + 8 + length)).toBe(crc32ByTables(body))
    chunks.set(String.fromCharCode(...body.subarray(0, 4)), body.subarray(4))
    at += length + 12
  }
  expect([...chunks.keys()]).toEqual(['IHDR', 'IDAT', 'IEND'])
  const header = chunks.get('IHDR')!
  const [width, height] = [view.getUint32(16), view.getUint32(20)]
  expect(header[8]).toBe(8)
  const channels = header[9] === 2 ? 3 : 1
  const rows = inflateSync(chunks.get('IDAT')!)
  const stride = width * channels
  expect(rows.length).toBe(height * (stride + 1))
  const data = new Uint8Array(height * stride)
  for (let y = 0; y < height; y++) {
    const filter = rows[y * (stride + 1)]
    for (let x = 0; x < stride; x++) {
      const left = filter === 1 && x >= channels ? data[y * stride + x - channels]! : 0
      data[y * stride + x] = rows[y * (stride + 1) + 1 + x]! + left
    }
  }
  return { width, height, channels, data }
}

const embedded = (svg: string): Pixels[] =>
  [...svg.matchAll(/data:image\/png;base64,([^"]+)"/g)].map(([, text]) =>
    readPng(new Uint8Array(Buffer.from(text!, 'base64'))),
  )

/** The same numbers each time, hard to compress. */
function noise(length: number): Uint8Array {
  let state = 1
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff
    return state >> 16
  })
}

describe('deflate', () => {
  const periodic = Uint8Array.from({ length: 70_000 }, (_, i) => (i % 40_000) % 251)
  it.each([
    ['nothing', new Uint8Array(0)],
    ['one byte', Uint8Array.of(200)],
    ['a long run', new Uint8Array(100_000).fill(7)],
    ['noise', noise(50_000)],
    ['far repetitions', periodic],
    ['all bytes', Uint8Array.from({ length: 256 }, (_, i) => i)],
  ])('gives what others unpack: %s', async (_, bytes) => {
    const { inflateRawSync } = await import('node:zlib')
    expect(Buffer.compare(inflateRawSync(deflate(bytes)), bytes)).toBe(0)
  })

  it('makes runs small and noise little larger', () => {
    expect(deflate(new Uint8Array(100_000)).length).toBeLessThan(700)
    expect(deflate(noise(50_000)).length).toBeLessThan(50_000 * 1.08)
  })
})

describe('encodePng', () => {
  it.each([1, 3] as const)('keeps every pixel, channels: %i', (channels) => {
    const pixels = { data: noise(13 * 7 * channels), width: 13, height: 7, channels }
    expect(readPng(encodePng(pixels))).toEqual(pixels)
  })
})

describe('imageGrid', () => {
  const bytes = { data: Uint8Array.of(0, 100, 200, 255), width: 2, height: 2, channels: 1 as const }

  it('shows bytes as they are, with captions', async () => {
    const svg = await imageGrid({ title: 'two <pictures>', images: [bytes, bytes], captions: ['a & b', 'c'] })
    expect(embedded(svg).map(({ data }) => [...data])).toEqual([
      [0, 100, 200, 255],
      [0, 100, 200, 255],
    ])
    const picture = readPicture(svg)
    expect(picture.texts).toEqual(['two <pictures>', 'a & b', 'c'])
    expect(picture.elements('image').map(({ style }) => style)).toEqual([
      'image-rendering:pixelated',
      'image-rendering:pixelated',
    ])
    expect(
      await imageGrid({ title: 'two <pictures>', images: [bytes, bytes], captions: ['a & b', 'c'] }),
    ).toBe(svg)
  })

  it('stretches floats over all pictures, over each, or over a range', async () => {
    const images = [
      { data: Float32Array.of(0, 1), width: 2, height: 1, channels: 1 as const },
      { data: [1, 5], width: 2, height: 1, channels: 1 as const },
    ]
    const drawn = async (range?: 'each' | 'all' | readonly [number, number]): Promise<number[][]> =>
      embedded(await imageGrid({ images, ...(range ? { range } : {}) })).map(({ data }) => [...data])
    expect(await drawn()).toEqual([
      [0, 51],
      [51, 255],
    ])
    expect(await drawn('each')).toEqual([
      [0, 255],
      [0, 255],
    ])
    expect(await drawn([1, 2])).toEqual([
      [0, 0],
      [0, 255],
    ])
  })

  it('keeps zero in the middle of a diverging scale', async () => {
    const images = [{ data: [-1, 0, 4], width: 3, height: 1, channels: 1 as const }]
    const [{ data, channels }] = embedded(await imageGrid({ images, scale: 'diverging' })) as [Pixels]
    expect(channels).toBe(3)
    const middle = colourStops.diverging[4]!
    expect([...data.subarray(3, 6)]).toEqual(
      [1, 3, 5].map((i) => Number.parseInt(middle.slice(i, i + 2), 16)),
    )
  })

  it('lays pictures out in columns, in their proportions', async () => {
    const wide = { data: new Uint8Array(24), width: 4, height: 2, channels: 3 as const }
    const places = readPicture(
      await imageGrid({ images: [wide, bytes, wide], columns: 2, imageWidth: 40 }),
    ).elements('image')
    expect(places.map(({ width, height }) => `${width}x${height}`)).toEqual(['40x20', '40x40', '40x20'])
    expect(places[0]!.y).toBe(places[1]!.y)
    expect(places[0]!.x).toBe(places[2]!.x)
    expect(Number(places[2]!.y)).toBeGreaterThan(Number(places[1]!.y) + 40)
  })

  it('says which picture does not fit', async () => {
    await expect(imageGrid({ images: [] })).rejects.toThrow('images is empty')
    await expect(imageGrid({ images: [bytes, { ...bytes, width: 3 }] })).rejects.toThrow(
      'images[1].data has length 4, but 3 x 2 x 1 has 6',
    )
    await expect(imageGrid({ images: [{ ...bytes, data: [0, Number.NaN, 1, 1] }] })).rejects.toThrow(
      'images[0].data[1] is NaN',
    )
    await expect(imageGrid({ images: [bytes], captions: [] })).rejects.toThrow('captions has length 0')
  })
})

describe('heatmap', () => {
  const zero = [
    [0, 1, 0],
    [1, 0, 1],
  ]

  it('draws a square a number, the numbers in readable colours', async () => {
    const picture = readPicture(await heatmap({ values: zero, annotate: true, scale: 'grey' }))
    const fills = picture.elements('path').map(({ fill }) => fill)
    expect(fills.filter((fill) => fill === '#ffffff')).toHaveLength(3)
    expect(fills.filter((fill) => fill === '#000000' || fill === '#000')).toHaveLength(3)
    const texts = picture.elements('text').map(({ fill }) => fill)
    expect(picture.texts).toEqual(['0', '1', '0', '1', '0', '1'])
    expect(texts.map((fill) => (fill === '#ffffff' ? 1 : 0))).toEqual([1, 0, 1, 0, 1, 0])
  })

  it('names rows, columns and axes, and takes a formatter', async () => {
    const { texts } = readPicture(
      await heatmap({
        values: zero,
        xLabels: ['cat', 'dog', 'bird'],
        yLabels: ['<a>', 'b'],
        x: { label: 'predicted' },
        y: { label: 'true' },
        annotate: (value, row, column) => `${row}${column}:${value}`,
      }),
    )
    expect(texts).toEqual(
      expect.arrayContaining(['cat', 'dog', 'bird', '<a>', 'b', 'predicted', 'true', '12:1']),
    )
  })

  it('says with a bar which colour is which number', async () => {
    const { texts } = readPicture(await heatmap({ values: [[-1, 2.5]], scale: 'diverging' }))
    expect(texts).toEqual(expect.arrayContaining(['2.5', '-2.5']))
    expect(readPicture(await heatmap({ values: [[-1, 2.5]], legend: false })).texts).toEqual([])
  })

  it('has no bar of colours where all numbers are equal', async () => {
    expect(readPicture(await heatmap({ values: [[1, 1]] })).texts).toEqual([])
  })

  it('embeds large matrices as a picture', async () => {
    const values = Array.from({ length: 200 }, (_, i) =>
      Float64Array.from({ length: 200 }, (_, j) => Math.sin(i / 20) * Math.cos(j / 13)),
    )
    const svg = await heatmap({ values })
    expect(svg.length).toBeLessThan(150_000)
    expect(embedded(svg)).toMatchObject([{ width: 200, height: 200 }])
    const [place] = readPicture(svg).elements('image') as [Record<string, string>]
    expect(Number(place.width)).toBeCloseTo(480, -1)
    expect(Number(place.height)).toBeCloseTo(480, -1)
    await expect(heatmap({ values, annotate: true })).rejects.toThrow('at most 2500')
  })

  it('says which number it cannot draw', async () => {
    await expect(heatmap({ values: [] })).rejects.toThrow('values is empty')
    await expect(heatmap({ values: [[1, 2], [1]] })).rejects.toThrow('values[1] has length 1, but heatmap')
    await expect(heatmap({ values: [[1, Number.NaN]] })).rejects.toThrow('values[0][1] is NaN')
    await expect(heatmap({ values: zero, xLabels: ['a'] })).rejects.toThrow('xLabels has length 1')
  })
})
