import { Matrix } from '../tables/matrix.ts'
import { type BinaryTree, nodeCount } from './binary-tree.ts'

/** What cost-complexity pruning goes through, from the whole tree to its root alone. */
export interface PruningPath {
  /** The values of alpha from which each next smaller tree is the best one, ascending; the first is 0. */
  readonly ccpAlphas: Float64Array
  /** The impurity of each of these trees: that of its leaves, weighted by their shares of the samples. */
  readonly impurities: Float64Array
}

/**
 * The smaller trees that weakest-link pruning finds: again and again the node goes whose part of the tree gains least for each
 * leaf, (R(t) - R(T_t)) / (leaves - 1), R being the impurity times the share of the samples. Source: Breiman, Friedman,
 * Olshen and Stone 1984, 3.3.
 */
export function pruningPath(tree: BinaryTree): PruningPath {
  const links = new WeakestLinks(tree)
  const [ccpAlphas, impurities] = [[0], [links.impurity]]
  for (let next = links.weakest(); next !== undefined; next = links.weakest()) {
    links.cut(next.node)
    ccpAlphas.push(next.alpha)
    impurities.push(links.impurity)
  }
  return { ccpAlphas: Float64Array.from(ccpAlphas), impurities: Float64Array.from(impurities) }
}

/** The smallest of the trees for which alpha is large enough. */
export function pruned(tree: BinaryTree, alpha: number): BinaryTree {
  const links = new WeakestLinks(tree)
  for (let next = links.weakest(); next !== undefined && next.alpha <= alpha; next = links.weakest()) {
    links.cut(next.node)
  }
  return links.rest()
}

class WeakestLinks {
  readonly #tree: BinaryTree
  readonly #parent: Int32Array
  /** The node's impurity by its share of the samples, as if it were a leaf. */
  readonly #own: Float64Array
  /** The same of the leaves below. */
  readonly #below: Float64Array
  readonly #leaves: Int32Array
  /** The nodes that still divide. */
  #divided: number[] = []

  constructor(tree: BinaryTree) {
    const length = nodeCount(tree)
    this.#tree = tree
    this.#parent = new Int32Array(length).fill(-1)
    this.#own = tree.impurity.map((impurity, node) => (impurity * tree.weight[node]!) / tree.weight[0]!)
    this.#below = Float64Array.from(this.#own)
    this.#leaves = new Int32Array(length).fill(1)
    for (let node = length - 1; node >= 0; node--) {
      if (tree.feature[node]! < 0) continue
      const [left, right] = [tree.left[node]!, tree.right[node]!]
      this.#parent[left] = node
      this.#parent[right] = node
      this.#below[node] = this.#below[left]! + this.#below[right]!
      this.#leaves[node] = this.#leaves[left]! + this.#leaves[right]!
      this.#divided.push(node)
    }
    this.#divided.reverse()
  }

  get impurity(): number {
    return this.#below[0]!
  }

  /** The node whose part of the tree gains least for each leaf, the first of equal ones. */
  weakest(): { readonly node: number; readonly alpha: number } | undefined {
    let found: { node: number; alpha: number } | undefined
    for (const node of this.#divided) {
      const alpha = (this.#own[node]! - this.#below[node]!) / (this.#leaves[node]! - 1)
      if (found === undefined || alpha < found.alpha) found = { node, alpha }
    }
    return found
  }

  /** Makes a node a leaf. */
  cut(node: number): void {
    const impurity = this.#own[node]! - this.#below[node]!
    const leaves = this.#leaves[node]! - 1
    for (let at = node; at >= 0; at = this.#parent[at]!) {
      this.#below[at]! += impurity
      this.#leaves[at]! -= leaves
    }
    this.#below[node] = this.#own[node]!
    const gone = new Set([node])
    // Children come after their parents.
    this.#divided = this.#divided.filter((each) => {
      if (gone.has(this.#parent[each]!)) gone.add(each)
      return !gone.has(each)
    })
  }

  /** What is left, numbered anew. */
  rest(): BinaryTree {
    const tree = this.#tree
    const divided = new Set(this.#divided)
    const kept = [0]
    const place = new Map([[0, 0]])
    for (let node = 1; node < nodeCount(tree); node++) {
      if (!divided.has(this.#parent[node]!)) continue
      place.set(node, kept.length)
      kept.push(node)
    }
    const child = (node: number, of: Int32Array): number => (divided.has(node) ? place.get(of[node]!)! : -1)
    return {
      feature: Int32Array.from(kept, (node) => (divided.has(node) ? tree.feature[node]! : -1)),
      threshold: Float64Array.from(kept, (node) => (divided.has(node) ? tree.threshold[node]! : Number.NaN)),
      left: Int32Array.from(kept, (node) => child(node, tree.left)),
      right: Int32Array.from(kept, (node) => child(node, tree.right)),
      missingLeft: Uint8Array.from(kept, (node) => (divided.has(node) ? tree.missingLeft[node]! : 0)),
      categoriesLeft: new Map(
        kept.flatMap((node, i) => {
          const flags = divided.has(node) ? tree.categoriesLeft.get(node) : undefined
          return flags === undefined ? [] : [[i, flags] as const]
        }),
      ),
      impurity: Float64Array.from(kept, (node) => tree.impurity[node]!),
      samples: Int32Array.from(kept, (node) => tree.samples[node]!),
      weight: Float64Array.from(kept, (node) => tree.weight[node]!),
      value: Matrix.from(kept.map((node) => tree.value.row(node))),
    }
  }
}
