import type { RankedColumn } from './ranked-columns.ts'

/** Ranges of ranks wider than this many times the samples are sorted, not counted. */
const widest = 4
/** As many samples are sorted by insertion. */
const few = 24

/**
 * The samples of a node by their value in one column: groups in ascending order, the missing value's last. One object serves
 * all columns and nodes of a tree.
 */
export class ValueGroups {
  /** How many groups there are. */
  count = 0
  /** Whether the last group is that of the missing value. */
  hasMissing = false
  /** Each group's rank. */
  readonly rank: Int32Array
  /** How many samples each group has. */
  readonly size: Int32Array
  /** The group of each sample, in the order of the node. */
  readonly groupOf: Int32Array
  /** Samples that have each rank, then the group of each rank. */
  #table = new Int32Array(1024)
  readonly #ranks: Int32Array
  readonly #keys: Float64Array

  /** @param samples How many a node has at most. */
  constructor(samples: number) {
    this.rank = new Int32Array(samples)
    this.size = new Int32Array(samples)
    this.groupOf = new Int32Array(samples)
    this.#ranks = new Int32Array(samples)
    this.#keys = new Float64Array(samples)
  }

  /** Groups the samples `samples[start]` to `samples[end - 1]`. */
  build({ ranks, missing }: RankedColumn, samples: Int32Array, start: number, end: number): void {
    const own = this.#ranks
    const n = end - start
    let [lowest, highest] = [0x7fffffff, -1]
    for (let i = 0; i < n; i++) {
      const rank = ranks[samples[start + i]!]!
      own[i] = rank
      if (rank < lowest) lowest = rank
      if (rank > highest) highest = rank
    }
    this.hasMissing = highest === missing
    if (lowest === highest) {
      this.count = 1
      this.rank[0] = lowest
      this.size[0] = n
      this.groupOf.fill(0, 0, n)
    } else if (highest - lowest < widest * n) this.#byCounting(n, lowest, highest)
    else this.#bySorting(n)
  }

  /** Writes the node's `n` samples, by their places in it, group by group, and where each group starts. */
  collect(n: number, members: Int32Array, starts: Int32Array): void {
    const { count, size, groupOf } = this
    starts[0] = 0
    for (let g = 0; g < count; g++) starts[g + 1] = starts[g]! + size[g]!
    for (let i = n - 1; i >= 0; i--) members[--starts[groupOf[i]! + 1]!] = i
    // What was counted down to a group's start moves to its own place.
    for (let g = 0; g < count; g++) starts[g] = starts[g + 1]!
    starts[count] = n
  }

  #byCounting(n: number, lowest: number, highest: number): void {
    const range = highest - lowest + 1
    if (this.#table.length < range) this.#table = new Int32Array(range * 2)
    const [table, own, { rank, size, groupOf }] = [this.#table, this.#ranks, this]
    table.fill(0, 0, range)
    for (let i = 0; i < n; i++) table[own[i]! - lowest]!++
    let count = 0
    for (let r = 0; r < range; r++) {
      if (table[r] === 0) continue
      rank[count] = lowest + r
      size[count] = table[r]!
      table[r] = count++
    }
    for (let i = 0; i < n; i++) groupOf[i] = table[own[i]! - lowest]!
    this.count = count
  }

  #bySorting(n: number): void {
    const [keys, own, { rank, size, groupOf }] = [this.#keys, this.#ranks, this]
    // A key is a rank and a sample's place: both come back exactly.
    for (let i = 0; i < n; i++) keys[i] = own[i]! * n + i
    if (n <= few) insertionSort(keys, n)
    else keys.subarray(0, n).sort()
    let [count, previous] = [0, -1]
    for (let i = 0; i < n; i++) {
      const place = keys[i]! % n
      if (own[place] !== previous) {
        previous = own[place]!
        rank[count] = previous
        size[count++] = 0
      }
      size[count - 1]!++
      groupOf[place] = count - 1
    }
    this.count = count
  }
}

function insertionSort(keys: Float64Array, length: number): void {
  for (let i = 1; i < length; i++) {
    const key = keys[i]!
    let at = i
    while (at > 0 && keys[at - 1]! > key) {
      keys[at] = keys[at - 1]!
      at--
    }
    keys[at] = key
  }
}
