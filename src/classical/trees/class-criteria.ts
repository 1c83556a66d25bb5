import type { ClassTarget } from '../classifier.ts'
import { type Criterion, sortedBy } from './criterion.ts'
import type { ValueGroups } from './value-groups.ts'

/** What Gini impurity and entropy share: the weight of each class on each side. */
abstract class ClassCriterion implements Criterion {
  weight = 0
  leftWeight = 0
  impurity = 0
  readonly cutsAreBest: boolean
  protected readonly left: Float64Array
  protected readonly right: Float64Array
  protected rightWeight = 0
  readonly #classes: number
  readonly #codes: Int32Array
  readonly #weights: Float64Array | undefined
  readonly #total: Float64Array
  /** Class and weight of the node's samples, in their order. */
  readonly #ownCodes: Int32Array
  readonly #ownWeights: Float64Array
  #n = 0
  /** Whether groups are many or classes are: then samples are moved one by one, else the weights of whole groups. */
  #bySample = false
  /** Weight of each class in each group. */
  #counts = new Float64Array(0)
  /** The node's samples, group by group, and where each group starts. */
  readonly #members: Int32Array
  readonly #starts: Int32Array

  /** @param samples How many a node has at most. */
  constructor({ classes, codes, weights }: ClassTarget, samples: number) {
    this.#classes = classes.length
    this.#codes = codes
    this.#weights = weights
    this.cutsAreBest = classes.length <= 2
    this.left = new Float64Array(classes.length)
    this.right = new Float64Array(classes.length)
    this.#total = new Float64Array(classes.length)
    this.#ownCodes = new Int32Array(samples)
    this.#ownWeights = new Float64Array(samples)
    this.#members = new Int32Array(samples)
    this.#starts = new Int32Array(samples + 1)
  }

  get value(): Float64Array {
    return this.#total.map((weight) => weight / this.weight)
  }

  enter(samples: Int32Array, start: number, end: number): void {
    const total = this.#total.fill(0)
    for (let i = start; i < end; i++) {
      const sample = samples[i]!
      const code = this.#codes[sample]!
      const weight = this.#weights === undefined ? 1 : this.#weights[sample]!
      this.#ownCodes[i - start] = code
      this.#ownWeights[i - start] = weight
      total[code]! += weight
    }
    this.#n = end - start
    this.weight = total.reduce((sum, weight) => sum + weight, 0)
    this.impurity = this.impurityOf(total, this.weight)
  }

  load(groups: ValueGroups): void {
    this.#bySample = groups.count * this.#classes > 2 * this.#n
    if (this.#bySample) groups.collect(this.#n, this.#members, this.#starts)
    else this.#count(groups)
  }

  #count({ count, groupOf }: ValueGroups): void {
    const [codes, classes, n] = [this.#ownCodes, this.#classes, this.#n]
    if (this.#counts.length < count * classes) this.#counts = new Float64Array(count * classes)
    const counts = this.#counts.fill(0, 0, count * classes)
    if (this.#weights === undefined) {
      for (let i = 0; i < n; i++) counts[groupOf[i]! * classes + codes[i]!]!++
    } else {
      const weights = this.#ownWeights
      for (let i = 0; i < n; i++) counts[groupOf[i]! * classes + codes[i]!]! += weights[i]!
    }
  }

  reset(): void {
    this.left.fill(0)
    this.right.set(this.#total)
    this.leftWeight = 0
    this.rightWeight = this.weight
  }

  move(group: number, toLeft: boolean): void {
    const [left, right] = [this.left, this.right]
    const sign = toLeft ? 1 : -1
    let moved = 0
    if (this.#bySample) {
      for (let at = this.#starts[group]!; at < this.#starts[group + 1]!; at++) {
        const i = this.#members[at]!
        const [code, weight] = [this.#ownCodes[i]!, sign * this.#ownWeights[i]!]
        left[code]! += weight
        right[code]! -= weight
        moved += weight
      }
    } else {
      for (let c = 0, at = group * this.#classes; c < left.length; c++, at++) {
        const weight = sign * this.#counts[at]!
        left[c]! += weight
        right[c]! -= weight
        moved += weight
      }
    }
    this.leftWeight += moved
    this.rightWeight -= moved
  }

  orders(groups: ValueGroups): Int32Array[] {
    this.#count(groups)
    const [counts, classes] = [this.#counts, this.#classes]
    const totals = Array.from({ length: groups.count }, (_, g) => {
      let total = 0
      for (let c = 0; c < classes; c++) total += counts[g * classes + c]!
      return total
    })
    const byShareOf = (c: number): Int32Array =>
      sortedBy(groups.count, (g) => counts[g * classes + c]! / totals[g]!)
    return classes <= 2 ? [byShareOf(classes - 1)] : Array.from({ length: classes }, (_, c) => byShareOf(c))
  }

  abstract score(): number
  protected abstract impurityOf(counts: Float64Array, weight: number): number
}

/** 1 - sum p^2. */
export class GiniCriterion extends ClassCriterion {
  override score(): number {
    const { left, right, leftWeight, rightWeight } = this
    let [leftSquares, rightSquares] = [0, 0]
    for (let c = 0; c < left.length; c++) {
      leftSquares += left[c]! * left[c]!
      rightSquares += right[c]! * right[c]!
    }
    return (
      -rightWeight * (1 - rightSquares / (rightWeight * rightWeight)) -
      leftWeight * (1 - leftSquares / (leftWeight * leftWeight))
    )
  }

  protected override impurityOf(counts: Float64Array, weight: number): number {
    let squares = 0
    for (const count of counts) squares += count * count
    return 1 - squares / (weight * weight)
  }
}

/** -sum p log2 p. */
export class EntropyCriterion extends ClassCriterion {
  override score(): number {
    return (
      -this.rightWeight * this.impurityOf(this.right, this.rightWeight) -
      this.leftWeight * this.impurityOf(this.left, this.leftWeight)
    )
  }

  protected override impurityOf(counts: Float64Array, weight: number): number {
    let entropy = 0
    for (let c = 0; c < counts.length; c++) {
      if (!(counts[c]! > 0)) continue
      const share = counts[c]! / weight
      entropy -= share * Math.log2(share)
    }
    return entropy
  }
}
