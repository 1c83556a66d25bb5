import { Conv2d, Identity, Module, ReLU } from '../../../nn/index.ts'
import type { Tensor } from '../../../tensor/index.ts'
import { makeDivisible } from '../../network.ts'
import type { NormLayer } from '../conv-norm-act.ts'

export interface SplitAttentionOptions {
  /** The channels that go in unless given. */
  readonly outChannels?: number
  readonly stride?: number
  readonly dilation?: number
  /** Cardinality: groups that each attend for themselves. */
  readonly groups?: number
  /** How many splits the attention chooses among; 2 unless given. */
  readonly radix?: number
  /** Of the attention's hidden channels to all splits' channels, 32 channels at least; 1/4 unless given. */
  readonly reductionRatio?: number
  /** Normalisation after the convolution and within the attention; none unless given, as in timm. */
  readonly norm?: NormLayer | null
}

/**
 * Split attention (Zhang et al. 2020, ResNeSt), with timm's names: a 3x3 convolution into several splits, of which each channel
 * takes its own mixture. Takes [batch, channels, height, width].
 */
export class SplitAttention extends Module {
  conv: Conv2d
  bn0: Module
  act0: ReLU
  fc1: Conv2d
  bn1: Module
  act1: ReLU
  fc2: Conv2d
  readonly #radix: number
  readonly #groups: number
  readonly #channels: number

  constructor(channels: number, options: SplitAttentionOptions = {}) {
    super()
    const { outChannels = channels, stride = 1, dilation = 1, groups = 1, radix = 2 } = options
    const { reductionRatio = 1 / 4, norm = null } = options
    const hidden = Math.max(32, makeDivisible(channels * radix * reductionRatio))
    const splits = outChannels * radix
    const normOf = (size: number): Module => (norm === null ? new Identity() : norm(size))
    this.conv = new Conv2d(channels, splits, 3, {
      stride,
      padding: dilation,
      dilation,
      groups: groups * radix,
      bias: false,
    })
    this.bn0 = normOf(splits)
    this.act0 = new ReLU()
    this.fc1 = new Conv2d(outChannels, hidden, 1, { groups })
    this.bn1 = normOf(hidden)
    this.act1 = new ReLU()
    this.fc2 = new Conv2d(hidden, splits, 1, { groups })
    this.#radix = radix
    this.#groups = groups
    this.#channels = outChannels
  }

  override forward(x: Tensor): Tensor {
    const maps: Tensor = this.act0.forward(this.bn0.forward(this.conv.forward(x)))
    const [batch, , height, width] = maps.shape as [number, number, number, number]
    const radix = this.#radix
    const splits = maps.reshape([batch, radix, this.#channels, height, width])
    const pooled = splits.sum(1).mean([2, 3], true)
    const hidden = this.act1.forward(this.bn1.forward(this.fc1.forward(pooled)))
    const scores = this.fc2.forward(hidden)
    return radix === 1 ? maps.mul(scores.sigmoid()) : splits.mul(this.#shares(scores, batch)).sum(1)
  }

  /** The scores come group by group, the splits split by split. */
  #shares(scores: Tensor, batch: number): Tensor {
    const groups = this.#groups
    const shares = scores.reshape([batch, groups, this.#radix, this.#channels / groups]).softmax(2)
    return shares.permute(0, 2, 1, 3).reshape([batch, this.#radix, this.#channels, 1, 1])
  }
}
