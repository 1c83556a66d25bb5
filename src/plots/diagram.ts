import { type Box, drawBox, drawEdgeLabel, edgeLabelSize, makeBox } from './boxes.ts'
import { checkFinite, checkNotEmpty, type Point } from './check.ts'
import type { LayeredGraph } from './layered.ts'
import { coordinate, svgDocument, svgText } from './svg.ts'
import { textWidth } from './text.ts'
import { colours, fontSize, seriesColour, titleSize } from './theme.ts'

export interface DiagramNode {
  readonly id: string
  /** What the box says (default: the id); \n begins a line. */
  readonly label?: string
  /** Smaller lines below the label. */
  readonly detail?: string
  /** The box's middle in pixels: for all nodes or for none, which are then laid out in layers. */
  readonly x?: number
  readonly y?: number
  /** Nodes of a group share a colour, which the legend names where there are several groups. */
  readonly group?: string
}

export interface DiagramEdge {
  /** Ids of nodes. */
  readonly from: string
  readonly to: string
  readonly label?: string
  readonly dashed?: boolean
}

export interface DiagramOptions {
  readonly title?: string
  readonly nodes: readonly DiagramNode[]
  readonly edges: readonly DiagramEdge[]
  /** Where edges lead in a layered diagram, default down. */
  readonly direction?: 'down' | 'right'
}

const mostNodes = 2000
const margin = 16

function checkDiagram({ nodes, edges }: DiagramOptions): boolean {
  checkNotEmpty('diagram: nodes', nodes.length, 'node')
  if (nodes.length > mostNodes) {
    throw new RangeError(`diagram: ${nodes.length} nodes are too many: draw at most ${mostNodes}`)
  }
  const ids = new Set<string>()
  for (const { id } of nodes) {
    if (ids.has(id)) throw new RangeError(`diagram: two nodes have the id '${id}': give each its own`)
    ids.add(id)
  }
  edges.forEach(({ from, to }, i) => {
    for (const id of [from, to]) {
      if (!ids.has(id)) throw new RangeError(`diagram: edges[${i}] names '${id}', but no node has this id`)
    }
  })
  const placed = nodes.filter(({ x, y }) => x !== undefined && y !== undefined)
  for (const { id, x, y } of placed) {
    checkFinite(`diagram: x of '${id}'`, x!)
    checkFinite(`diagram: y of '${id}'`, y!)
  }
  if (placed.length > 0 && placed.length < nodes.length) {
    const without = nodes.find((node) => !placed.includes(node))!
    throw new RangeError(
      `diagram: '${without.id}' has no x and y, but others have: give them for all nodes or for none`,
    )
  }
  return placed.length > 0
}

/** Where the line from the middle of a box to another point leaves the box. */
function leaving(box: Box, [x, y]: Point, [toX, toY]: Point): Point {
  const [dx, dy] = [toX - x, toY - y]
  const share = Math.min(
    dx === 0 ? Number.POSITIVE_INFINITY : box.width / 2 / Math.abs(dx),
    dy === 0 ? Number.POSITIVE_INFINITY : box.height / 2 / Math.abs(dy),
    1,
  )
  return [x + dx * share, y + dy * share]
}

/** Straight edges between boxes with given places. */
function layoutGiven({ nodes, edges }: DiagramOptions, boxes: readonly Box[]): LayeredGraph {
  const left = Math.min(...nodes.map(({ x }, i) => x! - boxes[i]!.width / 2))
  const top = Math.min(...nodes.map(({ y }, i) => y! - boxes[i]!.height / 2))
  const middles = nodes.map(({ x, y }): Point => [x! - left, y! - top])
  const index = new Map(nodes.map(({ id }, i) => [id, i]))
  return {
    nodes: middles,
    edges: edges.map(({ from, to, label }) => {
      const [start, end] = [index.get(from)!, index.get(to)!]
      const points = [
        leaving(boxes[start]!, middles[start]!, middles[end]!),
        leaving(boxes[end]!, middles[end]!, middles[start]!),
      ] as const
      const between: Point = [(points[0][0] + points[1][0]) / 2, (points[0][1] + points[1][1]) / 2]
      return { points, label: label === undefined ? undefined : between }
    }),
    width: Math.max(...middles.map(([x], i) => x + boxes[i]!.width / 2)),
    height: Math.max(...middles.map(([, y], i) => y + boxes[i]!.height / 2)),
  }
}

