import type { DetectionSample, ObjectBox } from '../data/index.ts'
import type { Generator } from '../tensor/index.ts'
import { flipHorizontal } from '../transforms/flip.ts'
import {
  type ColorDistortion,
  compose,
  type Image,
  makeImage,
  randomDistortColors,
  resize,
  toTensor,
} from '../transforms/index.ts'
import type { TargetBox } from './targets.ts'

export interface DetectionAugmentation extends Partial<ColorDistortion> {
  /** How far each edge of what is seen moves at most, in or out, as a share of the image's side. 0.2 unless given. */
  readonly jitter?: number
  /** How much larger or smaller the whole gets at most, from 1. 1 unless given. */
  readonly resize?: number
  /** Exchanges left and right in half of the images. True unless given. */
  readonly flip?: boolean
  /** Objects of which a smaller share is left are dropped. 0.1 unless given. */
  readonly minimumVisible?: number
}

/** An image as a detector sees it, float in 0..1, with the objects that it is to find. */
export interface DetectorInput {
  readonly image: Image
  readonly objects: readonly TargetBox[]
}

/** A rectangle of the image that is seen, in pixels; it may reach beyond the edges. */
interface View {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
  readonly flipped: boolean
}

/**
 * The image squashed to a size, in float values 0..1, as Darknet's networks see it; the objects in shares of it. Crowds are left
 * out.
 */
export function detectorInput(
  { image, objects }: DetectionSample,
  size: readonly [height: number, width: number],
): DetectorInput {
  const { width, height } = image
  const whole = { left: 0, top: 0, width, height, flipped: false }
  return { image: sized(image, size), objects: seenObjects(objects, whole, size, 0) }
}

/**
 * The same with random changes: a part of the image that is moved and stretched (what lies beyond the edges repeats them), flips,
 * other hues, saturation and brightness; all as Darknet's training makes them. The same generator state gives the same changes.
 * Boxes follow, are cut at the edges, and dropped where too little of them, or less than a pixel, is left.
 */
export function augmentDetection(
  { image, objects }: DetectionSample,
  size: readonly [height: number, width: number],
  generator: Generator,
  options: DetectionAugmentation = {},
): DetectorInput {
  const { jitter = 0.2, resize: scale = 1, flip = true, minimumVisible = 0.1 } = options
  const { hue = 0.1, saturation = 1.5, exposure = 1.5 } = options
  if (!(jitter >= 0 && jitter < 0.5) || !(scale >= 1 && scale < 10)) {
    throw new RangeError(
      `augmentDetection: jitter is from 0 to below 0.5 and resize from 1 to below 10, got ${jitter}, ${scale}`,
    )
  }
  if (!(minimumVisible >= 0 && minimumVisible <= 1)) {
    throw new RangeError(`augmentDetection: minimumVisible is a share from 0 to 1, got ${minimumVisible}`)
  }
  const view = drawView(image, jitter, scale, flip, generator)
  const colors = randomDistortColors({ hue, saturation, exposure })
  const seen = sized(cutOut(image, view), size)
  const flipped = view.flipped ? flipHorizontal(seen) : seen
  return {
    image: colors.apply(flipped, generator),
    objects: seenObjects(objects, view, size, minimumVisible),
  }
}

function sized(image: Image, size: readonly [number, number]): Image {
  return compose([resize(size), toTensor()]).apply(image)
}

function drawView(
  { width, height }: Image,
  jitter: number,
  scale: number,
  flip: boolean,
  generator: Generator,
): View {
  const edge = (side: number): number => generator.uniform(-jitter, jitter) * side
  const [left, right] = [edge(width), edge(width)]
  const [top, bottom] = [edge(height), edge(height)]
  // Both ends move on their own, so that the part moves as well as grows.
  const [inward, outward] = [(1 - 1 / scale) / 2, (1 - scale) / 2]
  const near = generator.uniform(outward, inward)
  const far = generator.uniform(outward, inward)
  const flipped = generator.uniform() < 0.5
  const whole = (value: number): number => Math.trunc(value)
  const [x, y] = [whole(left + near * width), whole(top + near * height)]
  return {
    left: x,
    top: y,
    width: Math.max(width - x - whole(right + far * width), 1),
    height: Math.max(height - y - whole(bottom + far * height), 1),
    flipped: flip && flipped,
  }
}

/** What is seen; pixels beyond the edges are those of the edges. */
function cutOut(image: Image, { left, top, width, height }: View): Image {
  const { channels } = image
  const data = new (image.data.constructor as new (length: number) => Image['data'])(
    width * height * channels,
  )
  for (let y = 0, at = 0; y < height; y++) {
    const row = Math.min(Math.max(top + y, 0), image.height - 1) * image.width
    for (let x = 0; x < width; x++) {
      const from = (row + Math.min(Math.max(left + x, 0), image.width - 1)) * channels
      for (let c = 0; c < channels; c++) data[at++] = image.data[from + c]!
    }
  }
  return makeImage(width, height, channels, data)
}

function seenObjects(
  objects: readonly ObjectBox[],
  { left, top, width, height, flipped }: View,
  [rows, columns]: readonly [number, number],
  minimumVisible: number,
): TargetBox[] {
  const share = (value: number): number => Math.min(Math.max(value, 0), 1)
  return objects.flatMap(({ box, label, crowd }) => {
    if (crowd) return []
    const [x1, x2] = [(box[0] - left) / width, (box[2] - left) / width]
    const [y1, y2] = [(box[1] - top) / height, (box[3] - top) / height]
    const [from, to] = [share(x1), share(x2)]
    const [above, below] = [share(y1), share(y2)]
    const size = [to - from, below - above] as const
    if (size[0] * columns < 1 || size[1] * rows < 1) return []
    if (size[0] * size[1] < minimumVisible * (x2 - x1) * (y2 - y1)) return []
    const middle = (from + to) / 2
    return [{ label, center: [flipped ? 1 - middle : middle, (above + below) / 2] as const, size }]
  })
}
