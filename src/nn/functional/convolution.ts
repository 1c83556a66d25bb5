import { composed } from '../../graph/composite.ts'
import type { Padding2d, Pair } from '../../graph/node.ts'
import * as g from '../../graph/ops/index.ts'
import { calledAs, formatShape, ShapeError, sameShape } from '../../graph/shape.ts'
import { checkOptions } from '../../tensor/options.ts'
import { type Tensor, wrap } from '../../tensor/tensor.ts'
import { extentOf, type Padding, pairOf, resolvePadding, type Size2d } from './arguments.ts'
import { conv1dKinds, conv2dKinds, convTranspose2dKinds } from './options.ts'

export interface Conv2dOptions {
  readonly stride?: Size2d
  readonly padding?: Padding
  readonly dilation?: Size2d
  readonly groups?: number
}

/**
 * Two-dimensional convolution (cross-correlation) of images [n, in, h, w] (or one image [in, h, w]) with a weight
 * [out, in / groups, kh, kw] and a bias [out]. Throws a ShapeError where they do not fit.
 */
export function conv2d(
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null = null,
  options: Conv2dOptions = {},
): Tensor {
  checkOptions('conv2d', options, conv2dKinds)
  if (x.rank === 3) return conv2d(x.unsqueeze(0), weight, bias, options).squeeze(0)
  checkImage('conv2d', x)
  checkWeight('conv2d', weight)
  const stride = pairOf('conv2d', 'stride', options.stride ?? 1, 1)
  const dilation = pairOf('conv2d', 'dilation', options.dilation ?? 1, 1)
  const kernel: Pair = [weight.shape[2]!, weight.shape[3]!]
  const size: Pair = [x.shape[2]!, x.shape[3]!]
  const padding = resolvePadding('conv2d', options.padding ?? 0, size, { kernel, stride, dilation })
  const attrs = { stride, padding, dilation, groups: options.groups ?? 1, layout: 'nchw' } as const
  const y = withBias('conv2d', wrap(g.conv2d(x.node, weight.node, attrs)), bias)
  return composed(y, 'conv2d', [x, weight, bias], attrs)
}

export interface Conv1dOptions {
  readonly stride?: number
  readonly padding?: number | 'valid' | 'same'
  readonly dilation?: number
  readonly groups?: number
}

/** One-dimensional convolution of [n, in, length] with a weight [out, in / groups, k] and a bias [out]. */
export function conv1d(
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null = null,
  options: Conv1dOptions = {},
): Tensor {
  checkOptions('conv1d', options, conv1dKinds)
  if (x.rank !== 3 || weight.rank !== 3) {
    throw new ShapeError(
      `conv1d: needs an input [n, in, length] and a weight [out, in / groups, k], got ${formatShape(x.shape)} ` +
        `and ${formatShape(weight.shape)}`,
    )
  }
  const { stride = 1, padding = 0, dilation = 1, groups = 1 } = options
  if (x.shape[1] !== weight.shape[1]! * groups) {
    throw new ShapeError(
      `conv1d: the input ${formatShape(x.shape)} has ${x.shape[1]} channels, but the weight ` +
        `${formatShape(weight.shape)} with ${groups} groups takes ${weight.shape[1]! * groups}`,
    )
  }
  const y = calledAs('conv1d', () =>
    conv2d(x.unsqueeze(2), weight.unsqueeze(2), bias, {
      stride: [1, stride],
      padding: typeof padding === 'number' ? [0, padding] : padding,
      dilation: [1, dilation],
      groups,
    }),
  )
  return y.squeeze(2)
}

export interface ConvTranspose2dOptions {
  readonly stride?: Size2d
  readonly padding?: Size2d
  /** Rows and columns added at the bottom and right of the output, which stride leaves undecided. */
  readonly outputPadding?: Size2d
  readonly dilation?: Size2d
  readonly groups?: number
}

