import { type PadMode, pad as padTensor } from '../../nn/functional/index.ts'
import { applyTaps, tapsFor } from '../../nn/functional/taps.ts'
import { type Tensor, tensor, where } from '../../tensor/index.ts'
import { type Call, type Operators, operator } from '../call.ts'
import { asTensor, HostValue, type Value } from '../value.ts'
import {
  coordinateModes,
  nearestModes,
  type ResizedAxis,
  type Resizing,
  rowOf,
  sourceOf,
} from './resize-taps.ts'

const largestAxis = 2 ** 20

function resizeAxes(
  call: Call,
  x: Tensor,
  axes: readonly (ResizedAxis | null)[],
  resizing: Resizing,
): Tensor {
  const floats = x.dtype === 'float32' || x.dtype === 'float64' ? x : x.float()
  let y = floats
  for (const [i, axis] of axes.entries()) {
    if (axis === null) continue
    if (!(axis.outSize > 0 && axis.outSize <= largestAxis && axis.scale > 0)) {
      call.fail(`axis ${i} of ${axis.inSize} cannot be resized to ${axis.outSize}`)
    }
    const key = `onnxResize(${JSON.stringify([axis, resizing])})`
    const taps = tapsFor(key, axis.inSize, axis.outSize, (output) => rowOf(axis, resizing, output))
    y = applyTaps(call.node.op, y, i, taps)
  }
  return y === floats && floats !== x ? x : floats === x ? y : y.round().to(x.dtype)
}

/** Where a crop reaches beyond the input there is a fixed value. */
function extrapolated(call: Call, y: Tensor, axes: readonly (ResizedAxis | null)[]): Tensor {
  const value = call.float('extrapolation_value', 0)
  return axes.reduce((result: Tensor, axis, i) => {
    if (axis === null) return result
    const beyond = Uint8Array.from({ length: axis.outSize }, (_, output) => {
      const at = sourceOf(axis, 'tf_crop_and_resize', output)
      return at < 0 || at > axis.inSize - 1 ? 1 : 0
    })
    if (!beyond.includes(1)) return result
    const mask = tensor(
      beyond,
      y.shape.map((_, k) => (k === i ? axis.outSize : 1)),
      { dtype: 'bool' },
    )
    return where(mask, value, result)
  }, y)
}

function axisOf(inSize: number, outSize: number, scale: number, roi: readonly [number, number]): ResizedAxis {
  return { inSize, outSize, scale, roi }
}

/** Sizes for one factor that keeps the proportions. */
function proportional(
  call: Call,
  x: Tensor,
  axes: readonly number[],
  sizes: readonly number[],
): [number[], number[]] {
  const policy = call.text('keep_aspect_ratio_policy', ['stretch', 'not_larger', 'not_smaller'], 'stretch')
  const factors = sizes.map((size, i) => size / x.shape[axes[i]!]!)
  if (policy === 'stretch') return [[...sizes], factors]
  const factor = policy === 'not_larger' ? Math.min(...factors) : Math.max(...factors)
  return [axes.map((axis) => Math.round(x.shape[axis]! * factor)), axes.map(() => factor)]
}

