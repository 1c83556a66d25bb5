import type { Graph } from './graph.ts'
import { foldAffine } from './passes/fold-affine.ts'
import { useNhwc } from './passes/layout.ts'
import { legalize } from './passes/legalize.ts'
import { simplify } from './passes/simplify.ts'

/** Every pass from graph to graph, in order. */
export function optimize(graph: Graph): Graph {
  return simplify(useNhwc(foldAffine(simplify(legalize(graph)))))
}
