import { StateError } from '../errors.ts'
import type { FeatureInfo } from '../estimator.ts'
import { type Json, matrixToJson, numbersToJson, type StateReader } from '../state.ts'
import type { Matrix } from '../tables/matrix.ts'
import { type Column, Table } from '../tables/table.ts'

/**
 * A tree of two-way divisions. Node 0 is the root; a node's children come after it. Arrays have an entry for each node.
 */
export interface BinaryTree {
  /** The column that a node divides by; -1 in a leaf. */
  readonly feature: Int32Array
  /** Numbers up to this go left; NaN in a leaf and where the column is nominal. Infinity parts known numbers from missing ones. */
  readonly threshold: Float64Array
  /** Position of the child on the left; -1 in a leaf. */
  readonly left: Int32Array
  /** Position of the child on the right; -1 in a leaf. */
  readonly right: Int32Array
  /** 1 where missing values go left. */
  readonly missingLeft: Uint8Array
  /** For a node that divides by a nominal column, 1 for each category that goes left. */
  readonly categoriesLeft: ReadonlyMap<number, Uint8Array>
  readonly impurity: Float64Array
  /** How many samples reached a node in learning. */
  readonly samples: Int32Array
  /** The sum of their weights. */
  readonly weight: Float64Array
  /** A row for each node: the shares of the classes, or one number. */
  readonly value: Matrix
}

export function nodeCount(tree: BinaryTree): number {
  return tree.feature.length
}

/** The longest way from the root to a leaf, in divisions. */
export function depthOf({ left, right, feature }: BinaryTree): number {
  const depth = new Int32Array(feature.length)
  let deepest = 0
  for (let node = 0; node < feature.length; node++) {
    deepest = Math.max(deepest, depth[node]!)
    for (const child of [left[node]!, right[node]!]) if (child >= 0) depth[child] = depth[node]! + 1
  }
  return deepest
}

/** The leaf that each sample reaches. */
export function leavesOf(tree: BinaryTree, x: Matrix | Table): Int32Array {
  return x instanceof Table ? leavesOfTable(tree, x) : leavesOfMatrix(tree, x)
}

function leavesOfMatrix(
  { feature, threshold, left, right, missingLeft }: BinaryTree,
  { rows, columns, data }: Matrix,
): Int32Array {
  const leaves = new Int32Array(rows)
  for (let i = 0, start = 0; i < rows; i++, start += columns) {
    let node = 0
    for (let f = feature[0]!; f >= 0; f = feature[node]!) {
      const value = data[start + f]!
      // NaN is never up to a threshold.
      const goesLeft = value <= threshold[node]! || (Number.isNaN(value) && missingLeft[node] === 1)
      node = goesLeft ? left[node]! : right[node]!
    }
    leaves[i] = node
  }
  return leaves
}

function leavesOfTable(tree: BinaryTree, table: Table): Int32Array {
  const { feature, left, right } = tree
  const leaves = new Int32Array(table.length)
  for (let i = 0; i < table.length; i++) {
    let node = 0
    while (feature[node]! >= 0) {
      node = goesLeft(tree, node, table.columns[feature[node]!]!, i) ? left[node]! : right[node]!
    }
    leaves[i] = node
  }
  return leaves
}

function goesLeft(tree: BinaryTree, node: number, column: Column, row: number): boolean {
  if (column.kind === 'numeric') {
    const value = column.values[row]!
    return value <= tree.threshold[node]! || (Number.isNaN(value) && tree.missingLeft[node] === 1)
  }
  const code = column.codes[row]!
  return (code < 0 ? tree.missingLeft[node] : tree.categoriesLeft.get(node)![code]) === 1
}

export function treeToJson(tree: BinaryTree): Json {
  return {
    feature: numbersToJson(tree.feature),
    threshold: numbersToJson(tree.threshold),
    left: numbersToJson(tree.left),
    right: numbersToJson(tree.right),
    missingLeft: numbersToJson(tree.missingLeft),
    categoriesLeft: [...tree.categoriesLeft].map(([node, flags]) => ({ node, flags: numbersToJson(flags) })),
    impurity: numbersToJson(tree.impurity),
    samples: numbersToJson(tree.samples),
    weight: numbersToJson(tree.weight),
    value: matrixToJson(tree.value),
  }
}

/** Reads a tree; throws a StateError unless each way down ends in a leaf. */
export function treeFromJson(
  state: StateReader,
  features: readonly FeatureInfo[],
  outputs: number,
): BinaryTree {
  const impurity = state.numbers('impurity')
  const length = impurity.length
  const indices = (key: string, bound: number): Int32Array =>
    state.indices(key, bound, { length, missing: true })
  const tree: BinaryTree = {
    feature: indices('feature', features.length),
    threshold: state.numbers('threshold', length),
    left: indices('left', length),
    right: indices('right', length),
    missingLeft: Uint8Array.from(state.indices('missingLeft', 2, { length })),
    categoriesLeft: new Map(
      state.objects('categoriesLeft').map((each) => {
        const node = each.integer('node', 0, length - 1)
        return [node, Uint8Array.from(each.indices('flags', 2))]
      }),
    ),
    impurity,
    samples: state.indices('samples', 2 ** 31, { length }),
    weight: state.numbers('weight', length),
    value: state.matrix('value', length, outputs),
  }
  if (length === 0) throw new StateError('the saved tree has no nodes')
  const parents = new Int32Array(length)
  for (let node = 0; node < length; node++) {
    const [feature, left, right] = [tree.feature[node]!, tree.left[node]!, tree.right[node]!]
    const isLeaf = feature < 0 && left < 0 && right < 0
    if (!isLeaf && !(feature >= 0 && left > node && right > node)) {
      throw new StateError(
        `node ${node} of the saved tree is neither a leaf nor followed by its two children`,
      )
    }
    if (isLeaf) continue
    parents[left]!++
    parents[right]!++
    const { name, categories } = features[feature]!
    if (categories !== undefined && tree.categoriesLeft.get(node)?.length !== categories.length) {
      throw new StateError(`node ${node} of the saved tree does not divide the categories of '${name}'`)
    }
  }
  const stray = parents.findIndex((count, node) => count !== (node === 0 ? 0 : 1))
  if (stray >= 0) throw new StateError(`node ${stray} of the saved tree has ${parents[stray]} parents`)
  return tree
}
