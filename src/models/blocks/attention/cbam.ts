import { Conv2d, Module, ReLU } from '../../../nn/index.ts'
import { concat, type Tensor } from '../../../tensor/index.ts'
import { ConvNormAct } from '../conv-norm-act.ts'

export interface CbamOptions {
  /** Hidden channels of the channel attention; a sixteenth of the channels unless given. */
  readonly hidden?: number
  /** A side of the window of the spatial attention; 7 unless given. */
  readonly kernelSize?: number
  /** Takes the mean of average and maximum where CBAM takes both: timm's `lcbam`. */
  readonly light?: boolean
}

export class ChannelAttention extends Module {
  fc1: Conv2d
  act: ReLU
  fc2: Conv2d
  readonly #light: boolean

  constructor(channels: number, hidden: number, light: boolean) {
    super()
    this.fc1 = new Conv2d(channels, hidden, 1, { bias: false })
    this.act = new ReLU()
    this.fc2 = new Conv2d(hidden, channels, 1, { bias: false })
    this.#light = light
  }

  override forward(x: Tensor): Tensor {
    const [mean, most] = [x.mean([2, 3], true), x.amax([2, 3], true)]
    const score = this.#light
      ? this.#score(mean.add(most).mul(0.5))
      : this.#score(mean).add(this.#score(most))
    return x.mul(score.sigmoid())
  }

  #score(pooled: Tensor): Tensor {
    return this.fc2.forward(this.act.forward(this.fc1.forward(pooled)))
  }
}

export class SpatialAttention extends Module {
  conv: ConvNormAct
  readonly #light: boolean

  constructor(kernelSize: number, light: boolean) {
    super()
    this.conv = new ConvNormAct(light ? 1 : 2, 1, kernelSize, { activation: null })
    this.#light = light
  }

  override forward(x: Tensor): Tensor {
    const [mean, most] = [x.mean(1, true), x.amax(1, true)]
    const pooled = this.#light ? mean.add(most).mul(0.5) : concat([mean, most], 1)
    return x.mul(this.conv.forward(pooled).sigmoid())
  }
}

/**
 * Convolutional block attention (Woo et al. 2018, CBAM), with timm's names: channels scaled first, then pixels. Takes and gives
 * [batch, channels, height, width].
 */
export class Cbam extends Module {
  channel: ChannelAttention
  spatial: SpatialAttention

  constructor(channels: number, options: CbamOptions = {}) {
    super()
    const { hidden = Math.max(1, Math.floor(channels / 16 + 0.5)), kernelSize = 7, light = false } = options
    this.channel = new ChannelAttention(channels, hidden, light)
    this.spatial = new SpatialAttention(kernelSize, light)
  }

  override forward(x: Tensor): Tensor {
    return this.spatial.forward(this.channel.forward(x))
  }
}
