import { sizeOf } from '../../graph/shape.ts'
import { celu, elu, gelu, leakyRelu, mish, softplus, softsign } from '../../nn/functional/index.ts'
import { oneHot, type Tensor, where } from '../../tensor/index.ts'
import { type Call, type Operators, operator } from '../call.ts'
import { mapHost, zipHost } from '../host.ts'
import { asTensor, HostValue, type Value } from '../value.ts'

const unary = (since: number, run: (x: Tensor, call: Call) => Tensor): Operators[string] =>
  operator(since, (call) => run(call.tensor(0), call))

/** A function along an axis; before opset 13 along all axes from it on, as if they were one. */
function along(since: number, fn: (x: Tensor, axis: number) => Tensor): Operators[string] {
  return operator(since, (call) => {
    const x = call.tensor(0)
    if (call.opset >= 13) return fn(x, call.axis(call.int('axis', -1), x.rank))
    const axis = call.axis(call.int('axis', 1), x.rank)
    const rows = sizeOf(x.shape.slice(0, axis))
    return fn(x.reshape(rows, x.size / rows), 1).reshape(x.shape)
  })
}

/** 1 at the first maximum, else 0. */
function hardmax(x: Tensor, axis: number): Tensor {
  const classes = oneHot(x.argmax(axis), x.shape[axis]!).to(x.dtype)
  const order = x.shape.map((_, i) => (i < axis ? i : i === axis ? x.rank - 1 : i - 1))
  return classes.permute(order)
}

function clip(call: Call): Value {
  const x = call.value(0)
  if (call.opset < 11) {
    const bounds = ['min', 'max'].map((name) => (call.hasAttribute(name) ? call.float(name) : undefined))
    return asTensor(x).clamp(bounds[0], bounds[1])
  }
  const [low, high] = [call.inputs[1], call.inputs[2]]
  const hosts = call.hosts()
  if (hosts !== undefined && x instanceof HostValue) {
    const [least, most] = [low as HostValue | undefined, high as HostValue | undefined]
    const limits = [
      least?.values[0] ?? Number.NEGATIVE_INFINITY,
      most?.values[0] ?? Number.POSITIVE_INFINITY,
    ] as const
    return zipHost([x], (value) => Math.min(Math.max(value, limits[0]), limits[1]), x.type)
  }
  if ([low, high].every((bound) => bound === undefined || bound instanceof HostValue)) {
    const [least, most] = [low as HostValue | undefined, high as HostValue | undefined]
    const bounded = asTensor(x)
    const result = bounded.clamp(least?.values[0], most?.values[0])
    return result.dtype === bounded.dtype ? result : result.to(bounded.dtype)
  }
  const above = low === undefined ? asTensor(x) : asTensor(x).maximum(asTensor(low))
  return high === undefined ? above : above.minimum(asTensor(high))
}

function prelu(call: Call): Tensor {
  const [x, slope] = [call.tensor(0), call.tensor(1)]
  // Before opset 7 one slope for each channel was given as [c].
  const fitting =
    call.opset < 7 && slope.rank === 1 && x.rank > 2
      ? slope.reshape(x.shape.map((_, i) => (i === 1 ? -1 : 1)))
      : slope
  return where(x.gt(0), x, x.mul(fitting))
}

function shrink(x: Tensor, call: Call): Tensor {
  const [lambda, bias] = [call.float('lambd', 0.5), call.float('bias', 0)]
  return where(x.lt(-lambda), x.add(bias), where(x.gt(lambda), x.sub(bias), x.mul(0)))
}

function selu(x: Tensor, call: Call): Tensor {
  const alpha = call.float('alpha', 1.6732632423543772)
  return elu(x, alpha).mul(call.float('gamma', 1.0507009873554805))
}

function hardSigmoid(x: Tensor, alpha: number, beta: number): Tensor {
  return x.mul(alpha).add(beta).clamp(0, 1)
}

export const activationOperators: Operators = {
  // Of constants, too: it stands in what counts the turns of a loop.
  Relu: operator(1, (call) => {
    const x = call.value(0)
    return x instanceof HostValue ? mapHost(x, (value) => Math.max(value, 0)) : x.relu()
  }),
  LeakyRelu: unary(1, (x, call) => leakyRelu(x, call.float('alpha', 0.01))),
  PRelu: operator(1, prelu, '', [1]),
  ThresholdedRelu: unary(10, (x, call) => where(x.gt(call.float('alpha', 1)), x, x.mul(0))),
  Elu: unary(1, (x, call) => elu(x, call.float('alpha', 1))),
  Selu: unary(1, selu),
  Celu: unary(12, (x, call) => celu(x, call.float('alpha', 1))),
  Gelu: operator(20, (call) => {
    const approximate = call.text('approximate', ['none', 'tanh'], 'none')
    return gelu(call.tensor(0), { approximate })
  }),
  Sigmoid: unary(1, (x) => x.sigmoid()),
  HardSigmoid: unary(1, (x, call) => hardSigmoid(x, call.float('alpha', 0.2), call.float('beta', 0.5))),
  HardSwish: unary(14, (x) => x.mul(hardSigmoid(x, 1 / 6, 0.5))),
  Swish: unary(24, (x, call) => x.mul(x.mul(call.float('alpha', 1)).sigmoid())),
  Mish: unary(18, (x) => mish(x)),
  Tanh: unary(1, (x) => x.tanh()),
  Softplus: unary(1, (x) => softplus(x)),
  Softsign: unary(1, (x) => softsign(x)),
  Shrink: unary(9, shrink),
  Clip: operator(1, clip),
  Softmax: along(1, (x, axis) => x.softmax(axis)),
  LogSoftmax: along(1, (x, axis) => x.logSoftmax(axis)),
  Hardmax: along(1, hardmax),
}
