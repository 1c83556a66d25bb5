import {
  broadcastShapes,
  broadcastStrides,
  formatShape,
  type Shape,
  sizeOf,
  stridesOf,
} from '../../graph/shape.ts'
import { concat as concatTensors, type Tensor } from '../../tensor/index.ts'
import { type Call, type Operators, operator } from '../call.ts'
import { concatHost, viewHost } from '../host.ts'
import { asTensor, HostValue, hostInts, type Value } from '../value.ts'

/** The same elements in another shape. */
export function reshaped(x: Value, shape: Shape): Value {
  return x instanceof HostValue ? new HostValue(shape, x.type, x.values) : x.reshape(shape)
}

function shapeOf(call: Call): Value {
  const { shape } = call.value(0)
  const at = (index: number): number =>
    Math.min(Math.max(index < 0 ? index + shape.length : index, 0), shape.length)
  return hostInts(shape.slice(at(call.int('start', 0)), at(call.int('end', shape.length))))
}

function reshape(call: Call): Value {
  const x = call.value(0)
  const given = call.opset < 5 ? call.ints('shape') : call.hostInts(1, 'the shape')
  const keepsZero = call.flag('allowzero')
  const target = given.map((d, i) =>
    d === 0 && !keepsZero ? (x.shape[i] ?? call.fail(`axis ${i} is not there`)) : d,
  )
  const known = sizeOf(target.filter((d) => d !== -1))
  const size = sizeOf(x.shape)
  const shape = target.map((d) => (d === -1 ? (known === 0 ? 0 : size / known) : d))
  if (sizeOf(shape) !== size || shape.some((d) => !Number.isInteger(d) || d < 0)) {
    call.fail(`${formatShape(x.shape)} cannot be reshaped to [${given}]`)
  }
  return reshaped(x, shape)
}

function flatten(call: Call): Value {
  const x = call.value(0)
  const axis = call.int('axis', 1)
  const at = axis < 0 ? axis + x.rank : axis
  return reshaped(x, [sizeOf(x.shape.slice(0, at)), sizeOf(x.shape.slice(at))])
}

function squeeze(call: Call): Value {
  const x = call.value(0)
  const given =
    call.opset < 13 ? (call.hasAttribute('axes') ? call.ints('axes') : undefined) : call.intsOf(1, 'axes')
  const axes =
    given?.map((axis) => call.axis(axis, x.rank)) ?? x.shape.flatMap((d, i) => (d === 1 ? [i] : []))
  const wrong = axes.find((axis) => x.shape[axis] !== 1)
  if (wrong !== undefined) call.fail(`axis ${wrong} of ${formatShape(x.shape)} is not 1`)
  return reshaped(
    x,
    x.shape.filter((_, i) => !axes.includes(i)),
  )
}

function unsqueeze(call: Call): Value {
  const x = call.value(0)
  const given =
    (call.opset < 13 ? call.ints('axes') : call.intsOf(1, 'axes')) ?? call.fail('axes are missing')
  const rank = x.rank + given.length
  const axes = given.map((axis) => call.axis(axis, rank))
  const rest = [...x.shape]
  return reshaped(
    x,
    Array.from({ length: rank }, (_, i) => (axes.includes(i) ? 1 : rest.shift()!)),
  )
}

function transpose(call: Call): Value {
  const x = call.value(0)
  const order = call.ints(
    'perm',
    x.shape.map((_, i) => x.rank - 1 - i),
  )
  if (order.length !== x.rank || new Set(order).size !== x.rank || order.some((axis) => !(axis in x.shape))) {
    call.fail(`perm [${order}] does not order the axes of ${formatShape(x.shape)}`)
  }
  if (!(x instanceof HostValue)) return x.permute(order)
  const strides = stridesOf(x.shape)
  return viewHost(
    x,
    order.map((axis) => x.shape[axis]!),
    order.map((axis) => strides[axis]!),
  )
}

