import type { Optimizer } from '../optimizer.ts'
import { EpochScheduler, requireInteger } from './scheduler.ts'

export interface CosineAnnealingLROptions {
  /** Steps from the initial learning rate to the lowest; going on climbs again. */
  readonly tMax: number
  /** The lowest learning rate; 0 unless given. */
  readonly etaMin?: number
}

/** Half a cosine from the initial learning rate to `etaMin` (Loshchilov and Hutter 2017, without restarts). */
export class CosineAnnealingLR extends EpochScheduler {
  readonly #tMax: number
  readonly #etaMin: number

  constructor(optimizer: Optimizer, options: CosineAnnealingLROptions) {
    super('CosineAnnealingLR', optimizer)
    requireInteger('CosineAnnealingLR: tMax', options.tMax, 1)
    this.#tMax = options.tMax
    this.#etaMin = options.etaMin ?? 0
    this.apply()
  }

  protected next(lr: number, base: number): number {
    const [t, tMax, lowest] = [this.lastEpoch, this.#tMax, this.#etaMin]
    if (t === 0) return lr
    // At its lowest the rate does not tell how high to climb.
    if ((t - 1 - tMax) % (2 * tMax) === 0) return lr + ((base - lowest) * (1 - Math.cos(Math.PI / tMax))) / 2
    const [now, before] = [1 + Math.cos((Math.PI * t) / tMax), 1 + Math.cos((Math.PI * (t - 1)) / tMax)]
    return (now / before) * (lr - lowest) + lowest
  }
}
