import { int } from '../../../onnx/model.ts'
import { plainLayout } from '../layout.ts'
import type { Operation } from '../operation.ts'
import type { Translation } from '../translation.ts'
import { operands } from './elementwise.ts'

/** Beyond the end of every axis. */
const end = 2 ** 31 - 1

/** One axis of a slice. */
interface Cut {
  readonly axis: number
  readonly start: number
  readonly stop: number
  readonly step: number
}

/** A Slice of the axes that are cut at all; axes in TensorFlow's order. */
export function sliced(
  t: Translation,
  name: string,
  layout: readonly number[],
  cuts: readonly Cut[],
): string {
  if (cuts.length === 0) return name
  return t.emit('Slice', [
    name,
    t.integers(cuts.map(({ start }) => start)),
    t.integers(cuts.map(({ stop }) => stop)),
    t.integers(cuts.map(({ axis }) => layout.indexOf(axis))),
    t.integers(cuts.map(({ step }) => step)),
  ])
}

export function slice(op: Operation): void {
  const x = op.input(0)
  const rank = op.t.rank(x)
  const begin = op.t.numbers(op.input(1), 'where a slice begins')
  const sizes = op.t.numbers(op.input(2), 'the size of a slice')
  if (
    begin.length !== rank ||
    sizes.length !== rank ||
    begin.some((n) => n < 0) ||
    sizes.some((n) => n < -1)
  ) {
    op.fail(`slices ${rank} axes from [${begin}] by [${sizes}]`)
  }
  const dims = op.t.dims(x)
  const cuts = begin.flatMap((start, axis): Cut[] => {
    const stop = sizes[axis] === -1 ? end : start + sizes[axis]!
    return start === 0 && (stop === end || stop === dims[axis]) ? [] : [{ axis, start, stop, step: 1 }]
  })
  cut(op, cuts)
}

function cut(op: Operation, cuts: readonly Cut[], gone: readonly number[] = []): void {
  const x = op.input(0)
  const { names, layout, batched } = operands(op, [0])
  if (batched && (cuts.some(({ axis }) => axis === 0) || gone.includes(0))) op.t.batchFixed = true
  const name = sliced(op.t, names[0]!, layout, cuts)
  const bounds = op.t.isConstant(x) ? {} : op.t.value(x)
  if (gone.length === 0) {
    op.result(name, layout, { ...bounds, batched })
    return
  }
  const at = gone.map((axis) => layout.indexOf(axis)).sort((a, b) => a - b)
  const rest = plainLayout(layout.length).filter((axis) => !gone.includes(axis))
  op.result(
    op.t.emit('Squeeze', [name, op.t.integers(at)]),
    layout.filter((axis) => !gone.includes(axis)).map((axis) => rest.indexOf(axis)),
    { ...bounds, batched: batched && !gone.includes(0) },
  )
}

/** Slices as Python writes them; an axis that a single index picks goes away. */
export function stridedSlice(op: Operation): void {
  const x = op.input(0)
  const [beginMask, endMask, shrinkMask] = [op.int(0), op.int(1), op.int(4)]
  if (op.int(2) !== 0 || op.int(3) !== 0 || op.bool(5))
    op.refuse('an ellipsis, a new axis or ends counted from the start')
  const begin = op.t.numbers(op.input(1), 'where a slice begins')
  const stops = op.t.numbers(op.input(2), 'where a slice ends')
  const steps = op.t.numbers(op.input(3), 'the step of a slice')
  const dims = op.t.dims(x)
  if (
    begin.length > dims.length ||
    stops.length !== begin.length ||
    steps.length !== begin.length ||
    steps.includes(0)
  ) {
    op.fail(`slices ${dims.length} axes from [${begin}] to [${stops}] by [${steps}]`)
  }
  const has = (mask: number, axis: number): boolean => ((mask >> axis) & 1) === 1
  const gone: number[] = []
  const cuts = begin.flatMap((first, axis): Cut[] => {
    if (has(shrinkMask, axis)) {
      gone.push(axis)
      if (dims[axis] === 1) return []
      return [{ axis, start: first, stop: first === -1 ? end : first + 1, step: 1 }]
    }
    const step = steps[axis]!
    const start = has(beginMask, axis) ? (step > 0 ? 0 : end) : first
    const stop = has(endMask, axis) ? (step > 0 ? end : -end) : stops[axis]!
    const isWhole = step === 1 && start === 0 && (stop >= end || (dims[axis]! > 0 && stop >= dims[axis]!))
    return isWhole ? [] : [{ axis, start, stop, step }]
  })
  cut(op, cuts, gone)
}

export function reverse(op: Operation): void {
  const rank = op.t.rank(op.input(0))
  const axes = op.t.numbers(op.input(1), 'the list of axes').map((axis) => op.axis(axis, rank))
  cut(
    op,
    axes.map((axis) => ({ axis, start: end, stop: -end, step: -1 })),
  )
}

/** SPLIT has its axis first, SPLIT_V the sizes before the axis; what comes out says the sizes of both. */
export function split(xAt: number, axisAt: number): (op: Operation) => void {
  return (op) => {
    const x = op.input(xAt)
    const axis = op.axis(op.t.number(op.input(axisAt), 'the axis'), op.t.rank(x))
    const sizes = op.outputs.map((output) => op.t.tensor(output).shape[axis] ?? 0)
    const size = op.t.tensor(x).shape[axis]!
    if (sizes.length === 0 || sizes.reduce((a, b) => a + b, 0) !== size)
      op.fail(`splits ${size} into [${sizes}]`)
    const { names, layout, batched } = operands(op, [xAt])
    if (axis === 0 && batched) op.t.batchFixed = true
    const parts = op.t.emitMany(
      'Split',
      [names[0], op.t.integers(sizes)],
      { axis: int(layout.indexOf(axis)) },
      sizes.length,
    )
    const bounds = op.t.isConstant(x) ? {} : op.t.value(x)
    for (const [i, part] of parts.entries()) op.result(part, layout, { ...bounds, batched }, i)
  }
}

export function gather(op: Operation): void {
  const [x, indices] = [op.input(0), op.input(1)]
  const rank = op.t.rank(x)
  const axis = op.axis(op.int(0), rank)
  if (op.int(1) !== 0) op.refuse('batch dimensions')
  const { names, layout, batched } = operands(op, [0])
  if (axis === 0 && batched) op.t.batchFixed = true
  const bounds = op.t.isConstant(x) ? {} : op.t.value(x)
  const taken = op.t.input(indices, plainLayout(op.t.rank(indices)))
  if (op.t.rank(indices) === 1) {
    const name = op.t.emit('Gather', [names[0], taken], { axis: int(layout.indexOf(axis)) })
    op.result(name, layout, { ...bounds, batched: batched && axis !== 0 })
    return
  }
  const name = op.t.emit('Gather', [op.t.input(x, plainLayout(rank)), taken], { axis: int(axis) })
  op.result(name, plainLayout(rank - 1 + op.t.rank(indices)), { ...bounds, batched: batched && axis !== 0 })
}