function concatenate(call: Call): Value {
  const values = call.values()
  const axis = call.axis(call.opset < 4 ? call.int('axis', 1) : call.int('axis'), values[0]!.rank)
  const hosts = call.hosts()
  return hosts === undefined ? concatTensors(values.map(asTensor), axis) : concatHost(hosts, axis)
}

interface Range {
  readonly start: number
  readonly step: number
  readonly length: number
}

function rangeOf(size: number, start: number, end: number, step: number): Range {
  const from = start < 0 ? start + size : start
  const to = end < 0 ? end + size : end
  const [low, high] = step > 0 ? [0, size] : [0, size - 1]
  const first = Math.min(Math.max(from, low), high)
  const stop = step > 0 ? Math.min(Math.max(to, 0), size) : Math.min(Math.max(to, -1), size - 1)
  return { start: first, step, length: Math.max(Math.ceil((stop - first) / step), 0) }
}

function slice(call: Call): Value {
  const x = call.value(0)
  const old = call.opset < 10
  const starts = old ? call.ints('starts') : call.hostInts(1, 'the starts')
  const ends = old ? call.ints('ends') : call.hostInts(2, 'the ends')
  const given = old ? (call.hasAttribute('axes') ? call.ints('axes') : undefined) : call.intsOf(3, 'axes')
  const axes = given ?? starts.map((_, i) => i)
  const steps = old ? undefined : call.intsOf(4, 'steps')
  if (
    ends.length !== starts.length ||
    axes.length !== starts.length ||
    (steps ?? starts).length !== starts.length
  ) {
    call.fail(`${starts.length} starts, ${ends.length} ends and ${axes.length} axes do not belong together`)
  }
  const ranges: Range[] = x.shape.map((length) => ({ start: 0, step: 1, length }))
  for (const [i, given] of axes.entries()) {
    const axis = call.axis(given, x.rank)
    const step = steps?.[i] ?? 1
    if (step === 0) call.fail('a step is 0')
    ranges[axis] = rangeOf(x.shape[axis]!, starts[i]!, ends[i]!, step)
  }
  return sliced(x, ranges)
}

function sliced(x: Value, ranges: readonly Range[]): Value {
  if (x instanceof HostValue) {
    const strides = stridesOf(x.shape)
    const first = ranges.reduce((sum, { start }, i) => sum + start * strides[i]!, 0)
    return viewHost(
      x,
      ranges.map(({ length }) => length),
      ranges.map(({ step }, i) => step * strides[i]!),
      first,
    )
  }
  const forward = ranges.map(({ start, step, length }) => {
    if (length === 0) return { start: 0, stop: 0 }
    const end = start + step * (length - 1)
    return { start: Math.min(start, end), stop: Math.max(start, end) + 1, step: Math.abs(step) }
  })
  const flipped = ranges.flatMap(({ step, length }, i) => (step < 0 && length > 1 ? [i] : []))
  const part = x.slice(...forward)
  return flipped.length === 0 ? part : part.flip(flipped)
}

function split(call: Call): readonly Value[] {
  const x = call.value(0)
  const axis = call.axis(call.int('axis', 0), x.rank)
  const given = call.intsOf(1, 'split')
  const size = x.shape[axis]!
  const count =
    call.opset >= 18 && call.hasAttribute('num_outputs') ? call.int('num_outputs') : call.node.outputs.length
  if (count !== call.node.outputs.length) call.fail(`${count} parts for ${call.node.outputs.length} outputs`)
  const even = Math.ceil(size / count)
  const sizes = given ?? Array.from({ length: count }, (_, i) => Math.max(Math.min(even, size - i * even), 0))
  if (sizes.reduce((a, b) => a + b, 0) !== size) call.fail(`sizes [${sizes}] do not add up to ${size}`)
  let start = 0
  return sizes.map((length) => {
    const from = start
    start += length
    return sliced(
      x,
      x.shape.map((d, i) =>
        i === axis ? { start: from, step: 1, length } : { start: 0, step: 1, length: d },
      ),
    )
  })
}

