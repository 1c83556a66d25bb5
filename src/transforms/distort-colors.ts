import type { Generator } from '../tensor/generator.ts'
import { allocateLike, type Image } from './image.ts'
import { defineRandomTransform, type Transform } from './transform.ts'

export interface ColorDistortion {
  /** How far hues turn at most, either way, as a share of the circle. */
  readonly hue: number
  /** What saturations are multiplied or divided by at most; from 1. */
  readonly saturation: number
  /** What brightness is multiplied or divided by at most; from 1. */
  readonly exposure: number
}

/** One draw of the random numbers. */
interface Drawn {
  readonly turn: number
  readonly saturation: number
  readonly exposure: number
}

function checkDistortion({ hue, saturation, exposure }: ColorDistortion): void {
  if (
    !(hue >= 0 && hue <= 0.5 && saturation >= 1 && exposure >= 1) ||
    ![saturation, exposure].every(Number.isFinite)
  ) {
    throw new RangeError(
      `RandomDistortColors: hue is from 0 to 0.5, saturation and exposure from 1; got ${hue}, ${saturation}, ${exposure}`,
    )
  }
}

/**
 * Turns hues and scales saturation and brightness in HSV by amounts drawn for each image, as Darknet's `hue`, `saturation` and
 * `exposure`. Grey images change in brightness alone. Values stay within 0 to 255, or within 0 to 1 in float images.
 */
export function randomDistortColors(distortion: ColorDistortion): Transform {
  checkDistortion(distortion)
  const { hue, saturation, exposure } = distortion
  return defineRandomTransform('RandomDistortColors', { hue, saturation, exposure }, (image, generator) =>
    distort(image, draw(distortion, generator)),
  )
}

function draw({ hue, saturation, exposure }: ColorDistortion, generator: Generator): Drawn {
  const scale = (most: number): number => {
    const value = generator.uniform(1, most)
    return generator.uniform() < 0.5 ? value : 1 / value
  }
  return { turn: generator.uniform(-hue, hue), saturation: scale(saturation), exposure: scale(exposure) }
}

function distort(image: Image, { turn, saturation, exposure }: Drawn): Image {
  const data = allocateLike(image, image.data.length)
  const bytes = data instanceof Uint8Array
  const limit = bytes ? 255 : 1
  const store = (at: number, value: number): void => {
    const kept = Math.min(Math.max(value, 0), limit)
    data[at] = bytes ? Math.round(kept) : kept
  }
  if (image.channels === 1) {
    for (let i = 0; i < data.length; i++) store(i, image.data[i]! * exposure)
    return { ...image, data }
  }
  for (let i = 0; i < data.length; i += 3) {
    const [r, g, b] = [image.data[i]!, image.data[i + 1]!, image.data[i + 2]!]
    const most = Math.max(r, g, b)
    const range = most - Math.min(r, g, b)
    // The hue in sixths of the circle.
    const hue =
      range === 0 ? 0 : most === r ? (g - b) / range : most === g ? 2 + (b - r) / range : 4 + (r - g) / range
    const turned = (hue + 6 * turn + 12) % 6
    const value = most * exposure
    // Saturation above 1 would take channels below 0.
    const chroma = most === 0 ? 0 : Math.min((range / most) * saturation, 1)
    for (let c = 0; c < 3; c++) {
      const k = (5 - 2 * c + turned) % 6
      store(i + c, value * (1 - chroma * Math.max(Math.min(k, 4 - k, 1), 0)))
    }
  }
  return { ...image, data }
}
