import { isFloating } from '../../graph/dtype.ts'
import { full, type Tensor } from '../../tensor/index.ts'
import { type Call, type Operator, type Operators, operator } from '../call.ts'
import { reduceHost } from '../host.ts'
import { HostValue, type Value } from '../value.ts'

interface Reduction {
  readonly onTensor: (x: Tensor, axes: readonly number[], keepdim: boolean) => Tensor
  readonly onNumbers: (values: readonly number[]) => number
  /** What nothing at all is reduced to. */
  readonly empty: number
}

/** The operator set from which on the axes are an input. */
function reduction(axesSince: number, since: number, { onTensor, onNumbers, empty }: Reduction): Operator {
  return operator(since, (call) => {
    const x = call.value(0)
    const given =
      call.opset >= axesSince ? call.intsOf(1, 'axes') : call.hasAttribute('axes') ? call.ints('axes') : []
    if ((given ?? []).length === 0 && call.flag('noop_with_empty_axes')) return x
    const every = x.shape.map((_, i) => i)
    const axes = (given ?? []).length === 0 ? every : given!.map((axis) => call.axis(axis, x.rank))
    const keepdim = call.flag('keepdims', true)
    if (x instanceof HostValue) return reduceHost(x, axes, keepdim, onNumbers)
    if (axes.length === 0) return onTensor(x.reshape(1), [0], false)
    if (axes.some((axis) => x.shape[axis] === 0)) return emptyResult(x, axes, keepdim, empty)
    return onTensor(x, axes, keepdim)
  })
}

function emptyResult(x: Tensor, axes: readonly number[], keepdim: boolean, value: number): Tensor {
  const kept = x.shape.map((d, i) => (axes.includes(i) ? 1 : d))
  const shape = keepdim ? kept : kept.filter((_, i) => !axes.includes(i))
  const filled = isFloating(x.dtype) || Number.isFinite(value) ? value : value < 0 ? -(2 ** 31) : 2 ** 31 - 1
  return full(shape, x.dtype === 'bool' ? Number(value > 0) : filled, { dtype: x.dtype })
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0)

/** Sums of integers in their own dtype. */
function integral(
  fn: (x: Tensor, axes: readonly number[], keepdim: boolean) => Tensor,
): Reduction['onTensor'] {
  return (x, axes, keepdim) => {
    const result = fn(x, axes, keepdim)
    return isFloating(x.dtype) ? result : result.to(x.dtype)
  }
}

function logSumExp(x: Tensor, axes: readonly number[], keepdim: boolean): Tensor {
  const largest = x.detach().amax(axes, true)
  const sums = x.sub(largest).exp().sum(axes, keepdim).log()
  return sums.add(keepdim ? largest : largest.squeeze(axes))
}

function extreme(largest: boolean): Operator {
  return operator(1, (call) => {
    const x = call.tensor(0)
    const axis = call.axis(call.int('axis', 0), x.rank)
    const keepdim = call.flag('keepdims', true)
    const find = (t: Tensor): Tensor => (largest ? t.argmax(axis, keepdim) : t.argmin(axis, keepdim))
    if (!call.flag('select_last_index')) return find(x)
    return find(x.flip(axis))
      .neg()
      .add(x.shape[axis]! - 1)
  })
}

function topK(call: Call): readonly Value[] {
  const x = call.tensor(0)
  const k = call.opset < 10 ? call.int('k') : call.hostNumber(1, 'k', 1)
  const axis = call.axis(call.int('axis', -1), x.rank)
  if (k > x.shape[axis]!) call.fail(`k = ${k} is more than the ${x.shape[axis]} elements along axis ${axis}`)
  const { values, indices } = x.topk(k, axis, call.flag('largest', true))
  return [values, indices]
}

export const reductionOperators: Operators = {
  ReduceSum: reduction(13, 1, {
    onTensor: integral((x, axes, keep) => x.sum(axes, keep)),
    onNumbers: sum,
    empty: 0,
  }),
  ReduceMean: reduction(18, 1, {
    onTensor: integral((x, axes, keep) => x.float().mean(axes, keep)),
    onNumbers: (values) => sum(values) / values.length,
    empty: Number.NaN,
  }),
  ReduceProd: reduction(18, 1, {
    onTensor: integral((x, axes, keep) => x.prod(axes, keep)),
    onNumbers: (values) => values.reduce((a, b) => a * b, 1),
    empty: 1,
  }),
  ReduceMax: reduction(18, 1, {
    onTensor: (x, axes, keep) => x.amax(axes, keep),
    onNumbers: (values) => values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY),
    empty: Number.NEGATIVE_INFINITY,
  }),
  ReduceMin: reduction(18, 1, {
    onTensor: (x, axes, keep) => x.amin(axes, keep),
    onNumbers: (values) => values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY),
    empty: Number.POSITIVE_INFINITY,
  }),
  ReduceL1: reduction(18, 1, {
    onTensor: integral((x, axes, keep) => x.abs().sum(axes, keep)),
    onNumbers: (values) => sum(values.map(Math.abs)),
    empty: 0,
  }),
  ReduceL2: reduction(18, 1, {
    onTensor: integral((x, axes, keep) => x.square().sum(axes, keep).float().sqrt()),
    onNumbers: (values) => Math.sqrt(sum(values.map((value) => value * value))),
    empty: 0,
  }),
  ReduceSumSquare: reduction(18, 1, {
    onTensor: integral((x, axes, keep) => x.square().sum(axes, keep)),
    onNumbers: (values) => sum(values.map((value) => value * value)),
    empty: 0,
  }),
  ReduceLogSum: reduction(18, 1, {
    onTensor: integral((x, axes, keep) => x.sum(axes, keep).float().log()),
    onNumbers: (values) => Math.log(sum(values)),
    empty: Number.NEGATIVE_INFINITY,
  }),
  ReduceLogSumExp: reduction(18, 1, {
    onTensor: integral((x, axes, keep) => logSumExp(x.float(), axes, keep)),
    onNumbers: (values) => Math.log(sum(values.map(Math.exp))),
    empty: Number.NEGATIVE_INFINITY,
  }),
  ArgMax: extreme(true),
  ArgMin: extreme(false),
  TopK: operator(1, topK, 'always in order, as sorted = 1'),
}
