import type { FeatureInfo } from '../estimator.ts'
import type { Label } from '../input.ts'
import { shortNumber, type TreeDiagramNode } from './diagram.ts'
import { isLeaf, type MultiwayNode, negligibleWeight, nodesOf, totalOf } from './multiway-tree.ts'

/** A tree in the form of Weka's: a leaf tells its class, the weight of its samples, and of those of other classes. */
export function multiwayText(
  root: MultiwayNode,
  features: readonly FeatureInfo[],
  classes: readonly Label[],
): string {
  const leaf = (node: MultiwayNode, parent: MultiwayNode): string =>
    `: ${classes[classOf(node, parent)]} (${weights(node)})`
  const lines = isLeaf(root) ? [leaf(root, root)] : []
  const stack: { readonly node: MultiwayNode; readonly branch: number; readonly depth: number }[] = []
  const open = (node: MultiwayNode, depth: number): void => {
    for (let branch = node.children.length - 1; branch >= 0; branch--) stack.push({ node, branch, depth })
  }
  open(root, 0)
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const { node, branch, depth } = next
    const child = node.children[branch]!
    const { name } = features[node.feature]!
    const line = `${'|   '.repeat(depth)}${name} ${outcome(node, branch, features)}`
    lines.push(isLeaf(child) ? line + leaf(child, node) : line)
    open(child, depth + 1)
  }
  const nodes = nodesOf(root)
  const leaves = nodes.filter(isLeaf).length
  return [...lines, '', `Number of leaves: ${leaves}`, `Size of the tree: ${nodes.length}`].join('\n')
}

/** A tree as nested nodes. */
export function multiwayDiagram(
  root: MultiwayNode,
  features: readonly FeatureInfo[],
  classes: readonly Label[],
): TreeDiagramNode {
  const build = (node: MultiwayNode, parent: MultiwayNode, edge?: string): TreeDiagramNode => {
    const place = edge === undefined ? {} : { edge }
    if (isLeaf(node)) {
      const colour = classOf(node, parent)
      return { label: String(classes[colour]), detail: weights(node), ...place, colour }
    }
    return {
      label: features[node.feature]!.name,
      detail: weights(node),
      ...place,
      children: node.children.map((child, i) => build(child, node, outcome(node, i, features))),
    }
  }
  return build(root, root)
}

function outcome(node: MultiwayNode, branch: number, features: readonly FeatureInfo[]): string {
  const { categories } = features[node.feature]!
  if (categories !== undefined) return `= ${categories[branch]}`
  return `${branch === 0 ? '<=' : '>'} ${shortNumber(node.threshold, 15)}`
}

/** The class that a node predicts; where no sample reached it, its parent's. */
function classOf(node: MultiwayNode, parent: MultiwayNode): number {
  return majorityOf(totalOf(node.counts) > negligibleWeight ? node.counts : parent.counts)
}

/** The class of the highest weight, the first of those that differ by rounding. */
export function majorityOf(counts: ArrayLike<number>): number {
  let best = 0
  for (let c = 1; c < counts.length; c++) if (counts[c]! > counts[best]! + negligibleWeight) best = c
  return best
}

/** The weight of a node's samples, and after a slash that of those not of its class. */
function weights({ counts }: MultiwayNode): string {
  const total = totalOf(counts)
  const wrong = total - (counts[majorityOf(counts)] ?? 0)
  return wrong > negligibleWeight ? `${rounded(total)}/${rounded(wrong)}` : rounded(total)
}

/** Two digits after the point at most, and one at least. */
function rounded(value: number): string {
  const text = String(Math.round(value * 100) / 100)
  return text.includes('.') ? text : `${text}.0`
}
