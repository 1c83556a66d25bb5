import { type Tensor, where } from '../../tensor/index.ts'
import { type Call, type Operator, type Operators, operator } from '../call.ts'
import { mapHost, zipHost } from '../host.ts'
import { asTensor, HostValue, type Value } from '../value.ts'

function comparison(
  since: number,
  onTensors: (a: Tensor, b: Tensor) => Tensor,
  onNumbers: (a: number, b: number) => boolean,
): Operator {
  return operator(since, (call) => {
    const hosts = call.hosts()
    if (hosts !== undefined) return zipHost(hosts, (a, b) => (onNumbers(a!, b!) ? 1 : 0), 'BOOL')
    return onTensors(call.tensor(0), call.tensor(1))
  })
}

function not(call: Call): Value {
  const x = call.value(0)
  return x instanceof HostValue ? mapHost(x, (value) => (value === 0 ? 1 : 0)) : x.logicalNot()
}

function choose(call: Call): Value {
  const hosts = call.hosts()
  if (hosts !== undefined) return zipHost(hosts, (c, a, b) => (c === 0 ? b! : a!), hosts[1]!.type)
  const [condition, a, b] = [call.value(0), call.value(1), call.value(2)]
  return where(asTensor(condition).to('bool'), asTensor(a), asTensor(b))
}

function isInfinite(call: Call): Tensor {
  const x = call.tensor(0)
  const [positive, negative] = [call.flag('detect_positive', true), call.flag('detect_negative', true)]
  if (positive && negative) return x.abs().eq(Number.POSITIVE_INFINITY)
  if (positive) return x.eq(Number.POSITIVE_INFINITY)
  return negative ? x.eq(Number.NEGATIVE_INFINITY) : x.ne(x).logicalAnd(x.eq(x))
}

export const logicOperators: Operators = {
  Equal: comparison(
    1,
    (a, b) => a.eq(b),
    (a, b) => a === b,
  ),
  Greater: comparison(
    1,
    (a, b) => a.gt(b),
    (a, b) => a > b,
  ),
  GreaterOrEqual: comparison(
    12,
    (a, b) => a.ge(b),
    (a, b) => a >= b,
  ),
  Less: comparison(
    1,
    (a, b) => a.lt(b),
    (a, b) => a < b,
  ),
  LessOrEqual: comparison(
    12,
    (a, b) => a.le(b),
    (a, b) => a <= b,
  ),
  And: comparison(
    1,
    (a, b) => a.logicalAnd(b),
    (a, b) => a !== 0 && b !== 0,
  ),
  Or: comparison(
    1,
    (a, b) => a.logicalOr(b),
    (a, b) => a !== 0 || b !== 0,
  ),
  Xor: comparison(
    1,
    (a, b) => a.ne(b),
    (a, b) => (a !== 0) !== (b !== 0),
  ),
  Not: operator(1, not),
  Where: operator(9, choose),
  IsNaN: operator(9, (call) => call.tensor(0).ne(call.tensor(0))),
  IsInf: operator(10, isInfinite),
}
