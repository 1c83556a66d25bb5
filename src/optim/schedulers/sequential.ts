import type { Json } from '../../weights/index.ts'
import type { Optimizer } from '../optimizer.ts'
import { type EpochScheduler, requireInteger, Scheduler, savedNumber, savedState } from './scheduler.ts'

export interface SequentialLROptions {
  /** Of the same optimizer, in order. */
  readonly schedulers: readonly EpochScheduler[]
  /** The steps at which the second, third, … scheduler takes over; increasing. */
  readonly milestones: readonly number[]
}

/** One scheduler after another, each starting from the initial learning rates: warm-up, then decay. */
export class SequentialLR extends Scheduler {
  readonly #schedulers: readonly EpochScheduler[]
  readonly #milestones: readonly number[]

  constructor(optimizer: Optimizer, { schedulers, milestones }: SequentialLROptions) {
    super('SequentialLR', optimizer)
    if (schedulers.length === 0 || milestones.length !== schedulers.length - 1) {
      throw new RangeError(
        `SequentialLR: ${schedulers.length} schedulers need ${Math.max(schedulers.length - 1, 0)} milestones, ` +
          `got ${milestones.length}`,
      )
    }
    if (schedulers.some((scheduler) => scheduler.optimizer !== optimizer)) {
      throw new Error('SequentialLR: every scheduler must be one of the same optimizer')
    }
    for (const [i, milestone] of milestones.entries()) {
      requireInteger('SequentialLR: every milestone', milestone, i === 0 ? 1 : milestones[i - 1]! + 1)
    }
    this.#schedulers = [...schedulers]
    this.#milestones = [...milestones]
    // The constructors of the schedulers have each changed the rates.
    schedulers[0]!.restart()
  }

  step(): void {
    this.lastEpoch++
    const place = this.#milestones.filter((milestone) => milestone <= this.lastEpoch).length
    const scheduler = this.#schedulers[place]!
    if (place > 0 && this.#milestones[place - 1] === this.lastEpoch) scheduler.restart()
    else scheduler.step()
  }

  stateDict(): Json {
    const schedulers = this.#schedulers.map((scheduler) => scheduler.stateDict())
    return { scheduler: this.name, lastEpoch: this.lastEpoch, schedulers }
  }

  loadStateDict(state: Json): void {
    const saved = savedState(this.name, state)
    const { schedulers } = saved
    if (!Array.isArray(schedulers) || schedulers.length !== this.#schedulers.length) {
      throw new Error(`${this.name}: the saved state is not one of ${this.#schedulers.length} schedulers`)
    }
    const lastEpoch = savedNumber(this.name, saved, 'lastEpoch')
    for (const [i, scheduler] of this.#schedulers.entries()) scheduler.loadStateDict(schedulers[i] as Json)
    this.lastEpoch = lastEpoch
  }
}
