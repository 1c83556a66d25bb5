import type { TapRow } from '../../graph/ops/index.ts'

export const coordinateModes = [
  'half_pixel',
  'half_pixel_symmetric',
  'pytorch_half_pixel',
  'align_corners',
  'asymmetric',
  'tf_half_pixel_for_nn',
  'tf_crop_and_resize',
] as const
export const nearestModes = ['round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil'] as const

export interface Resizing {
  readonly mode: 'nearest' | 'linear' | 'cubic'
  readonly coordinates: (typeof coordinateModes)[number]
  readonly nearest: (typeof nearestModes)[number]
  readonly cubicCoefficient: number
  /** Leaves out what lies beyond the edge, instead of repeating the edge. */
  readonly excludeOutside: boolean
  readonly antialias: boolean
}

/** One axis: its sizes, the factor between them, and the part of it that is shown (tf_crop_and_resize). */
export interface ResizedAxis {
  readonly inSize: number
  readonly outSize: number
  readonly scale: number
  readonly roi: readonly [start: number, end: number]
}

/** Where an output element lies, in elements of the input. */
export function sourceOf(axis: ResizedAxis, coordinates: Resizing['coordinates'], output: number): number {
  const { inSize, outSize, scale, roi } = axis
  switch (coordinates) {
    case 'half_pixel':
      return (output + 0.5) / scale - 0.5
    case 'half_pixel_symmetric': {
      // The centre stays where it is although the size was rounded.
      const centre = inSize / 2
      return centre * (1 - outSize / (scale * inSize)) + (output + 0.5) / scale - 0.5
    }
    case 'pytorch_half_pixel':
      return outSize > 1 ? (output + 0.5) / scale - 0.5 : 0
    case 'align_corners':
      return outSize > 1 ? (output * (inSize - 1)) / (outSize - 1) : 0
    case 'asymmetric':
      return output / scale
    case 'tf_half_pixel_for_nn':
      return (output + 0.5) / scale
    case 'tf_crop_and_resize':
      return outSize > 1
        ? roi[0] * (inSize - 1) + (output * (roi[1] - roi[0]) * (inSize - 1)) / (outSize - 1)
        : 0.5 * (roi[0] + roi[1]) * (inSize - 1)
  }
}

function nearestOf(at: number, mode: Resizing['nearest']): number {
  switch (mode) {
    case 'round_prefer_floor':
      return Math.ceil(at - 0.5)
    case 'round_prefer_ceil':
      return Math.floor(at + 0.5)
    case 'floor':
      return Math.floor(at)
    case 'ceil':
      return Math.ceil(at)
  }
}

function cubicWeight(distance: number, a: number): number {
  const x = Math.abs(distance)
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0
}

/** The inputs that make up an output element, with their weights. */
export function rowOf(axis: ResizedAxis, resizing: Resizing, output: number): TapRow {
  const { inSize, scale } = axis
  const inside = (at: number): number => Math.min(Math.max(at, 0), inSize - 1)
  const at = sourceOf(axis, resizing.coordinates, output)
  if (resizing.mode === 'nearest') return { indices: [inside(nearestOf(at, resizing.nearest))], weights: [1] }
  const stretch = resizing.antialias && scale < 1 ? scale : 1
  const support = (resizing.mode === 'linear' ? 1 : 2) / stretch
  const weightAt = (distance: number): number =>
    resizing.mode === 'linear'
      ? Math.max(1 - Math.abs(distance), 0)
      : cubicWeight(distance, resizing.cubicCoefficient)
  const weights = new Map<number, number>()
  let total = 0
  for (
    let tap = Math.floor(at - support) + 1;
    tap <= Math.ceil(at + support) - 1 || tap === Math.floor(at);
    tap++
  ) {
    if (resizing.excludeOutside && (tap < 0 || tap >= inSize)) continue
    const weight = weightAt((tap - at) * stretch)
    if (weight === 0) continue
    total += weight
    weights.set(inside(tap), (weights.get(inside(tap)) ?? 0) + weight)
  }
  const normalized = resizing.excludeOutside || stretch !== 1
  return {
    indices: [...weights.keys()],
    weights: [...weights.values()].map((weight) => (normalized ? weight / total : weight)),
  }
}
