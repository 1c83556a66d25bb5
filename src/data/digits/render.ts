import type { Generator } from '../../tensor/generator.ts'
import { digitStyles, type Stroke } from './templates.ts'

/** The side of a generated image in pixels. */
export const digitSize = 32

const pixels = digitSize * digitSize
const pointsPerSpan = 4

/**
 * Draws a digit as somebody might have written it. Only additions, multiplications, divisions and square roots are
 * used, which IEEE 754 rounds alike everywhere: one generator state gives the same bytes on every machine.
 */
export function renderDigit(digit: number, generator: Generator, out: Uint8Array): void {
  const styles = digitStyles[digit]!
  const style = styles[generator.integer(styles.length)]!
  const place = randomPlacement(generator)
  const radius = generator.uniform(1, 1.8)
  const softness = generator.uniform(0.8, 1.4)
  const ink = new Float64Array(pixels)
  for (const stroke of style) {
    const path = place(wobble(stroke, generator))
    drawPath(
      path,
      radius * generator.uniform(0.85, 1.15),
      radius * generator.uniform(0.75, 1.2),
      softness,
      ink,
    )
  }
  addPaper(ink, generator, out)
}

/** Every control point a little elsewhere. */
function wobble(stroke: Stroke, generator: Generator): Float64Array {
  return Float64Array.from(stroke, (value) => value + bell(generator) * 0.016)
}

/**
 * The sum of a word's four bytes, scaled (Irwin and Hall): nearly normal with mean 0 and standard deviation 1, within
 * ±3.5.
 */
function bell(generator: Generator): number {
  const word = generator.word()
  const sum = (word & 255) + ((word >>> 8) & 255) + ((word >>> 16) & 255) + (word >>> 24)
  return (sum / 255 - 2) * 1.7320508075688772
}

/** A random map of the unit box into the image: size, proportions, slant, a slight bend, rotation and shift. */
function randomPlacement(generator: Generator): (points: Float64Array) => Float64Array {
  const height = generator.uniform(20, 25)
  const width = height * generator.uniform(0.6, 0.95)
  const slant = generator.uniform(-0.12, 0.36)
  const bendX = bell(generator) * 0.07
  const bendY = bell(generator) * 0.07
  // The tangent of half the angle gives sine and cosine without a library call: about ±11 degrees.
  const t = generator.uniform(-0.1, 0.1)
  const cosine = (1 - t * t) / (1 + t * t)
  const sine = (2 * t) / (1 + t * t)
  const centerX = (digitSize - 1) / 2 + generator.uniform(-3, 3)
  const centerY = (digitSize - 1) / 2 + generator.uniform(-3, 3)
  return (points) => {
    const placed = new Float64Array(points.length)
    for (let i = 0; i < points.length; i += 2) {
      const u = points[i]! - 0.5
      const v = points[i + 1]! - 0.5
      const x = (u + bendX * (4 * v * v - 0.5)) * width - slant * v * height
      const y = (v + bendY * (4 * u * u - 0.5)) * height
      placed[i] = centerX + cosine * x - sine * y
      placed[i + 1] = centerY + sine * x + cosine * y
    }
    return placed
  }
}

/** Draws the Catmull-Rom curve through the points, its radius going evenly from `first` to `last`. */
function drawPath(
  points: Float64Array,
  first: number,
  last: number,
  softness: number,
  ink: Float64Array,
): void {
  const spans = points.length / 2 - 1
  const steps = spans * pointsPerSpan
  let x = points[0]!
  let y = points[1]!
  for (let step = 1; step <= steps; step++) {
    const span = Math.min(Math.floor(step / pointsPerSpan), spans - 1)
    const t = step / pointsPerSpan - span
    const nextX = curveAt(points, span, t, 0)
    const nextY = curveAt(points, span, t, 1)
    drawSegment(x, y, nextX, nextY, first + ((last - first) * step) / steps, softness, ink)
    x = nextX
    y = nextY
  }
}

/** Catmull and Rom's uniform spline; the ends count twice. */
function curveAt(points: Float64Array, span: number, t: number, axis: 0 | 1): number {
  const last = points.length / 2 - 1
  const p0 = points[Math.max(span - 1, 0) * 2 + axis]!
  const p1 = points[span * 2 + axis]!
  const p2 = points[(span + 1) * 2 + axis]!
  const p3 = points[Math.min(span + 2, last) * 2 + axis]!
  const cubic = 3 * (p1 - p2) + p3 - p0
  const square = 2 * p0 - 5 * p1 + 4 * p2 - p3
  return p1 + 0.5 * t * (p2 - p0 + t * (square + t * cubic))
}

/** A round-ended line: full ink within the radius, fading over `softness` pixels around its edge. */
function drawSegment(
  x0: number,
  y0: number,
  x1: number,
  y1: number,
  radius: number,
  softness: number,
  ink: Float64Array,
): void {
  const reach = radius + softness / 2
  const left = Math.max(Math.ceil(Math.min(x0, x1) - reach), 0)
  const right = Math.min(Math.floor(Math.max(x0, x1) + reach), digitSize - 1)
  const top = Math.max(Math.ceil(Math.min(y0, y1) - reach), 0)
  const bottom = Math.min(Math.floor(Math.max(y0, y1) + reach), digitSize - 1)
  const dx = x1 - x0
  const dy = y1 - y0
  const length = dx * dx + dy * dy
  const perLength = length > 0 ? 1 / length : 0
  const reach2 = reach * reach
  for (let y = top; y <= bottom; y++) {
    for (let x = left; x <= right; x++) {
      const along = Math.min(Math.max(((x - x0) * dx + (y - y0) * dy) * perLength, 0), 1)
      const offX = x0 + along * dx - x
      const offY = y0 + along * dy - y
      const distance2 = offX * offX + offY * offY
      if (distance2 >= reach2) continue
      const cover = Math.min((reach - Math.sqrt(distance2)) / softness, 1)
      const at = y * digitSize + x
      if (cover > ink[at]!) ink[at] = cover
    }
  }
}

/** Ink on unevenly lit, grainy paper, as bytes; bright on dark as in MNIST. */
function addPaper(ink: Float64Array, generator: Generator, out: Uint8Array): void {
  const paper = generator.uniform(0, 20)
  const contrast = generator.uniform(190, 240)
  const lightX = generator.uniform(-0.5, 0.5)
  const lightY = generator.uniform(-0.5, 0.5)
  const middle = (digitSize - 1) / 2
  const grain = generator.uniform(4, 20) / 255
  for (let at = 0; at < pixels; at += 4) {
    const bits = generator.word()
    const light = paper + lightY * (Math.floor(at / digitSize) - middle)
    for (let i = 0; i < 4; i++) {
      const noise = (((bits >>> (8 * i)) & 255) - 127.5) * grain
      const value = light + lightX * ((at % digitSize) + i - middle) + ink[at + i]! * contrast + noise
      out[at + i] = Math.min(Math.max(Math.round(value), 0), 255)
    }
  }
}
