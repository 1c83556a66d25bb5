import { extname } from 'node:path'
import type { Image } from '../transforms/image.ts'
import { writeFileAtomic } from '../weights/file.ts'
import { loadSharp } from './decode.ts'

const formats = { '.png': 'png', '.jpg': 'jpeg', '.jpeg': 'jpeg', '.webp': 'webp' } as const

/** Extensions of the files that `writeImage` writes. */
export const imageExtensions: readonly string[] = Object.keys(formats)

/**
 * Writes an 8-bit image as PNG, JPEG or WebP, as the extension says, atomically. Needs the package sharp. Throws a RangeError
 * for another extension or a float image, and a FileWriteError where the file cannot be written.
 */
export async function writeImage(path: string, image: Image): Promise<void> {
  const extension = extname(path).toLowerCase()
  if (!Object.hasOwn(formats, extension)) {
    throw new RangeError(
      `${path}: its extension names no format to write; these do: ${imageExtensions.join(', ')}`,
    )
  }
  const { width, height, channels, data } = image
  if (!(data instanceof Uint8Array)) throw new RangeError(`${path}: only 8-bit images can be written`)
  const sharp = await loadSharp('Writing')
  const format = formats[extension as keyof typeof formats]
  const raw = sharp(data, { raw: { width, height, channels } })
  // PNG is lossless; a quality would make it one of few colours.
  const bytes = await raw.toFormat(format, format === 'png' ? {} : { quality: 92 }).toBuffer()
  await writeFileAtomic(path, [bytes])
}
