import { type Image, makeImage } from '../transforms/image.ts'

/** Whether the bytes begin as a Windows bitmap does. */
export function isBmp(bytes: Uint8Array): boolean {
  return bytes[0] === 0x42 && bytes[1] === 0x4d
}

interface Header {
  readonly width: number
  readonly height: number
  readonly topDown: boolean
  readonly bits: number
  /** Where the palette or the bit masks begin. */
  readonly tables: number
  readonly pixels: number
  readonly compression: number
  readonly paletteEntryBytes: 3 | 4
  readonly paletteEntries: number
}

/** Reads one pixel of a row that begins at byte `row`. */
type PixelReader = (row: number, x: number, out: Uint8Array, at: number) => void

/**
 * Decodes an uncompressed Windows bitmap of 1, 4, 8, 16, 24 or 32 bits a pixel to red, green and blue; alpha is dropped.
 * Throws an Error that says what is wrong with the file.
 */
export function decodeBmp(bytes: Uint8Array): Image {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const header = readHeader(view)
  const { width, height, bits, pixels, topDown } = header
  const rowBytes = Math.ceil((width * bits) / 32) * 4
  if (pixels + rowBytes * height > bytes.length) {
    throw new Error(
      `the file ends too early: ${width} x ${height} pixels need ${pixels + rowBytes * height} bytes, there are ${bytes.length}`,
    )
  }
  const read = bits <= 8 ? paletteReader(view, header) : colorReader(view, header)
  const data = new Uint8Array(width * height * 3)
  for (let y = 0, at = 0; y < height; y++) {
    const row = pixels + (topDown ? y : height - 1 - y) * rowBytes
    for (let x = 0; x < width; x++, at += 3) read(row, x, data, at)
  }
  return makeImage(width, height, 3, data)
}

function readHeader(view: DataView): Header {
  if (view.byteLength < 26) throw new Error('the file ends within the header')
  const headerBytes = view.getUint32(14, true)
  const core = headerBytes === 12
  if (!core && headerBytes < 40)
    throw new Error(`a header of ${headerBytes} bytes is none of a Windows bitmap`)
  if (view.byteLength < 14 + headerBytes) throw new Error('the file ends within the header')
  const width = core ? view.getUint16(18, true) : view.getInt32(18, true)
  const height = core ? view.getUint16(20, true) : view.getInt32(22, true)
  const bits = view.getUint16(core ? 24 : 28, true)
  const compression = core ? 0 : view.getUint32(30, true)
  if (width <= 0 || height === 0) throw new Error(`a size of ${width} x ${height} pixels makes no image`)
  if (![1, 4, 8, 16, 24, 32].includes(bits)) throw new Error(`${bits} bits a pixel are not supported`)
  if (compression !== 0 && compression !== 3) {
    throw new Error(`compression ${compression} is not supported; save it uncompressed or as PNG`)
  }
  return {
    width,
    height: Math.abs(height),
    topDown: height < 0,
    bits,
    tables: 14 + headerBytes,
    pixels: view.getUint32(10, true),
    compression,
    paletteEntryBytes: core ? 3 : 4,
    paletteEntries: (core ? 0 : view.getUint32(46, true)) || 2 ** bits,
  }
}

function paletteReader(
  view: DataView,
  { bits, tables, paletteEntryBytes, paletteEntries }: Header,
): PixelReader {
  if (tables + paletteEntries * paletteEntryBytes > view.byteLength) {
    throw new Error(`the file ends within its palette of ${paletteEntries} colours`)
  }
  const perByte = 8 / bits
  return (row, x, out, at) => {
    const packed = view.getUint8(row + Math.floor(x / perByte))
    const index = (packed >> (8 - bits * ((x % perByte) + 1))) & (2 ** bits - 1)
    if (index >= paletteEntries)
      throw new Error(`colour ${index} is not among the palette's ${paletteEntries}`)
    const entry = tables + index * paletteEntryBytes
    for (let c = 0; c < 3; c++) out[at + c] = view.getUint8(entry + 2 - c)
  }
}

function colorReader(view: DataView, header: Header): PixelReader {
  if (header.bits === 24) {
    return (row, x, out, at) => {
      for (let c = 0; c < 3; c++) out[at + c] = view.getUint8(row + x * 3 + 2 - c)
    }
  }
  const channels = channelMasks(view, header)
  const wide = header.bits === 32
  return (row, x, out, at) => {
    const pixel = wide ? view.getUint32(row + x * 4, true) : view.getUint16(row + x * 2, true)
    for (const [c, { shift, most }] of channels.entries()) {
      out[at + c] = Math.floor((((pixel >>> shift) & most) * 255) / most)
    }
  }
}

/** Where red, green and blue lie in a pixel of 16 or 32 bits: right shift, then the largest value. */
function channelMasks(view: DataView, { bits, compression }: Header): { shift: number; most: number }[] {
  const usual = bits === 16 ? [0x7c00, 0x3e0, 0x1f] : [0xff0000, 0xff00, 0xff]
  // The masks follow a header of 40 bytes and lie at the same place within longer ones.
  if (compression === 3 && view.byteLength < 66) throw new Error('the file ends within its colour masks')
  const masks = compression === 3 ? [54, 58, 62].map((at) => view.getUint32(at, true)) : usual
  return masks.map((mask) => {
    if (mask === 0) throw new Error('a colour mask is empty')
    const shift = 31 - Math.clz32(mask & -mask)
    return { shift, most: mask >>> shift }
  })
}
