import { Generator } from '../../tensor/index.ts'
import { Pace } from '../pace.ts'
import { Matrix } from '../tables/matrix.ts'
import type { BinaryTree } from './binary-tree.ts'
import type { Criterion } from './criterion.ts'
import type { RankedColumn } from './ranked-columns.ts'
import { type Split, Splitter } from './splitter.ts'

/** When to stop dividing. */
export interface Limits {
  readonly maxDepth: number
  readonly maxLeafNodes: number
  readonly minSamplesSplit: number
  readonly minSamplesLeaf: number
  readonly minImpurityDecrease: number
}

/** A node whose samples lie between two places of the list of all. */
interface OpenNode {
  readonly id: number
  readonly start: number
  readonly end: number
  readonly depth: number
  /** The columns that are not constant in it, as far as is known. */
  readonly features: Int32Array
}

/** An open node with the division that was found for it. */
interface DividedNode extends OpenNode {
  readonly split: Split
  /** Where the samples on the right start. */
  readonly middle: number
  /** How much the division lowers the impurity, weighted by the node's share of all samples. */
  readonly improvement: number
}

/** Impurities this small a part of the root's are rounding. */
const negligible = 2 ** -52
/** Samples looked at between two glances at the clock. */
const glance = 100_000

/**
 * Grows a tree: depth first, or, where the number of leaves is limited, the division that lowers the impurity most first.
 * @param samples The rows to learn from; they are put in another order.
 */
export async function growTree(
  columns: readonly RankedColumn[],
  samples: Int32Array,
  criterion: Criterion,
  limits: Limits,
  seed: number | null,
): Promise<BinaryTree> {
  return new Grower(columns, samples, criterion, limits, seed).grow()
}

class Grower {
  readonly #samples: Int32Array
  readonly #criterion: Criterion
  readonly #limits: Limits
  readonly #splitter: Splitter
  readonly #generator: Generator | undefined
  readonly #nodes = new NodeList()
  readonly #pace = new Pace()
  readonly #moved: Int32Array
  #looked = 0

  constructor(
    columns: readonly RankedColumn[],
    samples: Int32Array,
    criterion: Criterion,
    limits: Limits,
    seed: number | null,
  ) {
    this.#samples = samples
    this.#criterion = criterion
    this.#limits = limits
    this.#splitter = new Splitter(columns, criterion, {
      samples: samples.length,
      minSamplesLeaf: limits.minSamplesLeaf,
    })
    this.#generator = seed === null ? undefined : new Generator(seed)
    this.#moved = new Int32Array(samples.length)
  }

  async grow(): Promise<BinaryTree> {
    const features = Int32Array.from(this.#splitter.columns.keys())
    const root = this.#open(0, this.#samples.length, 0, features)
    if (this.#limits.maxLeafNodes < Number.POSITIVE_INFINITY) {
      await this.#bestFirst(root)
      return this.#nodes.toTree(this.#nodes.inOrderOfGrowth())
    }
    await this.#depthFirst(root)
    return this.#nodes.toTree(this.#nodes.inOrderOfDepth())
  }

  async #depthFirst(root: OpenNode): Promise<void> {
    const stack = [root]
    for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
      const divided = await this.#divide(node)
      if (divided === undefined) continue
      stack.push(...this.#expand(divided).reverse())
    }
  }

  async #bestFirst(root: OpenNode): Promise<void> {
    const frontier: DividedNode[] = []
    const consider = async (node: OpenNode): Promise<void> => {
      const divided = await this.#divide(node)
      if (divided !== undefined) frontier.push(divided)
    }
    await consider(root)
    for (let leaves = 1; leaves < this.#limits.maxLeafNodes && frontier.length > 0; leaves++) {
      let best = 0
      for (let i = 1; i < frontier.length; i++) {
        if (frontier[i]!.improvement > frontier[best]!.improvement) best = i
      }
      const [divided] = frontier.splice(best, 1)
      for (const child of this.#expand(divided!)) await consider(child)
    }
  }

  /** Adds a node, a leaf as yet. */
  #open(start: number, end: number, depth: number, features: Int32Array): OpenNode {
    this.#criterion.enter(this.#samples, start, end)
    const id = this.#nodes.add(this.#criterion, end - start)
    return { id, start, end, depth, features }
  }

  #expand({ id, start, end, middle, depth, features, split }: DividedNode): [OpenNode, OpenNode] {
    const left = this.#open(start, middle, depth + 1, features)
    const right = this.#open(middle, end, depth + 1, features)
    this.#nodes.connect(id, left.id, right.id, split)
    return [left, right]
  }

  /** Divides a node's samples, where its limits allow. */
  async #divide(node: OpenNode): Promise<DividedNode | undefined> {
    const { id, start, end, depth } = node
    const { maxDepth, minSamplesSplit, minSamplesLeaf, minImpurityDecrease } = this.#limits
    const { impurity } = this.#nodes
    const n = end - start
    if (depth >= maxDepth || n < minSamplesSplit || n < 2 * minSamplesLeaf) return undefined
    if (impurity[id]! <= negligible * impurity[0]!) return undefined
    const { split, features } = await this.#search(node)
    if (split === undefined) return undefined
    const middle = this.#partition(split, start, end)
    // Depth first, the improvement is of interest to a limit alone.
    if (this.#limits.maxLeafNodes === Number.POSITIVE_INFINITY && minImpurityDecrease === 0) {
      return { ...node, features, split, middle, improvement: 0 }
    }
    const improvement = this.#improvement(id, start, middle, end)
    if (improvement + Number.EPSILON < minImpurityDecrease) return undefined
    return { ...node, features, split, middle, improvement }
  }

  async #search({
    start,
    end,
    features,
  }: OpenNode): Promise<{ split: Split | undefined; features: Int32Array }> {
    this.#criterion.enter(this.#samples, start, end)
    this.#splitter.begin()
    const order = this.#generator?.permutation(features.length)
    const varying = new Int32Array(features.length)
    let count = 0
    for (let i = 0; i < features.length; i++) {
      const feature = features[order === undefined ? i : order[i]!]!
      if (this.#splitter.consider(feature, this.#samples, start, end)) varying[count++] = feature
      this.#looked += end - start
      if (this.#looked > glance) {
        this.#looked = 0
        if (this.#pace.isDue) await this.#pace.pause()
      }
    }
    return {
      split: this.#splitter.best,
      features: count === features.length ? features : varying.slice(0, count).sort(),
    }
  }

  /** Puts what goes left first; gives where the rest starts. */
  #partition(split: Split, start: number, end: number): number {
    const { ranks } = this.#splitter.columns[split.feature]!
    let [left, right] = [start, 0]
    for (let i = start; i < end; i++) {
      const sample = this.#samples[i]!
      if (split.isLeft(ranks[sample]!)) this.#samples[left++] = sample
      else this.#moved[right++] = sample
    }
    this.#samples.set(this.#moved.subarray(0, right), left)
    return left
  }

  /** The decrease of impurity, as scikit-learn counts it: that of the node times its share of the weight. */
  #improvement(id: number, start: number, middle: number, end: number): number {
    const { impurity, weight } = this.#nodes
    let after = 0
    for (const [from, to] of [
      [start, middle],
      [middle, end],
    ] as const) {
      this.#criterion.enter(this.#samples, from, to)
      after += (this.#criterion.weight / weight[id]!) * this.#criterion.impurity
    }
    return (weight[id]! / weight[0]!) * (impurity[id]! - after)
  }
}

