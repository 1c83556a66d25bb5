import { int, ints } from '../../../onnx/model.ts'
import { plainLayout } from '../layout.ts'
import type { Operation } from '../operation.ts'

/** Weights [out, in]; whatever the input's shape, its elements are taken as rows of `in`. */
export function fullyConnected(op: Operation): void {
  const [x, weight, output] = [op.input(0), op.input(1), op.output()]
  op.checkRank(weight, 2)
  if (op.enum(1) !== 0) op.refuse('shuffled weights')
  const [outFeatures, inFeatures] = op.t.tensor(weight).shape as [number, number]
  const from = op.t.dims(x)
  const to = op.t.dims(output)
  const value = op.t.value(x)
  if (outFeatures < 1 || inFeatures < 1) op.fail(`has weights of shape [${outFeatures}, ${inFeatures}]`)
  const rows = value.batched && from.length >= 2 && to[0] === from[0] && to.length === 2 ? from[0]! : -1
  const isFlat = from.length === 2 && from[1] === inFeatures
  const flat = isFlat ? op.t.input(x, plainLayout(2)) : op.t.reshaped(value, from, [rows, inFeatures])
  const layer = op.t.layer(weight, [0, 1], op.optional(2))
  let name = op.t.emit('Gemm', [flat, layer.weight, layer.bias], { transB: int(1) })
  if (to.length !== 2) {
    const product = { ...value, name, layout: plainLayout(2) }
    name = op.t.reshaped(product, [-1, outFeatures], to)
  }
  op.result(name, plainLayout(to.length), { activation: op.enum(0), batched: value.batched })
}

/** Matrices of the last two axes, either of which may be given transposed. */
export function batchMatMul(op: Operation): void {
  const operand = (position: number, transposed: boolean): string => {
    const rank = op.t.rank(op.input(position))
    if (rank < 2) op.fail('multiplies what is no matrix')
    const name = op.t.input(op.input(position), plainLayout(rank))
    const perm = [...plainLayout(rank - 2), rank - 1, rank - 2]
    return transposed ? op.t.emit('Transpose', [name], { perm: ints(perm) }) : name
  }
  const name = op.t.emit('MatMul', [operand(0, op.bool(0)), operand(1, op.bool(1))])
  op.result(name, plainLayout(op.t.rank(op.output())), { batched: batchedAny(op, op.t.rank(op.output())) })
}

/** Whether an input that has all axes of the output has its batch first. */
export function batchedAny(op: Operation, rank: number): boolean {
  return op.inputs.some(
    (index) =>
      index >= 0 && !op.t.isConstant(index) && op.t.rank(index) === rank && op.t.value(index).batched,
  )
}
