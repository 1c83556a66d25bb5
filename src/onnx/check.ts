import { GraphError } from './errors.ts'
import type { Graph, GraphModel, GraphNode } from './model.ts'
import { operatorOf } from './operators/index.ts'

/** All nodes, those of graphs within attributes too. */
export function* everyNode(graph: Graph): Iterable<GraphNode> {
  for (const node of graph.nodes) {
    yield node
    for (const attribute of Object.values(node.attributes)) {
      if (attribute.type === 'graph') yield* everyNode(attribute.value)
    }
  }
}

/** Operators that cannot be run, with how often they are used, most often first. */
export function unsupportedOperators(model: GraphModel): Map<string, number> {
  const counts = new Map<string, number>()
  for (const node of everyNode(model.graph)) {
    if (operatorOf(node) !== undefined) continue
    const name = node.domain === '' ? node.op : `${node.domain}.${node.op}`
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  return new Map([...counts].sort(([, a], [, b]) => b - a))
}

/** Throws a GraphError that lists every operator that is not supported. */
export function checkOperators(model: GraphModel): void {
  const counts = unsupportedOperators(model)
  if (counts.size === 0) return
  const list = [...counts].map(([name, count]) => `${name} (${count})`).join(', ')
  throw new GraphError(`${model.graph.name || 'the network'} uses operators that are not supported: ${list}`)
}
