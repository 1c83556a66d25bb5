import { describe, expect, it } from 'vitest'
import { diagram, type TreeNode, treeDiagram } from '../../src/plots/index.ts'
import { palette } from '../../src/plots/theme.ts'
import { readPicture } from './picture.ts'

interface Rectangle {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** Boxes and the grounds of texts on edges, without that of the picture. */
function rectangles(svg: string): Rectangle[] {
  return readPicture(svg)
    .elements('rect')
    .slice(1)
    .map(({ x, y, width, height }) => ({
      x: Number(x),
      y: Number(y),
      width: Number(width),
      height: Number(height),
    }))
}

function overlaps(all: readonly Rectangle[]): [Rectangle, Rectangle][] {
  const [first, ...rest] = all
  if (!first) return []
  const touching = rest.filter(
    (other) =>
      first.x < other.x + other.width - 0.02 &&
      other.x < first.x + first.width - 0.02 &&
      first.y < other.y + other.height - 0.02 &&
      other.y < first.y + first.height - 0.02,
  )
  return [...touching.map((other): [Rectangle, Rectangle] => [first, other]), ...overlaps(rest)]
}

/** A tree with nodes of many sizes, lopsided. */
function grown(depth: number, seed: number): TreeNode {
  const children = depth === 0 ? 0 : (seed * 7) % 4
  return {
    label: 'x'.repeat(1 + (seed % 9)) + (seed % 5 === 0 ? '\nsecond line' : ''),
    ...(seed % 3 === 0 ? { detail: 'gini 0.5\n100 samples' } : {}),
    edge: seed % 2 === 0 ? 'yes' : 'no, it is larger',
    children: Array.from({ length: children + (depth > 2 ? 1 : 0) }, (_, i) =>
      grown(depth - 1, seed * 3 + i + 1),
    ),
  }
}

const countOf = (node: TreeNode): number =>
  1 + (node.children ?? []).reduce((sum, child) => sum + countOf(child), 0)

describe('treeDiagram', () => {
  it('draws boxes, texts on edges and a line to each child', async () => {
    const root: TreeNode = {
      label: 'petal width <= 0.8 & "so"',
      detail: '150 samples',
      children: [
        { label: 'setosa', edge: 'yes', colour: 0 },
        { label: 'others', edge: 'no', colour: '#123456' },
      ],
    }
    const picture = readPicture(await treeDiagram({ title: 'iris', root }))
    expect(picture.texts).toEqual(
      expect.arrayContaining([
        'iris',
        'petal width <= 0.8 & "so"',
        '150 samples',
        'setosa',
        'others',
        'yes',
        'no',
      ]),
    )
    expect(picture.count('path')).toBe(2)
    const strokes = picture.elements('rect').map(({ stroke }) => stroke)
    expect(strokes).toEqual(expect.arrayContaining([palette[0], '#123456']))
  })

  it('lets nothing overlap or leave the picture in a tree of hundreds', async () => {
    const root = grown(7, 5)
    const svg = await treeDiagram({ root })
    const all = rectangles(svg)
    const nodes = countOf(root)
    expect(nodes).toBeGreaterThan(200)
    // Every node but the root has a text on its edge; the root's is not drawn.
    expect(all).toHaveLength(2 * nodes - 1)
    expect(overlaps(all)).toEqual([])
    const { width, height } = readPicture(svg)
    for (const each of all) {
      expect(each.x).toBeGreaterThan(0)
      expect(each.x + each.width).toBeLessThan(width)
      expect(each.y + each.height).toBeLessThan(height)
    }
  })

  it('keeps children in their order, their parent above their middle', async () => {
    const leaf = (label: string): TreeNode => ({ label })
    const [root, a, b, c] = rectangles(
      await treeDiagram({ root: { label: 'r', children: [leaf('aaaaaaaaaaaaaaa'), leaf('b'), leaf('c')] } }),
    ) as [Rectangle, Rectangle, Rectangle, Rectangle]
    const middle = ({ x, width }: Rectangle): number => x + width / 2
    expect(middle(a)).toBeLessThan(middle(b))
    expect(middle(b)).toBeLessThan(middle(c))
    expect(middle(root)).toBeCloseTo((middle(a) + middle(c)) / 2, 1)
    expect(new Set([a.y, b.y, c.y]).size).toBe(1)
  })

  it('refuses unknown colours and endless trees', async () => {
    await expect(treeDiagram({ root: { label: 'a', colour: 'red' } })).rejects.toThrow(
      "node 'a': colour must be '#rrggbb', got 'red'",
    )
    const endless: { label: string; children: TreeNode[] } = { label: 'a', children: [] }
    endless.children.push(endless)
    await expect(treeDiagram({ root: endless })).rejects.toThrow('at most 500 levels')
  })
})

describe('diagram', () => {
  const block = {
    nodes: [{ id: 'x' }, { id: 'conv1', label: '3x3 conv' }, { id: 'conv2' }, { id: 'add', label: '+' }],
    edges: [
      { from: 'x', to: 'conv1' },
      { from: 'conv1', to: 'conv2', label: 'ReLU' },
      { from: 'conv2', to: 'add', label: 'F(x)' },
      { from: 'x', to: 'add', label: 'identity' },
    ],
  }

  it('lets arrows lead down, around what lies between', async () => {
    const svg = await diagram(block)
    const picture = readPicture(svg)
    expect(picture.texts).toEqual(['ReLU', 'F(x)', 'identity', 'x', '3x3 conv', 'conv2', '+'])
    const all = rectangles(svg)
    expect(all).toHaveLength(7)
    expect(overlaps(all)).toEqual([])
    const tops = all.slice(3).map(({ y }) => y)
    expect(tops).toEqual(tops.toSorted((a, b) => a - b))
    expect(new Set(tops).size).toBe(4)
    expect(picture.elements('path').filter((path) => path['marker-end'])).toHaveLength(4)
    expect(await diagram(block)).toBe(svg)
  })

  it('lets them lead to the right, and takes cycles', async () => {
    const edges = [...block.edges, { from: 'add', to: 'x' }]
    const boxes = rectangles(await diagram({ ...block, edges, direction: 'right' })).slice(3)
    expect(new Set(boxes.map(({ x }) => x)).size).toBe(4)
  })

  it('colours groups and names them', async () => {
    const nodes = [
      { id: 'a', group: 'plain' },
      { id: 'b', group: 'residual' },
    ]
    const picture = readPicture(await diagram({ nodes, edges: [{ from: 'a', to: 'b' }] }))
    expect(picture.texts).toEqual(['plain', 'residual', 'a', 'b'])
    expect(picture.elements('rect').map(({ stroke }) => stroke)).toEqual([
      undefined,
      palette[0],
      palette[1],
      palette[0],
      palette[1],
    ])
  })

  it('keeps given places and joins the boxes at their borders', async () => {
    const nodes = [
      { id: 'a', x: 0, y: 0 },
      { id: 'b', x: 300, y: 0 },
    ]
    const svg = await diagram({ nodes, edges: [{ from: 'a', to: 'b' }] })
    const [a, b] = rectangles(svg) as [Rectangle, Rectangle]
    expect(b.x - a.x).toBe(300)
    const line = readPicture(svg)
      .elements('path')
      .find((path) => path['marker-end'])!
    const [from, , to] = line.d!.match(/[\d.]+/g)!.map(Number) as [number, number, number]
    expect(from).toBeCloseTo(a.x + a.width, 1)
    expect(to).toBeCloseTo(b.x, 1)
  })

  it('says what does not fit', async () => {
    await expect(diagram({ nodes: [], edges: [] })).rejects.toThrow('nodes is empty')
    await expect(diagram({ nodes: [{ id: 'a' }, { id: 'a' }], edges: [] })).rejects.toThrow("have the id 'a'")
    await expect(diagram({ nodes: [{ id: 'a' }], edges: [{ from: 'a', to: 'z' }] })).rejects.toThrow(
      "edges[0] names 'z'",
    )
    await expect(diagram({ nodes: [{ id: 'a', x: 1, y: 1 }, { id: 'b' }], edges: [] })).rejects.toThrow(
      "'b' has no x and y",
    )
  })
})
