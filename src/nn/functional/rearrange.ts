import { composed } from '../../graph/composite.ts'
import type { Pair, Taps } from '../../graph/node.ts'
import { transposedTaps } from '../../graph/ops/index.ts'
import { formatShape, ShapeError } from '../../graph/shape.ts'
import { checkOptions } from '../../tensor/options.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import { extentOf, pairOf, type Size2d } from './arguments.ts'
import { unfoldKinds } from './options.ts'
import { applyTaps, pickTaps } from './taps.ts'

/** [..., c r², h, w] to [..., c, h r, w r] (Shi et al., 2016). */
export function pixelShuffle(x: Tensor, upscaleFactor: number): Tensor {
  const [lead, channels, h, w] = splitImage('pixelShuffle', x, upscaleFactor)
  const r = upscaleFactor
  if (channels % (r * r) !== 0) {
    throw new ShapeError(
      `pixelShuffle: the ${channels} channels of ${formatShape(x.shape)} must be divisible by ${r}² = ${r * r}`,
    )
  }
  const c = channels / (r * r)
  const n = lead.reduce((a, b) => a * b, 1)
  const y = x
    .reshape(n, c, r, r, h, w)
    .permute(0, 1, 4, 2, 5, 3)
    .reshape([...lead, c, h * r, w * r])
  return composed(y, 'pixelShuffle', [x], { factor: r })
}

/** The inverse of pixelShuffle: [..., c, h r, w r] to [..., c r², h, w]. */
export function pixelUnshuffle(x: Tensor, downscaleFactor: number): Tensor {
  const [lead, c, height, width] = splitImage('pixelUnshuffle', x, downscaleFactor)
  const r = downscaleFactor
  if (height % r !== 0 || width % r !== 0) {
    throw new ShapeError(
      `pixelUnshuffle: height and width of ${formatShape(x.shape)} must be divisible by ${r}`,
    )
  }
  const n = lead.reduce((a, b) => a * b, 1)
  return x
    .reshape(n, c, height / r, r, width / r, r)
    .permute(0, 1, 3, 5, 2, 4)
    .reshape([...lead, c * r * r, height / r, width / r])
}

function splitImage(op: string, x: Tensor, factor: number): [number[], number, number, number] {
  if (x.rank < 3) throw new ShapeError(`${op}: needs images [..., c, h, w], got ${formatShape(x.shape)}`)
  if (!Number.isInteger(factor) || factor < 1) {
    throw new RangeError(`${op}: the factor must be an integer >= 1, got ${factor}`)
  }
  const [c, h, w] = x.shape.slice(-3) as [number, number, number]
  return [x.shape.slice(0, -3), c, h, w]
}

/** Interleaves the channels of `groups` groups in [n, c, ...] (Zhang et al., "ShuffleNet", 2017). */
export function channelShuffle(x: Tensor, groups: number): Tensor {
  const [n, c, ...space] = x.shape
  if (n === undefined || c === undefined || !Number.isInteger(groups) || groups < 1 || c % groups !== 0) {
    throw new ShapeError(
      `channelShuffle: the channels of ${formatShape(x.shape)} do not divide into ${groups} groups`,
    )
  }
  return x
    .reshape([n, groups, c / groups, ...space])
    .transpose(1, 2)
    .reshape(x.shape)
}

export interface UnfoldOptions {
  readonly stride?: Size2d
  readonly padding?: Size2d
  readonly dilation?: Size2d
}

interface WindowTaps {
  readonly kernel: Pair
  readonly counts: Pair
  readonly taps: readonly [Taps, Taps]
}

/** Taps that lay the windows of height and width out as [kernel, windows]. */
function windowTaps(op: string, size: Pair, kernelSize: Size2d, options: UnfoldOptions): WindowTaps {
  const kernel = pairOf(op, 'kernelSize', kernelSize, 1)
  const stride = pairOf(op, 'stride', options.stride ?? 1, 1)
  const padding = pairOf(op, 'padding', options.padding ?? 0, 0)
  const dilation = pairOf(op, 'dilation', options.dilation ?? 1, 1)
  const plan = ([0, 1] as const).map((axis) => {
    const [s, p, d] = [stride[axis], padding[axis], dilation[axis]]
    const count = Math.floor((size[axis] + 2 * p - extentOf(kernel[axis], d)) / s) + 1
    if (count < 1) {
      throw new ShapeError(
        `${op}: images of ${size[0]} x ${size[1]} with padding ${formatShape(padding)} are smaller than the ` +
          `${kernel[0]} x ${kernel[1]} window`,
      )
    }
    const taps = pickTaps(
      `windows(${[kernel[axis], s, p, d].join()})`,
      size[axis],
      kernel[axis] * count,
      (o) => {
        const at = (o % count) * s + Math.floor(o / count) * d - p
        return at >= 0 && at < size[axis] ? at : undefined
      },
    )
    return { count, taps }
  })
  return { kernel, counts: [plan[0]!.count, plan[1]!.count], taps: [plan[0]!.taps, plan[1]!.taps] }
}

/** The windows of images [n, c, h, w] as columns: [n, c kh kw, windows]; also called im2col. */
export function unfold(x: Tensor, kernelSize: Size2d, options: UnfoldOptions = {}): Tensor {
  checkOptions('unfold', options, unfoldKinds)
  if (x.rank === 3) return unfold(x.unsqueeze(0), kernelSize, options).squeeze(0)
  if (x.rank !== 4) {
    throw new ShapeError(`unfold: needs images [n, c, h, w] or [c, h, w], got ${formatShape(x.shape)}`)
  }
  const [n, c, h, w] = x.shape as [number, number, number, number]
  const { kernel, counts, taps } = windowTaps('unfold', [h, w], kernelSize, options)
  return applyTaps('unfold', applyTaps('unfold', x, 2, taps[0]), 3, taps[1])
    .reshape(n, c, kernel[0], counts[0], kernel[1], counts[1])
    .permute(0, 1, 2, 4, 3, 5)
    .reshape(n, c * kernel[0] * kernel[1], counts[0] * counts[1])
}

/** Adds columns [n, c kh kw, windows] into images of the given size: the transpose of unfold, also called col2im. */
export function fold(x: Tensor, outputSize: Size2d, kernelSize: Size2d, options: UnfoldOptions = {}): Tensor {
  checkOptions('fold', options, unfoldKinds)
  if (x.rank === 2) return fold(x.unsqueeze(0), outputSize, kernelSize, options).squeeze(0)
  const size = pairOf('fold', 'outputSize', outputSize, 1)
  const { kernel, counts, taps } = windowTaps('fold', size, kernelSize, options)
  const [n = 0, rows = 0, windows] = x.shape
  const c = rows / (kernel[0] * kernel[1])
  if (x.rank !== 3 || !Number.isInteger(c) || windows !== counts[0] * counts[1]) {
    throw new ShapeError(
      `fold: ${formatShape(x.shape)} must be [n, c * ${kernel[0]} * ${kernel[1]}, ${counts[0]} * ${counts[1]}] ` +
        `for an output of ${formatShape(size)}`,
    )
  }
  const laid = x
    .reshape(n, c, kernel[0], kernel[1], counts[0], counts[1])
    .permute(0, 1, 2, 4, 3, 5)
    .reshape(n, c, kernel[0] * counts[0], kernel[1] * counts[1])
  return applyTaps('fold', applyTaps('fold', laid, 3, transposedTaps(taps[1])), 2, transposedTaps(taps[0]))
}
