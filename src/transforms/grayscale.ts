import { allocateLike, type Image } from './image.ts'
import { defineTransform, type Transform } from './transform.ts'

/**
 * Luma by ITU-R 601-2 as Pillow's mode L computes it; for 8 bits (19595 R + 38470 G + 7471 B + 2^15) / 2^16 rounded down.
 * @param channels 1, or 3 equal channels.
 */
export function grayscale(channels: 1 | 3 = 1): Transform {
  if (channels !== 1 && channels !== 3) {
    throw new RangeError(`Grayscale: channels is 1 or 3, got ${String(channels)}`)
  }
  return defineTransform('Grayscale', { channels }, (image) => {
    const grey = toGrey(image)
    return channels === 1 ? grey : repeatGrey(grey)
  })
}

function toGrey(image: Image): Image {
  if (image.channels === 1) return image
  const { width, height, data: from } = image
  const data = allocateLike(image, width * height)
  const bytes = data instanceof Uint8Array
  for (let i = 0, p = 0; i < data.length; i++, p += 3) {
    const weighted = 19595 * from[p]! + 38470 * from[p + 1]! + 7471 * from[p + 2]!
    data[i] = bytes ? (weighted + 0x8000) >> 16 : weighted / 0x10000
  }
  return { width, height, channels: 1, data }
}

function repeatGrey(image: Image): Image {
  const data = allocateLike(image, image.data.length * 3)
  for (let i = 0; i < image.data.length; i++) data.fill(image.data[i]!, i * 3, i * 3 + 3)
  return { width: image.width, height: image.height, channels: 3, data }
}
