import type { Pair } from '../../graph/node.ts'
import { BatchNorm2d, Conv2d, type Conv2dOptions, Module, PReLU } from '../../nn/index.ts'
import type { Tensor } from '../../tensor/index.ts'
import { samePadding } from './conv-norm-act.ts'

export interface ConvNormPReLUOptions extends Conv2dOptions {
  /** Whether the PReLU is there; true unless given. */
  readonly activation?: boolean
}

/**
 * Convolution without a bias, batch normalization and PReLU with a slope for each channel, named `conv`, `bn` and `activ` as
 * pytorchcv names layers whose activation has parameters. Padding keeps the size at stride 1 unless given.
 */
export class ConvNormPReLU extends Module {
  conv: Conv2d
  bn: BatchNorm2d
  activ: PReLU | null

  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: number | Pair,
    { activation = true, ...options }: ConvNormPReLUOptions = {},
  ) {
    super()
    const { padding = samePadding(kernelSize, options.dilation as number | Pair | undefined) } = options
    this.conv = new Conv2d(inChannels, outChannels, kernelSize, { bias: false, ...options, padding })
    this.bn = new BatchNorm2d(outChannels)
    this.activ = activation ? new PReLU(outChannels) : null
  }

  override forward(x: Tensor): Tensor {
    const normalized = this.bn.forward(this.conv.forward(x))
    return this.activ ? this.activ.forward(normalized) : normalized
  }
}

/** Batch normalization and PReLU with a slope for each channel, named `bn` and `activ`. */
export class NormPReLU extends Module {
  bn: BatchNorm2d
  activ: PReLU

  constructor(channels: number) {
    super()
    this.bn = new BatchNorm2d(channels)
    this.activ = new PReLU(channels)
  }

  override forward(x: Tensor): Tensor {
    return this.activ.forward(this.bn.forward(x))
  }
}
