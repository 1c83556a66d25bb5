import { Conv2d, DropPath, Module } from '../../nn/index.ts'
import type { Tensor } from '../../tensor/index.ts'
import { makeDivisible } from '../network.ts'
import type { Activation } from './activation.ts'
import { BatchNormAct2d } from './batch-norm-act.ts'
import { type ConvPadding, paddingOf } from './conv-norm-act.ts'
import { MixedConv2d } from './mixed-conv.ts'
import { SqueezeExcite } from './squeeze-excite.ts'

/** One size, or several for a mixed convolution. */
export type KernelSizes = number | readonly number[]

export interface SqueezeOptions {
  /** Channels between its two layers. */
  readonly hidden: number
  readonly activation?: Activation
  readonly gate?: Activation
}

/** What the blocks of timm's EfficientNet family have in common. */
export interface MobileBlockOptions {
  readonly stride?: number
  readonly dilation?: number
  /** 'symmetric' unless given. */
  readonly padding?: ConvPadding
  /** ReLU unless given. */
  readonly activation?: Activation
  readonly normEps?: number
  readonly normMomentum?: number
  /** Squeeze-and-excitation of the channels of the depthwise convolution. */
  readonly squeeze?: SqueezeOptions | null
  /** False leaves the addition of the input out where shapes allow it. */
  readonly skip?: boolean
  /** The probability with which training drops the branch beside the addition. */
  readonly dropPath?: number
}

interface ConvOptions {
  readonly stride?: number
  readonly dilation?: number
  readonly depthwise?: boolean
  readonly padding?: ConvPadding
}

function convolution(
  inChannels: number,
  outChannels: number,
  kernelSize: KernelSizes,
  options: ConvOptions,
): Conv2d | MixedConv2d {
  if (typeof kernelSize !== 'number') return new MixedConv2d(inChannels, outChannels, kernelSize, options)
  const { stride = 1, dilation = 1, depthwise = false, padding = 'symmetric' } = options
  return new Conv2d(inChannels, outChannels, kernelSize, {
    stride,
    dilation,
    groups: depthwise ? inChannels : 1,
    padding: paddingOf(padding, kernelSize, dilation),
    bias: false,
  })
}

/** What a block is made of, besides its convolutions. */
abstract class MobileBlock extends Module {
  readonly #skip: boolean
  readonly #options: MobileBlockOptions

  constructor(inChannels: number, outChannels: number, options: MobileBlockOptions) {
    super()
    const { stride = 1, skip = true } = options
    this.#skip = skip && stride === 1 && inChannels === outChannels
    this.#options = options
  }

  protected norm(channels: number, activated: boolean): BatchNormAct2d {
    const { activation = 'relu', normEps = 1e-5, normMomentum = 0.1 } = this.#options
    return new BatchNormAct2d(channels, activated ? activation : null, {
      eps: normEps,
      momentum: normMomentum,
    })
  }

  protected squeezeExcite(channels: number): SqueezeExcite | null {
    const { squeeze = null, activation = 'relu' } = this.#options
    if (squeeze === null) return null
    const { hidden, ...own } = squeeze
    const names = ['conv_reduce', 'conv_expand'] as const
    return new SqueezeExcite(channels, hidden, { activation, ...own, names })
  }

  protected dropPath(): DropPath | null {
    const { dropPath = 0 } = this.#options
    return dropPath > 0 ? new DropPath(dropPath) : null
  }

  protected added(x: Tensor, branch: Tensor, drop: DropPath | null): Tensor {
    if (!this.#skip) return branch
    return (drop === null ? branch : drop.forward(branch)).add(x)
  }
}

export interface InvertedResidualOptions extends MobileBlockOptions {
  /** Of the depthwise convolution; 3 unless given. Several make it a mixed one. */
  readonly kernelSize?: KernelSizes
  /** Of the convolutions before and after it; 1 unless given. */
  readonly expandKernelSize?: KernelSizes
  readonly projectKernelSize?: KernelSizes
  /** How many times the input's channels the depthwise convolution has, rounded to a multiple of 8; 1 unless given. */
  readonly expansion?: number
}

/**
 * Inverted residual block (Sandler et al. 2018, section 3.3), also called MBConv: a 1x1 convolution expands, a depthwise
 * one filters, squeeze-and-excitation weighs the channels, a 1x1 convolution projects without an activation; the input is
 * added where shapes allow it. Takes [batch, inChannels, h, w], gives [batch, outChannels, h / stride, w / stride], rounded
 * up. Names are timm's.
 */
export class InvertedResidual extends MobileBlock {
  conv_pw: Conv2d | MixedConv2d
  bn1: BatchNormAct2d
  conv_dw: Conv2d | MixedConv2d
  bn2: BatchNormAct2d
  se: SqueezeExcite | null
  conv_pwl: Conv2d | MixedConv2d
  bn3: BatchNormAct2d
  drop_path: DropPath | null

