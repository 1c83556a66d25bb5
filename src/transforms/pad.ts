import { allocateLike, type Image } from './image.ts'
import { defineTransform, type Transform } from './transform.ts'

/** `reflect` does not repeat the outermost pixel, `symmetric` does, `edge` repeats nothing else. */
export type PaddingMode = 'constant' | 'edge' | 'reflect' | 'symmetric'

/** One number for all sides, [left and right, top and bottom], or [left, top, right, bottom]. */
export type Padding =
  | number
  | readonly [horizontal: number, vertical: number]
  | readonly [left: number, top: number, right: number, bottom: number]

export interface PadOptions {
  /** The value of new pixels in mode `constant`, in the image's own units; one a channel, or one for all. 0 unless given. */
  readonly fill?: number | readonly number[]
  /** `constant` unless given. */
  readonly paddingMode?: PaddingMode
}

type Sides = readonly [left: number, top: number, right: number, bottom: number]

/** Adds pixels around the image. */
export function pad(padding: Padding, options: PadOptions = {}): Transform {
  const { fill, paddingMode } = padDefaults('Pad', options)
  const sides = toSides('Pad', padding)
  return defineTransform('Pad', { padding, fill, paddingMode }, (image) =>
    padImage(image, sides, fill, paddingMode),
  )
}

export function padDefaults(what: string, options: PadOptions): Required<PadOptions> {
  const { fill = 0, paddingMode = 'constant' } = options
  if (!['constant', 'edge', 'reflect', 'symmetric'].includes(paddingMode)) {
    throw new RangeError(
      `${what}: paddingMode is constant, edge, reflect or symmetric, got ${String(paddingMode)}`,
    )
  }
  return { fill, paddingMode }
}

export function toSides(what: string, padding: Padding): Sides {
  const list = typeof padding === 'number' ? [padding, padding] : padding
  const [left, top, right = left, bottom = top] = list
  if (![left, top, right, bottom].every((side) => Number.isInteger(side) && side! >= 0)) {
    throw new RangeError(`${what}: padding takes integers from 0, got ${JSON.stringify(padding)}`)
  }
  return [left!, top!, right!, bottom!]
}

export function padImage(
  image: Image,
  [left, top, right, bottom]: Sides,
  fill: number | readonly number[],
  mode: PaddingMode,
): Image {
  if (left + top + right + bottom === 0) return image
  const { channels } = image
  const width = image.width + left + right
  const height = image.height + top + bottom
  const data = allocateLike(image, width * height * channels)
  const columns = sources(image.width, left, right, mode)
  const rows = sources(image.height, top, bottom, mode)
  const fills = channelFills(fill, channels)
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const outside = rows[y]! < 0 || columns[x]! < 0
      const start = (rows[y]! * image.width + columns[x]!) * channels
      for (let c = 0; c < channels; c++) data[at++] = outside ? fills[c]! : image.data[start + c]!
    }
  }
  return { width, height, channels, data }
}

function channelFills(fill: number | readonly number[], channels: number): readonly number[] {
  const fills = typeof fill === 'number' ? Array<number>(channels).fill(fill) : fill
  if (fills.length !== channels) {
    throw new RangeError(`Pad: ${fills.length} fill values do not fit an image of ${channels} channels`)
  }
  return fills
}

/** For each padded position the position it copies; -1 where it is filled. */
function sources(length: number, before: number, after: number, mode: PaddingMode): Int32Array {
  return Int32Array.from({ length: before + length + after }, (_, i) => source(i - before, length, mode))
}

function source(position: number, length: number, mode: PaddingMode): number {
  if (position >= 0 && position < length) return position
  if (mode === 'constant') return -1
  if (mode === 'edge' || length === 1) return position < 0 ? 0 : length - 1
  const period = mode === 'reflect' ? 2 * (length - 1) : 2 * length
  const phase = ((position % period) + period) % period
  return phase < length ? phase : mode === 'reflect' ? period - phase : period - 1 - phase
}
