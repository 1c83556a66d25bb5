/**
 * The k nearest of those offered: the smallest distances, and among equal ones the lowest indices. A heap with the worst
 * on top.
 */
export class NearestList {
  readonly k: number
  readonly #distances: Float64Array
  readonly #indices: Int32Array
  #size = 0

  constructor(k: number) {
    this.k = k
    this.#distances = new Float64Array(k)
    this.#indices = new Int32Array(k)
  }

  /** What a distance must not exceed to enter; infinite while there is room. */
  get limit(): number {
    return this.#size < this.k ? Number.POSITIVE_INFINITY : this.#distances[0]!
  }

  clear(): void {
    this.#size = 0
  }

  offer(distance: number, index: number): void {
    if (this.#size < this.k) {
      this.#rise(this.#size++, distance, index)
    } else if (
      distance < this.#distances[0]! ||
      (distance === this.#distances[0]! && index < this.#indices[0]!)
    ) {
      this.#sink(distance, index)
    }
  }

  /** Empties the list into these arrays, the nearest first, from `start` on. */
  drain(indices: Int32Array, distances: Float64Array, start: number): void {
    for (let last = this.#size - 1; last >= 0; last--) {
      indices[start + last] = this.#indices[0]!
      distances[start + last] = this.#distances[0]!
      this.#size = last
      if (last > 0) this.#sink(this.#distances[last]!, this.#indices[last]!)
    }
  }

  #rise(hole: number, distance: number, index: number): void {
    let at = hole
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!this.#isWorse(distance, index, parent)) break
      this.#move(parent, at)
      at = parent
    }
    this.#put(at, distance, index)
  }

  #sink(distance: number, index: number): void {
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= this.#size) break
      const other = child + 1
      if (other < this.#size && this.#isWorse(this.#distances[other]!, this.#indices[other]!, child))
        child = other
      if (this.#isWorse(distance, index, child)) break
      this.#move(child, at)
      at = child
    }
    this.#put(at, distance, index)
  }

  #isWorse(distance: number, index: number, than: number): boolean {
    const other = this.#distances[than]!
    return distance > other || (distance === other && index > this.#indices[than]!)
  }

  #move(from: number, to: number): void {
    this.#distances[to] = this.#distances[from]!
    this.#indices[to] = this.#indices[from]!
  }

  #put(at: number, distance: number, index: number): void {
    this.#distances[at] = distance
    this.#indices[at] = index
  }
}