  constructor(inChannels: number, outChannels: number, options: InvertedResidualOptions = {}) {
    super(inChannels, outChannels, options)
    const { kernelSize = 3, expandKernelSize = 1, projectKernelSize = 1, expansion = 1 } = options
    const { stride = 1, dilation = 1, padding = 'symmetric' } = options
    const hidden = makeDivisible(inChannels * expansion)
    this.conv_pw = convolution(inChannels, hidden, expandKernelSize, { padding })
    this.bn1 = this.norm(hidden, true)
    this.conv_dw = convolution(hidden, hidden, kernelSize, { stride, dilation, padding, depthwise: true })
    this.bn2 = this.norm(hidden, true)
    this.se = this.squeezeExcite(hidden)
    this.conv_pwl = convolution(hidden, outChannels, projectKernelSize, { padding })
    this.bn3 = this.norm(outChannels, false)
    this.drop_path = this.dropPath()
  }

  override forward(x: Tensor): Tensor {
    const expanded = this.bn1.forward(this.conv_pw.forward(x))
    const filtered = this.bn2.forward(this.conv_dw.forward(expanded))
    const weighed: Tensor = this.se === null ? filtered : this.se.forward(filtered)
    return this.added(x, this.bn3.forward(this.conv_pwl.forward(weighed)), this.drop_path)
  }
}

export interface DepthwiseSeparableOptions extends MobileBlockOptions {
  readonly kernelSize?: KernelSizes
  readonly pointwiseKernelSize?: KernelSizes
  /** Whether the 1x1 convolution has an activation too, as in MobileNetV1; false unless given. */
  readonly pointwiseActivation?: boolean
}

/**
 * Depthwise separable convolution (Howard et al. 2017, section 3.1): an inverted residual that does not expand, without
 * the first convolution. Shapes are those of InvertedResidual. Names are timm's.
 */
export class DepthwiseSeparable extends MobileBlock {
  conv_dw: Conv2d | MixedConv2d
  bn1: BatchNormAct2d
  se: SqueezeExcite | null
  conv_pw: Conv2d | MixedConv2d
  bn2: BatchNormAct2d
  drop_path: DropPath | null

  constructor(inChannels: number, outChannels: number, options: DepthwiseSeparableOptions = {}) {
    super(inChannels, outChannels, options)
    const { kernelSize = 3, pointwiseKernelSize = 1, pointwiseActivation = false } = options
    const { stride = 1, dilation = 1, padding = 'symmetric' } = options
    this.conv_dw = convolution(inChannels, inChannels, kernelSize, {
      stride,
      dilation,
      padding,
      depthwise: true,
    })
    this.bn1 = this.norm(inChannels, true)
    this.se = this.squeezeExcite(inChannels)
    this.conv_pw = convolution(inChannels, outChannels, pointwiseKernelSize, { padding })
    this.bn2 = this.norm(outChannels, pointwiseActivation)
    this.drop_path = this.dropPath()
  }

  override forward(x: Tensor): Tensor {
    const filtered = this.bn1.forward(this.conv_dw.forward(x))
    const weighed: Tensor = this.se === null ? filtered : this.se.forward(filtered)
    return this.added(x, this.bn2.forward(this.conv_pw.forward(weighed)), this.drop_path)
  }
}

/** Convolution, normalisation and activation with timm's names `conv` and `bn1`; adds no input. */
export class ConvBnAct extends MobileBlock {
  conv: Conv2d | MixedConv2d
  bn1: BatchNormAct2d

  constructor(
    inChannels: number,
    outChannels: number,
    options: MobileBlockOptions & { readonly kernelSize?: KernelSizes } = {},
  ) {
    super(inChannels, outChannels, options)
    this.conv = convolution(inChannels, outChannels, options.kernelSize ?? 1, options)
    this.bn1 = this.norm(outChannels, true)
  }

  override forward(x: Tensor): Tensor {
    return this.bn1.forward(this.conv.forward(x))
  }
}
