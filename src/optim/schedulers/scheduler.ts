import type { Json } from '../../weights/index.ts'
import type { Optimizer } from '../optimizer.ts'

/** Base of what changes learning rates as training goes on. */
export abstract class Scheduler {
  readonly optimizer: Optimizer
  /** What it is called in errors and checkpoints. */
  readonly name: string
  /** How often `step` was called. */
  lastEpoch = 0

  constructor(name: string, optimizer: Optimizer) {
    this.name = name
    this.optimizer = optimizer
  }

  /** The learning rates in use now, one for each parameter group. */
  get lastLr(): number[] {
    return this.optimizer.paramGroups.map((group) => group.lr)
  }

  /** Goes on to the next epoch, or batch. `metric` is what a plateau scheduler watches; others ignore it. */
  abstract step(metric?: number): void

  /** What `loadStateDict` needs to go on: progress, not options. */
  abstract stateDict(): Json

  /** Takes over the progress of a scheduler of the same kind; restore the optimizer's state too. */
  abstract loadStateDict(state: Json): void
}
