import { checkNumber } from '../option-checks.ts'
import type { Matrix } from '../tables/matrix.ts'
import type { Table } from '../tables/table.ts'
import { type BinaryTree, nodeCount } from './binary-tree.ts'
import type { Criterion } from './criterion.ts'
import { growTree, type Limits } from './grow.ts'
import { pruned } from './pruning.ts'
import { rankColumns } from './ranked-columns.ts'

/** What both trees take besides their criterion. */
export interface DecisionTreeOptions {
  /** How many divisions lead to a leaf at most; null sets no limit. Default null. */
  readonly maxDepth?: number | null
  /** How few samples a node can be divided with: an integer from 2 up, or a part of all samples above 0, below 1. Default 2. */
  readonly minSamplesSplit?: number
  /** How few samples a leaf can have: an integer from 1 up, or a part of all samples above 0, below 1. Default 1. */
  readonly minSamplesLeaf?: number
  /** How many leaves there are at most, from 2 up; the divisions that lower the impurity most come first. Default null: any. */
  readonly maxLeafNodes?: number | null
  /** How much a division must lower the impurity, times the node's share of the samples, from 0 up. Default 0. */
  readonly minImpurityDecrease?: number
  /** Strength of cost-complexity pruning, from 0 up: see `costComplexityPruningPath`. Default 0. */
  readonly ccpAlpha?: number
  /**
   * Of equally good divisions, the one by the first column is taken. A seed has each node look at the columns in an order drawn
   * at random, as scikit-learn does. Default null.
   */
  readonly seed?: number | null
}

export const treeDefaults: Required<DecisionTreeOptions> = {
  maxDepth: null,
  minSamplesSplit: 2,
  minSamplesLeaf: 1,
  maxLeafNodes: null,
  minImpurityDecrease: 0,
  ccpAlpha: 0,
  seed: null,
}

/** Throws an InputError where an option is out of its range. */
export function checkTreeOptions(what: string, options: Required<DecisionTreeOptions>): void {
  const { maxDepth, minSamplesSplit, minSamplesLeaf, maxLeafNodes, minImpurityDecrease, ccpAlpha, seed } =
    options
  const integer = (name: string, value: unknown, atLeast: number): void =>
    checkNumber(what, name, value, { atLeast, integer: true })
  if (maxDepth !== null) integer('maxDepth', maxDepth, 1)
  if (maxLeafNodes !== null) integer('maxLeafNodes', maxLeafNodes, 2)
  if (seed !== null) integer('seed', seed, 0)
  for (const [name, value, fewest] of [
    ['minSamplesSplit', minSamplesSplit, 2],
    ['minSamplesLeaf', minSamplesLeaf, 1],
  ] as const) {
    if (!(value > 0 && value < 1)) integer(name, value, fewest)
  }
  checkNumber(what, 'minImpurityDecrease', minImpurityDecrease, { atLeast: 0 })
  checkNumber(what, 'ccpAlpha', ccpAlpha, { atLeast: 0 })
}

/** Grows a tree on all samples that have weight, and prunes it. */
export async function learnTree(
  x: Matrix | Table,
  weights: Float64Array | undefined,
  options: Required<DecisionTreeOptions>,
  criterionFor: (samples: number) => Criterion,
): Promise<BinaryTree> {
  const rows = 'toMatrix' in x ? x.length : x.rows
  const all = Int32Array.from({ length: rows }, (_, i) => i)
  const samples = weights === undefined ? all : all.filter((i) => weights[i]! > 0)
  const count = (value: number, fewest: number): number =>
    value < 1 ? Math.max(fewest, Math.ceil(value * rows)) : value
  const minSamplesLeaf = count(options.minSamplesLeaf, 1)
  const limits: Limits = {
    maxDepth: options.maxDepth ?? Number.POSITIVE_INFINITY,
    maxLeafNodes: options.maxLeafNodes ?? Number.POSITIVE_INFINITY,
    minSamplesSplit: Math.max(count(options.minSamplesSplit, 2), 2 * minSamplesLeaf),
    minSamplesLeaf,
    minImpurityDecrease: options.minImpurityDecrease,
  }
  const tree = await growTree(rankColumns(x), samples, criterionFor(samples.length), limits, options.seed)
  return options.ccpAlpha > 0 ? pruned(tree, options.ccpAlpha) : tree
}

/** How much each column lowers the impurity in all its divisions, weighted by their samples; the sum is 1, or 0 in a lone root. */
export function importances(tree: BinaryTree, features: number): Float64Array {
  const { feature, left, right, weight, impurity } = tree
  const result = new Float64Array(features)
  for (let node = 0; node < nodeCount(tree); node++) {
    if (feature[node]! < 0) continue
    const [a, b] = [left[node]!, right[node]!]
    result[feature[node]!]! +=
      weight[node]! * impurity[node]! - weight[a]! * impurity[a]! - weight[b]! * impurity[b]!
  }
  const total = result.reduce((sum, value) => sum + value, 0)
  return total > 0 ? result.map((value) => value / total) : result
}
