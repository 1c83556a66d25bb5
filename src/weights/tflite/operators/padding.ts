import { string } from '../../../onnx/model.ts'
import type { Operation } from '../operation.ts'
import { operands } from './elementwise.ts'

/** How many elements are put before and after each axis, of TensorFlow's order. */
function amounts(op: Operation): { before: number[]; after: number[] } {
  const rank = op.t.rank(op.input(0))
  const pairs = op.t.numbers(op.input(1), 'the padding')
  if (pairs.length !== 2 * rank || pairs.some((n) => n < 0)) op.fail(`pads ${rank} axes by [${pairs}]`)
  return { before: pairs.filter((_, i) => i % 2 === 0), after: pairs.filter((_, i) => i % 2 === 1) }
}

/** PAD with 0, and PADV2 with a value of its own. */
export function constantPad(op: Operation): void {
  const given = op.optional(2)
  const value = given === undefined ? 0 : op.t.number(given, 'the value that is put around')
  padded(op, 'constant', value)
}

export function mirrorPad(op: Operation): void {
  const { before, after } = amounts(op)
  // An edge that is repeated once is one that is mirrored.
  const repeats = op.enum(0) === 1
  if (repeats && [...before, ...after].some((n) => n > 1))
    op.refuse('symmetric padding by more than one element')
  padded(op, repeats ? 'edge' : 'reflect')
}

function padded(op: Operation, mode: string, value?: number): void {
  const { before, after } = amounts(op)
  const { names, layout, batched } = operands(op, [0])
  if (batched && (before[0] !== 0 || after[0] !== 0)) op.t.batchFixed = true
  const pads = [...layout.map((axis) => before[axis]!), ...layout.map((axis) => after[axis]!)]
  const name = op.t.emit(
    'Pad',
    [names[0], op.t.integers(pads), value === undefined ? undefined : op.t.scalar(value)],
    { mode: string(mode) },
  )
  const x = op.input(0)
  if (op.t.isConstant(x)) {
    op.result(name, layout, { batched })
    return
  }
  const { low, high } = op.t.value(x)
  op.result(name, layout, { low: Math.min(low, value ?? low), high: Math.max(high, value ?? high), batched })
}
