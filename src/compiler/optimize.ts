import type { Graph } from './graph.ts'
import { useNhwc } from './passes/layout.ts'
import { legalize } from './passes/legalize.ts'

/** Every pass from graph to graph, in order. */
export function optimize(graph: Graph): Graph {
  return useNhwc(legalize(graph))
}
