import { composed } from '../../graph/composite.ts'
import { calledAs, formatShape, ShapeError } from '../../graph/shape.ts'
import { tensor } from '../../tensor/create.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import { maxPool2dWithIndices, type PooledWithIndices } from './pooling.ts'
import { applyTaps, pickTaps, range, tapsFor } from './taps.ts'

/** Height and width of the output; null keeps the input's. */
export type AdaptiveSize = number | null | readonly [number | null, number | null]

interface Window {
  readonly start: number
  readonly stop: number
}

/** PyTorch's windows: floor(i in / out) to ceil((i + 1) in / out). */
function windowOf(inSize: number, outSize: number, output: number): Window {
  return {
    start: Math.floor((output * inSize) / outSize),
    stop: Math.ceil(((output + 1) * inSize) / outSize),
  }
}

function outputSizes(op: string, x: Tensor, size: AdaptiveSize): [number, number] {
  if (x.rank !== 4) {
    throw new ShapeError(
      `${op}: needs images [n, channels, height, width] or [channels, height, width], got ${formatShape(x.shape)}`,
    )
  }
  const pair = Array.isArray(size) ? size : [size, size]
  const resolved = [pair[0] ?? x.shape[2]!, pair[1] ?? x.shape[3]!] as [number, number]
  if (pair.length !== 2 || !resolved.every((n) => Number.isInteger(n) && n >= 1)) {
    throw new ShapeError(
      `${op}: the output size must be one or two integers >= 1, got ${formatShape(resolved)}`,
    )
  }
  return resolved
}

/** Means of windows that divide images [n, c, h, w] or [c, h, w] into the given number of rows and columns. */
export function adaptiveAvgPool2d(x: Tensor, outputSize: AdaptiveSize): Tensor {
  if (x.rank === 3) return adaptiveAvgPool2d(x.unsqueeze(0), outputSize).squeeze(0)
  const sizes = outputSizes('adaptiveAvgPool2d', x, outputSize)
  if (sizes[0] === 1 && sizes[1] === 1) return x.mean([2, 3], true)
  const y = averageWindows(x, sizes)
  const even = sizes.every((size, axis) => x.shape[2 + axis]! % size === 0)
  return even ? composed(y, 'adaptiveAvgPool2d', [x], { outputSize: sizes }) : y
}

/** adaptiveAvgPool2d for any number of axes of space. */
export function averageWindows(x: Tensor, sizes: readonly number[]): Tensor {
  let y = x
  for (const [i, size] of sizes.entries()) {
    const inSize = x.shape[2 + i]!
    if (size === inSize) continue
    const taps = tapsFor('adaptiveAvgPool', inSize, size, (output) => {
      const { start, stop } = windowOf(inSize, size, output)
      return range(start, stop, 1 / (stop - start))
    })
    y = applyTaps('adaptiveAvgPool2d', y, 2 + i, taps)
  }
  return y
}

/** Maxima of the windows that adaptiveAvgPool2d averages. */
export function adaptiveMaxPool2d(x: Tensor, outputSize: AdaptiveSize): Tensor {
  return adaptiveMaxPool2dWithIndices(x, outputSize).values
}

/** adaptiveMaxPool2d together with where each maximum was found. */
export function adaptiveMaxPool2dWithIndices(x: Tensor, outputSize: AdaptiveSize): PooledWithIndices {
  if (x.rank === 3) {
    const { values, indices } = adaptiveMaxPool2dWithIndices(x.unsqueeze(0), outputSize)
    return { values: values.squeeze(0), indices: indices.squeeze(0) }
  }
  const sizes = outputSizes('adaptiveMaxPool2d', x, outputSize)
  const spread = sizes.map((size, i) => spreadWindows(x.shape[2 + i]!, size))
  let y = x
  for (const [i, { kernel, positions }] of spread.entries()) {
    const inSize = x.shape[2 + i]!
    if (positions === undefined) continue
    const taps = pickTaps(`adaptiveMaxPool(${kernel})`, inSize, positions.length, (o) => positions[o])
    y = applyTaps('adaptiveMaxPool2d', y, 2 + i, taps)
  }
  const pooled = calledAs('adaptiveMaxPool2d', () =>
    maxPool2dWithIndices(y, [spread[0]!.kernel, spread[1]!.kernel]),
  )
  if (y === x) return pooled
  return { values: pooled.values, indices: originalPositions(pooled.indices, x, y, spread) }
}

interface SpreadWindows {
  readonly kernel: number
  /** Source of each element when the windows are laid side by side, padded to equal length with their last element. */
  readonly positions: Int32Array | undefined
}

function spreadWindows(inSize: number, outSize: number): SpreadWindows {
  if (inSize % outSize === 0) return { kernel: inSize / outSize, positions: undefined }
  const windows = Array.from({ length: outSize }, (_, i) => windowOf(inSize, outSize, i))
  const kernel = Math.max(...windows.map(({ start, stop }) => stop - start))
  const positions = Int32Array.from({ length: kernel * outSize }, (_, i) => {
    const { start, stop } = windows[Math.floor(i / kernel)]!
    return Math.min(start + (i % kernel), stop - 1)
  })
  return { kernel, positions }
}

function originalPositions(
  indices: Tensor,
  x: Tensor,
  spread: Tensor,
  [vertical, horizontal]: readonly SpreadWindows[],
): Tensor {
  const width = spread.shape[3]!
  const column = indices.remainder(width)
  const row = indices.sub(column).div(width).to('int32')
  const look = (index: Tensor, positions: Int32Array | undefined): Tensor =>
    positions === undefined
      ? index
      : tensor(positions).gather(0, index.reshape(index.size)).reshape(index.shape)
  return look(row, vertical!.positions).mul(x.shape[3]!).add(look(column, horizontal!.positions))
}

/** The mean of each channel of [n, c, ...]: [n, c], or [n, c, 1, ...] with keepdim. */
export function globalAvgPool(x: Tensor, keepdim = false): Tensor {
  return x.mean(spatialAxes('globalAvgPool', x), keepdim)
}

/** The maximum of each channel of [n, c, ...]: [n, c], or [n, c, 1, ...] with keepdim. */
export function globalMaxPool(x: Tensor, keepdim = false): Tensor {
  return calledAs('globalMaxPool', () => x.amax(spatialAxes('globalMaxPool', x), keepdim))
}

function spatialAxes(op: string, x: Tensor): number[] {
  if (x.rank < 3) {
    throw new ShapeError(
      `${op}: needs a batch with channels and space [n, c, ...], got ${formatShape(x.shape)}`,
    )
  }
  return x.shape.slice(2).map((_, i) => i + 2)
}
