import { Generator } from '../tensor/index.ts'

/** A graph of nodes 0 to num_nodes - 1 whose edges go from the lower to the higher one; as the reference's files name it. */
export interface WiredGraph {
  readonly num_nodes: number
  readonly edges: readonly (readonly [from: number, to: number])[]
}

/** A random graph: Erdős-Rényi with P, Barabási-Albert with M, or Watts-Strogatz with K and P. */
export interface GraphOptions {
  readonly model?: 'er' | 'ba' | 'ws'
  /** Of each pair to be joined ('er', 0.2 unless given), or of each edge to be moved ('ws', 0.75 unless given). */
  readonly p?: number
  /** The edges that each new node brings ('ba'); 5 unless given. */
  readonly m?: number
  /** The neighbours of each node in the ring that is rewired ('ws'), an even number; 4 unless given. */
  readonly k?: number
}

const attempts = 1000

/** A connected random graph; the same for the same generator state. Throws where none is found. */
export function randomGraph(nodes: number, options: GraphOptions, generator: Generator): WiredGraph {
  const { model = 'ws', p = model === 'er' ? 0.2 : 0.75, m = 5, k = 4 } = options
  if (nodes < 2) throw new RangeError(`randomGraph: needs two nodes at least, got ${nodes}`)
  if (model === 'ba' && m >= nodes)
    throw new RangeError(`randomGraph: m must be below ${nodes} nodes, got ${m}`)
  if (model === 'ws' && (k % 2 !== 0 || k >= nodes)) {
    throw new RangeError(`randomGraph: k must be even and below ${nodes} nodes, got ${k}`)
  }
  for (let attempt = 0; attempt < attempts; attempt++) {
    const joined =
      model === 'er'
        ? erdosRenyi(nodes, p, generator)
        : model === 'ba'
          ? barabasiAlbert(nodes, m, generator)
          : wattsStrogatz(nodes, k, p, generator)
    if (connected(joined)) return { num_nodes: nodes, edges: edgesOf(joined) }
  }
  throw new Error(
    `randomGraph: no connected graph of ${nodes} nodes in ${attempts} attempts; is p too small?`,
  )
}

/** For each node those that it is joined to. */
type Neighbours = readonly Set<number>[]

function unjoined(nodes: number): Set<number>[] {
  return Array.from({ length: nodes }, () => new Set<number>())
}

function join(neighbours: Neighbours, a: number, b: number): void {
  neighbours[a]!.add(b)
  neighbours[b]!.add(a)
}

function erdosRenyi(nodes: number, p: number, generator: Generator): Neighbours {
  const neighbours = unjoined(nodes)
  for (let a = 0; a < nodes; a++) {
    for (let b = a + 1; b < nodes; b++) if (generator.uniform() < p) join(neighbours, a, b)
  }
  return neighbours
}

/** Each new node is joined to m others, the more probably the more neighbours those have; the first one to the initial m. */
function barabasiAlbert(nodes: number, m: number, generator: Generator): Neighbours {
  const neighbours = unjoined(nodes)
  const ends: number[] = []
  for (let node = m; node < nodes; node++) {
    const targets = new Set<number>()
    if (node === m) for (let i = 0; i < m; i++) targets.add(i)
    while (targets.size < m) targets.add(ends[generator.integer(ends.length)]!)
    for (const target of targets) {
      join(neighbours, node, target)
      ends.push(node, target)
    }
  }
  return neighbours
}

/** A ring of nodes with k neighbours, of whose edges each is moved with probability p, one distance after the other. */
function wattsStrogatz(nodes: number, k: number, p: number, generator: Generator): Neighbours {
  const neighbours = unjoined(nodes)
  for (let distance = 1; distance <= k / 2; distance++) {
    for (let node = 0; node < nodes; node++) join(neighbours, node, (node + distance) % nodes)
  }
  for (let distance = 1; distance <= k / 2; distance++) {
    for (let node = 0; node < nodes; node++) {
      if (generator.uniform() >= p) continue
      const own = neighbours[node]!
      const free = Array.from({ length: nodes }, (_, i) => i).filter((i) => i !== node && !own.has(i))
      if (free.length === 0) continue
      const before = (node + distance) % nodes
      own.delete(before)
      neighbours[before]!.delete(node)
      join(neighbours, node, free[generator.integer(free.length)]!)
    }
  }
  return neighbours
}

function connected(neighbours: Neighbours): boolean {
  const seen = new Set([0])
  for (const node of seen) for (const next of neighbours[node]!) seen.add(next)
  return seen.size === neighbours.length
}

function edgesOf(neighbours: Neighbours): [number, number][] {
  return neighbours.flatMap((joined, from) =>
    [...joined]
      .filter((to) => to > from)
      .sort((a, b) => a - b)
      .map((to): [number, number] => [from, to]),
  )
}

/** Graphs for the stages of a network, one after the other from a seed. */
export function graphsFrom(seed: number, nodes: readonly number[], options: GraphOptions): WiredGraph[] {
  const generator = new Generator(seed)
  return nodes.map((count) => randomGraph(count, options, generator))
}
