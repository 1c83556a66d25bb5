import { int } from '../../../onnx/model.ts'
import { imageLayout } from '../layout.ts'
import type { Operation } from '../operation.ts'
import { windowAttributes } from './convolution.ts'

/** Where a window reaches over the edge, the mean is of what is within. */
export function averagePool(op: Operation): void {
  pool(op, 'AveragePool')
}

export function maxPool(op: Operation): void {
  pool(op, 'MaxPool')
}

function pool(op: Operation, kind: 'AveragePool' | 'MaxPool'): void {
  const x = op.input(0)
  op.checkRank(x, 4)
  const attributes = windowAttributes(op, {
    kernel: [op.int(4), op.int(3)],
    strides: [op.int(2), op.int(1)],
    dilations: [1, 1],
    padding: op.enum(0),
  })
  const value = op.t.value(x)
  const name = op.t.emit(kind, [op.t.input(x, imageLayout)], {
    ...attributes,
    ...(kind === 'AveragePool' ? { count_include_pad: int(0) } : {}),
  })
  op.result(name, imageLayout, { ...value, activation: op.enum(5) })
}
