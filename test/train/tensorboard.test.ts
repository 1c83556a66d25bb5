import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, describe, expect, it } from 'vitest'
import { tensor } from '../../src/tensor/index.ts'
import { histogramOf } from '../../src/train/histogram.ts'
import { SummaryWriter } from '../../src/train/index.ts'
import { crc32c } from '../../src/weights/crc32.ts'
import { doublesOf, fieldsOf, readEventFile, slowCrc32c } from '../support/event-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'ocelli-events-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('crc32c', () => {
  it('has the values of RFC 3720, appendix B.4', () => {
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa)
    expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43)
    expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e)
    expect(crc32c(new TextEncoder().encode('123456789'))).toBe(0xe3069283)
  })

  it('agrees with the bitwise definition at every length', () => {
    const data = Uint8Array.from({ length: 40 }, (_, i) => (i * 37) % 251)
    for (let n = 0; n < 40; n++) expect(crc32c(data.subarray(0, n))).toBe(slowCrc32c(data.subarray(0, n)))
  })
})

describe('histogramOf', () => {
  it("puts numbers where TensorFlow's buckets have them", () => {
    const ends = [Number.MAX_VALUE]
    for (let end = 1e-12; end < 1e20; end *= 1.1) ends.splice(-1, 0, end)
    const limits = [...ends.map((end) => -end).reverse(), 0, ...ends]
    const edges = limits.filter((_, i) => i % 7 === 0)
    const values = [...edges, 0, -0, 1, -1, 1e-13, -1e-13, 5e-324, 3e25, -3e25, 0.1, -0.1, 123.456]
    for (const value of values) {
      const { bucketLimit, bucket } = histogramOf([value])
      const above = limits.findIndex((limit) => limit > value)
      // std::upper_bound: the first limit above the value; the largest number has none and goes into the last bucket.
      expect(bucketLimit[bucket.indexOf(1)], `of ${value}`).toBe(limits.at(above))
      expect(bucket.reduce((a, b) => a + b)).toBe(1)
    }
  })

  it('has the sums, and one bucket for a run of empty ones', () => {
    const { min, max, num, sum, sumSquares, bucketLimit, bucket } = histogramOf([-2, 3, 3, 0.5])
    expect({ min, max, num, sum, sumSquares }).toEqual({
      min: -2,
      max: 3,
      num: 4,
      sum: 4.5,
      sumSquares: 22.25,
    })
    expect(bucket).toEqual([0, 1, 0, 1, 0, 2, 0])
    expect(bucketLimit.at(-1)).toBe(Number.MAX_VALUE)
    expect(bucketLimit).toEqual([...bucketLimit].sort((a, b) => a - b))
    for (const [i, count] of bucket.entries()) {
      const inside = [-2, 3, 3, 0.5].filter(
        (v) => v < bucketLimit[i]! && v >= (bucketLimit[i - 1] ?? -Infinity),
      )
      expect(inside).toHaveLength(count)
    }
  })

  it('refuses no numbers, and says how many are none', () => {
    expect(() => histogramOf([])).toThrow('no numbers')
    expect(() => histogramOf([1, Number.NaN, Infinity])).toThrow('2 of 3 numbers are NaN or infinite')
  })
})