/** The arrays of a tree while it grows. */
class NodeList {
  readonly impurity: number[] = []
  readonly weight: number[] = []
  readonly #samples: number[] = []
  readonly #values: Float64Array[] = []
  readonly #feature: number[] = []
  readonly #threshold: number[] = []
  readonly #left: number[] = []
  readonly #right: number[] = []
  readonly #missingLeft: number[] = []
  readonly #categoriesLeft = new Map<number, Uint8Array>()

  add({ impurity, weight, value }: Criterion, samples: number): number {
    this.#samples.push(samples)
    this.#values.push(value)
    this.#feature.push(-1)
    this.#threshold.push(Number.NaN)
    this.#left.push(-1)
    this.#right.push(-1)
    this.#missingLeft.push(0)
    this.weight.push(weight)
    return this.impurity.push(impurity) - 1
  }

  connect(
    id: number,
    left: number,
    right: number,
    { feature, threshold, missingLeft, categoriesLeft }: Split,
  ): void {
    this.#feature[id] = feature
    this.#threshold[id] = threshold
    this.#left[id] = left
    this.#right[id] = right
    this.#missingLeft[id] = Number(missingLeft)
    if (categoriesLeft === undefined) return
    this.#categoriesLeft.set(id, Uint8Array.from(categoriesLeft.slice(0, -1), Number))
  }

  inOrderOfGrowth(): number[] {
    return Array.from(this.impurity.keys())
  }

  /** Each node, then all that is below it on the left, then all on the right. */
  inOrderOfDepth(): number[] {
    const order: number[] = []
    const stack = [0]
    for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
      order.push(node)
      if (this.#feature[node]! >= 0) stack.push(this.#right[node]!, this.#left[node]!)
    }
    return order
  }

  /** The tree with its nodes in this order. */
  toTree(order: readonly number[]): BinaryTree {
    const place = new Int32Array(order.length)
    for (const [i, node] of order.entries()) place[node] = i
    const pick = (values: readonly number[]): number[] => order.map((node) => values[node]!)
    const child = (id: number): number => (id < 0 ? -1 : place[id]!)
    return {
      feature: Int32Array.from(pick(this.#feature)),
      threshold: Float64Array.from(pick(this.#threshold)),
      left: Int32Array.from(pick(this.#left), child),
      right: Int32Array.from(pick(this.#right), child),
      missingLeft: Uint8Array.from(pick(this.#missingLeft)),
      categoriesLeft: new Map(
        order.flatMap((node, i) => {
          const flags = this.#categoriesLeft.get(node)
          return flags === undefined ? [] : [[i, flags] as const]
        }),
      ),
      impurity: Float64Array.from(pick(this.impurity)),
      samples: Int32Array.from(pick(this.#samples)),
      weight: Float64Array.from(pick(this.weight)),
      value: Matrix.from(order.map((node) => this.#values[node]!)),
    }
  }
}
