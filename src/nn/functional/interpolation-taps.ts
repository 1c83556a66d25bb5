import type { Taps } from '../../graph/node.ts'
import type { TapRow } from '../../graph/ops/index.ts'
import { pickTaps, tapsFor } from './taps.ts'

export interface Resizing {
  readonly inSize: number
  readonly outSize: number
  /** The factor asked for, where one was: it decides the positions, rather than the rounded sizes. */
  readonly scaleFactor: number | undefined
}

/** Input elements for one output element. */
function stepOf({ inSize, outSize, scaleFactor }: Resizing, alignCorners: boolean): number {
  if (alignCorners) return outSize > 1 ? (inSize - 1) / (outSize - 1) : 0
  return scaleFactor === undefined ? inSize / outSize : 1 / scaleFactor
}

/** PyTorch finds nearest neighbours in single precision, which decides ties. */
export function nearestTaps(resizing: Resizing, exact: boolean): Taps {
  const { inSize, outSize } = resizing
  const step = Math.fround(stepOf(resizing, false))
  const offset = exact ? 0.5 : 0
  return pickTaps(`nearest(${offset},${step})`, inSize, outSize, (output) =>
    Math.min(Math.floor(Math.fround((output + offset) * step)), inSize - 1),
  )
}

/** Taps of the two neighbours, at most one beyond the edges' centres; an axis that keeps its size stays as it is. */
export function linearTaps(resizing: Resizing, alignCorners: boolean): Taps {
  const { inSize, outSize } = resizing
  if (inSize === outSize) return pickTaps('linear', inSize, outSize, (output) => output)
  const step = stepOf(resizing, alignCorners)
  return tapsFor(`linear(${step},${alignCorners})`, inSize, outSize, (output) => {
    const at = Math.max(alignCorners ? output * step : (output + 0.5) * step - 0.5, 0)
    const low = Math.min(Math.floor(at), inSize - 1)
    const part = Math.min(Math.max(at - low, 0), 1)
    if (low === inSize - 1 || part === 0) return { indices: [low], weights: [1] }
    return { indices: [low, low + 1], weights: [1 - part, part] }
  })
}

/** Weight of a neighbour at the given distance in cubic convolution (Keys, 1981). */
export function cubicWeight(distance: number, a: number): number {
  const x = Math.abs(distance)
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a
  return 0
}

/** Taps of four neighbours, those beyond the edges taken from the edge; a = -0.75. */
export function cubicTaps(resizing: Resizing, alignCorners: boolean): Taps {
  const { inSize, outSize } = resizing
  const step = stepOf(resizing, alignCorners)
  return tapsFor(`cubic(${step},${alignCorners})`, inSize, outSize, (output) => {
    const at = alignCorners ? output * step : (output + 0.5) * step - 0.5
    const low = Math.floor(at)
    const weights = new Map<number, number>()
    for (let neighbour = low - 1; neighbour <= low + 2; neighbour++) {
      const index = Math.min(Math.max(neighbour, 0), inSize - 1)
      weights.set(index, (weights.get(index) ?? 0) + cubicWeight(at - neighbour, -0.75))
    }
    return { indices: [...weights.keys()], weights: [...weights.values()] }
  })
}

/** Filters as wide as the step when shrinking, as Pillow's and PyTorch's antialias; the cubic has a = -0.5. */
export function antialiasTaps(resizing: Resizing, filter: 'linear' | 'cubic', alignCorners: boolean): Taps {
  const { inSize, outSize } = resizing
  const step = stepOf(resizing, alignCorners)
  const width = Math.max(step, 1)
  const support = (filter === 'linear' ? 1 : 2) * width
  const weightAt = (x: number): number =>
    filter === 'linear' ? Math.max(1 - Math.abs(x), 0) : cubicWeight(x, -0.5)
  return tapsFor(`antialias(${filter},${step})`, inSize, outSize, (output): TapRow => {
    const centre = step * (output + 0.5)
    const start = Math.max(Math.trunc(centre - support + 0.5), 0)
    const stop = Math.min(Math.trunc(centre + support + 0.5), inSize)
    const indices = Array.from({ length: Math.max(stop - start, 0) }, (_, i) => start + i)
    const raw = indices.map((i) => weightAt((i - centre + 0.5) / width))
    const total = raw.reduce((a, b) => a + b, 0)
    return { indices, weights: total === 0 ? raw : raw.map((weight) => weight / total) }
  })
}
