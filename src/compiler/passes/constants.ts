import type { Node } from '../../graph/node.ts'
import type { Graph } from '../graph.ts'
import { liveNodes } from './rewrite.ts'

/**
 * The nodes whose values depend only on persistent inputs which this graph does not overwrite: the same from run to run
 * until a parameter changes.
 */
export function constantNodes(graph: Graph): Set<Node> {
  const donated = new Set(graph.donations.flatMap((i) => (i === null ? [] : [graph.inputs[i]!])))
  const constant = new Set<Node>()
  for (const node of liveNodes(graph)) {
    const isConstant =
      node.op === 'input'
        ? (node as Node<'input'>).attrs.persistent && !donated.has(node)
        : node.inputs.every((input) => constant.has(input))
    if (isConstant) constant.add(node)
  }
  return constant
}
