import { type Image, isSize, type Size, toSize } from './image.ts'
import { type Interpolation, interpolations, resample } from './resample.ts'
import { defineTransform, type Transform } from './transform.ts'

export interface ResizeOptions {
  /** `bilinear` unless given. */
  readonly interpolation?: Interpolation
  /** With a number as size: the longer side is never longer than this, even if the shorter one then is below `size`. */
  readonly maxSize?: number
}

/**
 * Resizes with Pillow's antialiased filters, as `torchvision.transforms.Resize` does with Pillow images.
 * @param size The length of the shorter side (the other keeps the proportions), or [height, width].
 */
export function resize(size: number | Size, options: ResizeOptions = {}): Transform {
  const { maxSize } = options
  const interpolation = checkInterpolation('Resize', options.interpolation)
  toSize(size, 'Resize')
  if (maxSize !== undefined && (typeof size !== 'number' || !isSize(maxSize) || maxSize <= size)) {
    throw new RangeError(
      `Resize: maxSize is an integer above a size given as one number; got maxSize ${maxSize}, size ${JSON.stringify(size)}`,
    )
  }
  const described = { size, interpolation, ...(maxSize === undefined ? {} : { maxSize }) }
  return defineTransform('Resize', described, (image) => {
    const [height, width] = typeof size === 'number' ? resizedSize(image, size, maxSize) : size
    return resizeTo(image, height, width, interpolation)
  })
}

export function resizeTo(image: Image, height: number, width: number, interpolation: Interpolation): Image {
  return image.height === height && image.width === width
    ? image
    : resample(image, height, width, interpolation)
}

/** torchvision's rounding: the longer side is cut to an integer. */
function resizedSize({ width, height }: Image, size: number, maxSize?: number): Size {
  const [short, long] = width <= height ? [width, height] : [height, width]
  let newShort = size
  let newLong = Math.trunc((size * long) / short)
  if (maxSize !== undefined && newLong > maxSize) {
    newShort = Math.max(Math.trunc((maxSize * newShort) / newLong), 1)
    newLong = maxSize
  }
  return width <= height ? [newLong, newShort] : [newShort, newLong]
}

export function checkInterpolation(what: string, interpolation: Interpolation = 'bilinear'): Interpolation {
  if (!interpolations.includes(interpolation)) {
    throw new RangeError(
      `${what}: interpolation is one of ${interpolations.join(', ')}, got ${interpolation}`,
    )
  }
  return interpolation
}
