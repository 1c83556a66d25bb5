import { BatchNorm2d, Conv2d, F, init, Module } from '../nn/index.ts'
import { ones, type Tensor, where } from '../tensor/index.ts'
import type { DarknetSectionOf } from '../weights/darknet/config.ts'
import { activate } from './darknet-activations.ts'

/** Lists its bias before its weight: the order of a .weights file. */
class DarknetConv2d extends Conv2d {
  protected override *members(): Iterable<readonly [string, unknown]> {
    yield ['bias', this.bias]
    yield ['weight', this.weight]
  }
}

/** Lists what a .weights file holds of it, in that order. */
export class DarknetBatchNorm2d extends BatchNorm2d {
  protected override *members(): Iterable<readonly [string, unknown]> {
    yield ['bias', this.bias]
    yield ['weight', this.weight]
    yield ['running_mean', this.running_mean]
    yield ['running_var', this.running_var]
  }
}

/** A convolution with its normalization and activation, as `[convolutional]`. */
export class DarknetConvolution extends Module {
  BatchNorm2d: BatchNorm2d | null
  Conv2d: Conv2d
  readonly section: DarknetSectionOf<'convolutional'>

  constructor(inChannels: number, section: DarknetSectionOf<'convolutional'>) {
    super()
    const { filters, size, stride, strideY = stride, padding, groups, batchNormalize, dilation = 1 } = section
    this.section = section
    this.BatchNorm2d = batchNormalize ? new DarknetBatchNorm2d(filters) : null
    this.Conv2d = new DarknetConv2d(inChannels, filters, size, {
      stride: strideY === stride ? stride : [strideY, stride],
      padding: padding * dilation,
      dilation,
      groups,
      bias: !batchNormalize,
    })
    init.kaimingNormal(this.Conv2d.weight)
    if (this.Conv2d.bias) init.zeros(this.Conv2d.bias)
  }

  override forward(x: Tensor): Tensor {
    const convolved = this.section.xnor ? this.#signs(x) : this.Conv2d.forward(x)
    return activate[this.section.activation](
      this.BatchNorm2d ? this.BatchNorm2d.forward(convolved) : convolved,
    )
  }

  /** XNOR-Net (Rastegari et al. 2016): signs of the input with signs of the weights, times each filter's mean size. */
  #signs(x: Tensor): Tensor {
    const { weight, bias, stride, padding, dilation, groups } = this.Conv2d
    const sizes = weight.abs().mean([1, 2, 3], true)
    const binary = where(weight.gt(0), sizes.expandAs(weight), sizes.neg().expandAs(weight))
    const signs = where(x.gt(0), ones(x.shape), -1)
    return F.conv2d(signs, binary, bias, { stride, padding, dilation, groups })
  }
}

/** A convolution with the parameters of another one, which lists them. */
export class DarknetSharedConvolution extends Module {
  /** The convolution whose parameters it has. */
  readonly #source: DarknetConvolution
  readonly #section: DarknetSectionOf<'convolutional'>

  constructor(
    source: DarknetConvolution | DarknetSharedConvolution,
    section: DarknetSectionOf<'convolutional'>,
  ) {
    super()
    this.#source = source instanceof DarknetSharedConvolution ? source.#source : source
    this.#section = section
  }

  override forward(x: Tensor): Tensor {
    const { Conv2d, BatchNorm2d } = this.#source
    const { stride, strideY = stride, padding, groups, dilation = 1, activation } = this.#section
    const convolved = F.conv2d(x, Conv2d.weight, Conv2d.bias, {
      stride: [strideY, stride],
      padding: padding * dilation,
      dilation,
      groups,
    })
    return activate[activation](BatchNorm2d ? BatchNorm2d.forward(convolved) : convolved)
  }
}
