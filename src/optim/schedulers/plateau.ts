import type { Json } from '../../weights/index.ts'
import type { Optimizer } from '../optimizer.ts'
import { perGroup, requireInteger, Scheduler, savedNumber, savedState } from './scheduler.ts'

export interface ReduceLROnPlateauOptions {
  /** Whether a smaller or a larger metric is better; 'min' unless given. */
  readonly mode?: 'min' | 'max'
  /** Factor of the learning rates at a plateau, below 1; 0.1 unless given. */
  readonly factor?: number
  /** Steps without improvement that are let pass; 10 unless given. */
  readonly patience?: number
  /** What counts as an improvement; 1e-4 unless given. */
  readonly threshold?: number
  /** Whether the threshold is a share of the best metric or a difference from it; 'rel' unless given. */
  readonly thresholdMode?: 'rel' | 'abs'
  /** Steps after a reduction in which nothing is counted; 0 unless given. */
  readonly cooldown?: number
  /** Lowest learning rate, or one for each parameter group; 0 unless given. */
  readonly minLr?: number | readonly number[]
  /** Reductions smaller than this are left out; 1e-8 unless given. */
  readonly eps?: number
}

/** Reduces the learning rates when a metric, given to `step`, has stopped improving. */
export class ReduceLROnPlateau extends Scheduler {
  readonly #options: Required<ReduceLROnPlateauOptions>
  readonly #minLrs: readonly number[]
  #best: number
  #badEpochs = 0
  #cooldownLeft = 0

  constructor(optimizer: Optimizer, options: ReduceLROnPlateauOptions = {}) {
    super('ReduceLROnPlateau', optimizer)
    const { mode = 'min', factor = 0.1, patience = 10, threshold = 1e-4, thresholdMode = 'rel' } = options
    const { cooldown = 0, minLr = 0, eps = 1e-8 } = options
    if (!(factor >= 0 && factor < 1)) {
      throw new RangeError(`ReduceLROnPlateau: factor must be in the range 0 <= factor < 1, got ${factor}`)
    }
    if (!['min', 'max'].includes(mode) || !['rel', 'abs'].includes(thresholdMode)) {
      throw new RangeError(
        `ReduceLROnPlateau: mode must be 'min' or 'max' and thresholdMode 'rel' or 'abs', got '${mode}', '${thresholdMode}'`,
      )
    }
    requireInteger('ReduceLROnPlateau: patience', patience)
    requireInteger('ReduceLROnPlateau: cooldown', cooldown)
    this.#options = { mode, factor, patience, threshold, thresholdMode, cooldown, minLr, eps }
    this.#minLrs = perGroup('ReduceLROnPlateau: minLr', minLr, optimizer)
    this.#best = this.#worst
  }

  get #worst(): number {
    return this.#options.mode === 'min' ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY
  }

  step(metric?: number): void {
    if (metric === undefined) {
      throw new TypeError('ReduceLROnPlateau: step() needs the metric to watch, such as the validation loss')
    }
    this.lastEpoch++
    if (this.#improves(metric)) {
      this.#best = metric
      this.#badEpochs = 0
    } else {
      this.#badEpochs++
    }
    if (this.#cooldownLeft > 0) {
      this.#cooldownLeft--
      this.#badEpochs = 0
    }
    if (this.#badEpochs > this.#options.patience) {
      this.#reduce()
      this.#cooldownLeft = this.#options.cooldown
      this.#badEpochs = 0
    }
  }

  #improves(metric: number): boolean {
    const { mode, threshold, thresholdMode } = this.#options
    const best = this.#best
    if (mode === 'min') return metric < (thresholdMode === 'rel' ? best * (1 - threshold) : best - threshold)
    return metric > (thresholdMode === 'rel' ? best * (1 + threshold) : best + threshold)
  }

  #reduce(): void {
    const { factor, eps } = this.#options
    for (const [i, group] of this.optimizer.paramGroups.entries()) {
      const reduced = Math.max(group.lr * factor, this.#minLrs[i] ?? 0)
      if (group.lr - reduced > eps) group.lr = reduced
    }
  }

  stateDict(): Json {
    return {
      scheduler: this.name,
      lastEpoch: this.lastEpoch,
      best: Number.isFinite(this.#best) ? this.#best : null,
      badEpochs: this.#badEpochs,
      cooldownLeft: this.#cooldownLeft,
    }
  }

  loadStateDict(state: Json): void {
    const saved = savedState(this.name, state)
    const [lastEpoch, badEpochs, cooldownLeft] = ['lastEpoch', 'badEpochs', 'cooldownLeft'].map((key) =>
      savedNumber(this.name, saved, key),
    ) as [number, number, number]
    this.#best = saved.best === null ? this.#worst : savedNumber(this.name, saved, 'best')
    this.lastEpoch = lastEpoch
    this.#badEpochs = badEpochs
    this.#cooldownLeft = cooldownLeft
  }
}
