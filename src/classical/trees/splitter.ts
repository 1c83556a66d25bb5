import type { Criterion } from './criterion.ts'
import type { RankedColumn } from './ranked-columns.ts'
import { ValueGroups } from './value-groups.ts'

/** Numbers no further apart are taken as equal, as scikit-learn does. */
const equalWithin = 1e-7
/** Scores whose difference is a smaller part of the node's impurity are equal: sums in another order differ as much. */
const rounding = 1e-12
/** Nominal columns with more categories than these in a node are not divided in every way, where several classes forbid the short cut. */
const mostCategoriesTried = 10

/** A node's samples divided in two by one column. */
export interface Split {
  readonly feature: number
  /** The criterion's score: the higher, the better. */
  readonly score: number
  /** Numbers up to this go left; NaN for a nominal column. */
  readonly threshold: number
  /** For each rank of the column, the missing value's last, whether it goes left. */
  readonly isLeft: (rank: number) => boolean
  /** For a nominal column, whether each category, and last the missing value, goes left. */
  readonly categoriesLeft: readonly boolean[] | undefined
  readonly missingLeft: boolean
}

/** Finds the best division of a node's samples by one column. */
export class Splitter {
  readonly columns: readonly RankedColumn[]
  readonly #criterion: Criterion
  readonly #minSamplesLeaf: number
  readonly #groups: ValueGroups
  #best: Split | undefined
  /** What a score must exceed to be better than the best one, rounding aside. */
  #wanted = Number.NEGATIVE_INFINITY

  /** @param samples How many a node has at most. */
  constructor(
    columns: readonly RankedColumn[],
    criterion: Criterion,
    { samples, minSamplesLeaf }: { samples: number; minSamplesLeaf: number },
  ) {
    this.columns = columns
    this.#criterion = criterion
    this.#minSamplesLeaf = minSamplesLeaf
    this.#groups = new ValueGroups(samples)
  }

  /** The best division found since `begin`; of equal ones, the first. */
  get best(): Split | undefined {
    return this.#best
  }

  /** Starts with a node, which the criterion has entered. */
  begin(): void {
    this.#best = undefined
    this.#wanted = Number.NEGATIVE_INFINITY
  }

  #take(split: Split): void {
    this.#best = split
    this.#wanted = split.score + rounding * this.#criterion.weight * this.#criterion.impurity
  }

  /** Tries a column; false where it is constant in the node. */
  consider(feature: number, samples: Int32Array, start: number, end: number): boolean {
    const column = this.columns[feature]!
    const groups = this.#groups
    groups.build(column, samples, start, end)
    if (groups.count === 1) return false
    if (column.nominal) this.#considerSets(feature, end - start)
    else {
      const known = groups.count - (groups.hasMissing ? 1 : 0)
      const spread = column.values[groups.rank[known - 1]!]! - column.values[groups.rank[0]!]!
      if (!groups.hasMissing && spread <= equalWithin) return false
      this.#considerCuts(feature, end - start, known)
    }
    return true
  }

  #considerCuts(feature: number, n: number, known: number): void {
    const [criterion, groups, { values }] = [this.#criterion, this.#groups, this.columns[feature]!]
    const least = this.#minSamplesLeaf
    criterion.load(groups)
    for (const missingLeft of groups.hasMissing ? [false, true] : [false]) {
      criterion.reset()
      let left = 0
      if (missingLeft) {
        criterion.move(known, true)
        left = groups.size[known]!
      }
      // With the missing values on the right, all known ones can go left.
      const cuts = groups.hasMissing && !missingLeft ? known : known - 1
      for (let g = 0; g < cuts; g++) {
        criterion.move(g, true)
        left += groups.size[g]!
        if (left < least) continue
        if (n - left < least) break
        const low = values[groups.rank[g]!]!
        const high = g + 1 < known ? values[groups.rank[g + 1]!]! : Number.POSITIVE_INFINITY
        if (high <= low + equalWithin) continue
        const score = criterion.score()
        if (!(score > this.#wanted)) continue
        this.#take(
          this.#cut(feature, score, groups.rank[g]!, thresholdBetween(low, high), {
            missingLeft: groups.hasMissing ? missingLeft : this.#leansLeft,
          }),
        )
      }
    }
  }

  /** Whether more than half of the weight is on the left. */
  get #leansLeft(): boolean {
    return 2 * this.#criterion.leftWeight > this.#criterion.weight
  }

  #cut(
    feature: number,
    score: number,
    lastLeft: number,
    threshold: number,
    { missingLeft }: { missingLeft: boolean },
  ): Split {
    const { missing } = this.columns[feature]!
    return {
      feature,
      score,
      threshold,
      isLeft: (rank) => (rank === missing ? missingLeft : rank <= lastLeft),
      categoriesLeft: undefined,
      missingLeft,
    }
  }

  #considerSets(feature: number, n: number): void {
    const [criterion, groups] = [this.#criterion, this.#groups]
    criterion.load(groups)
    // The best cut of an order may leave too few samples on a side where another set does not.
    const cutsSuffice = criterion.cutsAreBest && this.#minSamplesLeaf === 1
    if (!cutsSuffice && groups.count <= mostCategoriesTried) {
      this.#considerAllSets(feature, n)
      return
    }
    for (const order of criterion.orders(groups)) {
      criterion.reset()
      let left = 0
      const isLeft = new Array<boolean>(groups.count).fill(false)
      for (const group of order.subarray(0, -1)) {
        criterion.move(group, true)
        left += groups.size[group]!
        isLeft[group] = true
        this.#considerSet(feature, n, left, isLeft)
      }
    }
  }

  /** Each division once: the first group stays on the left, and each differs from the one before in one group (Gray's code). */
  #considerAllSets(feature: number, n: number): void {
    const [criterion, groups] = [this.#criterion, this.#groups]
    const isLeft = new Array<boolean>(groups.count).fill(true)
    criterion.reset()
    for (let g = 0; g < groups.count; g++) criterion.move(g, true)
    let left = n
    for (let i = 1; i < 2 ** (groups.count - 1); i++) {
      const group = 1 + Math.log2(i & -i)
      isLeft[group] = !isLeft[group]
      criterion.move(group, isLeft[group])
      left += isLeft[group] ? groups.size[group]! : -groups.size[group]!
      this.#considerSet(feature, n, left, isLeft)
    }
  }

  #considerSet(feature: number, n: number, left: number, isGroupLeft: readonly boolean[]): void {
    if (left < this.#minSamplesLeaf || n - left < this.#minSamplesLeaf) return
    const score = this.#criterion.score()
    if (!(score > this.#wanted)) return
    const { missing } = this.columns[feature]!
    // The first group is on the left, whichever way it was found; what the node lacks goes where most weight goes.
    const flip = !isGroupLeft[0]!
    const others = this.#leansLeft !== flip
    const categoriesLeft = new Array<boolean>(missing + 1).fill(others)
    for (let g = 0; g < this.#groups.count; g++) {
      categoriesLeft[this.#groups.rank[g]!] = isGroupLeft[g]! !== flip
    }
    this.#take({
      feature,
      score,
      threshold: Number.NaN,
      isLeft: (rank) => categoriesLeft[rank]!,
      categoriesLeft,
      missingLeft: categoriesLeft[missing]!,
    })
  }
}

/** Halfway between two numbers, below the second. */
function thresholdBetween(low: number, high: number): number {
  if (high === Number.POSITIVE_INFINITY) return high
  const middle = low / 2 + high / 2
  return middle < high ? middle : low
}
