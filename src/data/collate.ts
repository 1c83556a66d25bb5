import type { TypedArray } from '../graph/dtype.ts'
import { formatShape, type Shape, sizeOf } from '../graph/shape.ts'
import { type Tensor, tensor } from '../tensor/index.ts'
import type { Image } from '../transforms/image.ts'
import { toFloat } from '../transforms/normalize.ts'
import type { Sample } from './dataset.ts'

/** A row of a tensor and the index of its class. */
export interface TensorSample {
  readonly values: TypedArray
  readonly shape: Shape
  readonly label: number
}

/** What a loader yields. */
export interface Batch {
  /** [batch, channels, height, width], float32 where the samples are images. */
  readonly images: Tensor
  /** int32 [batch]. */
  readonly labels: Tensor
  /** Each sample's index in the data set. */
  readonly indices: Int32Array
}

/**
 * Puts samples of one shape into a batch. Images are float32; 8-bit ones are scaled to [0, 1] as `toTensor` does.
 * Throws a RangeError naming the sample whose shape differs from the first one's.
 */
export function collate(samples: readonly (Sample | TensorSample)[], indices: Int32Array): Batch {
  const shape = shapeOf(samples[0]!)
  const size = sizeOf(shape)
  const first = samples[0]!
  const values =
    'image' in first
      ? new Float32Array(samples.length * size)
      : emptyLike(first.values, samples.length * size)
  const labels = new Int32Array(samples.length)
  for (const [i, sample] of samples.entries()) {
    checkShape(sample, shape, indices[i]!, indices[0]!)
    if ('image' in sample) planes(toFloat(sample.image), values, i * size)
    else values.set(sample.values, i * size)
    labels[i] = sample.label
  }
  return {
    images: tensor(values, [samples.length, ...shape]),
    labels: tensor(labels, [samples.length]),
    indices,
  }
}

/**
 * Images of one size as a float32 tensor [images, channels, height, width]; 8-bit ones are scaled to [0, 1] as `toTensor`
 * does. Throws a RangeError naming the image whose size differs from the first one's.
 */
export function stackImages(images: readonly Image[]): Tensor {
  if (images.length === 0) throw new RangeError('stackImages: needs at least one image')
  const samples = images.map((image) => ({ image, label: 0 }))
  return collate(
    samples,
    Int32Array.from(images, (_, i) => i),
  ).images
}

function emptyLike(values: TypedArray, length: number): TypedArray {
  return new (values.constructor as new (length: number) => TypedArray)(length)
}

function shapeOf(sample: Sample | TensorSample): Shape {
  return 'image' in sample ? [sample.image.channels, sample.image.height, sample.image.width] : sample.shape
}

function checkShape(sample: Sample | TensorSample, shape: Shape, index: number, firstIndex: number): void {
  const found = formatShape(shapeOf(sample))
  if (found === formatShape(shape)) return
  throw new RangeError(
    `sample ${index} has shape ${found}, sample ${firstIndex} of the same batch ${formatShape(shape)}; ` +
      'a transform such as resize and centerCrop makes them equal',
  )
}

/** From interleaved channels to one plane after the other. */
function planes({ channels, data }: Image, out: TypedArray, start: number): void {
  if (channels === 1) {
    out.set(data, start)
    return
  }
  const plane = data.length / channels
  for (let c = 0; c < channels; c++) {
    const at = start + c * plane
    for (let i = 0, p = c; i < plane; i++, p += channels) out[at + i] = data[p]!
  }
}
