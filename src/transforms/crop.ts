import type { Generator } from '../tensor/generator.ts'
import { allocateLike, type Image, type Size, toSize } from './image.ts'
import { type Padding, type PadOptions, padDefaults, padImage, toSides } from './pad.ts'
import type { Interpolation } from './resample.ts'
import { checkInterpolation, resizeTo } from './resize.ts'
import { defineRandomTransform, defineTransform, type Transform } from './transform.ts'

/** Cuts out a rectangle, which must lie inside the image. */
export function cropImage(image: Image, top: number, left: number, height: number, width: number): Image {
  if (top < 0 || left < 0 || top + height > image.height || left + width > image.width) {
    throw new RangeError(
      `crop: ${height} x ${width} pixels at row ${top}, column ${left} do not lie inside ` +
        `an image of height ${image.height} and width ${image.width}`,
    )
  }
  if (height === image.height && width === image.width) return image
  const { channels } = image
  const data = allocateLike(image, width * height * channels)
  for (let y = 0; y < height; y++) {
    const start = ((top + y) * image.width + left) * channels
    data.set(image.data.subarray(start, start + width * channels), y * width * channels)
  }
  return { width, height, channels, data }
}

/**
 * The middle of the image; one that is smaller is first padded with zeros, as `torchvision.transforms.CenterCrop` does.
 * @param size The side of a square, or [height, width].
 */
export function centerCrop(size: number | Size): Transform {
  const [height, width] = toSize(size, 'CenterCrop')
  return defineTransform('CenterCrop', { size }, (original) => {
    const missingRows = Math.max(height - original.height, 0)
    const missingColumns = Math.max(width - original.width, 0)
    const image = padImage(original, paddingAround(missingColumns, missingRows), 0, 'constant')
    const top = roundHalfEven((image.height - height) / 2)
    const left = roundHalfEven((image.width - width) / 2)
    return cropImage(image, top, left, height, width)
  })
}

/** An odd pixel goes to the right and the bottom. */
function paddingAround(columns: number, rows: number): [number, number, number, number] {
  return [Math.floor(columns / 2), Math.floor(rows / 2), Math.ceil(columns / 2), Math.ceil(rows / 2)]
}

/** Python's round, which torchvision uses here. */
function roundHalfEven(x: number): number {
  const floor = Math.floor(x)
  if (x - floor !== 0.5) return Math.round(x)
  return floor % 2 === 0 ? floor : floor + 1
}

export interface RandomCropOptions extends PadOptions {
  /** Added to every image before cropping; none unless given. */
  readonly padding?: Padding
  /** Pads images smaller than the crop by what they lack on both sides; without it they are an error. */
  readonly padIfNeeded?: boolean
}

/**
 * A rectangle of the image at a random place, every place equally likely.
 * @param size The side of a square, or [height, width].
 */
export function randomCrop(size: number | Size, options: RandomCropOptions = {}): Transform {
  const [height, width] = toSize(size, 'RandomCrop')
  const { padding = 0, padIfNeeded = false } = options
  const { fill, paddingMode } = padDefaults('RandomCrop', options)
  const sides = toSides('RandomCrop', padding)
  const described = { size, padding, padIfNeeded, fill, paddingMode }
  return defineRandomTransform('RandomCrop', described, (original, generator) => {
    let image = padImage(original, sides, fill, paddingMode)
    if (padIfNeeded) {
      const columns = Math.max(width - image.width, 0)
      const rows = Math.max(height - image.height, 0)
      image = padImage(image, [columns, rows, columns, rows], fill, paddingMode)
    }
    if (image.height < height || image.width < width) {
      throw new RangeError(
        `RandomCrop: a crop of height ${height} and width ${width} does not fit an image of height ` +
          `${image.height} and width ${image.width} (with padding); resize first or set padIfNeeded`,
      )
    }
    const top = generator.integer(image.height - height + 1)
    const left = generator.integer(image.width - width + 1)
    return cropImage(image, top, left, height, width)
  })
}

export interface RandomResizedCropOptions {
  /** The crop's least and greatest share of the image's area; [0.08, 1] unless given. */
  readonly scale?: readonly [number, number]
  /** Its least and greatest width over height before resizing; [3/4, 4/3] unless given. */
  readonly ratio?: readonly [number, number]
  readonly interpolation?: Interpolation
}

/**
 * A rectangle of random area, proportions and place, resized (Szegedy et al. 2015; torchvision's `RandomResizedCrop`).
 * @param size The side of a square, or [height, width].
 */
export function randomResizedCrop(size: number | Size, options: RandomResizedCropOptions = {}): Transform {
  const [height, width] = toSize(size, 'RandomResizedCrop')
  const { scale = [0.08, 1], ratio = [3 / 4, 4 / 3] } = options
  const interpolation = checkInterpolation('RandomResizedCrop', options.interpolation)
  for (const [name, range] of [
    ['scale', scale],
    ['ratio', ratio],
  ] as const) {
    if (!(range[0] > 0 && range[0] <= range[1])) {
      throw new RangeError(`RandomResizedCrop: ${name} is [least, greatest], both above 0, got [${range}]`)
    }
  }
  const described = { size, scale, ratio, interpolation }
  return defineRandomTransform('RandomResizedCrop', described, (image, generator) => {
    const box = randomBox(image, scale, ratio, generator)
    return resizeTo(cropImage(image, ...box), height, width, interpolation)
  })
}

type Box = [top: number, left: number, height: number, width: number]

function randomBox(
  image: Image,
  scale: readonly [number, number],
  ratio: readonly [number, number],
  generator: Generator,
): Box {
  const logRatio = [Math.log(ratio[0]), Math.log(ratio[1])] as const
  for (let attempt = 0; attempt < 10; attempt++) {
    const area = image.width * image.height * generator.uniform(scale[0], scale[1])
    const aspect = Math.exp(generator.uniform(logRatio[0], logRatio[1]))
    const width = Math.round(Math.sqrt(area * aspect))
    const height = Math.round(Math.sqrt(area / aspect))
    if (width > 0 && height > 0 && width <= image.width && height <= image.height) {
      const top = generator.integer(image.height - height + 1)
      const left = generator.integer(image.width - width + 1)
      return [top, left, height, width]
    }
  }
  return centralBox(image, ratio)
}

/** The largest central box whose proportions are allowed. */
function centralBox(image: Image, ratio: readonly [number, number]): Box {
  const aspect = image.width / image.height
  let { width, height } = image
  if (aspect < ratio[0]) height = Math.min(Math.round(width / ratio[0]), height)
  else if (aspect > ratio[1]) width = Math.min(Math.round(height * ratio[1]), width)
  return [Math.floor((image.height - height) / 2), Math.floor((image.width - width) / 2), height, width]
}
