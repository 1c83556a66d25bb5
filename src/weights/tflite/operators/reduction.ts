import { float, int } from '../../../onnx/model.ts'
import { imageLayout, withoutAxes } from '../layout.ts'
import type { Operation } from '../operation.ts'
import { castTo, operands } from './elementwise.ts'

/** A reduction over the axes that input 1 names. */
export function reduction(onnx: string, keepsBounds = false): (op: Operation) => void {
  return (op) => {
    const x = op.input(0)
    const rank = op.t.rank(x)
    const axes = [
      ...new Set(op.t.numbers(op.input(1), 'the list of axes').map((axis) => op.axis(axis, rank))),
    ]
    const keep = op.bool(0)
    const { names, layout, batched } = operands(op, [0])
    if (axes.includes(0) && batched) op.t.batchFixed = true
    const at = axes.map((axis) => layout.indexOf(axis)).sort((a, b) => a - b)
    const name =
      axes.length === 0
        ? names[0]!
        : op.t.emit(onnx, [names[0], op.t.integers(at)], { keepdims: int(keep ? 1 : 0) })
    const bounds = keepsBounds && !op.t.isConstant(x) ? op.t.value(x) : {}
    op.result(name, keep ? layout : withoutAxes(layout, axes), {
      ...bounds,
      batched: batched && !axes.includes(0),
    })
  }
}

/** The index of the greatest or smallest element along an axis, which goes away. */
export function argument(onnx: 'ArgMax' | 'ArgMin'): (op: Operation) => void {
  return (op) => {
    const axis = op.axis(op.t.number(op.input(1), 'the axis'), op.t.rank(op.input(0)))
    const { names, layout, batched } = operands(op, [0])
    if (axis === 0 && batched) op.t.batchFixed = true
    const indices = op.t.emit(onnx, names, { axis: int(layout.indexOf(axis)), keepdims: int(0) })
    const type = op.t.tensor(op.output()).type
    const name = type === 4 ? indices : castTo(op, indices, type)
    op.result(name, withoutAxes(layout, [axis]), { batched: batched && axis !== 0 })
  }
}

/** Along the last axis, of beta times the input. The range of a quantised output is that of all softmaxes, so holds nothing. */
export function softmax(op: Operation): void {
  const { names, layout, batched } = operands(op, [0])
  if (layout.length === 0) op.fail('has an input without axes')
  const beta = op.float(0)
  const scaled = beta === 1 ? names[0] : op.t.emit('Mul', [names[0], op.t.scalar(beta)])
  const axis = int(layout.indexOf(layout.length - 1))
  op.result(op.t.emit('Softmax', [scaled], { axis }), layout, { low: 0, high: 1, batched, clamped: false })
}

export function logSoftmax(op: Operation): void {
  const { names, layout, batched } = operands(op, [0])
  if (layout.length === 0) op.fail('has an input without axes')
  const axis = int(layout.indexOf(layout.length - 1))
  op.result(op.t.emit('LogSoftmax', names, { axis }), layout, { high: 0, batched, clamped: false })
}

/** To length 1 along the last axis; what is shorter than 1e-6 is divided by that. */
export function l2Normalization(op: Operation): void {
  const { names, layout, batched } = operands(op, [0])
  if (layout.length === 0) op.fail('has an input without axes')
  const axes = op.t.integers([layout.indexOf(layout.length - 1)])
  const length = op.t.emit('ReduceL2', [names[0], axes], { keepdims: int(1) })
  const divisor = op.t.emit('Clip', [length, op.t.scalar(1e-6)])
  op.result(op.t.emit('Div', [names[0], divisor]), layout, { low: -1, high: 1, batched, clamped: false })
}

/** x / (bias + alpha * sum of squares of 2 radius + 1 channels) ^ beta; ONNX divides alpha by the number of channels. */
export function localResponseNormalization(op: Operation): void {
  op.checkRank(op.input(0), 4)
  const size = 2 * op.int(0) + 1
  if (size < 1 || size > 65_536) op.fail(`has a radius of ${op.int(0)}`)
  const { batched } = operands(op, [0])
  const name = op.t.emit('LRN', [op.t.input(op.input(0), imageLayout)], {
    size: int(size),
    bias: float(op.float(1)),
    alpha: float(op.float(2) * size),
    beta: float(op.float(3)),
  })
  op.result(name, imageLayout, { batched })
}
