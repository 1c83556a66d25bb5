import { type Image, makeImage } from '../transforms/image.ts'
import { type Box, boxOverlap } from './boxes.ts'
import { drawable, glyphHeight, glyphWidth, hasDot } from './font.ts'

export interface DrawOptions {
  /** Width of the lines in pixels; by the size of the picture unless given. */
  readonly lineWidth?: number
  /** How many pixels wide a dot of the letters is, which are 8 dots high; by the size of the picture unless given. */
  readonly textScale?: number
}

/** What is drawn of an object: a `Detection`, or any box with a label. */
export interface DrawnBox {
  /** Corners in pixels. */
  readonly box: Box
  readonly classIndex: number
  readonly label: string
  /** In 0..1; shown in percent after the label. */
  readonly score?: number
}

/** 0..255 each. */
export type RgbColor = readonly [red: number, green: number, blue: number]

/** A bright colour of its own for each class: hues a golden section apart. */
export function classColor(classIndex: number): RgbColor {
  const hue = ((classIndex * 0.618034 + 0.08) % 1) * 6
  const channel = (shift: number): number => {
    const k = (shift + hue) % 6
    return Math.round(255 * (0.95 - 0.8 * Math.max(0, Math.min(k, 4 - k, 1))))
  }
  return [channel(5), channel(3), channel(1)]
}

/** Black or white, whichever is easier to read upon a colour. */
function inkOn([red, green, blue]: RgbColor): RgbColor {
  return 0.299 * red + 0.587 * green + 0.114 * blue > 140 ? [0, 0, 0] : [255, 255, 255]
}

/** The picture with boxes and their labels drawn on it, those that come first on top; 8-bit colour, a new image. */
export function drawBoxes(image: Image, boxes: readonly DrawnBox[], options: DrawOptions = {}): Image {
  const { width, height } = image
  const side = Math.max(width, height)
  const { lineWidth = Math.max(Math.round(side / 300), 1), textScale = Math.max(Math.round(side / 500), 1) } =
    options
  for (const [name, value] of Object.entries({ lineWidth, textScale })) {
    if (!Number.isInteger(value) || value < 1) {
      throw new RangeError(`drawBoxes: ${name} is a whole number from 1, got ${value}`)
    }
  }
  const canvas = toColor(image)
  const fill: Fill = (x1, y1, x2, y2, color) => {
    const [left, right] = [Math.max(x1, 0), Math.min(x2, width)]
    for (let y = Math.max(y1, 0); y < Math.min(y2, height); y++) {
      for (let x = left; x < right; x++) canvas.set(color, (y * width + x) * 3)
    }
  }
  const drawn = boxes.map(({ box, classIndex, label, score }) => ({
    corners: box.map(Math.round) as unknown as Box,
    color: classColor(classIndex),
    text: drawable(score === undefined ? label : `${label} ${Math.round(score * 100)}%`),
  }))
  // The best last, so that nothing hides it.
  for (const { corners, color } of [...drawn].reverse()) {
    const [x1, y1, x2, y2] = corners
    const inner = [x1 + lineWidth, y1 + lineWidth, x2 - lineWidth, y2 - lineWidth] as const
    fill(x1, y1, x2, Math.min(inner[1], y2), color)
    fill(x1, Math.max(inner[3], y1), x2, y2, color)
    fill(x1, y1, Math.min(inner[0], x2), y2, color)
    fill(Math.max(inner[2], x1), y1, x2, y2, color)
  }
  const placed: Box[] = []
  const labels = drawn.map(({ corners, color, text }) => {
    const at = labelPlace(corners, text, textScale, [width, height], placed)
    placed.push(at)
    return { at, color, text }
  })
  for (const { at, color, text } of labels.reverse()) drawLabel(text, at, textScale, color, fill)
  return makeImage(width, height, 3, canvas)
}

/** Where a label goes: upon the box, below it or within, the first that hides no better one. */
function labelPlace(
  [x1, y1, , y2]: Box,
  text: string,
  textScale: number,
  [width, height]: readonly [number, number],
  placed: readonly Box[],
): Box {
  const labelWidth = (text.length * (glyphWidth + 1) + 1) * textScale
  const labelHeight = (glyphHeight + 2) * textScale
  const left = Math.max(Math.min(x1, width - labelWidth), 0)
  const tops = [y1 - labelHeight, y2, y1].filter((top) => top >= 0 && top + labelHeight <= height)
  const places = [...tops, Math.max(Math.min(y1, height - labelHeight), 0)].map(
    (top): Box => [left, top, left + labelWidth, top + labelHeight],
  )
  const free = places.find((place) => placed.every((other) => boxOverlap('iou', place, other) === 0))
  return free ?? places[0]!
}

type Fill = (x1: number, y1: number, x2: number, y2: number, color: RgbColor) => void

/** Text on a ground of the box's colour. */
function drawLabel(
  text: string,
  [left, top, right, bottom]: Box,
  textScale: number,
  color: RgbColor,
  fill: Fill,
): void {
  const ink = inkOn(color)
  fill(left, top, right, bottom, color)
  for (const [i, letter] of [...text].entries()) {
    for (let column = 0; column < glyphWidth; column++) {
      for (let row = 0; row < glyphHeight; row++) {
        if (!hasDot(letter, column, row)) continue
        const x = left + (1 + i * (glyphWidth + 1) + column) * textScale
        const y = top + (1 + row) * textScale
        fill(x, y, x + textScale, y + textScale, ink)
      }
    }
  }
}

/** A copy in 8-bit colour; float images are taken to run from 0 to 1. */
function toColor({ width, height, channels, data }: Image): Uint8Array {
  const out = new Uint8Array(width * height * 3)
  const scale = data instanceof Uint8Array ? 1 : 255
  for (let i = 0, from = 0; i < out.length; i += 3, from += channels) {
    for (let c = 0; c < 3; c++) {
      const value = data[from + (channels === 3 ? c : 0)]! * scale
      out[i + c] = Math.min(Math.max(Math.round(value), 0), 255)
    }
  }
  return out
}
