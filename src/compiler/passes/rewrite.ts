import { withGradMode } from '../../graph/grad-mode.ts'
import { Node } from '../../graph/node.ts'
import type { Graph } from '../graph.ts'

/** The nodes the outputs need, in recorded order: inputs before users. */
export function liveNodes(graph: Graph): Node[] {
  const live = new Set(graph.outputs)
  for (const node of live) for (const input of node.inputs) live.add(input)
  return [...live].sort((a, b) => a.id - b.id)
}

/**
 * Rebuilds a graph in recorded order. `rule` is given each live node with its rebuilt inputs and returns the node that
 * stands for it from then on. Every node is made anew, so that ids keep following the recorded order.
 */
export function rewriteGraph(graph: Graph, rule: (node: Node, inputs: readonly Node[]) => Node): Graph {
  return withGradMode(false, () => {
    const replaced = new Map<Node, Node>()
    for (const input of graph.inputs) replaced.set(input, input)
    for (const node of liveNodes(graph)) {
      if (replaced.has(node)) continue
      replaced.set(
        node,
        rule(
          node,
          node.inputs.map((input) => replaced.get(input)!),
        ),
      )
    }
    const outputs = graph.outputs.map((node) => replaced.get(node)!)
    return { inputs: graph.inputs, outputs, donations: graph.donations }
  })
}

/** The same operation on other inputs of the same types. */
export function copyNode(node: Node, inputs: readonly Node[]): Node {
  return new Node(node.op, inputs, node.attrs, node.shape, node.dtype, false)
}

/** How often each live node is read; being an output counts as a read. */
export function useCounts(graph: Graph): Map<Node, number> {
  const counts = new Map<Node, number>()
  const count = (node: Node): void => {
    counts.set(node, (counts.get(node) ?? 0) + 1)
  }
  for (const node of liveNodes(graph)) for (const input of node.inputs) count(input)
  for (const output of graph.outputs) count(output)
  return counts
}
