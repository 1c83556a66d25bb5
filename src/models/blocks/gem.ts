import { type Buffer, buffer, Module, type Parameter, parameter } from '../../nn/index.ts'
import { full, type Tensor, where } from '../../tensor/index.ts'

export interface GeMOptions {
  /** The exponent: 1 gives the mean, Infinity the maximum. */
  readonly p?: number
  /** Makes the exponent a parameter instead of a buffer. */
  readonly learnP?: boolean
  /** Smaller values count as this. */
  readonly eps?: number
}

/**
 * Generalized-mean pooling over space (Radenović et al. 2018): the p-th root of the mean of p-th powers, from
 * [batch, channels, height, width] to [batch, channels]. Other values than Infinity may be loaded or assigned later.
 */
export class GeMPool2d extends Module {
  p: Parameter | Buffer
  readonly #eps: number
  readonly #maximum: boolean

  constructor({ p = 3, learnP = false, eps = 1e-6 }: GeMOptions = {}) {
    super()
    if (!(p > 0)) throw new RangeError(`GeMPool2d: p must be above 0, got ${p}`)
    this.p = learnP ? parameter(full([], p)) : buffer(full([], p))
    this.#eps = eps
    this.#maximum = p === Number.POSITIVE_INFINITY
  }

  override forward(x: Tensor): Tensor {
    if (this.#maximum) return x.amax([2, 3])
    const powers = x.clamp(this.#eps).pow(this.p)
    const pooled = powers.mean([2, 3]).pow(this.p.reciprocal())
    return this.p.requiresGrad ? pooled : where(this.p.eq(1), x.mean([2, 3]), pooled)
  }
}
