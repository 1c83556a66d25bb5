/**
 * An image in memory: pixels row by row from the top, channels interleaved (height, width, channel).
 * uint8 data runs from 0 to 255; float data holds whatever the transforms before it made.
 */
export interface Image {
  readonly width: number
  readonly height: number
  /** 1: grey, 3: red, green, blue. */
  readonly channels: 1 | 3
  readonly data: Uint8Array | Float32Array
}

/** Checks that the pixels fill the size; throws a RangeError otherwise. */
export function makeImage(width: number, height: number, channels: number, data: Image['data']): Image {
  if (channels !== 1 && channels !== 3) {
    throw new RangeError(`Image: 1 or 3 channels are supported, got ${channels}`)
  }
  if (!isSize(width) || !isSize(height)) {
    throw new RangeError(`Image: width and height must be positive integers, got ${width} x ${height}`)
  }
  if (data.length !== width * height * channels) {
    throw new RangeError(
      `Image: ${width} x ${height} pixels of ${channels} channels need ${width * height * channels} values, ` +
        `got ${data.length}`,
    )
  }
  return { width, height, channels, data }
}

/** An array of the same kind as the image's. */
export function allocateLike(image: Image, length: number): Image['data'] {
  return image.data instanceof Uint8Array ? new Uint8Array(length) : new Float32Array(length)
}

/** A height and width in pixels. */
export type Size = readonly [height: number, width: number]

/** A number stands for a square. */
export function toSize(size: number | Size, what: string): Size {
  const [height, width] = Array.isArray(size) ? (size as Size) : [size as number, size as number]
  if (!isSize(height) || !isSize(width)) {
    throw new RangeError(`${what}: sizes must be positive integers, got ${JSON.stringify(size)}`)
  }
  return [height, width]
}

export function isSize(value: number): boolean {
  return Number.isInteger(value) && value > 0
}
