import { type Shape, sizeOf, stridesOf } from '../../graph/shape.ts'
import { arange, type Tensor, tensor, where, zeros } from '../../tensor/index.ts'
import { type Call, type Operators, operator } from '../call.ts'
import { mapHost, pickHost } from '../host.ts'
import { asTensor, HostValue, hostInts, type Value } from '../value.ts'
import { reshaped } from './shape.ts'

/** Indices with those below 0 counted from the end. */
function fromFront(call: Call, index: Value, size: number): Value {
  if (!(index instanceof HostValue)) return where(index.lt(0), index.add(size), index).to('int32')
  const wrong = index.values.find((at) => at < -size || at >= size)
  if (wrong !== undefined) call.fail(`index ${wrong} is out of range for an axis of size ${size}`)
  return mapHost(index, (at) => (at < 0 ? at + size : at))
}

function gather(call: Call): Value {
  const x = call.value(0)
  const axis = call.axis(call.int('axis', 0), x.rank)
  const index = fromFront(call, call.value(1), x.shape[axis]!)
  const shape = [...x.shape.slice(0, axis), ...index.shape, ...x.shape.slice(axis + 1)]
  if (x instanceof HostValue && index instanceof HostValue) {
    return reshaped(pickHost(x, axis, [...index.values]), shape)
  }
  const source = asTensor(x)
  if (index instanceof HostValue && index.size === 1)
    return source.narrow(axis, index.values[0]!, 1).reshape(shape)
  return source.indexSelect(axis, asTensor(index).reshape(-1)).reshape(shape)
}

function gatherElements(call: Call): Tensor {
  const x = call.tensor(0)
  const axis = call.axis(call.int('axis', 0), x.rank)
  const index = asTensor(fromFront(call, call.value(1), x.shape[axis]!))
  // Along the other axes the index may be smaller.
  const part = x.slice(...x.shape.map((_, i) => (i === axis ? null : { stop: index.shape[i]! })))
  return part.gather(axis, index)
}

/** Positions in the flattened leading axes of a shape, for tuples of indices [..., k]. */
function flatIndex(call: Call, index: Value, shape: Shape): Tensor {
  const count = index.shape.at(-1)!
  if (count > shape.length) call.fail(`tuples of ${count} indices for ${shape.length} axes`)
  const strides = stridesOf(shape.slice(0, count))
  const parts = asTensor(index)
  const each = strides.map((stride, k) => {
    const part = parts.narrow(parts.rank - 1, k, 1).squeeze(parts.rank - 1)
    return asTensor(fromFront(call, part, shape[k]!)).mul(stride)
  })
  return each.reduce((a, b) => a.add(b))
}

function gatherNd(call: Call): Tensor {
  const [x, index] = [call.tensor(0), call.tensor(1)]
  const batch = call.int('batch_dims', 0)
  const count = index.shape.at(-1)!
  const lead = sizeOf(x.shape.slice(0, batch))
  const inner = x.shape.slice(batch)
  const rest = inner.slice(count)
  const planes = sizeOf(inner.slice(0, count))
  const rows = x.reshape([lead * planes, ...rest])
  const each = flatIndex(call, index, inner).reshape(lead, -1)
  const offsets = tensor(
    Int32Array.from({ length: lead }, (_, i) => i * planes),
    [lead, 1],
  )
  return rows.indexSelect(0, each.add(offsets).reshape(-1)).reshape([...index.shape.slice(0, -1), ...rest])
}

const reductions = ['none', 'add', 'mul', 'max', 'min'] as const

/** Source elements put, or added, where the index says. */
function scattered(call: Call, base: Tensor, axis: number, index: Tensor, source: Tensor): Tensor {
  const how = call.text('reduction', reductions, 'none')
  if (how === 'add') return base.scatterAdd(axis, index, source.to(base.dtype))
  if (how !== 'none') call.refuse(`reduction ${how}`)
  const float = (x: Tensor): Tensor => x.to('float32')
  const put = zeros(base.shape).scatterAdd(axis, index, float(source))
  const written = zeros(base.shape).scatterAdd(axis, index, float(source.mul(0).add(1)))
  return where(written.gt(0), put.to(base.dtype), base)
}

function scatterElements(call: Call): Tensor {
  const base = call.tensor(0)
  const axis = call.axis(call.int('axis', 0), base.rank)
  return scattered(
    call,
    base,
    axis,
    asTensor(fromFront(call, call.value(1), base.shape[axis]!)),
    call.tensor(2),
  )
}

function scatterNd(call: Call): Tensor {
  const [base, index, source] = [call.tensor(0), call.tensor(1), call.tensor(2)]
  const count = index.shape.at(-1)!
  const rest = base.shape.slice(count)
  const inner = sizeOf(rest)
  const flat = base.reshape(sizeOf(base.shape.slice(0, count)), inner)
  const rows = flatIndex(call, index, base.shape).reshape(-1, 1)
  const every = rows.expand(rows.shape[0]!, inner)
  return scattered(call, flat, 0, every, source.reshape(rows.shape[0]!, inner)).reshape(base.shape)
}

/** An index that names no class gives the value for "off" throughout. */
function oneHot(call: Call): Tensor {
  const index = call.tensor(0)
  const depth = call.hostNumber(1, 'the depth', 0)
  const values = call.tensor(2)
  const axis = call.axis(call.int('axis', -1), index.rank + 1)
  const classes = index.unsqueeze(axis)
  const counted = arange(depth).reshape(classes.shape.map((_, i) => (i === axis ? depth : 1)))
  const hot = where(classes.lt(0), classes.add(depth), classes).eq(counted)
  const [off, on] = [values.narrow(0, 0, 1), values.narrow(0, 1, 1)]
  return where(hot, on, off)
}

function nonZero(call: Call): Value {
  const x = call.host(0, 'the input')
  const strides = stridesOf(x.shape)
  const found = [...x.values.keys()].filter((at) => x.values[at] !== 0)
  const rows = x.shape.map((size, axis) => found.map((at) => Math.floor(at / strides[axis]!) % size))
  const result = hostInts(rows.flat())
  return reshaped(result, [x.rank, found.length])
}

export const indexingOperators: Operators = {
  Gather: operator(1, gather),
  GatherElements: operator(11, gatherElements),
  GatherND: operator(11, gatherNd),
  ScatterElements: operator(11, scatterElements, 'reduction none or add'),
  Scatter: operator(9, scatterElements),
  ScatterND: operator(11, scatterNd, 'reduction none or add'),
  OneHot: operator(9, oneHot),
  NonZero: operator(9, nonZero, 'of constants only'),
}
