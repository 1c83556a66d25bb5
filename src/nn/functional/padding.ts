import { composed } from '../../graph/composite.ts'
import { isFloating } from '../../graph/dtype.ts'
import * as g from '../../graph/ops/index.ts'
import { formatShape, ShapeError } from '../../graph/shape.ts'
import { tensor } from '../../tensor/create.ts'
import { checkOptions } from '../../tensor/options.ts'
import { type Tensor, wrap } from '../../tensor/tensor.ts'
import { padKinds } from './options.ts'
import { applyTaps, pickTaps } from './taps.ts'

export type PadMode = 'constant' | 'reflect' | 'replicate' | 'circular'

export interface PadOptions {
  readonly mode?: PadMode
  /** What 'constant' fills with; default 0. */
  readonly value?: number
}

/**
 * Pads the last axes: `amounts` is [before, after] of the last axis, then of the one before it, and so on; negative amounts
 * crop. 'reflect' mirrors without repeating the edge, 'replicate' repeats the edge, 'circular' wraps around.
 */
export function pad(x: Tensor, amounts: readonly number[], options: PadOptions = {}): Tensor {
  checkOptions('pad', options, padKinds)
  const { mode = 'constant', value = 0 } = options
  if (amounts.length % 2 !== 0 || amounts.length > 2 * x.rank || !amounts.every(Number.isInteger)) {
    throw new ShapeError(
      `pad: needs pairs of integers (before, after) for up to ${x.rank} axes, last axis first, got ${formatShape(amounts)}`,
    )
  }
  const sides = x.shape.map((size, axis) => {
    const at = 2 * (x.rank - 1 - axis)
    const [before, after] = [amounts[at] ?? 0, amounts[at + 1] ?? 0]
    if (size + before + after < 0) {
      throw new ShapeError(
        `pad: ${before} and ${after} crop more than axis ${axis} of ${formatShape(x.shape)} has`,
      )
    }
    return { size, before, after }
  })
  if (mode === 'constant') return padConstant(x, sides, value)
  let y = x
  for (const [axis, side] of sides.entries()) {
    if (side.before !== 0 || side.after !== 0) y = padAxis(y, axis, side, mode)
  }
  if (mode === 'circular') return y
  const [before, after] = [sides.map((side) => side.before), sides.map((side) => side.after)]
  return composed(y, 'padMirrored', [x], { mode, before, after })
}

interface Sides {
  readonly size: number
  readonly before: number
  readonly after: number
}

function padConstant(x: Tensor, sides: readonly Sides[], value: number): Tensor {
  const cropped = g.slice(
    x.node,
    sides.map(({ before }) => Math.max(-before, 0)),
    sides.map(({ size, after }) => size - Math.max(-after, 0)),
  )
  return wrap(
    g.pad(
      cropped,
      sides.map(({ before }) => Math.max(before, 0)),
      sides.map(({ after }) => Math.max(after, 0)),
      value,
    ),
  )
}

function padAxis(x: Tensor, axis: number, side: Sides, mode: Exclude<PadMode, 'constant'>): Tensor {
  const { size, before, after } = side
  const limit = mode === 'reflect' ? size - 1 : mode === 'circular' ? size : Number.POSITIVE_INFINITY
  if (Math.max(before, after) > limit || size === 0) {
    throw new ShapeError(
      `pad: ${before} and ${after} are too much for mode '${mode}' on axis ${axis} of ${formatShape(x.shape)}; ` +
        `at most ${Math.max(limit, 0)}`,
    )
  }
  const source = (output: number): number => {
    const at = output - before
    if (mode === 'replicate') return Math.min(Math.max(at, 0), size - 1)
    if (mode === 'circular') return (at + size) % size
    const mirrored = Math.abs(at)
    return mirrored < size ? mirrored : 2 * (size - 1) - mirrored
  }
  const length = size + before + after
  if (!isFloating(x.dtype))
    return x.indexSelect(axis, tensor(Int32Array.from({ length }, (_, i) => source(i))))
  return applyTaps('pad', x, axis, pickTaps(`pad(${mode},${before})`, size, length, source))
}
