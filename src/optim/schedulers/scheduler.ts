import type { Json } from '../../weights/index.ts'
import type { Optimizer } from '../optimizer.ts'

/** Base of what changes learning rates as training goes on. Programs do not depend on them, so nothing is recompiled. */
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

  /** Takes over the progress of a scheduler of the same kind. Load the optimizer's state too: it holds the rates. */
  abstract loadStateDict(state: Json): void
}

/** Base of schedulers that go by the number of steps. Several may act on one optimizer: each scales the rate in use. */
export abstract class EpochScheduler extends Scheduler {
  /** The learning rates at the start, one for each parameter group. */
  protected baseLrs: number[]

  constructor(name: string, optimizer: Optimizer) {
    super(name, optimizer)
    this.baseLrs = optimizer.paramGroups.map((group) => {
      group.initialLr ??= group.lr
      return group.initialLr
    })
  }

  /** The rate at step `lastEpoch` of a group, from the one in use and the one at the start. */
  protected abstract next(lr: number, base: number, group: number): number

  /** The rate of a group when the schedule starts over. */
  protected first(base: number, _group: number): number {
    return base
  }

  step(): void {
    this.lastEpoch++
    this.apply()
  }

  /** Sets the rates for step `lastEpoch`; constructors end with it. */
  protected apply(): void {
    for (const [i, group] of this.optimizer.paramGroups.entries()) {
      group.lr = this.next(group.lr, this.baseLrs[i] ?? group.lr, i)
    }
  }

  /** Starts over from the initial rates, whatever the rates in use are. */
  restart(): void {
    this.lastEpoch = 0
    for (const [i, group] of this.optimizer.paramGroups.entries()) {
      group.lr = this.first(this.baseLrs[i] ?? group.lr, i)
    }
  }

  stateDict(): Json {
    return { scheduler: this.name, lastEpoch: this.lastEpoch, baseLrs: [...this.baseLrs] }
  }

  loadStateDict(state: Json): void {
    const saved = savedState(this.name, state)
    const { baseLrs } = saved
    if (!Array.isArray(baseLrs) || !baseLrs.every((lr) => typeof lr === 'number')) {
      throw new TypeError(`${this.name}: baseLrs of the saved state is not a list of numbers`)
    }
    if (baseLrs.length !== this.baseLrs.length) {
      throw new Error(
        `${this.name}: the saved state is for ${baseLrs.length} parameter groups, this optimizer has ${this.baseLrs.length}`,
      )
    }
    this.lastEpoch = savedNumber(this.name, saved, 'lastEpoch')
    this.baseLrs = [...baseLrs]
  }
}

export type SavedState = { readonly [key: string]: Json }

/** The saved state of a scheduler of this name. */
export function savedState(name: string, state: Json): SavedState {
  const saved = (typeof state === 'object' && state !== null ? state : {}) as SavedState
  if (typeof saved.scheduler !== 'string')
    throw new TypeError(`${name}: this is not the state of a scheduler`)
  if (saved.scheduler !== name) {
    throw new Error(`${name}: the saved state is one of ${saved.scheduler}; create that scheduler to load it`)
  }
  return saved
}

export function savedNumber(name: string, saved: SavedState, key: string): number {
  const value = saved[key]
  if (typeof value !== 'number') throw new TypeError(`${name}: ${key} of the saved state is not a number`)
  return value
}

/** One value for each parameter group, from one for all or a list. */
export function perGroup<T>(what: string, value: T | readonly T[], optimizer: Optimizer): T[] {
  const { length } = optimizer.paramGroups
  if (!Array.isArray(value)) return Array.from({ length }, () => value as T)
  if (value.length !== length) {
    throw new RangeError(`${what}: ${value.length} values for ${length} parameter groups; give one for each`)
  }
  return [...(value as readonly T[])]
}

export function requireInteger(what: string, value: number, lowest = 0): void {
  if (Number.isInteger(value) && value >= lowest) return
  throw new RangeError(`${what} must be an integer >= ${lowest}, got ${value}`)
}
