import { Module } from '../../nn/index.ts'
import { concat, type Tensor } from '../../tensor/index.ts'

export interface CrossStagePartialOptions {
  /** Which channels the branch sees: the first ones of the input, or the last. */
  readonly branched: 'first' | 'last'
  /** Comes after the two parts are together again; nothing unless given. */
  readonly transition?: Module
  /** The names of branch and transition in state dicts; 'branch' and 'transition' unless given. */
  readonly names?: readonly [branch: string, transition: string]
}

/**
 * A stage of CSPNet (Wang et al. 2019, section 3): `channels` of the input go through `branch`, the others pass by it, and both
 * are concatenated, what passed by first. Takes and gives [batch, channels, height, width].
 */
export class CrossStagePartial extends Module {
  readonly #channels: number
  readonly #branch: Module
  readonly #transition: Module | null
  readonly #branched: 'first' | 'last'
  readonly #names: readonly [string, string]

  constructor(channels: number, branch: Module, options: CrossStagePartialOptions) {
    super()
    this.#channels = channels
    this.#branch = branch
    this.#transition = options.transition ?? null
    this.#branched = options.branched
    this.#names = options.names ?? ['branch', 'transition']
  }

  protected override *members(): Iterable<readonly [string, unknown]> {
    yield* super.members()
    yield [this.#names[0], this.#branch]
    yield [this.#names[1], this.#transition]
  }

  override forward(x: Tensor): Tensor {
    const all = x.shape[1]!
    if (all <= this.#channels) {
      throw new RangeError(
        `CrossStagePartial: ${this.#channels} of the channels go through the branch, and some must pass by; got ${all}`,
      )
    }
    const at = this.#branched === 'first' ? this.#channels : all - this.#channels
    const [first, last] = x.split([at, all - at], 1) as [Tensor, Tensor]
    const [branched, passed] = this.#branched === 'first' ? [first, last] : [last, first]
    const together = concat([passed, this.#branch.forward(branched)], 1)
    return this.#transition ? this.#transition.forward(together) : together
  }
}
