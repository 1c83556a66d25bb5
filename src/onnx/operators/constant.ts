import { sizeOf } from '../../graph/shape.ts'
import { full, type Tensor, tensor } from '../../tensor/index.ts'
import { type Call, type Operators, operator } from '../call.ts'
import { mapHost } from '../host.ts'
import { type ElementType, elementTypes } from '../model.ts'
import { dtypeOf, HostValue, isFloatType, typeOf, type Value, withType } from '../value.ts'

/** Constants up to this size are computed in JavaScript; larger ones are tensors. */
const largestHost = 65_536

function constant(call: Call): Value {
  if (call.hasAttribute('value_int')) return new HostValue([], 'INT64', [call.int('value_int')])
  if (call.hasAttribute('value_float')) return new HostValue([], 'FLOAT', [call.float('value_float')])
  if (call.hasAttribute('value_ints')) {
    const values = call.ints('value_ints')
    return new HostValue([values.length], 'INT64', values)
  }
  if (call.hasAttribute('value_floats')) {
    const values = call.floats('value_floats')
    return new HostValue([values.length], 'FLOAT', values)
  }
  return call.constant('value') ?? call.fail('holds no tensor of numbers')
}

function constantOfShape(call: Call): Value {
  const shape = call.hostInts(0, 'the shape')
  const given = call.constant('value')
  const [type, value] = given === undefined ? (['FLOAT', 0] as const) : [given.type, given.values[0]!]
  if (sizeOf(shape) > largestHost || isFloatType(type)) return full(shape, value, { dtype: dtypeOf(type) })
  return new HostValue(shape, type, new Float64Array(sizeOf(shape)).fill(value))
}

function range(call: Call): HostValue {
  const [start, limit, step] = ['the start', 'the limit', 'the step'].map((what, i) =>
    call.hostNumber(i, what, 0),
  ) as [number, number, number]
  const length = Math.max(Math.ceil((limit - start) / step), 0)
  if (!(length <= 2 ** 24)) call.fail(`from ${start} to ${limit} in steps of ${step} is too long`)
  return new HostValue(
    [length],
    typeOf(call.value(0)),
    Float64Array.from({ length }, (_, i) => start + i * step),
  )
}

const typeNames = new Map(
  Object.entries(elementTypes).map(([name, number]) => [number as number, name as ElementType]),
)

/** The element type that an attribute names by its number. */
export function typeOfNumber(call: Call, number: number): ElementType {
  return typeNames.get(number) ?? call.refuse(`element type ${number}`)
}

/** A tensor keeps the nearest dtype that Ocelli has; integers of 8 and 16 bits wrap around as in C. */
export function castTo(call: Call, x: Value, type: ElementType): Value {
  if (type === 'STRING' || /FLOAT8|COMPLEX/.test(type)) return call.refuse(`to ${type}`)
  if (x instanceof HostValue) return mapHost(x, (value) => value, type)
  const dtype = dtypeOf(type)
  if (type === 'INT8' || type === 'INT16' || type === 'UINT16') {
    const span = type === 'INT8' ? 256 : 65_536
    const low = type === 'UINT16' ? 0 : span / 2
    return withType(x.to('int32').add(low).remainder(span).sub(low), type)
  }
  if (type === 'UINT8' && x.dtype !== 'bool') return x.to('int32').remainder(256).to('uint8')
  const result = x.to(dtype)
  return result === x ? x : withType(result, type)
}

function eyeLike(call: Call): Tensor {
  const x = call.value(0)
  const [rows, columns] = x.shape as [number, number]
  const type = call.hasAttribute('dtype') ? typeOfNumber(call, call.int('dtype')) : typeOf(x)
  const offset = call.int('k', 0)
  const values = new Float32Array(rows * columns)
  for (let i = 0; i < rows; i++) {
    const column = i + offset
    if (column >= 0 && column < columns) values[i * columns + column] = 1
  }
  return tensor(values, [rows, columns], { dtype: dtypeOf(type) })
}

/** Keeps what is on one side of a diagonal of the last two axes. */
function triangle(call: Call): Value {
  const x = call.value(0)
  const [rows, columns] = x.shape.slice(-2) as [number, number]
  const offset = call.hostNumber(1, 'the diagonal', 0)
  const upper = call.flag('upper', true)
  const kept = (i: number, j: number): boolean => (upper ? j - i >= offset : j - i <= offset)
  if (x instanceof HostValue) {
    const values = x.values.map((value, at) =>
      kept(Math.floor(at / columns) % rows, at % columns) ? value : 0,
    )
    return new HostValue(x.shape, x.type, values)
  }
  const mask = new Uint8Array(rows * columns)
  for (let at = 0; at < mask.length; at++) mask[at] = Number(kept(Math.floor(at / columns), at % columns))
  if (mask.length === 0) return x
  const result = x.where(tensor(mask, [rows, columns], { dtype: 'bool' }), 0)
  return result.to(x.dtype)
}

export const constantOperators: Operators = {
  Constant: operator(1, constant, 'sparse tensors and strings are not supported'),
  ConstantOfShape: operator(9, constantOfShape),
  Range: operator(11, range, 'start, limit and step must be constants'),
  Cast: operator(
    6,
    (call) => castTo(call, call.value(0), typeOfNumber(call, call.int('to'))),
    'float16 and bfloat16 are computed as float32; float8 and int4 are not supported',
  ),
  CastLike: operator(15, (call) => castTo(call, call.value(0), typeOf(call.value(1))), 'as Cast'),
  EyeLike: operator(9, eyeLike),
  Trilu: operator(14, triangle),
}
