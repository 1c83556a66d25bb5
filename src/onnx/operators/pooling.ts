import { isFloating } from '../../graph/dtype.ts'
import { maxPool2dWithIndices, pad } from '../../nn/functional/index.ts'
import { applyTaps, tapsFor } from '../../nn/functional/taps.ts'
import { arange, type Tensor, zeros } from '../../tensor/index.ts'
import { type Call, type Operators, operator } from '../call.ts'
import { lifted, pair, sidesOf, type Windows, windowsOf } from './windows.ts'

/** The number of windows along an axis: with ceil_mode none begins beyond the input and what pads it before. */
function windowCount(call: Call, windows: Windows, size: number, axis: number): number {
  const [stride, before, after] = [windows.strides[axis]!, windows.before[axis]!, windows.after[axis]!]
  const extent = windows.dilations[axis]! * (windows.kernel[axis]! - 1) + 1
  const steps = (size + before + after - extent) / stride
  if (!call.flag('ceil_mode')) return Math.floor(steps) + 1
  const count = Math.ceil(steps) + 1
  return (count - 1) * stride >= size + before ? count - 1 : count
}

/** Along one axis. */
const mostTaps = 2 ** 26

/** Sums over windows along each axis of space in turn; `mean` divides by the elements that count. */
function windowSums(call: Call, x: Tensor, mean: 'none' | 'inside' | 'padded'): Tensor {
  const windows = windowsOf(call, x.shape.slice(2), call.ints('kernel_shape'))
  let y = x
  for (const [axis, kernel] of windows.kernel.entries()) {
    const size = x.shape[2 + axis]!
    const [stride, dilation] = [windows.strides[axis]!, windows.dilations[axis]!]
    const [before, after] = [windows.before[axis]!, windows.after[axis]!]
    const count = windowCount(call, windows, size, axis)
    if (kernel * count > mostTaps) call.fail(`${count} windows of ${kernel} elements are too many`)
    if (count < 1)
      call.fail(`the window [${windows.kernel}] is larger than the padded input [${x.shape.slice(2)}]`)
    const taps = tapsFor(
      `onnxPool(${[kernel, stride, dilation, before, after, mean]})`,
      size,
      count,
      (output) => {
        const positions = Array.from({ length: kernel }, (_, k) => output * stride - before + k * dilation)
        const inside = positions.filter((at) => at >= 0 && at < size)
        const counted = mean === 'padded' ? positions.filter((at) => at < size + after).length : inside.length
        return { indices: inside, weights: inside.map(() => (mean === 'none' ? 1 : 1 / counted)) }
      },
    )
    y = applyTaps(call.node.op, y, 2 + axis, taps)
  }
  return y
}

function lpPool(call: Call): Tensor {
  const p = call.int('p', 2)
  const x = call.tensor(0)
  if (p === 1) return windowSums(call, x.abs(), 'none')
  return windowSums(call, p === 2 ? x.square() : x.abs().pow(p), 'none').pow(1 / p)
}

function maxPool(call: Call): readonly Tensor[] {
  const x = call.tensor(0)
  const windows = windowsOf(call, x.shape.slice(2), call.ints('kernel_shape'))
  const wanted = call.node.outputs.length > 1 && call.node.outputs[1] !== ''
  if (x.rank === 5) {
    if (wanted) call.refuse('the indices of 3-D pools')
    return [maxPool3d(call, x, windows)]
  }
  if (x.rank !== 3 && x.rank !== 4) call.refuse(`${x.rank - 2}-D pools`)
  const spread = x.rank === 3 ? x.unsqueeze(2) : x
  const image = isFloating(x.dtype) ? spread : spread.float()
  const { values, indices } = pooled(call, image, x.rank === 3 ? lifted(windows) : windows)
  const shaped = (y: Tensor): Tensor => (x.rank === 3 ? y.squeeze(2) : y)
  const largest = shaped(values).to(x.dtype)
  if (!wanted) return [largest]
  return [largest, shaped(flatIndices(call, image, indices))]
}

/** Whether padding is more than half a window, or a window may see nothing else: then it is written out. */
function isWidelyPadded(windows: Windows): boolean {
  return windows.kernel.some((kernel, i) => {
    const extent = windows.dilations[i]! * (kernel - 1) + 1
    return 2 * Math.max(windows.before[i]!, windows.after[i]!) > extent || windows.dilations[i]! > 1
  })
}

