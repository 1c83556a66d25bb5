import { argmaxRows } from '../classifier.ts'
import type { FeatureInfo } from '../estimator.ts'
import type { Label } from '../input.ts'
import { type BinaryTree, nodeCount } from './binary-tree.ts'
import { shortNumber, type TreeDiagramNode } from './diagram.ts'

export interface TreeTextOptions {
  /** Digits after the point. Default 2. */
  readonly decimals?: number
  /** Divisions shown; deeper parts are summed up in a line. Default 10. */
  readonly maxDepth?: number
  /** Whether a classifier's leaves show the weight of each class. Default false. */
  readonly showWeights?: boolean
}

/** What the words of a tree are. */
interface Vocabulary {
  readonly features: readonly FeatureInfo[]
  /** Undefined for a regressor. */
  readonly classes: readonly Label[] | undefined
}

/** A tree in the form of scikit-learn's export_text. */
export function treeText(
  tree: BinaryTree,
  words: Vocabulary,
  { decimals = 2, maxDepth = 10, showWeights = false }: TreeTextOptions,
): string {
  const predicted = argmaxRows(tree.value)
  const below = heights(tree)
  const leaf = (node: number): string => {
    const value = tree.value.row(node)
    if (words.classes === undefined) return `value: [${value[0]!.toFixed(decimals)}]`
    const weights = Array.from(value, (share) => (share * tree.weight[node]!).toFixed(decimals))
    return `${showWeights ? `weights: [${weights.join(', ')}] ` : ''}class: ${words.classes[predicted[node]!]}`
  }
  const lines: string[] = []
  const stack: { readonly node: number; readonly depth: number; readonly test?: string }[] = [
    { node: 0, depth: 0 },
  ]
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const { node, depth, test } = next
    if (test !== undefined) lines.push(`${'|   '.repeat(depth - 1)}|--- ${test}`)
    if (tree.feature[node]! < 0) lines.push(`${'|   '.repeat(depth)}|--- ${leaf(node)}`)
    else if (depth > maxDepth) {
      lines.push(`${'|   '.repeat(depth)}|--- truncated branch of depth ${below[node]! + 1}`)
    } else {
      const [left, right] = outcomes(tree, node, words.features, (value) => value.toFixed(decimals))
      const { name } = words.features[tree.feature[node]!]!
      stack.push({ node: tree.right[node]!, depth: depth + 1, test: `${name} ${right}` })
      stack.push({ node: tree.left[node]!, depth: depth + 1, test: `${name} ${left}` })
    }
  }
  return lines.join('\n')
}

/** A tree as nested nodes. */
export function treeDiagramOf(tree: BinaryTree, { features, classes }: Vocabulary): TreeDiagramNode {
  const predicted = argmaxRows(tree.value)
  const edges = new Map<number, string>()
  for (let node = 0; node < nodeCount(tree); node++) {
    if (tree.feature[node]! < 0) continue
    const [left, right] = outcomes(tree, node, features, shortNumber)
    edges.set(tree.left[node]!, left)
    edges.set(tree.right[node]!, right)
  }
  const built = new Map<number, TreeDiagramNode>()
  // Children come after their parents.
  for (let node = nodeCount(tree) - 1; node >= 0; node--) {
    const edge = edges.get(node)
    const common = {
      detail: `${tree.samples[node]} samples\nimpurity ${shortNumber(tree.impurity[node]!, 4)}`,
      ...(edge !== undefined && { edge }),
    }
    const feature = tree.feature[node]!
    if (feature >= 0) {
      const children = [built.get(tree.left[node]!)!, built.get(tree.right[node]!)!]
      built.set(node, { label: features[feature]!.name, ...common, children })
    } else if (classes === undefined) {
      built.set(node, { label: shortNumber(tree.value.get(node, 0)), ...common })
    } else {
      const code = predicted[node]!
      built.set(node, { label: String(classes[code]), ...common, colour: code })
    }
  }
  return built.get(0)!
}

/** What leads to the left and to the right child. */
function outcomes(
  tree: BinaryTree,
  node: number,
  features: readonly FeatureInfo[],
  format: (value: number) => string,
): [string, string] {
  const { categories } = features[tree.feature[node]!]!
  if (categories !== undefined) {
    const flags = tree.categoriesLeft.get(node)!
    const side = (wanted: number): string => {
      const members = categories.filter((_, i) => flags[i] === wanted)
      if (tree.missingLeft[node] === wanted && members.length === 0) return 'is missing'
      return `in {${members.join(', ')}}`
    }
    return [side(1), side(0)]
  }
  const threshold = tree.threshold[node]!
  if (threshold === Number.POSITIVE_INFINITY) return ['is known', 'is missing']
  return [`<= ${format(threshold)}`, `>  ${format(threshold)}`]
}

/** The divisions below each node on the longest way down. */
function heights({ feature, left, right }: BinaryTree): Int32Array {
  const result = new Int32Array(feature.length)
  for (let node = feature.length - 1; node >= 0; node--) {
    if (feature[node]! >= 0) result[node] = 1 + Math.max(result[left[node]!]!, result[right[node]!]!)
  }
  return result
}
