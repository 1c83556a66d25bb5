import { allocateLike, type Image } from './image.ts'
import { defineRandomTransform, type Transform } from './transform.ts'

/** Left and right exchanged. */
export function flipHorizontal(image: Image): Image {
  const { width, height, channels } = image
  const data = allocateLike(image, image.data.length)
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = width - 1; x >= 0; x--) {
      const start = (y * width + x) * channels
      for (let c = 0; c < channels; c++) data[at++] = image.data[start + c]!
    }
  }
  return { width, height, channels, data }
}

/** Exchanges left and right with probability `p`. */
export function randomHorizontalFlip(p = 0.5): Transform {
  if (!(p >= 0 && p <= 1)) throw new RangeError(`RandomHorizontalFlip: p is from 0 to 1, got ${p}`)
  return defineRandomTransform('RandomHorizontalFlip', { p }, (image, generator) =>
    generator.uniform() < p ? flipHorizontal(image) : image,
  )
}
