import type { DType } from '../dtype.ts'
import type { Node, Op, OpAttrs } from '../node.ts'
import { type Shape, sizeOf } from '../shape.ts'

export interface ValueType {
  readonly shape: Shape
  readonly dtype: DType
}

/** Work of one evaluation: multiply-accumulates of convolutions and matrix products, other scalar operations. */
export interface Cost {
  readonly macs: number
  readonly flops: number
}

export interface OpDefinition<O extends Op> {
  /** The result's type; throws a ShapeError that names the op, what it got and what would fit. */
  readonly infer: (inputs: readonly ValueType[], attrs: OpAttrs[O]) => ValueType
  /** The gradient of each input given the output's, built from ops; null where none flows. */
  readonly gradient: (node: Node<O>, gradient: Node) => readonly (Node | null)[]
  readonly cost: (node: Node<O>) => Cost
  /** The ONNX operator with this meaning; null where there is none alone. */
  readonly onnx: string | null
}

export type OpTable<O extends Op = Op> = { readonly [K in O]: OpDefinition<K> }

export const noCost = (): Cost => ({ macs: 0, flops: 0 })

export const perElement = (node: Node): Cost => ({ macs: 0, flops: sizeOf(node.shape) })
