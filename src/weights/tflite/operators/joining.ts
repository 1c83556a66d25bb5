import { int } from '../../../onnx/model.ts'
import { plainLayout } from '../layout.ts'
import type { Operation } from '../operation.ts'
import { operands } from './elementwise.ts'

export function concatenation(op: Operation): void {
  const positions = plainLayout(op.inputs.length)
  if (positions.length === 0) op.fail('has no inputs')
  const rank = op.t.rank(op.input(0))
  if (positions.some((i) => op.t.rank(op.input(i)) !== rank))
    op.fail('joins tensors of unlike numbers of axes')
  const axis = op.axis(op.int(0), rank)
  const { names, layout, batched } = operands(op, positions)
  const hasConstant = positions.some((i) => op.t.isConstant(op.input(i)))
  if (batched && (axis === 0 || hasConstant)) op.t.batchFixed = true
  const name =
    names.length === 1 ? names[0]! : op.t.emit('Concat', names, { axis: int(layout.indexOf(axis)) })
  const bounds = hasConstant ? [] : positions.map((i) => op.t.value(op.input(i)))
  op.result(name, layout, {
    activation: op.enum(1),
    batched,
    ...(bounds.length === 0
      ? {}
      : { low: Math.min(...bounds.map((b) => b.low)), high: Math.max(...bounds.map((b) => b.high)) }),
  })
}

/** Tensors as the slices of one with an axis more. */
export function pack(op: Operation): void {
  const positions = plainLayout(op.inputs.length)
  if (positions.length === 0) op.fail('has no inputs')
  const rank = op.t.rank(op.input(0))
  const axis = op.axis(op.int(1), rank + 1)
  const inputs = positions.map((i) => op.input(i))
  const batched = axis > 0 && inputs.some((index) => !op.t.isConstant(index) && op.t.value(index).batched)
  if (axis === 0 && inputs.some((index) => !op.t.isConstant(index) && op.t.value(index).batched))
    op.t.batchFixed = true
  const names = inputs.map((index) =>
    op.t.emit('Unsqueeze', [op.t.input(index, plainLayout(op.t.rank(index))), op.t.integers([axis])]),
  )
  op.result(op.t.emit('Concat', names, { axis: int(axis) }), plainLayout(rank + 1), { batched })
}

/** The slices of a tensor along an axis, each without it. */
export function unpack(op: Operation): void {
  const x = op.input(0)
  const rank = op.t.rank(x)
  const axis = op.axis(op.int(1), rank)
  const size = op.t.tensor(x).shape[axis]
  if (size !== op.outputs.length || size < 1) op.fail(`takes ${size} slices apart into ${op.outputs.length}`)
  const value = op.t.value(x)
  if (axis === 0 && value.batched) op.t.batchFixed = true
  const name = op.t.input(x, plainLayout(rank))
  const ones = op.t.integers(new Array<number>(size).fill(1))
  const parts = size === 1 ? [name] : op.t.emitMany('Split', [name, ones], { axis: int(axis) }, size)
  for (const [i, part] of parts.entries()) {
    const flat = op.t.emit('Squeeze', [part, op.t.integers([axis])])
    op.result(flat, plainLayout(rank - 1), { ...value, batched: value.batched && axis !== 0 }, i)
  }
}
