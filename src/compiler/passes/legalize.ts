import type { DType } from '../../graph/dtype.ts'
import { make } from '../../graph/make.ts'
import { isOp, type Node, type Op } from '../../graph/node.ts'
import type { Graph } from '../graph.ts'
import { copyNode, rewriteGraph } from './rewrite.ts'

/** Thrown where a graph computes in float64, which native code does not. */
export class Float64Error extends Error {
  override readonly name = 'Float64Error'

  constructor(op: string) {
    super(
      `${op}: float64 is computed by the reference backend only: setBackend('reference') or cast to float32`,
    )
  }
}

const alongAxis: ReadonlySet<Op> = new Set<Op>(['argMax', 'cumSum', 'cumArgMax', 'argSort'])

/** Puts a graph in the dtypes that instructions know: no float64, and 32-bit values where an axis is walked. */
export function legalize(graph: Graph): Graph {
  const narrow = (dtype: DType): boolean => dtype === 'uint8' || dtype === 'bool'
  const wide = (node: Node): Node => (narrow(node.dtype) ? make('cast', [node], { dtype: 'int32' }) : node)
  for (const input of graph.inputs) if (input.dtype === 'float64') throw new Float64Error('input')
  return rewriteGraph(graph, (node, inputs) => {
    if (node.dtype === 'float64') throw new Float64Error(node.op)
    if (alongAxis.has(node.op)) return copyNode(node, inputs.map(wide))
    if (isOp(node, 'iota') && narrow(node.dtype)) {
      const positions = make('iota', [], { ...node.attrs, dtype: 'int32' })
      return make('cast', [positions], { dtype: node.dtype })
    }
    if (isOp(node, 'scatterAdd') && narrow(node.dtype)) {
      const [base, index, source] = inputs as [Node, Node, Node]
      return make('cast', [make('scatterAdd', [wide(base), index, wide(source)], node.attrs)], {
        dtype: node.dtype,
      })
    }
    return copyNode(node, inputs)
  })
}
