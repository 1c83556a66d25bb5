import { make } from '../../graph/make.ts'
import { isOp, type Node, type Op } from '../../graph/node.ts'
import { binaryOps, expand, full, unaryOps } from '../../graph/ops/index.ts'
import type { RuleTable } from './rules.ts'

/**
 * Element-wise ops on what has not been repeated yet: broadcasting repeats it where it must be, and the result otherwise.
 * Constants take part as scalars.
 */
function beforeExpansion(node: Node): Node | null {
  const operands = node.inputs.map(unexpanded)
  if (operands.every((operand, i) => operand === node.inputs[i])) return null
  return expand(make(node.op, operands, node.attrs), node.shape)
}

function unexpanded(node: Node): Node {
  if (isOp(node, 'expand')) return node.inputs[0]!
  return isOp(node, 'full') && node.shape.length > 0 ? full([], node.attrs.value, node.dtype) : node
}

const elementwise = [...Object.keys(unaryOps), ...Object.keys(binaryOps)] as Op[]

export const broadcastRules: RuleTable = Object.fromEntries(elementwise.map((op) => [op, beforeExpansion]))
