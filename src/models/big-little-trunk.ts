import type { BatchNorm2d, Conv2d, Linear, Module } from '../nn/index.ts'
import type { Tensor } from '../tensor/index.ts'
import { type FeatureInfo, type HeadOptions, Network } from './network.ts'

/** What makes the layers of a stem; convolutions are padded so that stride 1 keeps the size, and have no bias. */
export interface StemLayers {
  readonly convolution: (
    inChannels: number,
    outChannels: number,
    kernelSize: number,
    stride?: number,
  ) => Conv2d
  readonly norm: (channels: number) => BatchNorm2d
}

/**
 * The stem with a big and a little branch (Chen et al. 2018, figure 3) and the order of four stages and a classifier, which
 * Big-Little Net and Assemble-ResNet share.
 */
export abstract class BigLittleTrunk extends Network {
  conv1: Conv2d
  bn1: BatchNorm2d
  b_conv0: Conv2d
  bn_b0: BatchNorm2d
  l_conv0: Conv2d
  bn_l0: BatchNorm2d
  l_conv1: Conv2d
  bn_l1: BatchNorm2d
  l_conv2: Conv2d
  bn_l2: BatchNorm2d
  bl_init: Conv2d
  bn_bl_init: BatchNorm2d
  abstract layer1: Module
  abstract layer2: Module
  abstract layer3: Module
  abstract layer4: Module
  abstract fc: Linear
  readonly featureInfo: readonly FeatureInfo[] = [8, 16, 16, 32].map((stride, i) => ({
    name: `layer${i + 1}`,
    channels: 256 * 2 ** i,
    stride,
  }))

  /** The little branch of the stem has 64 / alpha channels, rounded down. */
  constructor(inChannels: number, alpha: number, { convolution, norm }: StemLayers) {
    super()
    const light = Math.floor(64 / alpha)
    this.conv1 = convolution(inChannels, 64, 7, 2)
    this.bn1 = norm(64)
    this.b_conv0 = convolution(64, 64, 3, 2)
    this.bn_b0 = norm(64)
    this.l_conv0 = convolution(64, light, 3)
    this.bn_l0 = norm(light)
    this.l_conv1 = convolution(light, light, 3, 2)
    this.bn_l1 = norm(light)
    this.l_conv2 = convolution(light, 64, 1)
    this.bn_l2 = norm(64)
    this.bl_init = convolution(64, 64, 1)
    this.bn_bl_init = norm(64)
  }

  #stem(x: Tensor): Tensor {
    const y = this.bn1.forward(this.conv1.forward(x)).relu()
    const big = this.bn_b0.forward(this.b_conv0.forward(y))
    const fine = this.bn_l0.forward(this.l_conv0.forward(y)).relu()
    const halved = this.bn_l1.forward(this.l_conv1.forward(fine)).relu()
    const little = this.bn_l2.forward(this.l_conv2.forward(halved))
    return this.bn_bl_init.forward(this.bl_init.forward(big.add(little).relu())).relu()
  }

  forwardFeatures(x: Tensor): Tensor {
    return [this.layer1, this.layer2, this.layer3, this.layer4].reduce<Tensor>(
      (y, layer) => this.stage(layer, y),
      this.#stem(x),
    )
  }

  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const descriptor = x.mean([2, 3])
    return preLogits ? descriptor : this.fc.forward(descriptor)
  }

  classifierNames(): readonly string[] {
    return ['fc']
  }
}