function pooled(call: Call, x: Tensor, windows: Windows): { values: Tensor; indices: Tensor } {
  const sides = sidesOf(windows)
  const options = {
    stride: pair(windows.strides),
    dilation: pair(windows.dilations),
    ceilMode: call.flag('ceil_mode'),
  }
  const kernel = pair(windows.kernel)
  const padded = sides.some((n) => n !== 0) && (isWidelyPadded(windows) || sides.some((n) => n < 0))
  if (!padded) return maxPool2dWithIndices(x, kernel, { ...options, padding: sides })
  const wide = pad(x, [sides[2], sides[3], sides[0], sides[1]], { value: Number.NEGATIVE_INFINITY })
  const { values, indices } = maxPool2dWithIndices(wide, kernel, options)
  const [width, inner] = [wide.shape[3]!, x.shape[3]!]
  const column = indices.remainder(width)
  const row = indices.sub(column).div(width).round().to('int32')
  return { values, indices: row.sub(sides[0]).mul(inner).add(column.sub(sides[2])) }
}

/** Positions in their planes as positions in the whole tensor. */
function flatIndices(call: Call, x: Tensor, indices: Tensor): Tensor {
  const [n, c, height, width] = x.shape as [number, number, number, number]
  let inPlane = indices
  if (call.int('storage_order', 0) === 1) {
    const column = indices.remainder(width)
    inPlane = column.mul(height).add(indices.sub(column).div(width).round().to('int32'))
  }
  const planes = arange(n * c)
    .mul(height * width)
    .reshape(n, c, 1, 1)
  return inPlane.add(planes)
}

/** The maximum along depth, tap by tap, then of height and width. */
function maxPool3d(call: Call, x: Tensor, windows: Windows): Tensor {
  const [n, c, depth] = x.shape as [number, number, number]
  const [kernel, stride, dilation] = [windows.kernel[0]!, windows.strides[0]!, windows.dilations[0]!]
  const count = windowCount(call, windows, depth, 0)
  const last = (count - 1) * stride + dilation * (kernel - 1)
  const before = windows.before[0]!
  const amounts = [0, 0, 0, 0, before, Math.max(last + 1 - depth - before, 0)]
  const padded = pad(x, amounts, { value: Number.NEGATIVE_INFINITY })
  const slices = Array.from({ length: kernel }, (_, k) => {
    const start = k * dilation
    return padded.slice(null, null, { start, stop: start + (count - 1) * stride + 1, step: stride })
  })
  const flat = slices.reduce((a, b) => a.maximum(b))
  const rest = (list: readonly number[]): readonly number[] => list.slice(1)
  const planes = flat.reshape(n * c, count, x.shape[3]!, x.shape[4]!)
  const { values } = pooled(call, planes, {
    kernel: rest(windows.kernel),
    strides: rest(windows.strides),
    dilations: rest(windows.dilations),
    before: rest(windows.before),
    after: rest(windows.after),
  })
  return values.reshape(n, c, count, values.shape[2]!, values.shape[3]!)
}

/** Puts the values back to where they were found; the rest is zero. */
function maxUnpool(call: Call): Tensor {
  const [x, indices] = [call.tensor(0), call.tensor(1)]
  const space = x.shape.slice(2)
  const windows = windowsOf(call, space, call.ints('kernel_shape'))
  const natural = space.map(
    (size, i) =>
      (size - 1) * windows.strides[i]! + windows.kernel[i]! - windows.before[i]! - windows.after[i]!,
  )
  const own = [...x.shape.slice(0, 2), ...natural]
  const shape = call.has(2) ? call.hostInts(2, 'the output shape') : own
  // Indices count in the output of the natural size; a larger one keeps rows and columns.
  const flat = zeros([own.reduce((a, b) => a * b, 1)]).scatterAdd(0, indices.reshape(-1), x.reshape(-1))
  const y = flat.reshape(own)
  const amounts = shape
    .map((size, i) => [0, size - own[i]!])
    .toReversed()
    .flat()
  return amounts.every((n) => n === 0) ? y : pad(y, amounts)
}

function spatialAxes(x: Tensor): number[] {
  return x.shape.flatMap((_, i) => (i < 2 ? [] : [i]))
}

function globalLpPool(call: Call): Tensor {
  const [x, p] = [call.tensor(0), call.int('p', 2)]
  return x
    .abs()
    .pow(p)
    .sum(spatialAxes(x), true)
    .pow(1 / p)
}

export const poolingOperators: Operators = {
  AveragePool: operator(1, (call) =>
    windowSums(call, call.tensor(0), call.flag('count_include_pad') ? 'padded' : 'inside'),
  ),
  MaxPool: operator(1, maxPool, 'indices of 1-D and 2-D pools only'),
  MaxUnpool: operator(9, maxUnpool),
  LpPool: operator(1, lpPool),
  GlobalAveragePool: operator(1, (call) => call.tensor(0).mean(spatialAxes(call.tensor(0)), true)),
  GlobalMaxPool: operator(1, (call) => call.tensor(0).amax(spatialAxes(call.tensor(0)), true)),
  GlobalLpPool: operator(1, globalLpPool),
}
