import { Conv1d, F, Module } from '../../../nn/index.ts'
import type { Tensor } from '../../../tensor/index.ts'

export interface EfficientChannelAttentionOptions {
  /** Neighbouring channels that decide a channel's factor, an odd number; by the number of channels unless given. */
  readonly kernelSize?: number
  /** The first and the last channel are neighbours too (timm's `ceca`); zeros surround them otherwise. */
  readonly circular?: boolean
}

/** The odd number next to |log2(channels) + 1| / 2, 3 at least (Wang et al. 2019, section 3.2.3, as timm has it). */
export function efficientKernelSize(channels: number): number {
  const size = Math.trunc(Math.abs(Math.log2(channels) + 1) / 2)
  return Math.max(size % 2 === 1 ? size : size + 1, 3)
}

/**
 * Efficient channel attention (Wang et al. 2019): channels scaled by what a convolution over the channels makes of their means.
 * Takes and gives [batch, channels, height, width].
 */
export class EfficientChannelAttention extends Module {
  conv: Conv1d
  readonly #around: number

  constructor(channels: number, options: EfficientChannelAttentionOptions = {}) {
    super()
    const { kernelSize = efficientKernelSize(channels), circular = false } = options
    if (!Number.isInteger(kernelSize) || kernelSize % 2 !== 1) {
      throw new RangeError(
        `EfficientChannelAttention: kernelSize must be an odd number of channels, got ${kernelSize}`,
      )
    }
    const padding = (kernelSize - 1) / 2
    this.conv = new Conv1d(1, 1, kernelSize, { padding: circular ? 0 : padding, bias: false })
    this.#around = circular ? padding : 0
  }

  override forward(x: Tensor): Tensor {
    const [batch, channels] = x.shape as [number, number]
    const means = x.mean([2, 3]).reshape([batch, 1, channels])
    const around = this.#around
    const padded = around > 0 ? F.pad(means, [around, around], { mode: 'circular' }) : means
    const factors: Tensor = this.conv.forward(padded).sigmoid()
    return x.mul(factors.reshape([batch, channels, 1, 1]))
  }
}
