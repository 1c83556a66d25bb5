import { type Box, boxColour, drawBox, drawEdgeLabel, edgeLabelSize, makeBox } from './boxes.ts'
import { coordinate, svgDocument, svgText } from './svg.ts'
import { textWidth } from './text.ts'
import { colours, titleSize } from './theme.ts'
import { layoutTree } from './tree-layout.ts'

/** A node of a tree and what hangs below it. */
export interface TreeNode {
  /** What the box says; \n begins a line. */
  readonly label: string
  /** Smaller lines below the label. */
  readonly detail?: string
  /** What stands on the line from the parent, such as the outcome of its test. */
  readonly edge?: string
  readonly children?: readonly TreeNode[]
  /** A number of the palette, such as the class of a leaf, or '#rrggbb'. */
  readonly colour?: number | string
}

export interface TreeDiagramOptions {
  readonly title?: string
  readonly root: TreeNode
}

interface SizedNode {
  readonly source: TreeNode
  readonly box: Box
  readonly colour: string | undefined
  readonly width: number
  readonly height: number
  readonly children: readonly SizedNode[]
}

const mostNodes = 5000
const mostLevels = 500
const margin = 16
const plainGap = 32

/** Boxes of all nodes; a box leaves room for the text on the line above it. */
function sized(root: TreeNode): SizedNode {
  let count = 0
  const visit = (source: TreeNode, level: number): SizedNode => {
    const place = `treeDiagram: node '${source.label}'`
    if (++count > mostNodes) {
      throw new RangeError(
        `treeDiagram: more than ${mostNodes} nodes cannot be read: draw the upper levels only`,
      )
    }
    if (level > mostLevels) {
      throw new RangeError(`${place} is at level ${level}: at most ${mostLevels} levels are drawn`)
    }
    const box = makeBox(source.label, source.detail)
    return {
      source,
      box,
      colour: source.colour === undefined ? undefined : boxColour(place, source.colour),
      width: Math.max(box.width, source.edge === undefined ? 0 : edgeLabelSize(source.edge).width),
      height: box.height,
      children: (source.children ?? []).map((child) => visit(child, level + 1)),
    }
  }
  return visit(root, 0)
}

function tallestEdgeLabel(node: SizedNode): number {
  const own = node.source.edge === undefined ? 0 : edgeLabelSize(node.source.edge).height
  return node.children.reduce((most, child) => Math.max(most, tallestEdgeLabel(child)), own)
}

/**
 * A tree from top to bottom: decision trees, trees of modules. The picture is as large as the tree needs.
 *
 * @returns An SVG document.
 * @throws RangeError With more than 5,000 nodes or 500 levels, or an unknown colour.
 */
export async function treeDiagram({ title, root }: TreeDiagramOptions): Promise<string> {
  const tree = sized(root)
  const labelHeight = tallestEdgeLabel(tree)
  const { placed, width, height } = layoutTree(tree, { beside: 14, below: plainGap + labelHeight })
  const top = margin + (title === undefined ? 0 : titleSize + 12)
  const titleWidth = title === undefined ? 0 : textWidth(title, titleSize, 'bold')
  const total = Math.max(width, titleWidth) + 2 * margin
  const indent = (total - width) / 2
  const lines: string[] = []
  const labels: string[] = []
  for (const { node, x, y, parent } of placed) {
    if (!parent) continue
    const from = top + parent.y + parent.node.height / 2
    const to = top + y - node.height / 2
    // Every parent's lines part at the same height, above the labels.
    const turn = to - labelHeight - plainGap / 2
    const [parentX, childX] = [coordinate(indent + parent.x), coordinate(indent + x)]
    lines.push(
      `<path d="M${parentX} ${coordinate(from)}V${coordinate(turn)}H${childX}V${coordinate(to)}" fill="none" stroke="${colours.axis}"/>`,
    )
    if (node.source.edge !== undefined) {
      labels.push(...drawEdgeLabel(node.source.edge, indent + x, to - labelHeight / 2 - plainGap / 4))
    }
  }
  const boxes = placed.flatMap(({ node, x, y }) => drawBox(node.box, indent + x, top + y, node.colour))
  const heading =
    title === undefined
      ? []
      : [svgText(title, total / 2, margin + 4, { size: titleSize, bold: true, colour: colours.title })]
  return svgDocument(total, top + height + margin, [...heading, ...lines, ...labels, ...boxes])
}
