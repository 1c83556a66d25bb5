import type { Padding2d, Pair } from '../../graph/node.ts'
import { formatShape, ShapeError } from '../../graph/shape.ts'
import { checkOption } from '../../tensor/options.ts'

/** One number for height and width, or [height, width]. */
export type Size2d = number | Pair

/**
 * Padding of a spatial op: one number for all sides, [height, width] or [top, bottom, left, right]; 'valid' is none;
 * 'same' keeps the size at stride 1 as PyTorch does; 'sameTensorFlow' gives ceil(size / stride) as TensorFlow does. An odd
 * total goes to the end in both.
 */
export type Padding = number | Pair | Padding2d | 'valid' | 'same' | 'sameTensorFlow'

export interface Window2d {
  readonly kernel: Pair
  readonly stride: Pair
  readonly dilation: Pair
}

/** Two integers, `least` or more, from one or two. */
export function pairOf(op: string, name: string, value: Size2d, least: number): Pair {
  const pair: Pair = typeof value === 'number' ? [value, value] : value
  if (pair.length !== 2 || !pair.every((n) => Number.isInteger(n) && n >= least)) {
    throw new ShapeError(
      `${op}: ${name} must be an integer >= ${least} or two of them (height, width), got ` +
        `${typeof value === 'number' ? value : formatShape(value)}`,
    )
  }
  return pair
}

/** Elements a kernel spans with its dilation. */
export function extentOf(kernel: number, dilation: number): number {
  return dilation * (kernel - 1) + 1
}

/** Top, bottom, left, right for an input of the given height and width. */
export function resolvePadding(op: string, padding: Padding, size: Pair, window: Window2d): Padding2d {
  const { kernel, stride, dilation } = window
  checkPadding(op, padding)
  if (typeof padding === 'string') {
    if (padding === 'valid') return [0, 0, 0, 0]
    if (padding === 'same' && (stride[0] !== 1 || stride[1] !== 1)) {
      throw new ShapeError(
        `${op}: padding 'same' needs stride 1, got ${formatShape(stride)}; use 'sameTensorFlow' or numbers`,
      )
    }
    const sides = ([0, 1] as const).map((axis) => {
      const extent = extentOf(kernel[axis], dilation[axis])
      const steps = Math.ceil(size[axis] / stride[axis]) - 1
      const total = padding === 'same' ? extent - 1 : Math.max(steps * stride[axis] + extent - size[axis], 0)
      const before = Math.floor(total / 2)
      return [before, total - before] as const
    })
    return [...sides[0]!, ...sides[1]!]
  }
  const list: readonly number[] = typeof padding === 'number' ? [padding, padding] : padding
  if (list.length === 4) return list as Padding2d
  return [list[0]!, list[0]!, list[1]!, list[1]!]
}

const paddingWords: readonly string[] = ['valid', 'same', 'sameTensorFlow']

/** Throws where padding is neither one of the words nor one, two or four integers >= 0. */
export function checkPadding(op: string, padding: Padding): void {
  if (typeof padding === 'string') return checkOption(op, 'padding', padding, paddingWords)
  const list: readonly number[] = typeof padding === 'number' ? [padding, padding] : padding
  if ((list.length === 2 || list.length === 4) && list.every((n) => Number.isInteger(n) && n >= 0)) return
  throw new ShapeError(
    `${op}: padding must be integers >= 0: one, [height, width] or [top, bottom, left, right], got ${formatShape(list)}`,
  )
}
