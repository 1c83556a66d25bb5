import { Pace } from '../pace.ts'
import type { Matrix } from '../tables/matrix.ts'

/**
 * A binary tree over the rows of a matrix: node n has the children 2n + 1 and 2n + 2, and the rows
 * `order[starts[n]]` up to `order[ends[n]]`. Nodes are split at the median of the column in which their rows spread most.
 */
export interface TreeNodes {
  readonly order: Int32Array
  readonly starts: Int32Array
  readonly ends: Int32Array
  /** Nodes from here on are leaves. */
  readonly firstLeaf: number
}

/** Splits down to leaves of at most `leafSize` rows. */
export async function buildTree(matrix: Matrix, leafSize: number): Promise<TreeNodes> {
  const { rows } = matrix
  const depth = Math.max(0, Math.ceil(Math.log2(rows / leafSize)))
  const firstLeaf = 2 ** depth - 1
  const nodes = 2 * firstLeaf + 1
  const order = Int32Array.from({ length: rows }, (_, i) => i)
  const [starts, ends] = [new Int32Array(nodes), new Int32Array(nodes)]
  ends[0] = rows
  const pace = new Pace()
  for (let node = 0; node < firstLeaf; node++) {
    const [start, end] = [starts[node]!, ends[node]!]
    const middle = (start + end) >> 1
    selectMedian(matrix, order, start, end, middle, widestColumn(matrix, order, start, end))
    starts[2 * node + 1] = start
    ends[2 * node + 1] = starts[2 * node + 2] = middle
    ends[2 * node + 2] = end
    await pace.pause()
  }
  return { order, starts, ends, firstLeaf }
}

function widestColumn({ data, columns }: Matrix, order: Int32Array, start: number, end: number): number {
  const low = new Float64Array(columns).fill(Number.POSITIVE_INFINITY)
  const high = new Float64Array(columns).fill(Number.NEGATIVE_INFINITY)
  for (let i = start; i < end; i++) {
    const from = order[i]! * columns
    for (let c = 0; c < columns; c++) {
      const value = data[from + c]!
      if (value < low[c]!) low[c] = value
      if (value > high[c]!) high[c] = value
    }
  }
  let widest = 0
  for (let c = 1; c < columns; c++) if (high[c]! - low[c]! > high[widest]! - low[widest]!) widest = c
  return widest
}

/** Orders rows `start` to `end` so that those before `middle` are no greater in a column than those from it on (Hoare's selection). */
function selectMedian(
  { data, columns }: Matrix,
  order: Int32Array,
  start: number,
  end: number,
  middle: number,
  column: number,
): void {
  let [left, right] = [start, end - 1]
  while (left < right) {
    const pivot = data[order[(left + right) >> 1]! * columns + column]!
    let [i, j] = [left, right]
    while (i <= j) {
      while (data[order[i]! * columns + column]! < pivot) i++
      while (data[order[j]! * columns + column]! > pivot) j--
      if (i <= j) {
        const swapped = order[i]!
        order[i++] = order[j]!
        order[j--] = swapped
      }
    }
    if (middle <= j) right = j
    else if (middle >= i) left = i
    else return
  }
}
