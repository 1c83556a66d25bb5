import { crc32 } from '../weights/crc32.ts'
import { deflate } from './deflate.ts'

/** Pixels row by row from the top, channels interleaved: 1 grey, 3 red, green and blue. */
export interface PngPixels {
  readonly data: Uint8Array
  readonly width: number
  readonly height: number
  readonly channels: 1 | 3
}

function adler32(bytes: Uint8Array): number {
  let [a, b] = [1, 0]
  for (const byte of bytes) {
    a = (a + byte) % 65521
    b = (b + a) % 65521
  }
  return ((b << 16) | a) >>> 0
}

function bigEndian(value: number): number[] {
  return [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255]
}

function chunk(kind: string, content: ArrayLike<number>): Uint8Array {
  const bytes = new Uint8Array(content.length + 12)
  bytes.set(bigEndian(content.length))
  bytes.set(
    Array.from(kind, (character) => character.charCodeAt(0)),
    4,
  )
  bytes.set(content, 8)
  bytes.set(bigEndian(crc32(bytes.subarray(4, -4))), bytes.length - 4)
  return bytes
}

/** Every row as differences to the pixel on the left (PNG's filter 1), where that is what compresses; else as it is. */
function filteredRows({ data, width, height, channels }: PngPixels, filter: 0 | 1): Uint8Array {
  const stride = width * channels
  const rows = new Uint8Array(height * (stride + 1))
  for (let y = 0, to = 0; y < height; y++) {
    rows[to++] = filter
    for (let x = 0; x < stride; x++) {
      const left = filter === 1 && x >= channels ? data[y * stride + x - channels]! : 0
      rows[to++] = data[y * stride + x]! - left
    }
  }
  return rows
}

/** A PNG file with 8 bits a channel (W3C PNG, third edition). Works everywhere and gives the same bytes everywhere. */
export function encodePng(pixels: PngPixels): Uint8Array {
  const header = [
    ...bigEndian(pixels.width),
    ...bigEndian(pixels.height),
    8,
    pixels.channels === 3 ? 2 : 0,
    0,
    0,
    0,
  ]
  const packed = ([0, 1] as const).map((filter) => {
    const rows = filteredRows(pixels, filter)
    return [0x78, 0x01, ...deflate(rows), ...bigEndian(adler32(rows))]
  })
  const smaller = packed[0]!.length <= packed[1]!.length ? packed[0]! : packed[1]!
  const parts = [
    Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    chunk('IHDR', header),
    chunk('IDAT', smaller),
    chunk('IEND', []),
  ]
  const file = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    file.set(part, at)
    at += part.length
  }
  return file
}

/** The picture as an address that an SVG can hold. */
export function pngDataUri(pixels: PngPixels): string {
  const file = encodePng(pixels)
  let binary = ''
  for (let i = 0; i < file.length; i += 8192) binary += String.fromCharCode(...file.subarray(i, i + 8192))
  return `data:image/png;base64,${btoa(binary)}`
}
