import { Module } from '../../nn/index.ts'
import { type Tensor, tensor } from '../../tensor/index.ts'

/** A projective map, 3x3 row by row, from positions in the output to positions in the input. */
export type Homography = readonly [number, number, number, number, number, number, number, number, number]

interface Taps {
  /** The four pixels around each position, [4 * pixels], as places in the flattened image. */
  readonly places: Tensor
  /** Their weights, [4, pixels]. */
  readonly weights: Tensor
}

/**
 * Sees an image from elsewhere: [batch, channels, height, width] to the same shape, each output pixel taken from where a fixed
 * homography maps it to, bilinearly, as the spatial transformer of ika-rwth-aachen/Cam2BEV does. Positions go from -1 to 1, the
 * corners' pixels included, in the output, and from 0 to the size in the input; what lies outside is 0, but for the first pixel
 * beyond the upper and left border, which is extrapolated.
 */
export class HomographyWarp extends Module {
  readonly homography: Homography
  readonly #taps = new Map<string, Taps>()

  constructor(homography: Homography) {
    super()
    this.homography = [...homography]
  }

  override forward(x: Tensor): Tensor {
    const [batch, channels, height, width] = x.shape as [number, number, number, number]
    const key = `${height}x${width}`
    const known = this.#taps.get(key)
    const taps = known ?? tapsOf(this.homography, height, width)
    if (!known) this.#taps.set(key, taps)
    const { places, weights } = taps
    const corners = x.reshape(batch, channels, -1).indexSelect(2, places)
    return corners.reshape(batch, channels, 4, -1).mul(weights).sum(2).reshape(x.shape)
  }
}

function tapsOf(h: Homography, height: number, width: number): Taps {
  const pixels = height * width
  const places = new Int32Array(4 * pixels)
  const weights = new Float32Array(4 * pixels)
  const clamped = (value: number, size: number): number => Math.min(Math.max(value, 0), size - 1)
  const along = (index: number, size: number): number => (size > 1 ? (2 * index) / (size - 1) - 1 : -1)
  for (let i = 0; i < pixels; i++) {
    const u = along(i % width, width)
    const v = along(Math.floor(i / width), height)
    const w = h[6] * u + h[7] * v + h[8]
    const x = 0.5 * ((h[0] * u + h[1] * v + h[2]) / w + 1) * width
    const y = 0.5 * ((h[3] * u + h[4] * v + h[5]) / w + 1) * height
    const [left, top] = [Math.trunc(x), Math.trunc(y)]
    const [x0, x1] = [clamped(left, width), clamped(left + 1, width)]
    const [y0, y1] = [clamped(top, height), clamped(top + 1, height)]
    // Outside, both pixels are the same and their weights cancel. A position that is no number is outside too.
    if (x0 === x1 || y0 === y1 || !Number.isFinite(x + y)) continue
    const corners = [
      [y0 * width + x0, (x1 - x) * (y1 - y)],
      [y1 * width + x0, (x1 - x) * (y - y0)],
      [y0 * width + x1, (x - x0) * (y1 - y)],
      [y1 * width + x1, (x - x0) * (y - y0)],
    ] as const
    for (const [corner, [place, weight]] of corners.entries()) {
      places[corner * pixels + i] = place
      weights[corner * pixels + i] = weight
    }
  }
  return { places: tensor(places), weights: tensor(weights, [4, pixels]) }
}
