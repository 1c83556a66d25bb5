import { composed } from '../../graph/composite.ts'
import type { Padding2d, Pair, Pool2dAttrs } from '../../graph/node.ts'
import * as g from '../../graph/ops/index.ts'
import { formatShape, ShapeError } from '../../graph/shape.ts'
import { checkOptions } from '../../tensor/options.ts'
import { type Tensor, wrap } from '../../tensor/tensor.ts'
import { extentOf, type Padding, pairOf, resolvePadding, type Size2d, type Window2d } from './arguments.ts'
import { avgPool2dKinds, maxPool2dKinds } from './options.ts'
import { applyTaps, range, tapsFor } from './taps.ts'

export interface MaxPool2dOptions {
  /** The kernel size unless given. */
  readonly stride?: Size2d
  readonly padding?: Padding
  readonly dilation?: Size2d
  /** Rounds the output size up, but starts no window beyond the input and its leading padding. */
  readonly ceilMode?: boolean
}

export interface PooledWithIndices {
  readonly values: Tensor
  /** int32 position y * width + x of each maximum in its plane. */
  readonly indices: Tensor
}

/** The largest value of each window of images [n, c, h, w] or [c, h, w]; padding counts as -infinity. */
export function maxPool2d(x: Tensor, kernelSize: Size2d, options: MaxPool2dOptions = {}): Tensor {
  return maxPool2dWithIndices(x, kernelSize, options).values
}

/** maxPool2d together with where each maximum was found: the first among equals. */
export function maxPool2dWithIndices(
  x: Tensor,
  kernelSize: Size2d,
  options: MaxPool2dOptions = {},
): PooledWithIndices {
  checkOptions('maxPool2d', options, maxPool2dKinds)
  if (x.rank === 3) {
    const { values, indices } = maxPool2dWithIndices(x.unsqueeze(0), kernelSize, options)
    return { values: values.squeeze(0), indices: indices.squeeze(0) }
  }
  const { window, padding, outputSize } = planPool('maxPool2d', x, kernelSize, options)
  const attrs: Pool2dAttrs = { ...window, padding, outputSize, layout: 'nchw' }
  for (const axis of [0, 1] as const) checkWindows(x, attrs, axis)
  const indices = g.maxPool2dIndices(x.node, attrs)
  return { values: wrap(g.poolGather(x.node, indices, 'nchw')), indices: wrap(indices) }
}

export interface AvgPool2dOptions extends Omit<MaxPool2dOptions, 'dilation'> {
  /** Counts padded zeros in the divisor; default true, as in PyTorch. */
  readonly countIncludePad?: boolean
  /** Divides every window's sum by this instead of its size. */
  readonly divisorOverride?: number
}

/** The mean of each window of images [n, c, h, w] or [c, h, w]. */
export function avgPool2d(x: Tensor, kernelSize: Size2d, options: AvgPool2dOptions = {}): Tensor {
  checkOptions('avgPool2d', options, avgPool2dKinds)
  if (x.rank === 3) return avgPool2d(x.unsqueeze(0), kernelSize, options).squeeze(0)
  const { window, padding, outputSize } = planPool('avgPool2d', x, kernelSize, options)
  const { countIncludePad = true, divisorOverride } = options
  if (divisorOverride === 0) throw new RangeError('avgPool2d: divisorOverride must not be 0')
  let y = x
  for (const axis of [0, 1] as const) {
    const fixed = divisorOverride === undefined ? undefined : axis === 0 ? 1 : divisorOverride
    const size = x.shape[2 + axis]!
    const [kernel, stride] = [window.kernel[axis], window.stride[axis]]
    const [before, after] = sidesOf(padding, axis)
    const key = `avgPool(${[kernel, stride, before, after, fixed ?? countIncludePad].join()})`
    const taps = tapsFor(key, size, outputSize[axis], (output) => {
      const first = output * stride - before
      const last = Math.min(first + kernel, size + after)
      const [from, to] = [Math.max(first, 0), Math.min(last, size)]
      const divisor = fixed ?? (countIncludePad ? last - first : to - from)
      return range(from, to, 1 / divisor)
    })
    y = applyTaps('avgPool2d', y, 2 + axis, taps)
  }
  return composed(y, 'avgPool2d', [x], {
    kernel: window.kernel,
    stride: window.stride,
    padding,
    outputSize,
    countIncludePad,
    divisor: divisorOverride ?? null,
  })
}

interface PoolPlan {
  readonly window: Window2d
  readonly padding: Padding2d
  readonly outputSize: Pair
}

function sidesOf(padding: Padding2d, axis: 0 | 1): Pair {
  return axis === 0 ? [padding[0], padding[1]] : [padding[2], padding[3]]
}

function planPool(op: string, x: Tensor, kernelSize: Size2d, options: MaxPool2dOptions): PoolPlan {
  if (x.rank !== 4) {
    throw new ShapeError(
      `${op}: needs images [n, channels, height, width] or [channels, height, width], got ${formatShape(x.shape)}`,
    )
  }
  const kernel = pairOf(op, 'kernelSize', kernelSize, 1)
  const stride = pairOf(op, 'stride', options.stride ?? kernel, 1)
  const dilation = pairOf(op, 'dilation', options.dilation ?? 1, 1)
  const window: Window2d = { kernel, stride, dilation }
  const padding = resolvePadding(op, options.padding ?? 0, [x.shape[2]!, x.shape[3]!], window)
  const sizes = ([0, 1] as const).map((axis) => {
    const [before, after] = sidesOf(padding, axis)
    const extent = extentOf(kernel[axis], dilation[axis])
    if (2 * Math.max(before, after) > extent) {
      throw new ShapeError(
        `${op}: padding ${formatShape(padding)} must be at most half of the window, which spans ${extent} elements`,
      )
    }
    const size = x.shape[2 + axis]!
    const steps = (size + before + after - extent) / stride[axis]
    const rounded = (options.ceilMode ? Math.ceil(steps) : Math.floor(steps)) + 1
    const count = options.ceilMode && (rounded - 1) * stride[axis] >= size + before ? rounded - 1 : rounded
    if (count < 1) {
      throw new ShapeError(
        `${op}: images of ${x.shape[2]} x ${x.shape[3]} with padding ${formatShape(padding)} are smaller than the ` +
          `${kernel[0]} x ${kernel[1]} window; use larger images, a smaller window or more padding`,
      )
    }
    return count
  })
  return { window, padding, outputSize: [sizes[0]!, sizes[1]!] }
}

/** A dilated window over a small image may see nothing but padding, whose maximum does not exist. */
function checkWindows(x: Tensor, attrs: Pool2dAttrs, axis: 0 | 1): void {
  const size = x.shape[2 + axis]!
  const dilation = attrs.dilation[axis]
  for (let output = 0; output < attrs.outputSize[axis]; output++) {
    const first = output * attrs.stride[axis] - sidesOf(attrs.padding, axis)[0]
    const inside = first >= 0 ? first : first + Math.ceil(-first / dilation) * dilation
    if (inside < size && inside <= first + dilation * (attrs.kernel[axis] - 1)) continue
    throw new ShapeError(
      `maxPool2d: window ${output} along ${axis === 0 ? 'the height' : 'the width'} of ${formatShape(x.shape)} sees ` +
        'nothing but padding; use less padding or dilation',
    )
  }
}