describe('SummaryWriter', () => {
  it('writes what a reader of the format finds', async () => {
    const writer = new SummaryWriter(join(folder, 'all'), { purgeStep: 3 })
    writer.addScalar('loss/train', 0.25, 3)
    await writer.addHistogram('weights', tensor([-2, 3, 3, 0.5]), 4)
    const png = await sharp({ create: { width: 5, height: 3, channels: 3, background: '#3366aa' } })
      .png()
      .toBuffer()
    writer.addImage('picture', png, 2 ** 40)
    writer.addText('notes', 'a **bold** ö', 5)
    await writer.close()

    const { version, values, restarts, cut } = readEventFile(writer.path)
    expect(version).toBe('brain.Event:2')
    expect(restarts).toEqual([3])
    expect(cut).toBe(0)
    expect(values.map(({ tag, step }) => [tag, step])).toEqual([
      ['loss/train', 3],
      ['weights', 4],
      ['picture', 2 ** 40],
      ['notes', 5],
    ])
    const [scalar, histogram, image, note] = values.map(({ fields }) => fields)
    expect(scalar!.get(2)).toEqual([0.25])
    const counted = fieldsOf(histogram!.get(5)![0] as Uint8Array)
    const { bucketLimit, bucket } = histogramOf([-2, 3, 3, 0.5])
    expect([1, 2, 3, 4, 5].map((n) => counted.get(n)![0])).toEqual([-2, 3, 4, 4.5, 22.25])
    expect(doublesOf(counted.get(6)![0]!)).toEqual(bucketLimit)
    expect(doublesOf(counted.get(7)![0]!)).toEqual(bucket)
    const shown = fieldsOf(image!.get(4)![0] as Uint8Array)
    expect([1, 2, 3].map((n) => shown.get(n)![0])).toEqual([3, 5, 3])
    expect(Buffer.from(shown.get(4)![0] as Uint8Array).equals(png)).toBe(true)
    const strings = fieldsOf(note!.get(8)![0] as Uint8Array)
    expect(strings.get(1)).toEqual([7])
    expect(new TextDecoder().decode(strings.get(8)![0] as Uint8Array)).toBe('a **bold** ö')
    const plugin = fieldsOf(fieldsOf(note!.get(9)![0] as Uint8Array).get(1)![0] as Uint8Array)
    expect(new TextDecoder().decode(plugin.get(1)![0] as Uint8Array)).toBe('text')
  })

  it('loses one record at most to a crash, and never writes to an old file', async () => {
    const at = join(folder, 'crash')
    const first = new SummaryWriter(at)
    for (let step = 0; step < 100; step++) first.addScalar('loss', step, step)
    await first.flush()
    // As a process that was killed within a write leaves it.
    const file = openSync(first.path, 'a')
    writeSync(file, Buffer.from('180000000000', 'hex'))
    closeSync(file)
    expect(readEventFile(first.path)).toMatchObject({ cut: 6 })
    expect(readEventFile(first.path).values).toHaveLength(100)
    truncateSync(first.path, 1000)
    expect(readEventFile(first.path).values.length).toBeGreaterThan(15)

    const second = new SummaryWriter(at)
    second.addScalar('loss', 1, 100)
    await second.close()
    expect(readdirSync(at)).toHaveLength(2)
    await first.close()
  })

  it('says what cannot be written', async () => {
    const writer = new SummaryWriter(join(folder, 'bad'))
    expect(() => writer.addScalar('loss', 1, -1)).toThrow(
      "TensorBoard's steps are whole numbers from 0; got -1",
    )
    expect(() => writer.addImage('p', new Uint8Array(50), 0)).toThrow(
      'addImage p: takes the bytes of a PNG file',
    )
    await expect(writer.addHistogram('w', Float32Array.of(1, Number.NaN), 0)).rejects.toThrow(
      'addHistogram w: 1 of 2 numbers are NaN or infinite',
    )
    await writer.close()
    await writer.close()
    expect(() => writer.addScalar('loss', 1, 1)).toThrow(/bad.*: is closed/)
    expect(readEventFile(writer.path).values).toEqual([])
  })

  it.skipIf(!existsSync('/dev/full'))('tells of a folder that cannot be written', async () => {
    const writer = new SummaryWriter('/dev/full/events')
    await expect(writer.flush()).rejects.toThrow(/dev.full.events.*could not be written/)
    expect(() => writer.addScalar('loss', 1, 1)).toThrow('could not be written')
    await expect(writer.close()).rejects.toThrow('could not be written')
  })
})
