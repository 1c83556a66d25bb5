/** A node with its size, laid out under its parent. */
export interface LayoutNode {
  readonly width: number
  readonly height: number
  readonly children: readonly LayoutNode[]
}

export interface Placed<Node> {
  readonly node: Node
  readonly x: number
  readonly y: number
  readonly parent: Placed<Node> | undefined
}

interface Subtree<Node> {
  readonly node: Node
  /** Of each child's middle from this node's middle. */
  readonly offsets: readonly number[]
  readonly children: readonly Subtree<Node>[]
  /** How far the subtree reaches from this node's middle, level by level. */
  readonly left: readonly number[]
  readonly right: readonly number[]
}

/** Subtrees as near to one another as their widest levels allow, each parent over the middle of its children. */
function arrange<Node extends LayoutNode>(node: Node, gap: number): Subtree<Node> {
  const children = (node.children as readonly Node[]).map((child) => arrange(child, gap))
  const starts: number[] = []
  const reach: number[] = []
  for (const child of children) {
    let start = 0
    if (starts.length > 0) {
      start = Number.NEGATIVE_INFINITY
      child.left.forEach((left, level) => {
        if (level < reach.length) start = Math.max(start, reach[level]! + gap - left)
      })
    }
    starts.push(start)
    child.right.forEach((right, level) => {
      reach[level] = Math.max(reach[level] ?? Number.NEGATIVE_INFINITY, start + right)
    })
  }
  const middle = ((starts[0] ?? 0) + (starts.at(-1) ?? 0)) / 2
  const offsets = starts.map((start) => start - middle)
  const left: number[] = [-node.width / 2]
  const right: number[] = [node.width / 2]
  children.forEach((child, i) => {
    for (let level = 0; level < child.left.length; level++) {
      left[level + 1] = Math.min(
        left[level + 1] ?? Number.POSITIVE_INFINITY,
        offsets[i]! + child.left[level]!,
      )
      right[level + 1] = Math.max(
        right[level + 1] ?? Number.NEGATIVE_INFINITY,
        offsets[i]! + child.right[level]!,
      )
    }
  })
  return { node, offsets, children, left, right }
}

/**
 * A tidy tree from top to bottom (Reingold and Tilford 1981): the middle of each node, parents before children, all at 0 and
 * above; nothing overlaps.
 */
export function layoutTree<Node extends LayoutNode>(
  root: Node,
  gaps: { readonly beside: number; readonly below: number },
): { placed: Placed<Node>[]; width: number; height: number } {
  const tree = arrange(root, gaps.beside)
  const heights: number[] = []
  const measure = (subtree: Subtree<Node>, level: number): void => {
    heights[level] = Math.max(heights[level] ?? 0, subtree.node.height)
    for (const child of subtree.children) measure(child, level + 1)
  }
  measure(tree, 0)
  const tops = heights.map((_, level) =>
    heights.slice(0, level).reduce((sum, height) => sum + height + gaps.below, 0),
  )
  const from = tree.left.reduce((least, each) => Math.min(least, each), 0)
  const to = tree.right.reduce((most, each) => Math.max(most, each), 0)
  const placed: Placed<Node>[] = []
  const place = (
    subtree: Subtree<Node>,
    x: number,
    level: number,
    parent: Placed<Node> | undefined,
  ): void => {
    const own = { node: subtree.node, x, y: tops[level]! + subtree.node.height / 2, parent }
    placed.push(own)
    subtree.children.forEach((child, i) => {
      place(child, x + subtree.offsets[i]!, level + 1, own)
    })
  }
  place(tree, -from, 0, undefined)
  return { placed, width: to - from, height: tops.at(-1)! + heights.at(-1)! }
}
