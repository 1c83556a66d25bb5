/** A weighted mean over many values, such as the loss of each batch weighted by its samples. */
export class Mean {
  #sum = 0
  #weight = 0

  /** @param weight At least 0; 1 unless given. */
  update(value: number, weight = 1): void {
    if (!(weight >= 0)) throw new RangeError(`Mean: a weight must be 0 or more, got ${weight}`)
    if (weight === 0) return
    this.#sum += value * weight
    this.#weight += weight
  }

  /** NaN before the first value. */
  compute(): number {
    return this.#sum / this.#weight
  }

  reset(): void {
    this.#sum = 0
    this.#weight = 0
  }
}

/** A mean in which each new value takes the share 1 - decay; without the bias towards 0 of the first values. */
export class MovingAverage {
  readonly decay: number
  #average = 0
  #missing = 1

  /** @param decay The share that the past keeps at each value, from 0 to below 1. */
  constructor(decay = 0.98) {
    if (!(decay >= 0 && decay < 1)) {
      throw new RangeError(`MovingAverage: decay must be from 0 to below 1, got ${decay}`)
    }
    this.decay = decay
  }

  update(value: number): void {
    this.#average = this.decay * this.#average + (1 - this.decay) * value
    this.#missing *= this.decay
  }

  /** NaN before the first value. */
  compute(): number {
    return this.#average / (1 - this.#missing)
  }

  reset(): void {
    this.#average = 0
    this.#missing = 1
  }
}
