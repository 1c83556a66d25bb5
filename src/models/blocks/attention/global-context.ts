import { Conv2d, init, Module } from '../../../nn/index.ts'
import type { Tensor } from '../../../tensor/index.ts'
import { ConvMlp } from './conv-mlp.ts'

export interface GlobalContextOptions {
  /** Weighs the pixels by a learnt attention; their plain mean otherwise. Default true. */
  readonly attention?: boolean
  /** Scales the map by what is made of the context; default true. */
  readonly scale?: boolean
  /** Adds what is made of the context to the map. */
  readonly add?: boolean
  /** Hidden channels; an eighth of the channels unless given. */
  readonly hidden?: number
}

/**
 * Global context (Cao et al. 2019, GCNet), with timm's names: one descriptor of the whole map, which scales its channels or is
 * added to them. Takes and gives [batch, channels, height, width].
 */
export class GlobalContext extends Module {
  conv_attn: Conv2d | null
  mlp_add: ConvMlp | null
  mlp_scale: ConvMlp | null

  constructor(channels: number, options: GlobalContextOptions = {}) {
    super()
    const { attention = true, scale = true, add = false } = options
    const hidden = options.hidden ?? Math.max(1, Math.floor(channels / 8 + 0.5))
    this.conv_attn = attention ? new Conv2d(channels, 1, 1) : null
    this.mlp_add = add ? new ConvMlp(channels, hidden, { norm: true }) : null
    this.mlp_scale = scale ? new ConvMlp(channels, hidden, { norm: true }) : null
    if (this.conv_attn) init.kaimingNormal(this.conv_attn.weight)
    if (this.mlp_add) init.zeros(this.mlp_add.fc2.weight)
  }

  override forward(x: Tensor): Tensor {
    const context = this.#context(x)
    const scaled = this.mlp_scale ? x.mul(this.mlp_scale.forward(context).sigmoid()) : x
    return this.mlp_add ? scaled.add(this.mlp_add.forward(context)) : scaled
  }

  #context(x: Tensor): Tensor {
    if (this.conv_attn === null) return x.mean([2, 3], true)
    const [batch, channels, height, width] = x.shape as [number, number, number, number]
    const pixels = height * width
    const weights = this.conv_attn.forward(x).reshape([batch, pixels, 1]).softmax(1)
    return x.reshape([batch, channels, pixels]).matmul(weights).reshape([batch, channels, 1, 1])
  }
}
