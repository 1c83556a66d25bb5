import { BatchNorm2d, Conv2d, Module, Sequential } from '../../nn/index.ts'
import { concat, type Tensor } from '../../tensor/index.ts'
import { makeDivisible } from '../network.ts'
import { ConvNormActSequence, samePadding } from './conv-norm-act.ts'
import { SqueezeExcite } from './squeeze-excite.ts'

export interface GhostModuleOptions {
  /** Of the ordinary convolution; 1 unless given. */
  readonly kernelSize?: number
  /** Of the depthwise convolution that makes the ghosts; 3 unless given. */
  readonly cheapKernelSize?: number
  /** How many times fewer maps the ordinary convolution makes; 2 unless given. */
  readonly ratio?: number
  readonly stride?: number
  /** Whether ReLU follows both; true unless given. */
  readonly activated?: boolean
}

/**
 * Ghost module (Han et al. 2019, section 3.1): an ordinary convolution makes some of the maps, a depthwise one the others
 * from them. Takes [batch, inChannels, h, w] and gives [batch, outChannels, h / stride, w / stride], rounded up.
 */
export class GhostModule extends Module {
  primary_conv: ConvNormActSequence
  cheap_operation: ConvNormActSequence
  readonly #outChannels: number

  constructor(inChannels: number, outChannels: number, options: GhostModuleOptions = {}) {
    super()
    const { kernelSize = 1, cheapKernelSize = 3, ratio = 2, stride = 1, activated = true } = options
    const activation = activated ? 'relu' : null
    const primary = Math.ceil(outChannels / ratio)
    this.primary_conv = new ConvNormActSequence(inChannels, primary, kernelSize, { stride, activation })
    this.cheap_operation = new ConvNormActSequence(primary, primary * (ratio - 1), cheapKernelSize, {
      groups: primary,
      activation,
    })
    this.#outChannels = outChannels
  }

  override forward(x: Tensor): Tensor {
    const primary = this.primary_conv.forward(x) as Tensor
    const all = concat([primary, this.cheap_operation.forward(primary)], 1)
    return all.shape[1] === this.#outChannels ? all : all.narrow(1, 0, this.#outChannels)
  }
}

export interface GhostBottleneckOptions {
  /** Of the depthwise convolutions; 3 unless given. */
  readonly kernelSize?: number
  readonly stride?: number
  /** The share of the hidden channels that squeeze-and-excitation squeezes to; 0, for none, unless given. */
  readonly squeeze?: number
}

/**
 * Ghost bottleneck (Han et al. 2019, section 3.2): a ghost module expands, a depthwise convolution follows where the block
 * strides, another ghost module projects; the input, brought to the output's shape, is added. Takes
 * [batch, inChannels, h, w] and gives [batch, outChannels, h / stride, w / stride], rounded up.
 */
export class GhostBottleneck extends Module {
  ghost1: GhostModule
  conv_dw: Conv2d | null
  bn_dw: BatchNorm2d | null
  se: SqueezeExcite | null
  ghost2: GhostModule
  shortcut: Sequential

  constructor(inChannels: number, hidden: number, outChannels: number, options: GhostBottleneckOptions = {}) {
    super()
    const { kernelSize = 3, stride = 1, squeeze = 0 } = options
    const depthwise = (channels: number): Conv2d =>
      new Conv2d(channels, channels, kernelSize, {
        stride,
        padding: samePadding(kernelSize),
        groups: channels,
        bias: false,
      })
    this.ghost1 = new GhostModule(inChannels, hidden)
    this.conv_dw = stride > 1 ? depthwise(hidden) : null
    this.bn_dw = stride > 1 ? new BatchNorm2d(hidden) : null
    this.se =
      squeeze > 0
        ? new SqueezeExcite(hidden, makeDivisible(hidden * squeeze, 4), {
            gate: 'hardSigmoid',
            names: ['conv_reduce', 'conv_expand'],
          })
        : null
    this.ghost2 = new GhostModule(hidden, outChannels, { activated: false })
    this.shortcut =
      stride === 1 && inChannels === outChannels
        ? new Sequential()
        : new Sequential(
            depthwise(inChannels),
            new BatchNorm2d(inChannels),
            new Conv2d(inChannels, outChannels, 1, { bias: false }),
            new BatchNorm2d(outChannels),
          )
  }

  override forward(x: Tensor): Tensor {
    const expanded = this.ghost1.forward(x)
    const filtered: Tensor =
      this.conv_dw === null ? expanded : this.bn_dw!.forward(this.conv_dw.forward(expanded))
    const weighed: Tensor = this.se === null ? filtered : this.se.forward(filtered)
    return this.ghost2.forward(weighed).add(this.shortcut.forward(x))
  }
}
