import { composed } from '../../graph/composite.ts'
import * as g from '../../graph/ops/index.ts'
import { calledAs, formatShape, ShapeError, sameShape } from '../../graph/shape.ts'
import { indexSelect } from '../../tensor/indices.ts'
import { type Tensor, wrap } from '../../tensor/tensor.ts'

/** x [..., in] times the transpose of a weight [out, in], plus a bias [out]. */
export function linear(x: Tensor, weight: Tensor, bias: Tensor | null = null): Tensor {
  const features = x.shape.at(-1)
  if (features === undefined || weight.rank !== 2 || features !== weight.shape[1]) {
    throw new ShapeError(
      `linear: an input ${formatShape(x.shape)} needs a weight [out, ${features ?? '?'}], got ${formatShape(weight.shape)}` +
        (x.rank === 4 ? '; flatten(1) the images first' : ''),
    )
  }
  const out = weight.shape[0]!
  if (bias !== null && !sameShape(bias.shape, [out])) {
    throw new ShapeError(
      `linear: the bias must be [${out}] as the weight ${formatShape(weight.shape)} says, got ${formatShape(bias.shape)}`,
    )
  }
  const rows = x.rank === 2 ? x : x.reshape(x.size / features, features)
  const product = calledAs('linear', () => wrap(g.matmul(rows.node, weight.node, false, true)))
  const y = bias === null ? product : product.add(bias)
  return composed(y.reshape([...x.shape.slice(0, -1), out]), 'linear', [x, weight, bias], {})
}

/** Rows of a weight [count, width] by int32 index of any shape: [..., width]. */
export function embedding(index: Tensor, weight: Tensor): Tensor {
  if (weight.rank !== 2) {
    throw new ShapeError(`embedding: needs a weight [count, width], got ${formatShape(weight.shape)}`)
  }
  const list = index.to('int32').reshape(index.size)
  const rows = wrap(indexSelect('embedding', weight.node, list.node, 0))
  return rows.reshape([...index.shape, weight.shape[1]!])
}
