import { isFloating } from '../../graph/dtype.ts'
import { type Tensor, where } from '../../tensor/index.ts'
import { type Call, type Operator, type Operators, operator } from '../call.ts'
import { mapHost, zipHost } from '../host.ts'
import type { ElementType } from '../model.ts'
import { asTensor, HostValue, isFloatType, type Value } from '../value.ts'

type Numbers = (...values: number[]) => number
type Operand = Tensor | number

/** What may stand for a constant in an operation with a tensor: one number need not be broadcast as a tensor. */
function operandOf(value: Value, other: Value): Operand {
  if (!(value instanceof HostValue) || other instanceof HostValue || value.rank > 0) return asTensor(value)
  // A float32 constant with an integer tensor would not be promoted as ONNX's operands, which are of one type.
  return value.values[0]!
}

function binaryOperator(
  since: number,
  onTensors: (a: Tensor, b: Operand, call: Call) => Tensor,
  onNumbers: (call: Call, type: ElementType) => Numbers,
  trained: readonly number[] = [],
  result?: ElementType,
): Operator {
  return operator(
    since,
    (call) => {
      const [a, b] = [call.value(0), call.value(1)]
      const hosts = call.hosts()
      if (hosts !== undefined)
        return zipHost(hosts, onNumbers(call, hosts[0]!.type), result ?? hosts[0]!.type)
      return onTensors(asTensor(a), operandOf(aligned(call, a, b), a), call)
    },
    '',
    trained,
  )
}

/** Before opset 7 the second operand was laid along the first from an axis on. */
function aligned(call: Call, a: Value, b: Value): Value {
  if (call.opset >= 7 || !call.hasAttribute('axis') || !call.flag('broadcast')) return b
  const axis = call.axis(call.int('axis'), a.rank)
  const after = Math.max(a.rank - axis - b.rank, 0)
  return asTensor(b).reshape([...b.shape, ...new Array<number>(after).fill(1)])
}

/** Quotients of integers are cut towards zero. */
function divide(a: Tensor, b: Operand): Tensor {
  const integers = !isFloating(a.dtype) && (typeof b === 'number' || !isFloating(b.dtype))
  if (!integers) return a.div(b)
  const divisor = typeof b === 'number' ? Math.abs(b) : b.abs()
  const rest = a.abs().remainder(divisor)
  const quotient = a.abs().sub(rest).div(divisor).round().to('int32')
  const negative = a.lt(0).ne(typeof b === 'number' ? (b < 0 ? 1 : 0) : b.lt(0))
  return where(negative, quotient.neg(), quotient).to(a.dtype)
}

function modulo(a: Tensor, b: Operand, call: Call): Tensor {
  if (!call.flag('fmod')) return a.remainder(b)
  const rest = a.abs().remainder(typeof b === 'number' ? Math.abs(b) : b.abs())
  return where(a.lt(0), rest.neg(), rest).to(a.dtype)
}

function power(a: Tensor, b: Operand): Tensor {
  const result =
    typeof b !== 'number' && !isFloating(a.dtype) && isFloating(b.dtype) ? a.float().pow(b) : a.pow(b)
  if (result.dtype === a.dtype) return result
  // Roots of 8.000001 and the like must not be cut to the integer below.
  return isFloating(a.dtype) ? result.to(a.dtype) : result.add(1e-4).floor().to(a.dtype)
}

const quotient = (_: Call, type: ElementType): Numbers =>
  isFloatType(type) ? (a, b) => a! / b! : (a, b) => Math.trunc(a! / b!)

function remainder(call: Call): Numbers {
  if (call.flag('fmod')) return (a, b) => a! % b!
  return (a, b) => a! - b! * Math.floor(a! / b!)
}

/** As many operands as there are. */
function variadic(since: number, onTensors: (a: Tensor, b: Tensor) => Tensor, fold: Numbers): Operator {
  return operator(since, (call) => {
    const hosts = call.hosts()
    if (hosts !== undefined) return zipHost(hosts, fold, hosts[0]!.type)
    return call.values().map(asTensor).reduce(onTensors)
  })
}

function mean(call: Call): Value {
  const hosts = call.hosts()
  const count = call.values().length
  const sum: Numbers = (...values) => values.reduce((a, b) => a + b, 0) / count
  if (hosts !== undefined) return zipHost(hosts, sum, hosts[0]!.type)
  return call
    .values()
    .map(asTensor)
    .reduce((a, b) => a.add(b))
    .div(count)
}

