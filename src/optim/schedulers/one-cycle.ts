import type { Optimizer } from '../optimizer.ts'
import { EpochScheduler, perGroup, requireInteger } from './scheduler.ts'

export interface OneCycleLROptions {
  /** The highest learning rate, or one for each parameter group. */
  readonly maxLr: number | readonly number[]
  /** Length of the cycle; otherwise give `epochs` and `stepsPerEpoch`. */
  readonly totalSteps?: number
  readonly epochs?: number
  readonly stepsPerEpoch?: number
  /** Share of the cycle in which the learning rate rises; 0.3 unless given. */
  readonly pctStart?: number
  /** 'cos' unless given. */
  readonly annealStrategy?: 'cos' | 'linear'
  /** Whether momentum (or the first beta) falls as the learning rate rises, and back; true unless given. */
  readonly cycleMomentum?: boolean
  /** 0.85 unless given; a list gives one for each parameter group. */
  readonly baseMomentum?: number | readonly number[]
  /** 0.95 unless given; a list gives one for each parameter group. */
  readonly maxMomentum?: number | readonly number[]
  /** The first learning rate is maxLr / divFactor; 25 unless given. */
  readonly divFactor?: number
  /** The last learning rate is the first one / finalDivFactor; 10,000 unless given. */
  readonly finalDivFactor?: number
  /** Falls back to the first rate as fast as it rose, then to the last; false unless given. */
  readonly threePhase?: boolean
}

interface Levels {
  readonly initial: number
  readonly max: number
  readonly min: number
}

interface Phase {
  readonly end: number
  readonly from: keyof Levels
  readonly to: keyof Levels
  /** Momentum in the phase: as the learning rate rises it falls. */
  readonly momentum: 'falls' | 'rises' | 'stays'
}

type MomentumGroup = { betas?: readonly [number, number]; momentum?: number }

/** The 1cycle policy (Smith and Topin 2017), stepped after every batch. */
export class OneCycleLR extends EpochScheduler {
  readonly #totalSteps: number
  readonly #phases: readonly Phase[]
  readonly #anneal: (start: number, end: number, share: number) => number
  readonly #levels: readonly Levels[]
  readonly #momenta: readonly { readonly base: number; readonly max: number }[] | null

  constructor(optimizer: Optimizer, options: OneCycleLROptions) {
    const { pctStart = 0.3, annealStrategy = 'cos', cycleMomentum = true, threePhase = false } = options
    const { divFactor = 25, finalDivFactor = 1e4, baseMomentum = 0.85, maxMomentum = 0.95 } = options
    const totalSteps = lengthOf(options)
    if (!(pctStart >= 0 && pctStart <= 1)) {
      throw new RangeError(`OneCycleLR: pctStart must be in the range 0 to 1, got ${pctStart}`)
    }
    if (annealStrategy !== 'cos' && annealStrategy !== 'linear') {
      throw new RangeError(`OneCycleLR: annealStrategy must be 'cos' or 'linear', got '${annealStrategy}'`)
    }
    const levels = perGroup('OneCycleLR: maxLr', options.maxLr, optimizer).map((max) => {
      const initial = max / divFactor
      return { initial, max, min: initial / finalDivFactor }
    })
    const baseMomenta = perGroup('OneCycleLR: baseMomentum', baseMomentum, optimizer)
    const maxMomenta = perGroup('OneCycleLR: maxMomentum', maxMomentum, optimizer)
    if (cycleMomentum && !optimizer.paramGroups.every((group) => 'momentum' in group || 'betas' in group)) {
      throw new Error(
        `OneCycleLR: ${optimizer.name} has no momentum to cycle; set cycleMomentum to false, or use another optimizer`,
      )
    }
    for (const [i, group] of optimizer.paramGroups.entries()) group.initialLr = levels[i]!.initial
    super('OneCycleLR', optimizer)
    this.#totalSteps = totalSteps
    this.#phases = threePhase ? threePhases(totalSteps, pctStart) : twoPhases(totalSteps, pctStart)
    this.#anneal = annealStrategy === 'cos' ? cosine : linear
    this.#levels = levels
    this.#momenta = cycleMomentum ? baseMomenta.map((base, i) => ({ base, max: maxMomenta[i]! })) : null
    this.apply()
  }

  protected next(_lr: number, _base: number, group: number): number {
    if (this.lastEpoch > this.#totalSteps) {
      throw new RangeError(
        `OneCycleLR: step() was called ${this.lastEpoch} times, but the cycle has ${this.#totalSteps} steps`,
      )
    }
    const last = this.#phases.length - 1
    const at = this.#phases.findIndex(({ end }, i) => this.lastEpoch <= end || i === last)
    const { end, from, to, momentum } = this.#phases[at]!
    const start = at === 0 ? 0 : this.#phases[at - 1]!.end
    const share = end === start ? 1 : (this.lastEpoch - start) / (end - start)
    if (this.#momenta !== null) {
      const { base, max } = this.#momenta[group]!
      const [first, second] = { falls: [max, base], rises: [base, max], stays: [max, max] }[momentum]
      setMomentum(this.optimizer.paramGroups[group] as MomentumGroup, this.#anneal(first!, second!, share))
    }
    const levels = this.#levels[group]!
    return this.#anneal(levels[from], levels[to], share)
  }

  protected override first(base: number, group: number): number {
    return this.next(base, base, group)
  }
}

function lengthOf({ totalSteps, epochs, stepsPerEpoch }: OneCycleLROptions): number {
  if (totalSteps !== undefined) {
    requireInteger('OneCycleLR: totalSteps', totalSteps, 1)
    return totalSteps
  }
  if (epochs === undefined || stepsPerEpoch === undefined) {
    throw new TypeError('OneCycleLR: needs totalSteps, or epochs and stepsPerEpoch')
  }
  requireInteger('OneCycleLR: epochs', epochs, 1)
  requireInteger('OneCycleLR: stepsPerEpoch', stepsPerEpoch, 1)
  return epochs * stepsPerEpoch
}

function twoPhases(steps: number, pctStart: number): Phase[] {
  return [
    { end: pctStart * steps - 1, from: 'initial', to: 'max', momentum: 'falls' },
    { end: steps - 1, from: 'max', to: 'min', momentum: 'rises' },
  ]
}

function threePhases(steps: number, pctStart: number): Phase[] {
  return [
    { end: pctStart * steps - 1, from: 'initial', to: 'max', momentum: 'falls' },
    { end: 2 * pctStart * steps - 2, from: 'max', to: 'initial', momentum: 'rises' },
    { end: steps - 1, from: 'initial', to: 'min', momentum: 'stays' },
  ]
}

function cosine(start: number, end: number, share: number): number {
  return end + ((start - end) / 2) * (Math.cos(Math.PI * share) + 1)
}

function linear(start: number, end: number, share: number): number {
  return (end - start) * share + start
}

function setMomentum(group: MomentumGroup, momentum: number): void {
  if (group.betas !== undefined) group.betas = [momentum, group.betas[1]]
  else group.momentum = momentum
}
