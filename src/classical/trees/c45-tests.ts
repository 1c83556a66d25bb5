import type { ClassTarget } from '../classifier.ts'
import { type Information, informationOf, scaledEntropy } from './information.ts'
import { majorityOf } from './multiway-text.ts'
import { negligibleWeight, totalOf } from './multiway-tree.ts'
import type { RankedColumn } from './ranked-columns.ts'
import { ValueGroups } from './value-groups.ts'

/** Numbers no further apart are not cut between, as in C4.5 and J48. */
const equalWithin = 1e-5

/** Samples, some of them in part: with a missing value a sample goes down several branches. */
export interface PartSamples {
  readonly rows: Int32Array
  readonly weights: Float64Array
}

/** What a node asks: the category of a column, or whether its number is up to the threshold. */
export interface BranchTest {
  readonly feature: number
  /** NaN for a nominal column. */
  readonly threshold: number
}

interface Candidate extends BranchTest, Information {}

export interface TestOptions {
  readonly minInstances: number
  readonly mdlCorrection: boolean
}

/** Finds tests and sends samples down their branches. */
export class BranchTests {
  readonly #columns: readonly RankedColumn[]
  readonly #target: ClassTarget
  readonly #options: TestOptions
  readonly #groups: ValueGroups
  /** Whether all columns have so many categories that none is left out of the mean gain. */
  readonly #allWide: boolean

  constructor(columns: readonly RankedColumn[], target: ClassTarget, options: TestOptions) {
    this.#columns = columns
    this.#target = target
    this.#options = options
    this.#groups = new ValueGroups(target.codes.length)
    this.#allWide = columns.every((column) => this.#isWide(column))
  }

