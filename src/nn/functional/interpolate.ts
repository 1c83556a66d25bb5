import { composed } from '../../graph/composite.ts'
import { isFloating } from '../../graph/dtype.ts'
import type { Taps } from '../../graph/node.ts'
import { formatShape, ShapeError } from '../../graph/shape.ts'
import { tensor } from '../../tensor/create.ts'
import { checkOptions } from '../../tensor/options.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import { averageWindows } from './adaptive-pooling.ts'
import { antialiasTaps, cubicTaps, linearTaps, nearestTaps, type Resizing } from './interpolation-taps.ts'
import { interpolateKinds } from './options.ts'
import { applyTaps } from './taps.ts'

export type InterpolationMode =
  | 'nearest'
  | 'nearestExact'
  | 'linear'
  | 'bilinear'
  | 'trilinear'
  | 'bicubic'
  | 'area'

export interface InterpolateOptions {
  /** Size of the output: one number for all axes of space, or one for each. Either this or scaleFactor. */
  readonly size?: number | readonly number[]
  /** The output has floor(size * scaleFactor) elements, and positions follow the factor itself. */
  readonly scaleFactor?: number | readonly number[]
  /** Default 'nearest', which is off by half a pixel, as ever in PyTorch; 'nearestExact' is not. */
  readonly mode?: InterpolationMode
  /** Maps the centres of the corner pixels onto each other, rather than the corners of the images. */
  readonly alignCorners?: boolean
  /** Filters when shrinking, as Pillow does; for 'bilinear' and 'bicubic'. */
  readonly antialias?: boolean
}

const spatialRank: Partial<Record<InterpolationMode, number>> = {
  linear: 1,
  bilinear: 2,
  trilinear: 3,
  bicubic: 2,
}

/** Resizes the space of [n, c, ...] (one to three axes). */
export function interpolate(x: Tensor, options: InterpolateOptions): Tensor {
  checkOptions('interpolate', options, interpolateKinds)
  const { mode = 'nearest', alignCorners = false, antialias = false } = options
  const space = x.rank - 2
  const wanted = spatialRank[mode]
  if (space < 1 || space > 3 || (wanted !== undefined && wanted !== space)) {
    throw new ShapeError(
      `interpolate: mode '${mode}' needs [n, c, ...] with ${wanted ?? '1 to 3'} axes of space, got ${formatShape(x.shape)}`,
    )
  }
  const smooth = mode === 'linear' || mode === 'bilinear' || mode === 'trilinear' || mode === 'bicubic'
  if (alignCorners && !smooth) {
    throw new TypeError(`interpolate: alignCorners has no meaning for mode '${mode}'; leave it out`)
  }
  if (antialias && mode !== 'bilinear' && mode !== 'bicubic') {
    throw new TypeError(`interpolate: antialias is for 'bilinear' and 'bicubic', not '${mode}'; leave it out`)
  }
  const resizings = plan(x, options)
  if ((smooth || mode === 'area') && !isFloating(x.dtype)) {
    throw new TypeError(
      `interpolate: mode '${mode}' needs a floating-point tensor, got ${x.dtype}; use float()`,
    )
  }
  if (mode === 'area') {
    return averageWindows(
      x,
      resizings.map(({ outSize }) => outSize),
    )
  }
  const tapsOf = (resizing: Resizing): Taps => {
    if (!smooth) return nearestTaps(resizing, mode === 'nearestExact')
    if (antialias) return antialiasTaps(resizing, mode === 'bicubic' ? 'cubic' : 'linear', alignCorners)
    return mode === 'bicubic' ? cubicTaps(resizing, alignCorners) : linearTaps(resizing, alignCorners)
  }
  let y = x
  for (const [i, resizing] of resizings.entries()) {
    const taps = tapsOf(resizing)
    if (isIdentity(taps)) continue
    y = isFloating(x.dtype)
      ? applyTaps('interpolate', y, 2 + i, taps)
      : y.indexSelect(2 + i, tensor(taps.indices))
  }
  if (antialias) return y
  return composed(y, 'resize', [x], {
    mode: smooth
      ? mode === 'bicubic'
        ? 'cubic'
        : 'linear'
      : mode === 'nearest'
        ? 'nearest'
        : 'nearestExact',
    alignCorners,
    outputSize: resizings.map(({ outSize }) => outSize),
    scales: resizings.map(({ inSize, outSize, scaleFactor }) => scaleFactor ?? outSize / inSize),
  })
}

function plan(x: Tensor, { size, scaleFactor }: InterpolateOptions): Resizing[] {
  if ((size === undefined) === (scaleFactor === undefined)) {
    throw new TypeError('interpolate: give either size or scaleFactor')
  }
  const space = x.shape.slice(2)
  const given = size ?? scaleFactor!
  const list = typeof given === 'number' ? space.map(() => given) : given
  const name = size === undefined ? 'scaleFactor' : 'size'
  if (list.length !== space.length) {
    throw new ShapeError(
      `interpolate: ${name} ${formatShape(list)} must have one value for each axis of space of ${formatShape(x.shape)}`,
    )
  }
  return space.map((inSize, i) => {
    const outSize = size === undefined ? Math.floor(inSize * list[i]!) : list[i]!
    if (!(Number.isInteger(outSize) && outSize >= 1 && inSize >= 1)) {
      throw new ShapeError(
        `interpolate: ${name} ${formatShape(list)} makes ${outSize} of axis ${i + 2} of ${formatShape(x.shape)}; ` +
          'sizes are integers >= 1',
      )
    }
    return { inSize, outSize, scaleFactor: size === undefined ? list[i] : undefined }
  })
}

function isIdentity(taps: Taps): boolean {
  if (taps.inSize !== taps.outSize || taps.indices.length !== taps.inSize) return false
  for (let i = 0; i < taps.inSize; i++) {
    if (taps.offsets[i] !== i || taps.indices[i] !== i || taps.weights[i] !== 1) return false
  }
  return true
}
