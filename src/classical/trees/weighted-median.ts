/**
 * The median of weighted numbers that come and go, each from a known list: Fenwick trees over the list, so that each change and
 * question takes steps in the logarithm of its length.
 */
export class WeightedMedian {
  /** The sum of the weights. */
  weight = 0
  #sum = 0
  readonly #values: Float64Array
  /** The values' distances to the middle of the list, so that a common offset costs no digits. */
  readonly #distances: Float64Array
  /** Fenwick trees, from 1 on, of weights, of weighted distances and of how many numbers there are. */
  readonly #weights: Float64Array
  readonly #sums: Float64Array
  readonly #counts: Int32Array
  /** Weight and count at each position. */
  readonly #weightAt: Float64Array
  readonly #countAt: Int32Array
  readonly #highestBit: number
  #position = 0
  #weightBelow = 0
  #sumBelow = 0
  #countBelow = 0

  /** @param values The numbers that can be added, ascending and distinct. */
  constructor(values: Float64Array) {
    const length = values.length
    this.#values = values
    this.#distances = values.map((value) => value - values[length >>> 1]!)
    this.#weights = new Float64Array(length + 1)
    this.#sums = new Float64Array(length + 1)
    this.#counts = new Int32Array(length + 1)
    this.#weightAt = new Float64Array(length)
    this.#countAt = new Int32Array(length)
    this.#highestBit = 2 ** Math.floor(Math.log2(Math.max(length, 1)))
  }

  /** Adds the number at a position of the list, or with a negative weight takes it away. */
  add(position: number, weight: number): void {
    const weighted = weight * this.#distances[position]!
    const step = weight > 0 ? 1 : -1
    this.weight += weight
    this.#sum += weighted
    this.#weightAt[position]! += weight
    this.#countAt[position]! += step
    for (let i = position + 1; i < this.#weights.length; i += i & -i) {
      this.#weights[i]! += weight
      this.#sums[i]! += weighted
      this.#counts[i]! += step
    }
  }

  /** Takes away all numbers; `positions` are those that were added, each at least once. */
  clear(positions: Int32Array): void {
    this.weight = 0
    this.#sum = 0
    for (const position of positions) {
      this.#weightAt[position] = 0
      this.#countAt[position] = 0
      for (let i = position + 1; i < this.#weights.length; i += i & -i) {
        this.#weights[i] = 0
        this.#sums[i] = 0
        this.#counts[i] = 0
      }
    }
  }

  /** The middle number; halfway between two where half of the weight lies on each side. */
  median(): number {
    this.#find()
    const value = this.#values[this.#position]!
    const reached = this.#weightBelow + this.#weightAt[this.#position]!
    if (reached > this.weight / 2 + this.#tolerance) return value
    const next = this.#positionOf(this.#countBelow + this.#countAt[this.#position]!)
    return value / 2 + this.#values[next]! / 2
  }

  /** The weighted sum of the distances to the median. */
  deviation(): number {
    this.#find()
    const middle = this.#distances[this.#position]!
    const own = this.#weightAt[this.#position]!
    const above = this.#sum - this.#sumBelow - own * middle
    return (
      middle * this.#weightBelow - this.#sumBelow + above - middle * (this.weight - this.#weightBelow - own)
    )
  }

  /** Rounding of weights that are not whole numbers. */
  get #tolerance(): number {
    return 1e-12 * this.weight
  }

  /** Goes to the first number up to which half of the weight lies. */
  #find(): void {
    const wanted = this.weight / 2 - this.#tolerance
    let [at, weight, sum, count] = [0, 0, 0, 0]
    for (let bit = this.#highestBit; bit > 0; bit >>>= 1) {
      const next = at + bit
      if (next >= this.#weights.length || weight + this.#weights[next]! >= wanted) continue
      at = next
      weight += this.#weights[next]!
      sum += this.#sums[next]!
      count += this.#counts[next]!
    }
    this.#position = at
    this.#weightBelow = weight
    this.#sumBelow = sum
    this.#countBelow = count
  }

  /** The position of the number that has `rank` numbers before it. */
  #positionOf(rank: number): number {
    let [at, count] = [0, 0]
    for (let bit = this.#highestBit; bit > 0; bit >>>= 1) {
      const next = at + bit
      if (next >= this.#counts.length || count + this.#counts[next]! > rank) continue
      at = next
      count += this.#counts[next]!
    }
    return at
  }
}
