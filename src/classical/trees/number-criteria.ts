import type { NumberTarget } from '../regressor.ts'
import { type Criterion, sortedBy } from './criterion.ts'
import type { ValueGroups } from './value-groups.ts'
import { WeightedMedian } from './weighted-median.ts'

/** The weighted mean of the squared distances to the mean; a leaf predicts the mean. */
export class SquaredErrorCriterion implements Criterion {
  weight = 0
  leftWeight = 0
  impurity = 0
  value: Float64Array = new Float64Array(1)
  readonly cutsAreBest = true
  readonly #target: NumberTarget
  #n = 0
  #sum = 0
  #leftSum = 0
  readonly #ownValues: Float64Array
  readonly #ownWeights: Float64Array
  readonly #groupSum: Float64Array
  readonly #groupWeight: Float64Array

  /** @param samples How many a node has at most. */
  constructor(target: NumberTarget, samples: number) {
    this.#target = target
    this.#ownValues = new Float64Array(samples)
    this.#ownWeights = new Float64Array(samples)
    this.#groupSum = new Float64Array(samples)
    this.#groupWeight = new Float64Array(samples)
  }

  enter(samples: Int32Array, start: number, end: number): void {
    const { values, weights } = this.#target
    const first = values[samples[start]!]!
    let [sum, total] = [0, 0]
    for (let i = start; i < end; i++) {
      const weight = weights === undefined ? 1 : weights[samples[i]!]!
      this.#ownWeights[i - start] = weight
      sum += weight * (values[samples[i]!]! - first)
      total += weight
    }
    const mean = sum / total
    let [rest, squares] = [0, 0]
    for (let i = start; i < end; i++) {
      // Distances to the node's mean, so that what all targets share costs no digits.
      const distance = values[samples[i]!]! - first - mean
      const weighted = this.#ownWeights[i - start]! * distance
      this.#ownValues[i - start] = weighted
      rest += weighted
      squares += weighted * distance
    }
    this.#n = end - start
    this.#sum = rest
    this.weight = total
    this.impurity = squares / total
    this.value = Float64Array.of(mean + first)
  }

  load({ count, groupOf }: ValueGroups): void {
    const [sums, totals, values, weights] = [
      this.#groupSum,
      this.#groupWeight,
      this.#ownValues,
      this.#ownWeights,
    ]
    sums.fill(0, 0, count)
    totals.fill(0, 0, count)
    for (let i = 0; i < this.#n; i++) {
      const group = groupOf[i]!
      sums[group]! += values[i]!
      totals[group]! += weights[i]!
    }
  }

  reset(): void {
    this.#leftSum = 0
    this.leftWeight = 0
  }

  move(group: number, toLeft: boolean): void {
    const sign = toLeft ? 1 : -1
    this.#leftSum += sign * this.#groupSum[group]!
    this.leftWeight += sign * this.#groupWeight[group]!
  }

  score(): number {
    const [left, right] = [this.#leftSum, this.#sum - this.#leftSum]
    return (left * left) / this.leftWeight + (right * right) / (this.weight - this.leftWeight)
  }

  orders({ count }: ValueGroups): Int32Array[] {
    return [sortedBy(count, (g) => this.#groupSum[g]! / this.#groupWeight[g]!)]
  }
}

/** The weighted mean of the distances to the median; a leaf predicts the median. */
export class AbsoluteErrorCriterion implements Criterion {
  weight = 0
  impurity = 0
  value: Float64Array = new Float64Array(1)
  readonly cutsAreBest = false
  readonly #weights: Float64Array | undefined
  /** The distinct targets, ascending, and each sample's position among them. */
  readonly #positions: Int32Array
  readonly #left: WeightedMedian
  readonly #right: WeightedMedian
  readonly #ownPositions: Int32Array
  readonly #ownWeights: Float64Array
  #n = 0
  /** The node's samples, group by group, and where each group starts. */
  readonly #members: Int32Array
  readonly #starts: Int32Array
  #isPristine = false

  /** @param samples How many a node has at most. */
  constructor({ values, weights }: NumberTarget, samples: number) {
    const sorted = Float64Array.from(values).sort()
    const distinct = sorted.filter((value, i) => i === 0 || value !== sorted[i - 1])
    const positions = new Map(Array.from(distinct, (value, i) => [value, i]))
    this.#positions = Int32Array.from(values, (value) => positions.get(value)!)
    this.#weights = weights
    this.#left = new WeightedMedian(distinct)
    this.#right = new WeightedMedian(distinct)
    this.#ownPositions = new Int32Array(samples)
    this.#ownWeights = new Float64Array(samples)
    this.#members = new Int32Array(samples)
    this.#starts = new Int32Array(samples + 1)
  }

  enter(samples: Int32Array, start: number, end: number): void {
    this.#clear()
    this.#n = end - start
    for (let i = start; i < end; i++) {
      const weight = this.#weights === undefined ? 1 : this.#weights[samples[i]!]!
      const position = this.#positions[samples[i]!]!
      this.#ownPositions[i - start] = position
      this.#ownWeights[i - start] = weight
      this.#right.add(position, weight)
    }
    this.#isPristine = true
    this.weight = this.#right.weight
    this.impurity = this.#right.deviation() / this.weight
    this.value = Float64Array.of(this.#right.median())
  }

  load(groups: ValueGroups): void {
    groups.collect(this.#n, this.#members, this.#starts)
  }

  reset(): void {
    if (this.#isPristine) return
    this.#clear()
    for (let i = 0; i < this.#n; i++) this.#right.add(this.#ownPositions[i]!, this.#ownWeights[i]!)
    this.#isPristine = true
  }

  #clear(): void {
    const own = this.#ownPositions.subarray(0, this.#n)
    this.#left.clear(own)
    this.#right.clear(own)
  }

  move(group: number, toLeft: boolean): void {
    const [from, to] = toLeft ? [this.#right, this.#left] : [this.#left, this.#right]
    this.#isPristine = false
    for (let at = this.#starts[group]!; at < this.#starts[group + 1]!; at++) {
      const i = this.#members[at]!
      from.add(this.#ownPositions[i]!, -this.#ownWeights[i]!)
      to.add(this.#ownPositions[i]!, this.#ownWeights[i]!)
    }
  }

  get leftWeight(): number {
    return this.#left.weight
  }

  score(): number {
    return -this.#left.deviation() - this.#right.deviation()
  }

  orders({ count }: ValueGroups): Int32Array[] {
    const medians = Float64Array.from({ length: count }, (_, g) => {
      this.reset()
      this.move(g, true)
      return this.#left.median()
    })
    this.reset()
    return [sortedBy(count, (g) => medians[g]!)]
  }
}
