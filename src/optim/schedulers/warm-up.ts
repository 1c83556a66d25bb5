import type { Optimizer } from '../optimizer.ts'
import { EpochScheduler, requireInteger } from './scheduler.ts'

export interface LinearLROptions {
  /** Factor of the learning rates at the start, above 0 and at most 1; 1/3 unless given. */
  readonly startFactor?: number
  /** Factor in the end, 0 to 1; 1 unless given. */
  readonly endFactor?: number
  /** Steps on the way; 5 unless given. */
  readonly totalIters?: number
}

/** Changes the factor of the learning rates along a line: linear warm-up. */
export class LinearLR extends EpochScheduler {
  readonly #start: number
  readonly #slope: number
  readonly #totalIters: number

  constructor(optimizer: Optimizer, options: LinearLROptions = {}) {
    super('LinearLR', optimizer)
    const { startFactor = 1 / 3, endFactor = 1, totalIters = 5 } = options
    requireFactor('LinearLR: startFactor', startFactor)
    if (endFactor !== 0) requireFactor('LinearLR: endFactor', endFactor)
    requireInteger('LinearLR: totalIters', totalIters, 1)
    this.#start = startFactor
    this.#slope = endFactor - startFactor
    this.#totalIters = totalIters
    this.apply()
  }

  protected next(lr: number): number {
    if (this.lastEpoch === 0) return lr * this.#start
    if (this.lastEpoch > this.#totalIters) return lr
    const before = this.#totalIters * this.#start + (this.lastEpoch - 1) * this.#slope
    return lr * (1 + this.#slope / before)
  }

  protected override first(base: number): number {
    return base * this.#start
  }
}

export interface ConstantLROptions {
  /** Above 0 and at most 1; 1/3 unless given. */
  readonly factor?: number
  /** Steps after which the factor is taken away; 5 unless given. */
  readonly totalIters?: number
}

/** Multiplies the learning rates by a factor for the first steps. */
export class ConstantLR extends EpochScheduler {
  readonly #factor: number
  readonly #totalIters: number

  constructor(optimizer: Optimizer, options: ConstantLROptions = {}) {
    super('ConstantLR', optimizer)
    const { factor = 1 / 3, totalIters = 5 } = options
    requireFactor('ConstantLR: factor', factor)
    requireInteger('ConstantLR: totalIters', totalIters)
    this.#factor = factor
    this.#totalIters = totalIters
    this.apply()
  }

  protected next(lr: number): number {
    if (this.lastEpoch === 0) return lr * this.#factor
    return this.lastEpoch === this.#totalIters ? lr * (1 / this.#factor) : lr
  }

  protected override first(base: number): number {
    return this.#totalIters === 0 ? base : base * this.#factor
  }
}

function requireFactor(what: string, factor: number): void {
  if (!(factor > 0 && factor <= 1))
    throw new RangeError(`${what} must be above 0 and at most 1, got ${factor}`)
}
