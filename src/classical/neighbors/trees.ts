import { Pace } from '../pace.ts'
import type { Matrix } from '../tables/matrix.ts'
import type { Searcher } from './brute.ts'
import type { Metric } from './metric.ts'
import { NearestList } from './nearest-list.ts'
import { buildTree, type TreeNodes } from './tree-nodes.ts'

/**
 * Searches a tree: nodes that cannot hold a row as near as the k-th found so far are passed over. Bounds give way by what
 * float64 may have rounded, so that equally distant rows are found too and the result is that of brute force.
 */
abstract class TreeSearch implements Searcher {
  protected readonly matrix: Matrix
  protected readonly metric: Metric
  protected readonly nodes: TreeNodes
  /** A bound on the relative error of a distance. */
  protected readonly slack: number

  constructor(matrix: Matrix, metric: Metric, nodes: TreeNodes) {
    this.matrix = matrix
    this.metric = metric
    this.nodes = nodes
    // Powers are exact to a few units only.
    this.slack = (4 * matrix.columns + 64) * 2 ** -53
  }

  /** No row of the node has a smaller reduced distance to the query; used as is in comparisons with `NearestList.limit`. */
  protected abstract bound(node: number, queries: Matrix, from: number): number

  async search(queries: Matrix, k: number, indices: Int32Array, reduced: Float64Array): Promise<void> {
    const list = new NearestList(k)
    const pace = new Pace()
    for (let q = 0; q < queries.rows; q++) {
      const from = q * queries.columns
      this.#visit(0, this.bound(0, queries, from), queries, from, list)
      list.drain(indices, reduced, q * k)
      await pace.pause()
    }
  }

  #visit(node: number, bound: number, queries: Matrix, from: number, list: NearestList): void {
    if (bound > list.limit) return
    const { order, starts, ends, firstLeaf } = this.nodes
    if (node >= firstLeaf) {
      const { data, columns } = this.matrix
      for (let i = starts[node]!; i < ends[node]!; i++) {
        const row = order[i]!
        const distance = this.metric.reduced(queries.data, from, data, row * columns, columns)
        if (distance <= list.limit) list.offer(distance, row)
      }
      return
    }
    const [left, right] = [2 * node + 1, 2 * node + 2]
    const [toLeft, toRight] = [this.bound(left, queries, from), this.bound(right, queries, from)]
    const leftFirst = toLeft <= toRight
    this.#visit(leftFirst ? left : right, leftFirst ? toLeft : toRight, queries, from, list)
    this.#visit(leftFirst ? right : left, leftFirst ? toRight : toLeft, queries, from, list)
  }
}

/** A k-d tree (Bentley 1975) whose nodes know the box around their rows. */
export class KdTree extends TreeSearch {
  readonly #low: Float64Array
  readonly #high: Float64Array
  /** How far a query lies outside a box, column by column. */
  readonly #excess: Float64Array
  readonly #zeros: Float64Array

  private constructor(matrix: Matrix, metric: Metric, nodes: TreeNodes) {
    super(matrix, metric, nodes)
    const { data, columns } = matrix
    this.#excess = new Float64Array(columns)
    this.#zeros = new Float64Array(columns)
    const count = nodes.starts.length
    this.#low = new Float64Array(count * columns).fill(Number.POSITIVE_INFINITY)
    this.#high = new Float64Array(count * columns).fill(Number.NEGATIVE_INFINITY)
    for (let node = count - 1; node >= 0; node--) {
      const at = node * columns
      if (node >= nodes.firstLeaf) {
        for (let i = nodes.starts[node]!; i < nodes.ends[node]!; i++) {
          const from = nodes.order[i]! * columns
          this.#include(at, data, from, data, from)
        }
      } else {
        for (const child of [2 * node + 1, 2 * node + 2]) {
          this.#include(at, this.#low, child * columns, this.#high, child * columns)
        }
      }
    }
  }

  static async build(matrix: Matrix, metric: Metric, leafSize: number): Promise<KdTree> {
    return new KdTree(matrix, metric, await buildTree(matrix, leafSize))
  }

  #include(at: number, low: Float64Array, fromLow: number, high: Float64Array, fromHigh: number): void {
    for (let c = 0; c < this.matrix.columns; c++) {
      this.#low[at + c] = Math.min(this.#low[at + c]!, low[fromLow + c]!)
      this.#high[at + c] = Math.max(this.#high[at + c]!, high[fromHigh + c]!)
    }
  }

  protected override bound(node: number, queries: Matrix, from: number): number {
    const { columns } = queries
    const at = node * columns
    for (let c = 0; c < columns; c++) {
      const value = queries.data[from + c]!
      this.#excess[c] = Math.max(0, this.#low[at + c]! - value, value - this.#high[at + c]!)
    }
    return this.metric.reduced(this.#excess, 0, this.#zeros, 0, columns) * (1 - this.slack)
  }
}

/** A ball tree (Omohundro 1989): nodes know the mean of their rows and how far the farthest of them is from it. */
export class BallTree extends TreeSearch {
  readonly #centres: Float64Array
  readonly #radii: Float64Array

  private constructor(matrix: Matrix, metric: Metric, nodes: TreeNodes) {
    super(matrix, metric, nodes)
    const { data, columns } = matrix
    const { order, starts, ends } = nodes
    this.#centres = new Float64Array(starts.length * columns)
    this.#radii = new Float64Array(starts.length)
    for (let node = 0; node < starts.length; node++) {
      const centre = this.#centres.subarray(node * columns, (node + 1) * columns)
      const count = ends[node]! - starts[node]!
      for (let i = starts[node]!; i < ends[node]!; i++) {
        for (let c = 0; c < columns; c++) centre[c]! += data[order[i]! * columns + c]! / count
      }
      let most = 0
      for (let i = starts[node]!; i < ends[node]!; i++) {
        most = Math.max(most, metric.reduced(centre, 0, data, order[i]! * columns, columns))
      }
      this.#radii[node] = metric.distance(most)
    }
  }

  static async build(matrix: Matrix, metric: Metric, leafSize: number): Promise<BallTree> {
    return new BallTree(matrix, metric, await buildTree(matrix, leafSize))
  }

  protected override bound(node: number, queries: Matrix, from: number): number {
    const { columns } = queries
    const toCentre = this.metric.distance(
      this.metric.reduced(queries.data, from, this.#centres, node * columns, columns),
    )
    const distance = toCentre * (1 - this.slack) - this.#radii[node]! * (1 + this.slack)
    return distance > 0 ? this.metric.toReduced(distance) * (1 - this.slack) : 0
  }
}