function unary(
  since: number,
  onTensor: (x: Tensor, call: Call) => Tensor,
  onNumber: (x: number) => number,
): Operator {
  return operator(since, (call) => {
    const x = call.value(0)
    return x instanceof HostValue ? mapHost(x, onNumber) : onTensor(x, call)
  })
}

/** The nearest integer, the even one of two. */
export function roundHalfEven(x: number): number {
  const rounded = Math.round(x)
  return Math.abs(x % 1) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded
}

/** Leaves integers as they are. */
const ofFloats =
  (fn: (x: Tensor) => Tensor) =>
  (x: Tensor): Tensor =>
    isFloating(x.dtype) ? fn(x) : x

/** A function of floats that has no use in shape arithmetic. */
const real = (since: number, fn: (x: Tensor) => Tensor, notes = ''): Operator =>
  operator(since, (call) => fn(call.tensor(0)), notes)

function cumulate(call: Call): Value {
  const x = call.tensor(0)
  const axis = call.axis(call.hostNumber(1, 'the axis', 0), x.rank)
  const reverse = call.flag('reverse')
  const source = reverse ? x.flip(axis) : x
  const sums = source.cumsum(axis).to(x.dtype)
  const shifted = call.flag('exclusive') ? sums.sub(source) : sums
  return reverse ? shifted.flip(axis) : shifted
}

const largest: Numbers = (...values) => values.reduce((a, b) => Math.max(a, b))
const least: Numbers = (...values) => values.reduce((a, b) => Math.min(a, b))
const total: Numbers = (...values) => values.reduce((a, b) => a + b)

export const arithmeticOperators: Operators = {
  Add: binaryOperator(
    1,
    (a, b) => a.add(b),
    () => (a, b) => a! + b!,
    [0, 1],
  ),
  Sub: binaryOperator(
    1,
    (a, b) => a.sub(b),
    () => (a, b) => a! - b!,
  ),
  Mul: binaryOperator(
    1,
    (a, b) => a.mul(b),
    () => (a, b) => a! * b!,
    [0, 1],
  ),
  Div: binaryOperator(1, divide, quotient),
  Mod: binaryOperator(10, modulo, remainder),
  Pow: binaryOperator(1, power, () => (a, b) => a! ** b!),
  Max: variadic(1, (a, b) => a.maximum(b), largest),
  Min: variadic(1, (a, b) => a.minimum(b), least),
  Sum: variadic(1, (a, b) => a.add(b), total),
  Mean: operator(1, mean),
  Abs: unary(1, (x) => x.abs(), Math.abs),
  Neg: unary(
    1,
    (x) => x.neg(),
    (x) => -x,
  ),
  Sign: unary(9, (x) => x.sign(), Math.sign),
  Floor: unary(
    1,
    ofFloats((x) => x.floor()),
    Math.floor,
  ),
  Ceil: unary(
    1,
    ofFloats((x) => x.ceil()),
    Math.ceil,
  ),
  Round: unary(
    11,
    ofFloats((x) => x.round()),
    roundHalfEven,
  ),
  Sqrt: unary(1, (x) => x.sqrt(), Math.sqrt),
  Reciprocal: unary(
    1,
    (x) => x.reciprocal(),
    (x) => 1 / x,
  ),
  Exp: unary(1, (x) => x.exp(), Math.exp),
  Log: unary(1, (x) => x.log(), Math.log),
  Erf: real(9, (x) => x.erf()),
  Sin: real(7, (x) => x.sin()),
  Cos: real(7, (x) => x.cos()),
  Tan: real(7, (x) => x.sin().div(x.cos())),
  Sinh: real(9, (x) => x.expm1().sub(x.neg().expm1()).mul(0.5)),
  Cosh: real(9, (x) => x.exp().add(x.neg().exp()).mul(0.5)),
  Asinh: real(9, (x) => x.abs().add(x.square().add(1).sqrt()).log().mul(x.sign())),
  Acosh: real(9, (x) => x.add(x.square().sub(1).sqrt()).log()),
  Atanh: real(9, (x) => x.log1p().sub(x.neg().log1p()).mul(0.5)),
  CumSum: operator(11, cumulate),
}
