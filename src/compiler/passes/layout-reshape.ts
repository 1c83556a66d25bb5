import { inversePermutation, reshape } from '../../graph/ops/index.ts'
import { type Shape, sizeOf } from '../../graph/shape.ts'
import { axesOf, inOrder, type Moved, moved, shapeInOrder } from './moved.ts'

/** Dimensions before and after a reshape that hold the same elements; those of size 1 are in no group. */
interface Group {
  readonly from: number[]
  readonly to: number[]
}

/**
 * A reshape of a value kept in another order. Where dimensions that are merged or split lie apart or in the wrong order,
 * only they are brought together.
 */
export function reshapedMoved(value: Moved, shape: Shape): Moved {
  const order = axesOf(value)
  const position = inversePermutation(order)
  const logicalShape = position.map((i) => value.node.shape[i]!)
  if (sizeOf(shape) === 0) {
    return { node: reshape(value.node, shape), axes: null }
  }
  const groups = groupsOf(logicalShape, shape)
  const groupOf = new Map(groups.flatMap((group) => group.from.map((axis) => [axis, group] as const)))
  const arranged: Group[] = []
  for (const axis of order) {
    const group = groupOf.get(axis)
    if (group && !arranged.includes(group)) arranged.push(group)
  }
  const ones = (sizes: Shape): number[] => sizes.flatMap((size, axis) => (size === 1 ? [axis] : []))
  const before = [...ones(logicalShape), ...arranged.flatMap((group) => group.from)]
  const after = [...ones(shape), ...arranged.flatMap((group) => group.to)]
  return moved(reshape(inOrder(value, before), shapeInOrder(shape, after)), after)
}

function groupsOf(from: Shape, to: Shape): Group[] {
  const groups: Group[] = []
  let i = 0
  let j = 0
  const skipOnes = (): void => {
    while (from[i] === 1) i++
    while (to[j] === 1) j++
  }
  for (skipOnes(); i < from.length; skipOnes()) {
    const group: Group = { from: [], to: [] }
    let [sizeFrom, sizeTo] = [1, 1]
    do {
      if (sizeFrom <= sizeTo) {
        if (from[i] !== 1) group.from.push(i)
        sizeFrom *= from[i++]!
      } else {
        if (to[j] !== 1) group.to.push(j)
        sizeTo *= to[j++]!
      }
    } while (sizeFrom !== sizeTo)
    groups.push(group)
  }
  return groups
}
