import { allocateLike } from './image.ts'
import { defineTransform, type Transform } from './transform.ts'

/** RGB to BGR, which networks from Caffe and OpenCV see, and back; grey images stay as they are. */
export function reverseChannels(): Transform {
  return defineTransform('ReverseChannels', {}, (image) => {
    const { channels, data: from } = image
    if (channels === 1) return image
    const data = allocateLike(image, from.length)
    for (let i = 0; i < from.length; i += 3) {
      data[i] = from[i + 2]!
      data[i + 1] = from[i + 1]!
      data[i + 2] = from[i]!
    }
    return { ...image, data }
  })
}
