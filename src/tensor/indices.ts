import { composed } from '../graph/composite.ts'
import { isFloating, type TypedArray } from '../graph/dtype.ts'
import { indexError } from '../graph/index-error.ts'
import { isOp, type Node } from '../graph/node.ts'
import * as g from '../graph/ops/index.ts'
import { formatShape, ShapeError, sizeOf } from '../graph/shape.ts'
import { HostStorage } from '../graph/storage.ts'
import { checkAtReplay } from './trace.ts'

/**
 * Throws an IndexError where an index whose value is known by now, such as a label, is out of range, unless it is the
 * `ignored` one. Returns whether all values are known: others are checked by gather and scatterAdd while they run.
 */
export function checkIndices(op: string, index: Node, size: number, ignored?: number): boolean {
  if (sizeOf(index.shape) === 0) return true
  const leaf = leafOf(index)
  if (!(leaf?.storage instanceof HostStorage)) return false
  const truncate = isFloating(leaf.dtype)
  const check = (values: TypedArray): void => {
    for (let i = 0; i < values.length; i++) {
      const value = truncate ? Math.trunc(values[i]!) : values[i]!
      if (!(value >= 0 && value < size) && value !== ignored) throw indexError(op, value, size, i)
    }
  }
  check(leaf.storage.data)
  checkAtReplay(leaf, check)
  return true
}

/** The leaf whose values, all of them and no others, are those of the index. */
function leafOf(index: Node): Node | undefined {
  let node = index
  while (node.storage === undefined) {
    const moved = isOp(node, 'reshape') || isOp(node, 'permute') || isOp(node, 'expand') || isOp(node, 'flip')
    if (!moved && !(isOp(node, 'cast') && node.dtype === 'int32')) return undefined
    node = node.inputs[0]!
  }
  return node
}

/** out[.., i, ..] = x[.., index[.., i, ..], ..] along the axis. */
export function gather(op: string, x: Node, index: Node, axis: number): Node {
  const result = g.gather(x, index, axis, op)
  checkIndices(op, index, x.shape[axis]!)
  return result
}

/** The slices of an axis that a list of indices names. */
export function indexSelect(op: string, x: Node, index: Node, axis: number): Node {
  if (index.shape.length !== 1)
    throw new ShapeError(`${op}: the index must have rank 1, got ${formatShape(index.shape)}`)
  const count = index.shape[0]!
  const column = g.reshape(
    index,
    x.shape.map((_, i) => (i === axis ? count : 1)),
  )
  const shape = x.shape.map((d, i) => (i === axis ? count : d))
  const selected = gather(op, x, g.expand(column, shape), axis)
  return composed({ node: selected }, 'indexSelect', [{ node: x }, { node: index }], { axis }).node
}

/** An index whose values are known to be in range once it is computed. */
export function checkedIndex(op: string, index: Node, size: number): Node {
  if (checkIndices(op, index, size)) return index
  // As gather checks what it is given, the positions at the index are the index.
  const flat = g.reshape(index, [sizeOf(index.shape)])
  return g.reshape(g.gather(g.iota([size], 0), flat, 0, op), index.shape)
}
