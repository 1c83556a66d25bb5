import { Graph, layout } from '@dagrejs/dagre'
import type { Point } from './check.ts'

export interface LayeredNode {
  readonly id: string
  readonly width: number
  readonly height: number
}

export interface LayeredEdge {
  readonly from: string
  readonly to: string
  /** Room for a text on it. */
  readonly label?: { readonly width: number; readonly height: number } | undefined
}

export interface LayeredGraph {
  /** The middles of the nodes, in their order. */
  readonly nodes: readonly Point[]
  readonly edges: readonly { readonly points: readonly Point[]; readonly label: Point | undefined }[]
  readonly width: number
  readonly height: number
}

/** Layers with short edges, few crossings, straight long edges (Gansner and others 1993, Brandes and Köpf 2001), by dagre. */
export function layoutLayered(
  nodes: readonly LayeredNode[],
  edges: readonly LayeredEdge[],
  direction: 'down' | 'right',
): LayeredGraph {
  const graph = new Graph({ multigraph: true })
  const labelled = edges.some(({ label }) => label !== undefined)
  graph.setGraph({
    rankdir: direction === 'down' ? 'TB' : 'LR',
    ranker: 'network-simplex',
    nodesep: 24,
    edgesep: 16,
    ranksep: labelled ? 24 : 36,
  })
  for (const { id, width, height } of nodes) graph.setNode(id, { width, height })
  edges.forEach(({ from, to, label }, i) => {
    graph.setEdge(from, to, { width: 0, height: 0, labelpos: 'c', ...label }, String(i))
  })
  layout(graph)
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number }
  return {
    nodes: nodes.map(({ id }) => {
      const { x, y } = graph.node(id) as { x: number; y: number }
      return [x, y]
    }),
    edges: edges.map(({ from, to, label }, i) => {
      const placed = graph.edge(from, to, String(i)) as {
        points: readonly { x: number; y: number }[]
        x?: number
        y?: number
      }
      return {
        points: placed.points.map(({ x, y }) => [x, y] as const),
        label: label && placed.x !== undefined ? [placed.x, placed.y!] : undefined,
      }
    }),
    width,
    height,
  }
}