function resize(call: Call): Tensor {
  const x = call.tensor(0)
  if (call.opset < 11) return upsample(call)
  const axes = call.hasAttribute('axes')
    ? call.ints('axes').map((axis) => call.axis(axis, x.rank))
    : x.shape.map((_, i) => i)
  const coordinates = call.text('coordinate_transformation_mode', coordinateModes, 'half_pixel')
  const resizing: Resizing = {
    mode: call.text('mode', ['nearest', 'linear', 'cubic'], 'nearest'),
    coordinates,
    nearest: call.text('nearest_mode', nearestModes, 'round_prefer_floor'),
    cubicCoefficient: call.float('cubic_coeff_a', -0.75),
    excludeOutside: call.flag('exclude_outside'),
    antialias: call.flag('antialias'),
  }
  const crops = coordinates === 'tf_crop_and_resize'
  const roi = crops ? call.hostInts(1, 'the region') : []
  const hasSizes = call.has(3) && call.value(3).shape[0] !== 0
  const [outSizes, scales] = hasSizes
    ? proportional(call, x, axes, call.hostInts(3, 'the sizes'))
    : fromScales(call, x, axes, call.hostInts(2, 'the scales'))
  const resized = x.shape.map((inSize, i) => {
    const at = axes.indexOf(i)
    if (at < 0) return null
    const region = crops ? ([roi[at]!, roi[at + axes.length]!] as const) : ([0, 1] as const)
    const [outSize, scale] = [outSizes[at]!, scales[at]!]
    const unchanged = outSize === inSize && scale === 1 && (!crops || (region[0] === 0 && region[1] === 1))
    return unchanged ? null : axisOf(inSize, outSize, scale, region)
  })
  const y = resizeAxes(call, x, resized, resizing)
  return crops ? extrapolated(call, y, resized) : y
}

function fromScales(
  call: Call,
  x: Tensor,
  axes: readonly number[],
  given: readonly number[],
): [number[], number[]] {
  if (given.length !== axes.length) call.fail(`${given.length} scales for ${axes.length} axes`)
  const scales = given.map(exactScale)
  return [axes.map((axis, i) => Math.floor(x.shape[axis]! * scales[i]! + 1e-6)), scales]
}

/** Scales are stored as float32; one such as 1/3 is not meant to be a little less. */
function exactScale(scale: number): number {
  return Math.fround(Math.round(scale)) === scale ? Math.round(scale) : scale
}

/** Upsample, and Resize of opset 10, which took positions as they are, without the centres of pixels. */
function upsample(call: Call): Tensor {
  const x = call.tensor(0)
  const given = call.has(1) ? call.hostInts(1, 'the scales') : call.floats('scales')
  const [sizes, scales] = fromScales(
    call,
    x,
    x.shape.map((_, i) => i),
    given,
  )
  const mode = call.text('mode', ['nearest', 'linear', 'bilinear'], 'nearest')
  const axes = x.shape.map((size, i) =>
    scales[i] === 1 ? null : axisOf(size, sizes[i]!, scales[i]!, [0, 1]),
  )
  return resizeAxes(call, x, axes, {
    mode: mode === 'nearest' ? 'nearest' : 'linear',
    coordinates: 'asymmetric',
    nearest: 'floor',
    cubicCoefficient: -0.75,
    excludeOutside: false,
    antialias: false,
  })
}

const padModes = ['constant', 'reflect', 'edge', 'wrap'] as const
const modeNames: { readonly [M in (typeof padModes)[number]]: PadMode } = {
  constant: 'constant',
  reflect: 'reflect',
  edge: 'replicate',
  wrap: 'circular',
}

function pad(call: Call): Value {
  const given = call.value(0)
  const x = asTensor(given)
  const old = call.opset < 11
  const pads = old ? call.ints(call.opset < 2 ? 'paddings' : 'pads') : call.hostInts(1, 'the pads')
  const value = old ? call.float('value', 0) : call.hostNumber(2, 'the value', 0)
  const axes = old ? undefined : call.intsOf(3, 'axes')?.map((axis) => call.axis(axis, x.rank))
  const mode = modeNames[call.text('mode', padModes, 'constant')]
  const amounts = new Array<number>(2 * x.rank).fill(0)
  const count = axes?.length ?? x.rank
  for (const [i, axis] of (axes ?? x.shape.map((_, k) => k)).entries()) {
    const at = 2 * (x.rank - 1 - axis)
    amounts[at] = pads[i]!
    amounts[at + 1] = pads[i + count]!
  }
  if (given instanceof HostValue && amounts.every((n) => n === 0)) return given
  return padTensor(x, amounts, mode === 'constant' ? { value } : { mode })
}

export const resizeOperators: Operators = {
  Resize: operator(10, resize),
  Upsample: operator(7, upsample),
  Pad: operator(1, pad),
}
