import { allocateLike, type Image } from './image.ts'

/** Pillow's resampling filters; all but `nearest` widen with the scale when shrinking, so that nothing aliases. */
export type Interpolation = 'nearest' | 'bilinear' | 'bicubic' | 'lanczos' | 'box' | 'hamming'

interface Filter {
  readonly weight: (x: number) => number
  /** Half its width in pixels of the coarser image. */
  readonly support: number
}

const filters: { readonly [I in Exclude<Interpolation, 'nearest'>]: Filter } = {
  box: { support: 0.5, weight: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  bilinear: { support: 1, weight: (x) => Math.max(1 - Math.abs(x), 0) },
  hamming: { support: 1, weight: hamming },
  // Keys' cubic convolution with a = -0.5.
  bicubic: { support: 2, weight: cubic },
  lanczos: { support: 3, weight: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
}

export const interpolations: readonly Interpolation[] = ['nearest', ...keysOf(filters)]

function keysOf<K extends string>(table: { readonly [P in K]: unknown }): K[] {
  return Object.keys(table) as K[]
}

// Pillow writes the Hamming constants as C floats.
const hammingOffset = Math.fround(0.54)
const hammingSwing = Math.fround(0.46)

function hamming(signed: number): number {
  const x = Math.abs(signed)
  if (x === 0) return 1
  return x >= 1 ? 0 : sinc(x) * (hammingOffset + hammingSwing * Math.cos(x * Math.PI))
}

function cubic(signed: number): number {
  const a = -0.5
  const x = Math.abs(signed)
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a
  return 0
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI)
}

/** For each output position the first input position and the weights of it and its neighbours. */
interface Taps {
  readonly first: Int32Array
  readonly count: Int32Array
  /** `stride` weights a position; those past `count` are 0. */
  readonly weights: Float64Array
  readonly stride: number
}

function taps(from: number, to: number, filter: Filter): Taps {
  const scale = from / to
  const filterScale = Math.max(scale, 1)
  const support = filter.support * filterScale
  const stride = Math.ceil(support) * 2 + 1
  const first = new Int32Array(to)
  const count = new Int32Array(to)
  const weights = new Float64Array(to * stride)
  const inverse = 1 / filterScale
  for (let out = 0; out < to; out++) {
    const center = (out + 0.5) * scale
    const low = Math.max(Math.trunc(center - support + 0.5), 0)
    const high = Math.min(Math.trunc(center + support + 0.5), from)
    let sum = 0
    for (let i = low; i < high; i++) {
      const weight = filter.weight((i - center + 0.5) * inverse)
      weights[out * stride + i - low] = weight
      sum += weight
    }
    if (sum !== 0) for (let i = 0; i < high - low; i++) weights[out * stride + i]! /= sum
    first[out] = low
    count[out] = high - low
  }
  return { first, count, weights, stride }
}

/** Pillow keeps 8-bit images in 8 bits between its two passes, with weights of 22 fractional bits. */
const precisionBits = 22
const half = 1 << (precisionBits - 1)

function fixedPoint(weights: Float64Array): Int32Array {
  // Rounds half away from zero, as C's cast of x + 0.5 does.
  return Int32Array.from(weights, (w) => Math.trunc(w * (1 << precisionBits) + (w < 0 ? -0.5 : 0.5)))
}

/**
 * Resizes as Pillow's `Image.resize` does, bit for bit for 8-bit images: first along rows, then along columns, each
 * rounded to 8 bits. Float images are summed in double precision and rounded to float32 after each pass.
 */
export function resample(image: Image, height: number, width: number, interpolation: Interpolation): Image {
  if (interpolation === 'nearest') return resampleNearest(image, height, width)
  const filter = filters[interpolation]
  const wide = width === image.width ? image : resampleRows(image, width, taps(image.width, width, filter))
  return height === wide.height ? wide : resampleColumns(wide, height, taps(wide.height, height, filter))
}

function resampleRows(image: Image, width: number, along: Taps): Image {
  const { height, channels } = image
  const data = allocateLike(image, width * height * channels)
  const weights = data instanceof Uint8Array ? fixedPoint(along.weights) : along.weights
  const from = image.data
  for (let y = 0; y < height; y++) {
    const row = y * image.width * channels
    for (let x = 0; x < width; x++) {
      const start = row + along.first[x]! * channels
      const at = (y * width + x) * channels
      const weight = x * along.stride
      if (data instanceof Uint8Array) {
        sumFixed(from, start, channels, weights, weight, along.count[x]!, data, at)
      } else {
        sumFloat(from, start, channels, weights, weight, along.count[x]!, data, at)
      }
    }
  }
  return { width, height, channels, data }
}

function sumFixed(
  from: Image['data'],
  start: number,
  channels: number,
  weights: ArrayLike<number>,
  weight: number,
  count: number,
  to: Uint8Array,
  at: number,
): void {
  if (channels === 1) {
    let sum = half
    for (let i = 0; i < count; i++) sum = (sum + from[start + i]! * weights[weight + i]!) | 0
    to[at] = clip8(sum)
    return
  }
  let red = half
  let green = half
  let blue = half
  for (let i = 0, p = start; i < count; i++, p += 3) {
    const w = weights[weight + i]!
    red = (red + from[p]! * w) | 0
    green = (green + from[p + 1]! * w) | 0
    blue = (blue + from[p + 2]! * w) | 0
  }
  to[at] = clip8(red)
  to[at + 1] = clip8(green)
  to[at + 2] = clip8(blue)
}

function sumFloat(
  from: Image['data'],
  start: number,
  channels: number,
  weights: ArrayLike<number>,
  weight: number,
  count: number,
  to: Float32Array,
  at: number,
): void {
  for (let c = 0; c < channels; c++) {
    let sum = 0
    for (let i = 0; i < count; i++) sum += from[start + i * channels + c]! * weights[weight + i]!
    to[at + c] = sum
  }
}

function clip8(sum: number): number {
  const value = sum >> precisionBits
  return value < 0 ? 0 : Math.min(value, 255)
}

function resampleColumns(image: Image, height: number, along: Taps): Image {
  const { width, channels } = image
  const row = width * channels
  const data = allocateLike(image, row * height)
  const bytes = data instanceof Uint8Array
  const weights = bytes ? fixedPoint(along.weights) : along.weights
  const sums = bytes ? new Int32Array(row) : new Float64Array(row)
  for (let y = 0; y < height; y++) {
    sums.fill(bytes ? half : 0)
    for (let i = 0; i < along.count[y]!; i++) {
      const weight = weights[y * along.stride + i]!
      const start = (along.first[y]! + i) * row
      for (let x = 0; x < row; x++) sums[x]! += image.data[start + x]! * weight
    }
    const at = y * row
    if (bytes) for (let x = 0; x < row; x++) data[at + x] = clip8(sums[x]!)
    else data.set(sums, at)
  }
  return { width, height, channels, data }
}

function resampleNearest(image: Image, height: number, width: number): Image {
  const { channels } = image
  const data = allocateLike(image, width * height * channels)
  const columns = nearestPositions(image.width, width)
  const rows = nearestPositions(image.height, height)
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const start = (rows[y]! * image.width + columns[x]!) * channels
      for (let c = 0; c < channels; c++) data[at++] = image.data[start + c]!
    }
  }
  return { width, height, channels, data }
}

/** Pillow steps through the input by adding up the scale; a product would round differently. */
function nearestPositions(from: number, to: number): Int32Array {
  const scale = from / to
  const positions = new Int32Array(to)
  for (let i = 0, position = scale * 0.5; i < to; i++, position += scale) {
    positions[i] = Math.min(Math.trunc(position), from - 1)
  }
  return positions
}
