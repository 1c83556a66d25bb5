import type { Optimizer } from '../optimizer.ts'
import { EpochScheduler, requireInteger } from './scheduler.ts'

/** Multiplies the learning rates by gamma (0.1 unless given) every `stepSize` steps. */
export class StepLR extends EpochScheduler {
  readonly #stepSize: number
  readonly #gamma: number

  constructor(optimizer: Optimizer, options: { readonly stepSize: number; readonly gamma?: number }) {
    super('StepLR', optimizer)
    requireInteger('StepLR: stepSize', options.stepSize, 1)
    this.#stepSize = options.stepSize
    this.#gamma = options.gamma ?? 0.1
    this.apply()
  }

  protected next(lr: number): number {
    return this.lastEpoch > 0 && this.lastEpoch % this.#stepSize === 0 ? lr * this.#gamma : lr
  }
}

/** Multiplies the learning rates by gamma (0.1 unless given) at each milestone; one that is listed twice counts twice. */
export class MultiStepLR extends EpochScheduler {
  readonly #milestones: readonly number[]
  readonly #gamma: number

  constructor(
    optimizer: Optimizer,
    options: { readonly milestones: readonly number[]; readonly gamma?: number },
  ) {
    super('MultiStepLR', optimizer)
    for (const milestone of options.milestones) requireInteger('MultiStepLR: every milestone', milestone)
    this.#milestones = [...options.milestones]
    this.#gamma = options.gamma ?? 0.1
    this.apply()
  }

  protected next(lr: number): number {
    return lr * this.#gamma ** this.#milestones.filter((milestone) => milestone === this.lastEpoch).length
  }

  protected override first(base: number): number {
    return this.next(base)
  }
}

/** Multiplies the learning rates by gamma at every step. */
export class ExponentialLR extends EpochScheduler {
  readonly #gamma: number

  constructor(optimizer: Optimizer, options: { readonly gamma: number }) {
    super('ExponentialLR', optimizer)
    this.#gamma = options.gamma
    this.apply()
  }

  protected next(lr: number): number {
    return this.lastEpoch === 0 ? lr : lr * this.#gamma
  }
}
