import { plainLayout } from '../layout.ts'
import type { Operation } from '../operation.ts'

/** RESHAPE, SQUEEZE and EXPAND_DIMS: the file says what shape comes out. */
export function reshape(op: Operation): void {
  const x = op.input(0)
  if (op.t.isConstant(x)) {
    const { shape } = op.t.tensor(op.output())
    const name = op.t.constant(x, { shape: checkedShape(op, shape), order: plainLayout(shape.length) })
    op.result(name, plainLayout(shape.length), { batched: false })
    return
  }
  const value = op.t.value(x)
  const to = op.t.dims(op.output())
  checkedShape(op, op.t.tensor(op.output()).shape)
  op.result(op.t.reshaped(value, op.t.dims(x), to), plainLayout(to.length), {
    ...value,
    batched: value.batched && to.length > 0,
  })
}

function checkedShape(op: Operation, shape: readonly number[]): readonly number[] {
  const from = op.t.tensor(op.input(0)).shape
  const count = (sizes: readonly number[]): number => sizes.reduce((n, d) => n * d, 1)
  if (count(from) !== count(shape)) op.fail(`makes [${shape}] of [${from}]: another number of elements`)
  return shape
}

/** Axes in another order: nothing moves, as what comes out is the same array in another layout. */
export function transpose(op: Operation): void {
  const x = op.input(0)
  const rank = op.t.rank(x)
  const order = op.t.numbers(op.input(1), 'the order of the axes')
  if (order.length !== rank || ![...order].sort((a, b) => a - b).every((axis, i) => axis === i)) {
    op.fail(`puts ${rank} axes in the order [${order}]`)
  }
  if (op.t.isConstant(x)) {
    const name = op.t.constant(x, { shape: op.t.tensor(x).shape, order })
    op.result(name, plainLayout(rank), { batched: false })
    return
  }
  const value = op.t.value(x)
  const batched = value.batched && order[0] === 0
  if (value.batched && !batched) op.t.batchFixed = true
  op.result(
    value.name,
    value.layout.map((axis) => order.indexOf(axis)),
    { ...value, batched },
  )
}

/** The sizes of a tensor, as the network sees them when it runs. */
export function shapeOf(op: Operation): void {
  const x = op.input(0)
  op.result(op.t.emit('Shape', [op.t.input(x, plainLayout(op.t.rank(x)))]), [0], { batched: false })
}

export function expand(onnx: 'Tile' | 'Expand'): (op: Operation) => void {
  return (op) => {
    const x = op.input(0)
    const rank = op.t.rank(x)
    const sizes = op.t.numbers(op.input(1), 'the sizes')
    const isTile = onnx === 'Tile'
    if ((isTile && sizes.length !== rank) || sizes.some((n) => n < 1))
      op.fail(`repeats ${rank} axes [${sizes}] times`)
    const batched = !op.t.isConstant(x) && op.t.value(x).batched
    const keeps = isTile ? sizes[0] === 1 : sizes.length === rank && sizes[0] === op.t.dims(x)[0]
    if (batched && !keeps) op.t.batchFixed = true
    const given = batched && keeps ? [1, ...sizes.slice(1)] : sizes
    const name = op.t.emit(onnx, [op.t.input(x, plainLayout(rank)), op.t.integers(given)])
    op.result(name, plainLayout(isTile ? rank : Math.max(rank, sizes.length)), { batched: batched && keeps })
  }
}
