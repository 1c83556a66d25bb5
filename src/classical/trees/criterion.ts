import type { ValueGroups } from './value-groups.ts'

/**
 * Measures how good a division of a node's samples in two is. `enter` names the node, `load` the groups that its samples
 * form in a column; then groups are moved between the sides, all of them being on the right at first.
 */
export interface Criterion {
  /** The weight of the node's samples. */
  readonly weight: number
  /** The weight of what was moved to the left. */
  readonly leftWeight: number
  readonly impurity: number
  /** What a leaf would predict: each class's share, or one number. */
  readonly value: Float64Array
  enter(samples: Int32Array, start: number, end: number): void
  load(groups: ValueGroups): void
  /** All groups to the right. */
  reset(): void
  move(group: number, toLeft: boolean): void
  /** How good the division is: the higher, the lower the impurity of both sides together. */
  score(): number
  /** Whether the best division into sets of groups is a cut of an order that `orders` gives. */
  readonly cutsAreBest: boolean
  /** Orders of the loaded groups whose cuts are worth trying. */
  orders(groups: ValueGroups): Int32Array[]
}

/** The positions 0 to count - 1 by ascending keys. */
export function sortedBy(count: number, key: (group: number) => number): Int32Array {
  return Int32Array.from({ length: count }, (_, i) => i).sort((a, b) => key(a) - key(b) || a - b)
}
