import { BatchNorm2d, Conv2d, Module, ReLU } from '../../nn/index.ts'
import type { Tensor } from '../../tensor/index.ts'

/** Batch normalization and ReLU, named `bn` and `activ` as pytorchcv names them. */
export class PreActivation extends Module {
  bn: BatchNorm2d
  activ: ReLU

  constructor(channels: number) {
    super()
    this.bn = new BatchNorm2d(channels)
    this.activ = new ReLU()
  }

  override forward(x: Tensor): Tensor {
    return this.activ.forward(this.bn.forward(x))
  }
}

export interface PreActivatedConvOptions {
  readonly stride?: number
  /** Whether a ReLU follows the normalization; default true. */
  readonly activation?: boolean
}

/**
 * Batch normalization, ReLU and a convolution that keeps the size at stride 1 (He et al. 2016, pre-activation), with pytorchcv's
 * names `bn`, `activ` and `conv`.
 */
export class PreActivatedConv extends Module {
  bn: BatchNorm2d
  activ: ReLU | null
  conv: Conv2d

  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: 1 | 3,
    { stride = 1, activation = true }: PreActivatedConvOptions = {},
  ) {
    super()
    this.bn = new BatchNorm2d(inChannels)
    this.activ = activation ? new ReLU() : null
    const padding = (kernelSize - 1) / 2
    this.conv = new Conv2d(inChannels, outChannels, kernelSize, { stride, padding, bias: false })
  }

  /** What goes into the convolution. */
  activated(x: Tensor): Tensor {
    const normalized = this.bn.forward(x)
    return this.activ ? this.activ.forward(normalized) : normalized
  }

  override forward(x: Tensor): Tensor {
    return this.conv.forward(this.activated(x))
  }
}
