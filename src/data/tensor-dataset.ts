import type { TypedArray } from '../graph/dtype.ts'
import { formatShape, type Shape, sizeOf } from '../graph/shape.ts'
import type { Tensor } from '../tensor/index.ts'
import { type Image, makeImage } from '../transforms/image.ts'
import type { Transform } from '../transforms/transform.ts'
import type { TensorSample } from './collate.ts'
import { checkIndex, type Dataset, type Sample } from './dataset.ts'

export interface TensorDatasetOptions {
  readonly classes?: readonly string[]
  /** Needs samples of shape [1 or 3, height, width], float32 or uint8. */
  readonly transform?: Transform
}

/**
 * Rows of `images` with their labels.
 * @param images [samples, ...]; for pictures [samples, channels, height, width].
 * @param labels Class indices, one a sample: an integer tensor [samples], or an array.
 */
export function tensorDataset(
  images: Tensor,
  labels: Tensor | ArrayLike<number>,
  options: TensorDatasetOptions = {},
): Dataset<Sample | TensorSample> {
  const { transform, classes } = options
  const [length = 0, ...shape] = images.shape
  const count = 'shape' in labels ? labels.size : labels.length
  if (images.rank === 0 || count !== length) {
    throw new RangeError(
      `tensorDataset: images ${formatShape(images.shape)} need one label for each of their ${length} rows, got ${count}`,
    )
  }
  if (transform) checkPicture(images, shape)
  const size = sizeOf(shape)
  let loaded: Promise<readonly [TypedArray, ArrayLike<number>]> | undefined
  return {
    length,
    ...(classes ? { classes } : {}),
    async get(index, generator) {
      checkIndex('tensorDataset', index, length)
      loaded ??= Promise.all([images.data(), 'shape' in labels ? labels.data() : labels])
      const [values, classOf] = await loaded
      const row = values.subarray(index * size, (index + 1) * size)
      const label = classOf[index]!
      return transform
        ? { image: transform.apply(toImage(row, shape), generator), label }
        : { values: row, shape, label }
    },
  }
}

function checkPicture(images: Tensor, shape: Shape): void {
  const fits = shape.length === 3 && (shape[0] === 1 || shape[0] === 3)
  if (!fits || (images.dtype !== 'float32' && images.dtype !== 'uint8')) {
    throw new RangeError(
      `tensorDataset: a transform takes float32 or uint8 pictures [samples, 1 or 3, height, width], ` +
        `got ${images.dtype} ${formatShape(images.shape)}`,
    )
  }
}

/** From planes to interleaved channels. */
function toImage(row: TypedArray, [channels = 0, height = 0, width = 0]: Shape): Image {
  const plane = height * width
  const data = row instanceof Uint8Array ? new Uint8Array(row.length) : new Float32Array(row.length)
  for (let c = 0; c < channels; c++) {
    for (let i = 0, p = c; i < plane; i++, p += channels) data[p] = row[c * plane + i]!
  }
  return makeImage(width, height, channels, data)
}
