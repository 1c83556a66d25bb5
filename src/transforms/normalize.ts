import type { Image } from './image.ts'
import { defineTransform, type Transform } from './transform.ts'

export interface ToTensorOptions {
  /** The number that stands for full brightness: 1 (x / 255), or 255 for networks trained on raw values. 1 unless given. */
  readonly range?: 1 | 255
}

/**
 * 8-bit values to float32 in [0, 1], as torchvision's `ToTensor`; float images pass through. The pixels stay interleaved:
 * the loader puts batches into the order (batch, channel, height, width).
 */
export function toTensor(options: ToTensorOptions = {}): Transform {
  const { range = 1 } = options
  if (range !== 1 && range !== 255) {
    throw new RangeError(`ToTensor: range is 1 or 255, got ${String(range)}`)
  }
  return defineTransform('ToTensor', { range }, (image) => toFloat(image, range))
}

export function toFloat(image: Image, range: 1 | 255 = 1): Image {
  if (image.data instanceof Float32Array) return image
  const data = Float32Array.from(image.data)
  if (range === 1) for (let i = 0; i < data.length; i++) data[i]! /= 255
  return { ...image, data }
}

/**
 * (x - mean) / std for each channel, in float32 as torchvision's `Normalize`; comes after `toTensor`.
 * @param mean One value a channel, in the range that `toTensor` made.
 * @param std One value a channel, above 0.
 */
export function normalize(mean: readonly number[], std: readonly number[]): Transform {
  if (mean.length !== std.length || (mean.length !== 1 && mean.length !== 3)) {
    throw new RangeError(
      `Normalize: mean and std take one value for each of 1 or 3 channels, got ${mean.length} and ${std.length}`,
    )
  }
  if (!std.every((s) => s > 0) || !mean.every(Number.isFinite)) {
    throw new RangeError(`Normalize: std must be above 0 and mean finite, got mean [${mean}], std [${std}]`)
  }
  const means = Float32Array.from(mean)
  const stds = Float32Array.from(std)
  return defineTransform('Normalize', { mean: [...mean], std: [...std] }, (image) => {
    const { channels } = image
    if (image.data instanceof Uint8Array) {
      throw new TypeError('Normalize: the image still holds 8-bit values; put toTensor() before it')
    }
    if (means.length !== channels) {
      const hint =
        channels === 1 ? 'grayscale(3) makes three channels of one' : 'grayscale(1) makes one of three'
      throw new RangeError(
        `Normalize: ${means.length} means do not fit an image of ${channels} channels; ${hint}`,
      )
    }
    const data = new Float32Array(image.data.length)
    for (let c = 0; c < channels; c++) {
      const m = means[c]!
      const s = stds[c]!
      for (let i = c; i < data.length; i += channels) data[i] = Math.fround(image.data[i]! - m) / s
    }
    return { ...image, data }
  })
}
