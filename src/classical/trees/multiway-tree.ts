import { StateError } from '../errors.ts'
import type { FeatureInfo } from '../estimator.ts'
import { type Json, numbersToJson, type StateReader } from '../state.ts'
import type { Matrix } from '../tables/matrix.ts'
import type { Column, Table } from '../tables/table.ts'

/** A node of a tree with a branch for each category of a nominal column, and two for a numeric one. */
export interface MultiwayNode {
  /** The weight of each class among the samples that reached it in learning. */
  readonly counts: Float64Array
  /** The column that it tests; -1 in a leaf. */
  readonly feature: number
  /** Numbers up to this take the first branch, others the second; NaN for a nominal column and in a leaf. */
  readonly threshold: number
  /** A child for each category in the column's order, or two; none in a leaf. */
  readonly children: readonly MultiwayNode[]
}

/** Weights this small are rounding, as in Weka. */
export const negligibleWeight = 1e-6

export function totalOf(counts: ArrayLike<number>): number {
  let total = 0
  for (let i = 0; i < counts.length; i++) total += counts[i]!
  return total
}

export function isLeaf(node: MultiwayNode): boolean {
  return node.children.length === 0
}

/** All nodes, each before its children and these in their order. */
export function nodesOf(root: MultiwayNode): MultiwayNode[] {
  const result: MultiwayNode[] = []
  const stack = [root]
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    result.push(node)
    for (let i = node.children.length - 1; i >= 0; i--) stack.push(node.children[i]!)
  }
  return result
}

/** The branch that a value takes; -1 where it is missing. */
function branchOf({ threshold }: MultiwayNode, column: Column, row: number): number {
  if (column.kind === 'nominal') return column.codes[row]!
  const value = column.values[row]!
  return Number.isNaN(value) ? -1 : value <= threshold ? 0 : 1
}

/**
 * Adds the classes' shares in the leaves that a sample reaches to `sums`: with a missing value it takes all branches, by the
 * shares of the samples that took them in learning. A branch without samples stands for its parent.
 */
export function addShares(root: MultiwayNode, table: Table, row: number, sums: Float64Array): void {
  const stack = [{ node: root, part: 1 }]
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const { node, part } = next
    if (isLeaf(node)) {
      addPart(sums, node.counts, part)
      continue
    }
    const branch = branchOf(node, table.columns[node.feature]!, row)
    if (branch >= 0) {
      const child = node.children[branch]!
      if (totalOf(child.counts) > negligibleWeight) stack.push({ node: child, part })
      else addPart(sums, node.counts, part)
      continue
    }
    const totals = node.children.map(({ counts }) => totalOf(counts))
    const known = totalOf(totals)
    for (const [i, total] of totals.entries()) {
      if (total > negligibleWeight) stack.push({ node: node.children[i]!, part: (part * total) / known })
    }
  }
}

function addPart(sums: Float64Array, counts: Float64Array, part: number): void {
  const total = totalOf(counts)
  for (let c = 0; c < sums.length; c++) sums[c]! += (part * counts[c]!) / total
}

/** The shares of each sample of a table, a row of the matrix each. */
export function fillShares(root: MultiwayNode, table: Table, result: Matrix): Matrix {
  for (let i = 0; i < table.length; i++) addShares(root, table, i, result.row(i))
  return result
}

export function multiwayToJson(root: MultiwayNode): Json {
  const nodes = nodesOf(root)
  return {
    feature: numbersToJson(nodes.map(({ feature }) => feature)),
    threshold: numbersToJson(nodes.map(({ threshold }) => threshold)),
    children: numbersToJson(nodes.map(({ children }) => children.length)),
    counts: numbersToJson(nodes.flatMap(({ counts }) => Array.from(counts))),
  }
}

/** Reads a tree, its nodes listed as `nodesOf` gives them. Throws a StateError where they do not make one. */
export function multiwayFromJson(
  state: StateReader,
  features: readonly FeatureInfo[],
  classes: number,
): MultiwayNode {
  const threshold = state.numbers('threshold')
  const { length } = threshold
  const feature = state.indices('feature', features.length, { length, missing: true })
  const children = state.indices('children', length + 1, { length })
  const counts = state.numbers('counts', length * classes)
  if (counts.some((count) => !(count >= 0))) throw new StateError('a count of the saved tree is below 0')
  if (length === 0) throw new StateError('the saved tree has no nodes')
  // From the last node back, a node's children are the subtrees that were completed last.
  const stack: MultiwayNode[] = []
  for (let node = length - 1; node >= 0; node--) {
    const tested = features[feature[node]!]
    const branches = tested === undefined ? 0 : (tested.categories?.length ?? 2)
    if (children[node] !== branches || branches > stack.length) {
      throw new StateError(
        `node ${node} of the saved tree has ${children[node]} children; ${branches} are needed`,
      )
    }
    const own = counts.slice(node * classes, (node + 1) * classes)
    const below = branches === 0 ? [] : stack.splice(-branches).reverse()
    if (
      below.length > 0 &&
      !(totalOf(own) > 0 && below.some((child) => totalOf(child.counts) > negligibleWeight))
    ) {
      throw new StateError(`node ${node} of the saved tree has children and no samples`)
    }
    stack.push({ counts: own, feature: feature[node]!, threshold: threshold[node]!, children: below })
  }
  if (stack.length !== 1) throw new StateError(`the saved tree has ${stack.length} roots`)
  if (!(totalOf(stack[0]!.counts) > 0)) throw new StateError('the saved tree has learned from no samples')
  return stack[0]!
}