/** A smooth line that begins and ends at the first and last point: a uniform cubic B-spline. */
function smoothPath(points: readonly Point[], shift: Point): string {
  const all = points.map(([x, y]): Point => [x + shift[0], y + shift[1]])
  const text = ([x, y]: Point): string => `${coordinate(x)} ${coordinate(y)}`
  const mix = (parts: readonly (readonly [Point, number])[], of: number): Point => [
    parts.reduce((sum, [point, weight]) => sum + point[0] * weight, 0) / of,
    parts.reduce((sum, [point, weight]) => sum + point[1] * weight, 0) / of,
  ]
  if (all.length < 3) return `M${all.map(text).join('L')}`
  const [first, last] = [all[0]!, all.at(-1)!]
  const ended = [...all, last]
  let path = `M${text(first)}L${text(
    mix(
      [
        [first, 5],
        [all[1]!, 1],
      ],
      6,
    ),
  )}`
  for (let i = 2; i < ended.length; i++) {
    const [a, b, c] = [ended[i - 2]!, ended[i - 1]!, ended[i]!]
    const controls = [
      mix(
        [
          [a, 2],
          [b, 1],
        ],
        3,
      ),
      mix(
        [
          [a, 1],
          [b, 2],
        ],
        3,
      ),
      mix(
        [
          [a, 1],
          [b, 4],
          [c, 1],
        ],
        6,
      ),
    ]
    path += `C${controls.map(text).join(' ')}`
  }
  return `${path}L${text(last)}`
}

/** The groups' colours and names, from left to right in rows. */
function legendOf(
  groups: readonly string[],
  width: number,
): { content: (left: number, top: number) => string[]; height: number } {
  const entries: { name: string; x: number; row: number }[] = []
  let [x, row] = [0, 0]
  for (const name of groups) {
    const needed = 20 + textWidth(name, fontSize) + 16
    if (x > 0 && x + needed > width) [x, row] = [0, row + 1]
    entries.push({ name, x, row })
    x += needed
  }
  return {
    height: (row + 1) * 20 + 8,
    content: (left, top) =>
      entries.flatMap((entry, i) => {
        const y = top + entry.row * 20 + 8
        const colour = seriesColour(i)
        return [
          `<rect x="${coordinate(left + entry.x)}" y="${coordinate(y - 6)}" width="14" height="12" rx="3" fill="${colour}" fill-opacity="0.22" stroke="${colour}"/>`,
          svgText(entry.name, left + entry.x + 20, y, { anchor: 'start' }),
        ]
      }),
  }
}

/**
 * Boxes and arrows: family trees of networks, the blocks of a network. Without places, nodes are laid out in layers such that
 * arrows lead down (or to the right), also around long ways and where there are cycles. The picture is as large as it needs.
 *
 * @returns An SVG document.
 * @throws RangeError Without nodes, where two have one id, an edge names none, or only some have places.
 */
export async function diagram(options: DiagramOptions): Promise<string> {
  const { title, nodes, edges, direction = 'down' } = options
  const given = checkDiagram(options)
  const boxes = nodes.map(({ id, label, detail }) => makeBox(label ?? id, detail))
  const placed = given
    ? layoutGiven(options, boxes)
    : (await import('./layered.ts')).layoutLayered(
        nodes.map(({ id }, i) => ({ id, width: boxes[i]!.width, height: boxes[i]!.height })),
        edges.map(({ from, to, label }) => ({
          from,
          to,
          label: label === undefined ? undefined : edgeLabelSize(label),
        })),
        direction,
      )
  const groups = [...new Set(nodes.flatMap(({ group }) => group ?? []))]
  const titleWidth = title === undefined ? 0 : textWidth(title, titleSize, 'bold')
  const width = Math.max(placed.width, titleWidth, groups.length > 1 ? 240 : 0) + 2 * margin
  const legend = groups.length > 1 ? legendOf(groups, width - 2 * margin) : undefined
  const under = margin + (title === undefined ? 0 : titleSize + 12)
  const shift: Point = [(width - placed.width) / 2, under + (legend?.height ?? 0)]
  const content = [
    `<defs><marker id="ocelli-arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto-start-reverse"><path d="M0 0L8 4L0 8Z" fill="${colours.axis}"/></marker></defs>`,
  ]
  if (title !== undefined) {
    content.push(
      svgText(title, width / 2, margin + 4, { size: titleSize, bold: true, colour: colours.title }),
    )
  }
  content.push(...(legend?.content(margin, under) ?? []))
  placed.edges.forEach(({ points }, i) => {
    const dashes = edges[i]!.dashed ? ' stroke-dasharray="5 4"' : ''
    content.push(
      `<path d="${smoothPath(points, shift)}" fill="none" stroke="${colours.axis}"${dashes} marker-end="url(#ocelli-arrow)"/>`,
    )
  })
  placed.edges.forEach(({ label }, i) => {
    if (label) content.push(...drawEdgeLabel(edges[i]!.label!, label[0] + shift[0], label[1] + shift[1]))
  })
  placed.nodes.forEach(([x, y], i) => {
    const { group } = nodes[i]!
    const colour = group === undefined ? undefined : seriesColour(groups.indexOf(group))
    content.push(...drawBox(boxes[i]!, x + shift[0], y + shift[1], colour))
  })
  return svgDocument(width, shift[1] + placed.height + margin, content)
}
