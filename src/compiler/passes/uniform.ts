import { isOp, type Node } from '../../graph/node.ts'
import { constant } from '../../graph/scalar-functions.ts'

/** The number that every element of a constant is; undefined for other nodes. */
export function uniformValue(node: Node): number | undefined {
  return isOp(node, 'full') ? constant(node.attrs.value, node.dtype) : undefined
}
