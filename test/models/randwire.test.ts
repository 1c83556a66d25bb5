import { describe, expect, it } from 'vitest'
import { createModel, summary } from '../../src/models/index.ts'
import { type GraphOptions, randomGraph } from '../../src/models/randwire.ts'
import { Generator } from '../../src/tensor/index.ts'

function degreesOf(nodes: number, options: GraphOptions, seed: number): number[] {
  const { num_nodes: count, edges } = randomGraph(nodes, options, new Generator(seed))
  expect(count).toBe(nodes)
  const degrees = new Array<number>(nodes).fill(0)
  const joined = Array.from({ length: nodes }, () => new Set<number>())
  for (const [from, to] of edges) {
    expect(from).toBeLessThan(to)
    expect(joined[from]!.has(to)).toBe(false)
    joined[from]!.add(to)
    joined[to]!.add(from)
    degrees[from]!++
    degrees[to]!++
  }
  const reached = new Set([0])
  for (const node of reached) for (const next of joined[node]!) reached.add(next)
  expect(reached.size).toBe(nodes)
  return degrees
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length

describe('random graphs', () => {
  const seeds = Array.from({ length: 40 }, (_, i) => i)

  it('of Watts and Strogatz keep the edges of a ring, which they rewire', () => {
    for (const seed of seeds) expect(mean(degreesOf(32, { model: 'ws', k: 4 }, seed))).toBe(4)
    const ring = randomGraph(6, { model: 'ws', k: 2, p: 0 }, new Generator(1))
    expect(ring.edges).toEqual([
      [0, 1],
      [0, 5],
      [1, 2],
      [2, 3],
      [3, 4],
      [4, 5],
    ])
    const kept = seeds.map((seed) => {
      const { edges } = randomGraph(32, { model: 'ws', k: 4, p: 0.75 }, new Generator(seed))
      return edges.filter(([a, b]) => [1, 2, 30, 31].includes(b - a)).length / edges.length
    })
    // A quarter stays, and a few of the others come back by chance.
    expect(mean(kept)).toBeGreaterThan(0.25)
    expect(mean(kept)).toBeLessThan(0.4)
  })

  it('of Erdős and Rényi have each edge with probability p', () => {
    const degrees = seeds.map((seed) => mean(degreesOf(32, { model: 'er', p: 0.2 }, seed)))
    expect(Math.abs(mean(degrees) - 31 * 0.2)).toBeLessThan(0.3)
  })

  it('of Barabási and Albert have m edges for each new node, and hubs', () => {
    const largest = seeds.map((seed) => {
      const degrees = degreesOf(32, { model: 'ba', m: 5 }, seed)
      expect(degrees.reduce((a, b) => a + b)).toBe(2 * 5 * (32 - 5))
      return Math.max(...degrees)
    })
    expect(mean(largest)).toBeGreaterThan(15)
  })

  it('depend on the seed alone', () => {
    const graph = (seed: number) => randomGraph(16, {}, new Generator(seed))
    expect(graph(3)).toEqual(graph(3))
    expect(graph(3)).not.toEqual(graph(4))
  })

  it('say what they cannot be', () => {
    const attempt = (options: GraphOptions) => () => randomGraph(8, options, new Generator(0))
    expect(attempt({ model: 'er', p: 0 })).toThrow('no connected graph of 8 nodes')
    expect(attempt({ model: 'ba', m: 8 })).toThrow('m must be below 8 nodes')
    expect(attempt({ k: 3 })).toThrow('k must be even')
  })
})

describe('RandWire', () => {
  const parameters = async (name: string, options: Readonly<Record<string, unknown>>): Promise<number> =>
    (await createModel(name, options)).parameters().reduce((sum, { size }) => sum + size, 0)

  it('has the size of the paper on average', async () => {
    for (const [name, expected] of [
      ['randwire_ws_small', 5.6e6],
      ['randwire_ws_regular_c109', 31.9e6],
      ['randwire_ws_regular_c154', 61.5e6],
    ] as const) {
      const counts: number[] = []
      for (let seed = 0; seed < 12; seed++) counts.push(await parameters(name, { seed }))
      expect(Math.abs(mean(counts) / expected - 1), name).toBeLessThan(0.03)
    }
  })

  it('with unrewired rings has the counts of the graphs in seungwonpark/RandWireNN', async () => {
    const network = await createModel('randwire_ws_small', { p: 0 })
    const { trainableParameters, macs } = summary(network.eval(), [1, 3, 224, 224])
    expect({ trainableParameters, macs }).toEqual({ trainableParameters: 5_930_865, macs: 603_665_420 })
  })

  it.each([
    [{ model: 'er', p: 0.2 }],
    [{ model: 'ba', m: 5 }],
    [{ model: 'ws', k: 4, p: 0.75, seed: 9, nodes: 12, channel: 16, classes: 5 }],
  ])('is wired by %j', async (options) => {
    const network = await createModel('randwire_ws_small', { channel: 8, ...options })
    const { macs } = summary(network.eval(), [1, 3, 64, 64])
    expect(macs).toBeGreaterThan(0)
    expect(network.numClasses).toBe('classes' in options ? 5 : 1000)
  })

  it('says what is wrong with a graph', async () => {
    const graph = {
      num_nodes: 3,
      edges: [
        [0, 2],
        [2, 1],
      ],
    }
    await expect(createModel('randwire_ws_small', { graph: [graph, graph, graph] })).rejects.toThrow(
      'edge [2, 1] does not go up',
    )
    await expect(createModel('randwire_ws_small', { graph: [graph] })).rejects.toThrow('needs 3 graphs')
  })
})