function expanded(x: Value, shape: Shape): Value {
  return x instanceof HostValue ? viewHost(x, shape, broadcastStrides(x.shape, shape)) : x.expand(shape)
}

function tile(call: Call): Value {
  const x = call.value(0)
  const repeats = call.hostInts(1, 'the repeats')
  const shape = x.shape.map((d, i) => d * repeats[i]!)
  const apart = expanded(
    reshaped(
      x,
      x.shape.flatMap((d) => [1, d]),
    ),
    x.shape.flatMap((d, i) => [repeats[i]!, d]),
  )
  return reshaped(apart, shape)
}

function depthToSpace(call: Call): Tensor {
  const [x, size] = [call.tensor(0), call.int('blocksize')]
  const [n, c, h, w] = x.shape as [number, number, number, number]
  const channels = c / (size * size)
  const columnsFirst = call.text('mode', ['DCR', 'CRD'], 'DCR') === 'CRD'
  const apart = columnsFirst
    ? x.reshape(n, channels, size, size, h, w).permute(0, 1, 4, 2, 5, 3)
    : x.reshape(n, size, size, channels, h, w).permute(0, 3, 4, 1, 5, 2)
  return apart.reshape(n, channels, h * size, w * size)
}

function spaceToDepth(call: Call): Tensor {
  const [x, size] = [call.tensor(0), call.int('blocksize')]
  const [n, c, h, w] = x.shape as [number, number, number, number]
  return x
    .reshape(n, c, h / size, size, w / size, size)
    .permute(0, 3, 5, 1, 2, 4)
    .reshape(n, c * size * size, h / size, w / size)
}

function centerCropPad(call: Call): Value {
  const x = call.tensor(0)
  const shape = call.hostInts(1, 'the shape')
  const axes = call.hasAttribute('axes')
    ? call.ints('axes').map((axis) => call.axis(axis, x.rank))
    : shape.map((_, i) => i)
  let y = x
  for (const [i, axis] of axes.entries()) {
    const [size, wanted] = [x.shape[axis]!, shape[i]!]
    if (wanted <= size) y = y.narrow(axis, Math.floor((size - wanted) / 2), wanted)
    else y = paddedAxis(y, axis, Math.floor((wanted - size) / 2), wanted)
  }
  return y
}

function paddedAxis(x: Tensor, axis: number, before: number, size: number): Tensor {
  const zerosOf = (length: number): Tensor =>
    x
      .narrow(axis, 0, 1)
      .mul(0)
      .expand(x.shape.map((d, i) => (i === axis ? length : d)))
  const after = size - before - x.shape[axis]!
  return concatTensors(
    [...(before > 0 ? [zerosOf(before)] : []), x, ...(after > 0 ? [zerosOf(after)] : [])],
    axis,
  )
}

export const shapeOperators: Operators = {
  Shape: operator(1, shapeOf),
  Size: operator(1, (call) => new HostValue([], 'INT64', [sizeOf(call.value(0).shape)])),
  Reshape: operator(1, reshape),
  Flatten: operator(1, flatten),
  Squeeze: operator(1, squeeze),
  Unsqueeze: operator(1, unsqueeze),
  Transpose: operator(1, transpose),
  Concat: operator(1, concatenate),
  Slice: operator(1, slice),
  Split: operator(1, split),
  Expand: operator(8, (call) => {
    const x = call.value(0)
    return expanded(x, broadcastShapes('Expand', x.shape, call.hostInts(1, 'the shape')))
  }),
  Tile: operator(1, tile),
  DepthToSpace: operator(1, depthToSpace),
  SpaceToDepth: operator(1, spaceToDepth),
  CenterCropPad: operator(18, centerCropPad),
  Identity: operator(1, (call) => call.value(0)),
}
