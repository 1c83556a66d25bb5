import { readFile } from 'node:fs/promises'
import type { Sharp } from 'sharp'
import { type Image, makeImage } from '../transforms/image.ts'
import { decodeBmp, isBmp } from './bmp.ts'
import { DataError } from './errors.ts'
import { gifTransparentColor } from './gif-transparency.ts'

/** An image that cannot be read or decoded. */
export class ImageDecodeError extends DataError {
  override readonly name = 'ImageDecodeError'
}

/** Reads and decodes an image file; see decodeImage. Throws an ImageDecodeError. */
export async function readImage(path: string): Promise<Image> {
  let bytes: Uint8Array
  try {
    bytes = await readFile(path)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const why = code === 'ENOENT' ? 'no such file' : code === 'EISDIR' ? 'is a folder, not an image' : message
    throw new ImageDecodeError(path, why, { cause: error })
  }
  return decodeImage(bytes, path)
}

/**
 * Decodes JPEG, PNG, WebP, GIF, TIFF or BMP to 8-bit red, green and blue, as Pillow's `open(...).convert('RGB')` does:
 * colour profiles and alpha are ignored, the first frame is taken, and only TIFF is turned as its EXIF orientation says.
 * 16-bit channels keep their high byte. Needs the package sharp, but for BMP.
 * @param name What to call the image in errors, such as its path.
 */
export async function decodeImage(bytes: Uint8Array, name = 'image'): Promise<Image> {
  if (bytes.length === 0) throw new ImageDecodeError(name, 'the file is empty')
  try {
    return isBmp(bytes) ? decodeBmp(bytes) : await decodeWithSharp(bytes)
  } catch (error) {
    if (error instanceof MissingDecoderError) throw error
    throw new ImageDecodeError(name, `cannot be decoded: ${reason(error)}; replace it or leave it out`, {
      cause: error,
    })
  }
}

/** The package sharp is absent or does not load on this machine. */
export class MissingDecoderError extends Error {
  override readonly name = 'MissingDecoderError'
}

type SharpModule = typeof import('sharp').default

let sharpModule: Promise<SharpModule> | undefined

/** The package sharp, which is loaded when it is needed; `task` says in errors what for. */
export function loadSharp(task = 'Decoding'): Promise<SharpModule> {
  sharpModule ??= import('sharp').then(
    (module) => module.default,
    (error: unknown) => {
      sharpModule = undefined
      const { code, message } = error as NodeJS.ErrnoException
      const why =
        code === 'ERR_MODULE_NOT_FOUND' ? 'is not installed' : `does not load (${firstLine(message)})`
      throw new MissingDecoderError(
        `${task} images needs the package sharp, which ${why}; run: npm install sharp`,
        { cause: error },
      )
    },
  )
  return sharpModule
}

async function decodeWithSharp(bytes: Uint8Array): Promise<Image> {
  const sharp = await loadSharp()
  // Pillow, too, refuses what libjpeg and libpng warn about: a truncated file would be grey at the bottom.
  const input = sharp(bytes, { ignoreIcc: true, failOn: 'warning' })
  const { format, space } = await input.metadata()
  if (format === 'tiff') input.rotate()
  return space === 'cmyk' ? fromCmyk(input) : fromColor(input, bytes)
}

async function fromColor(input: Sharp, bytes: Uint8Array): Promise<Image> {
  const { data, info } = await input.toColourspace('srgb').raw().toBuffer({ resolveWithObject: true })
  const { width, height, channels } = info
  if (channels === 3) return makeImage(width, height, 3, plain(data))
  const hidden = gifTransparentColor(bytes)
  const rgb = new Uint8Array(width * height * 3)
  for (let from = 0, to = 0; to < rgb.length; from += channels, to += 3) {
    const behind = hidden !== undefined && data[from + channels - 1] === 0
    for (let c = 0; c < 3; c++) rgb[to + c] = behind ? hidden[c]! : data[from + (channels > 2 ? c : 0)]!
  }
  return makeImage(width, height, 3, rgb)
}

/** Pillow's plain conversion: (255 - ink) * (255 - black) / 255, without a profile. */
async function fromCmyk(input: Sharp): Promise<Image> {
  const { data, info } = await input
    .pipelineColourspace('cmyk')
    .toColourspace('cmyk')
    .raw()
    .toBuffer({ resolveWithObject: true })
  const { width, height, channels } = info
  const rgb = new Uint8Array(width * height * 3)
  for (let from = 0, to = 0; to < rgb.length; from += channels, to += 3) {
    const light = 255 - data[from + 3]!
    for (let c = 0; c < 3; c++) {
      const product = data[from + c]! * light + 128
      rgb[to + c] = light - ((product + (product >> 8)) >> 8)
    }
  }
  return makeImage(width, height, 3, rgb)
}

/** The same bytes without Buffer's own methods. */
function plain(data: Buffer): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
}

function reason(error: unknown): string {
  const message = firstLine(error instanceof Error ? error.message : String(error))
  if (/premature end|unexpected end/i.test(message)) return `the file ends too early (${message})`
  if (message.includes('unsupported image format')) {
    return 'it is none of JPEG, PNG, WebP, GIF, TIFF and BMP, or its beginning is damaged'
  }
  // The decoder's own words get lost where several images are decoded at once.
  return message.endsWith(':') ? 'its content is damaged' : message
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0]!
}