/**
 * Transposed convolution of [n, in, h, w] with a weight [in, out / groups, kh, kw] and a bias [out]: the gradient of
 * conv2d with respect to its input. Output height: (h - 1) stride - 2 padding + dilation (kh - 1) + outputPadding + 1.
 */
export function convTranspose2d(
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null = null,
  options: ConvTranspose2dOptions = {},
): Tensor {
  checkOptions('convTranspose2d', options, convTranspose2dKinds)
  const op = 'convTranspose2d'
  if (x.rank === 3) return convTranspose2d(x.unsqueeze(0), weight, bias, options).squeeze(0)
  checkImage(op, x)
  checkWeight(op, weight)
  const stride = pairOf(op, 'stride', options.stride ?? 1, 1)
  const padding = pairOf(op, 'padding', options.padding ?? 0, 0)
  const extra = pairOf(op, 'outputPadding', options.outputPadding ?? 0, 0)
  const dilation = pairOf(op, 'dilation', options.dilation ?? 1, 1)
  if (weight.shape[0] !== x.shape[1]) {
    throw new ShapeError(
      `${op}: the input ${formatShape(x.shape)} has ${x.shape[1]} channels, but the weight ` +
        `${formatShape(weight.shape)}, which is [in, out / groups, height, width], takes ${weight.shape[0]}`,
    )
  }
  const plan = ([0, 1] as const).map((axis) => {
    if (extra[axis] >= Math.max(stride[axis], dilation[axis])) {
      throw new ShapeError(
        `${op}: outputPadding ${formatShape(extra)} must be smaller than stride ${formatShape(stride)} ` +
          `or dilation ${formatShape(dilation)}`,
      )
    }
    const after = Math.max(padding[axis] - extra[axis], 0)
    const beyond = Math.max(extra[axis] - padding[axis], 0)
    // Rows past the last kernel's reach that no stride explains are zeros, added afterwards.
    const zeros = beyond >= stride[axis] ? beyond : 0
    const reach = (x.shape[2 + axis]! - 1) * stride[axis] + extentOf(weight.shape[2 + axis]!, dilation[axis])
    const size = reach - padding[axis] - after + beyond - zeros
    if (size + zeros < 1) {
      throw new ShapeError(
        `${op}: padding ${formatShape(padding)} leaves nothing of the output of ${formatShape(x.shape)} with a weight ` +
          `${formatShape(weight.shape)}; use less padding`,
      )
    }
    return { after, zeros, size }
  })
  const [vertical, horizontal] = [plan[0]!, plan[1]!]
  const sides: Padding2d = [padding[0], vertical.after, padding[1], horizontal.after]
  const attrs = { stride, padding: sides, dilation, groups: options.groups ?? 1, layout: 'nchw' } as const
  const inputSize: Pair = [vertical.size, horizontal.size]
  const y = calledAs(op, () => g.conv2dInputGrad(x.node, weight.node, attrs, inputSize))
  const padded = withBias(op, wrap(g.pad(y, [0, 0, 0, 0], [0, 0, vertical.zeros, horizontal.zeros])), bias)
  if (vertical.zeros > 0 || horizontal.zeros > 0) return padded
  return composed(padded, 'convTranspose2d', [x, weight, bias], { ...attrs, inputSize })
}

function checkImage(op: string, x: Tensor): void {
  if (x.rank === 4) return
  throw new ShapeError(
    `${op}: needs images [n, channels, height, width] or [channels, height, width], got ${formatShape(x.shape)}`,
  )
}

function checkWeight(op: string, weight: Tensor): void {
  if (weight.rank === 4) return
  throw new ShapeError(`${op}: needs a weight of rank 4, got ${formatShape(weight.shape)}`)
}

function withBias(op: string, y: Tensor, bias: Tensor | null): Tensor {
  if (bias === null) return y
  const channels = y.shape[1]!
  if (!sameShape(bias.shape, [channels])) {
    throw new ShapeError(
      `${op}: the bias must be [${channels}], one for each output channel, got ${formatShape(bias.shape)}`,
    )
  }
  return y.add(bias.reshape(1, channels, 1, 1))
}