  #isWide({ nominal, missing }: RankedColumn): boolean {
    return nominal && missing >= 0.3 * this.#target.codes.length
  }

  /** The weight of each class. */
  counts({ rows, weights }: PartSamples): Float64Array {
    const counts = new Float64Array(this.#target.classes.length)
    for (let i = 0; i < rows.length; i++) counts[this.#target.codes[rows[i]!]!]! += weights[i]!
    return counts
  }

  /** The test of the highest gain ratio among those whose gain is not below the mean; undefined where a leaf is better. */
  select(samples: PartSamples): BranchTest | undefined {
    const counts = this.counts(samples)
    const total = totalOf(counts)
    if (total < 2 * this.#options.minInstances - negligibleWeight) return undefined
    if (total - counts[majorityOf(counts)]! < negligibleWeight) return undefined
    const candidates: Candidate[] = []
    let [gains, tests] = [0, 0]
    for (const [feature, column] of this.#columns.entries()) {
      this.#groups.build(column, samples.rows, 0, samples.rows.length)
      const found = column.nominal
        ? this.#categories(feature, samples, total)
        : this.#bestCut(feature, samples, total)
      if (found === undefined) continue
      candidates.push(found)
      if (this.#isWide(column) && !this.#allWide) continue
      gains += found.gain
      tests++
    }
    let best: Candidate | undefined
    for (const each of candidates) {
      if (tests > 0 && each.gain < gains / tests - 1e-3) continue
      if (each.gainRatio > (best?.gainRatio ?? 0) + negligibleWeight) best = each
    }
    return best
  }

  #categories(feature: number, samples: PartSamples, total: number): Candidate | undefined {
    const branches = this.#groupCounts(samples)
    if (this.#groups.hasMissing) branches.pop()
    const least = this.#options.minInstances - negligibleWeight
    if (branches.filter((counts) => totalOf(counts) >= least).length < 2) return undefined
    const known = branches.reduce((sum, counts) => sum + totalOf(counts), 0)
    return { feature, threshold: Number.NaN, ...informationOf(branches, Math.max(total - known, 0)) }
  }

  #bestCut(feature: number, samples: PartSamples, total: number): Candidate | undefined {
    const { rank, size, hasMissing } = this.#groups
    const { values } = this.#columns[feature]!
    const counts = this.#groupCounts(samples)
    if (hasMissing) counts.pop()
    const right = new Float64Array(this.#target.classes.length)
    let instances = 0
    for (const [g, group] of counts.entries()) {
      addTo(right, group)
      instances += size[g]!
    }
    const known = totalOf(right)
    const { minInstances } = this.#options
    const least = Math.max(minInstances, Math.min((0.1 * known) / right.length, 25))
    if (instances < 2 * least - negligibleWeight) return undefined

    const left = new Float64Array(right.length)
    const before = scaledEntropy(right)
    let [cuts, bestGain, bestGroup] = [0, 0, -1]
    for (let g = 0; g + 1 < counts.length; g++) {
      addTo(left, counts[g]!)
      addTo(right, counts[g]!, -1)
      const [low, high] = [values[rank[g]!]!, values[rank[g + 1]!]!]
      if (!(low + equalWithin < high)) continue
      const below = totalOf(left)
      if (below < least - negligibleWeight || known - below < least - negligibleWeight) continue
      cuts++
      const gain = (before - scaledEntropy(left) - scaledEntropy(right)) / total
      if (gain <= bestGain + negligibleWeight) continue
      bestGain = gain
      bestGroup = g
    }
    if (bestGroup < 0) return undefined
    const sides = [new Float64Array(right.length), new Float64Array(right.length)] as const
    for (const [g, group] of counts.entries()) addTo(sides[g <= bestGroup ? 0 : 1], group)
    const correction = this.#options.mdlCorrection ? Math.log2(cuts) / total : 0
    const information = informationOf(sides, Math.max(total - known, 0), correction)
    if (information.gain < negligibleWeight) return undefined
    const [low, high] = [values[rank[bestGroup]!]!, values[rank[bestGroup + 1]!]!]
    return { feature, threshold: largestUpTo(values, (low + high) / 2, low, high), ...information }
  }

  /** The weight of each class in each group of values. */
  #groupCounts({ rows, weights }: PartSamples): Float64Array[] {
    const { count, groupOf } = this.#groups
    const counts = Array.from({ length: count }, () => new Float64Array(this.#target.classes.length))
    for (let i = 0; i < rows.length; i++) {
      counts[groupOf[i]!]![this.#target.codes[rows[i]!]!]! += weights[i]!
    }
    return counts
  }

  /** The samples of each branch; one with a missing value goes down all, in the proportions of the others. */
  distribute({ feature, threshold }: BranchTest, { rows, weights }: PartSamples): PartSamples[] {
    const { ranks, values, nominal, missing } = this.#columns[feature]!
    const branches = nominal ? missing : 2
    const branchOf = (row: number): number => {
      const rank = ranks[row]!
      if (rank === missing) return -1
      return nominal ? rank : values[rank]! <= threshold ? 0 : 1
    }
    const sizes = new Float64Array(branches)
    for (let i = 0; i < rows.length; i++) {
      const branch = branchOf(rows[i]!)
      if (branch >= 0) sizes[branch]! += weights[i]!
    }
    const known = totalOf(sizes)
    const shares = sizes.map((size) => (known > negligibleWeight ? size / known : 1 / branches))
    return Array.from(shares, (share, branch) => {
      const members: number[] = []
      const parts: number[] = []
      for (let i = 0; i < rows.length; i++) {
        const taken = branchOf(rows[i]!)
        if (taken >= 0 ? taken !== branch : share <= negligibleWeight) continue
        members.push(rows[i]!)
        parts.push(taken >= 0 ? weights[i]! : share * weights[i]!)
      }
      return { rows: Int32Array.from(members), weights: Float64Array.from(parts) }
    })
  }
}

function addTo(sums: Float64Array, counts: Float64Array, sign: 1 | -1 = 1): void {
  for (let c = 0; c < sums.length; c++) sums[c]! += sign * counts[c]!
}

/** The largest of ascending numbers up to a middle between two of them: what C4.5 stores as its threshold. */
function largestUpTo(values: Float64Array, middle: number, low: number, high: number): number {
  const limit = middle < high ? middle : low
  let [from, to] = [0, values.length]
  while (from < to) {
    const half = (from + to) >>> 1
    if (values[half]! <= limit) from = half + 1
    else to = half
  }
  return values[from - 1]!
}
