import { type Image, makeImage, type Size, toSize } from '../transforms/image.ts'
import { toFloat } from '../transforms/normalize.ts'
import type { Box } from './boxes.ts'

/** Where in a network's input a photograph lies: its pixel x is at `left + x * scaleX`. */
export interface Placement {
  readonly scaleX: number
  readonly scaleY: number
  readonly left: number
  readonly top: number
}

export interface Placed {
  /** Float, of the wanted size. */
  readonly image: Image
  readonly placement: Placement
}

/** What the places between and beyond the pixels of a line are made of: the pixel before, and the share of the next. */
function taps(from: number, to: number): { at: Int32Array; share: Float32Array } {
  const at = new Int32Array(to)
  const share = new Float32Array(to)
  const step = to > 1 ? (from - 1) / (to - 1) : 0
  for (let i = 0; i < to; i++) {
    const place = i === to - 1 ? from - 1 : i * step
    at[i] = Math.min(Math.floor(place), Math.max(from - 2, 0))
    share[i] = from === 1 ? 0 : place - at[i]!
  }
  return { at, share }
}

/** Resizes as Darknet does: between the four nearest pixels, the corners on the corners, without smoothing. */
function resizeBetween(
  { width, height, channels, data }: Image,
  rows: number,
  columns: number,
): Float32Array {
  const across = taps(width, columns)
  const down = taps(height, rows)
  const out = new Float32Array(rows * columns * channels)
  const line = width * channels
  const lower = height > 1 ? line : 0
  const next = width > 1 ? channels : 0
  for (let row = 0, to = 0; row < rows; row++) {
    const start = down.at[row]! * line
    const dy = down.share[row]!
    for (let column = 0; column < columns; column++) {
      const first = start + across.at[column]! * channels
      const dx = across.share[column]!
      for (let c = 0; c < channels; c++, to++) {
        const i = first + c
        const top = data[i]! * (1 - dx) + data[i + next]! * dx
        const bottom = data[i + lower]! * (1 - dx) + data[i + lower + next]! * dx
        out[to] = top * (1 - dy) + bottom * dy
      }
    }
  }
  return out
}

/**
 * Brings a photograph to exactly the size of a network's input, its proportions given up. Values are those of `toTensor`:
 * 8-bit images are scaled to [0, 1].
 * @param size The side of a square, or [height, width].
 */
export function squash(image: Image, size: number | Size): Placed {
  const [rows, columns] = toSize(size, 'squash')
  const float = toFloat(image)
  const data = resizeBetween(float, rows, columns)
  return {
    image: makeImage(columns, rows, image.channels, data),
    placement: { scaleX: columns / image.width, scaleY: rows / image.height, left: 0, top: 0 },
  }
}

/**
 * Brings a photograph into the size of a network's input with its proportions kept, in the middle of grey (0.5), as Darknet
 * does with `letter_box=1`. Values are those of `toTensor`: 8-bit images are scaled to [0, 1].
 * @param size The side of a square, or [height, width].
 */
export function letterbox(image: Image, size: number | Size, fill = 0.5): Placed {
  const [rows, columns] = toSize(size, 'letterbox')
  const { width, height, channels } = image
  const wide = columns / width < rows / height
  const innerWidth = wide ? columns : Math.max(Math.floor((width * rows) / height), 1)
  const innerHeight = wide ? Math.max(Math.floor((height * columns) / width), 1) : rows
  const inner = resizeBetween(toFloat(image), innerHeight, innerWidth)
  const [left, top] = [Math.floor((columns - innerWidth) / 2), Math.floor((rows - innerHeight) / 2)]
  const data = new Float32Array(rows * columns * channels).fill(fill)
  const line = innerWidth * channels
  for (let row = 0; row < innerHeight; row++) {
    data.set(inner.subarray(row * line, (row + 1) * line), ((top + row) * columns + left) * channels)
  }
  return {
    image: makeImage(columns, rows, channels, data),
    placement: { scaleX: innerWidth / width, scaleY: innerHeight / height, left, top },
  }
}

/** A box in pixels of the network's input, in pixels of the photograph. */
export function toPhotograph([x1, y1, x2, y2]: Box, { scaleX, scaleY, left, top }: Placement): Box {
  return [(x1 - left) / scaleX, (y1 - top) / scaleY, (x2 - left) / scaleX, (y2 - top) / scaleY]
}
