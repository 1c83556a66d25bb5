import { make } from '../../graph/make.ts'
import { isOp, type Node } from '../../graph/node.ts'
import { inversePermutation, reshape } from '../../graph/ops/index.ts'
import type { Shape } from '../../graph/shape.ts'

/**
 * A value kept with its dimensions in another order than the graph's: dimension i of `node` is dimension axes[i] of the
 * value. null where the order is the graph's own.
 */
export interface Moved {
  readonly node: Node
  readonly axes: readonly number[] | null
}

export function identityAxes(rank: number): number[] {
  return Array.from({ length: rank }, (_, i) => i)
}

export function axesOf({ node, axes }: Moved): readonly number[] {
  return axes ?? identityAxes(node.shape.length)
}

/** A value in another order; in the graph's own if only dimensions of size 1 are elsewhere, which is a free reshape. */
export function moved(node: Node, axes: readonly number[]): Moved {
  const order = axes.filter((_, i) => node.shape[i] !== 1)
  if (order.every((axis, i) => i === 0 || order[i - 1]! < axis)) {
    return {
      node: reshape(
        node,
        inversePermutation(axes).map((i) => node.shape[i]!),
      ),
      axes: null,
    }
  }
  return { node, axes }
}

/** permute, as a reshape where only dimensions of size 1 change places; constants are made in the wanted order. */
export function permuted(node: Node, axes: readonly number[]): Node {
  if (axes.every((axis, i) => axis === i)) return node
  const shape = axes.map((axis) => node.shape[axis]!)
  if (isOp(node, 'full')) return make('full', [], { ...node.attrs, shape })
  if (isOp(node, 'iota'))
    return make('iota', [], { ...node.attrs, shape, axis: axes.indexOf(node.attrs.axis) })
  const order = axes.filter((axis) => node.shape[axis] !== 1)
  if (order.every((axis, i) => i === 0 || order[i - 1]! < axis)) return reshape(node, shape)
  if (isOp(node, 'permute')) {
    return permuted(
      node.inputs[0]!,
      axes.map((axis) => node.attrs.axes[axis]!),
    )
  }
  return make('permute', [node], { axes })
}

/** The value with its dimensions in the given order. */
export function inOrder(value: Moved, axes: readonly number[]): Node {
  const position = inversePermutation(axesOf(value))
  return permuted(
    value.node,
    axes.map((axis) => position[axis]!),
  )
}

/** The value as the graph has it. */
export function logical(value: Moved): Node {
  return value.axes === null ? value.node : inOrder(value, identityAxes(value.node.shape.length))
}

/** The shape of a value kept in this order, given the graph's. */
export function shapeInOrder(shape: Shape, axes: readonly number[]): number[] {
  return axes.map((axis) => shape[axis]!)
}
