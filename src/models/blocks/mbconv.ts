import { Module, Sequential, StochasticDepth } from '../../nn/index.ts'
import type { Tensor } from '../../tensor/index.ts'
import { makeDivisible } from '../network.ts'
import { ConvNormActSequence, type NormLayer } from './conv-norm-act.ts'
import { SqueezeExcite } from './squeeze-excite.ts'

export interface MBConvOptions {
  /** Of the depthwise convolution; 3 unless given. */
  readonly kernelSize?: number
  readonly stride?: number
  /** How many times the input's channels the depthwise convolution has, rounded to a multiple of 8; 6 unless given. */
  readonly expansion?: number
  readonly norm?: NormLayer
  /** The probability with which training drops the branch beside the addition. */
  readonly stochasticDepth?: number
}

/**
 * Mobile inverted bottleneck with squeeze-and-excitation and SiLU (Tan and Le 2019, section 4): 1x1 convolution to the
 * expanded channels, depthwise convolution, squeeze-and-excitation to a quarter of the input's channels, 1x1 convolution
 * without an activation; the input is added where shapes allow it. Takes [batch, inChannels, h, w] and gives
 * [batch, outChannels, h / stride, w / stride], rounded up. Names are torchvision's.
 */
export class MBConv extends Module {
  block: Sequential
  stochastic_depth: StochasticDepth
  readonly #residual: boolean

  constructor(inChannels: number, outChannels: number, options: MBConvOptions = {}) {
    super()
    const { kernelSize = 3, stride = 1, expansion = 6, stochasticDepth = 0, norm } = options
    const shared = { activation: 'silu', ...(norm && { norm }) } as const
    const hidden = makeDivisible(inChannels * expansion)
    const layers: Module[] = []
    if (hidden !== inChannels) layers.push(new ConvNormActSequence(inChannels, hidden, 1, shared))
    layers.push(
      new ConvNormActSequence(hidden, hidden, kernelSize, { ...shared, stride, groups: hidden }),
      new SqueezeExcite(hidden, Math.max(1, Math.floor(inChannels / 4)), { activation: 'silu' }),
      new ConvNormActSequence(hidden, outChannels, 1, { ...shared, activation: null }),
    )
    this.block = new Sequential(...layers)
    this.stochastic_depth = new StochasticDepth(stochasticDepth, 'row')
    this.#residual = stride === 1 && inChannels === outChannels
  }

  override forward(x: Tensor): Tensor {
    const y = this.block.forward(x)
    return this.#residual ? this.stochastic_depth.forward(y).add(x) : y
  }
}
