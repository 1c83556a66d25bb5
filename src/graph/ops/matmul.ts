import { isFloating } from '../dtype.ts'
import { make } from '../make.ts'
import type { Node } from '../node.ts'
import { formatShape, ShapeError, sameShape, sizeOf } from '../shape.ts'
import type { OpTable } from './definition.ts'

export const matmulOps: OpTable<'matmul'> = {
  matmul: {
    infer: ([a, b], { transposeA, transposeB }) => {
      const fail = (why: string): never => {
        const t = (on: boolean): string => (on ? ' transposed' : '')
        throw new ShapeError(
          `matmul: ${formatShape(a!.shape)}${t(transposeA)} x ${formatShape(b!.shape)}${t(transposeB)}: ${why}`,
        )
      }
      const rank = a!.shape.length
      if (rank < 2 || b!.shape.length !== rank) fail('both need the same rank, 2 at least')
      if (a!.dtype !== b!.dtype || !isFloating(a!.dtype))
        fail(`needs equal floating dtypes, got ${a!.dtype}, ${b!.dtype}`)
      const batch = a!.shape.slice(0, -2)
      if (!sameShape(batch, b!.shape.slice(0, -2))) fail('the leading dimensions differ')
      const [m, k] = lastTwo(a!.shape, transposeA)
      const [inner, n] = lastTwo(b!.shape, transposeB)
      if (k !== inner) fail(`the inner dimensions are ${k} and ${inner}; they must be equal`)
      return { shape: [...batch, m, n], dtype: a!.dtype }
    },
    gradient: (node, g) => {
      const [a, b] = [node.inputs[0]!, node.inputs[1]!]
      const { transposeA, transposeB } = node.attrs
      const ofA = transposeA ? () => matmul(b, g, transposeB, true) : () => matmul(g, b, false, !transposeB)
      const ofB = transposeB ? () => matmul(g, a, true, transposeA) : () => matmul(a, g, !transposeA, false)
      return [a.requiresGrad ? ofA() : null, b.requiresGrad ? ofB() : null]
    },
    cost: (node) => {
      const [, k] = lastTwo(node.inputs[0]!.shape, node.attrs.transposeA)
      return { macs: sizeOf(node.shape) * k, flops: 0 }
    },
    onnx: 'MatMul',
  },
}

function lastTwo(shape: readonly number[], transposed: boolean): [number, number] {
  const [rows, columns] = [shape[shape.length - 2]!, shape[shape.length - 1]!]
  return transposed ? [columns, rows] : [rows, columns]
}

/** Equal leading dimensions. */
export function matmul(a: Node, b: Node, transposeA = false, transposeB = false): Node {
  return make('matmul', [a, b], { transposeA, transposeB })
}
