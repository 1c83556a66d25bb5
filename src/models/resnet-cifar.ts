import { BatchNorm2d, Conv2d, F, init, Linear, Module, Sequential } from '../nn/index.ts'
import type { Tensor } from '../tensor/index.ts'
import { type Attention, attentionLayer } from './blocks/index.ts'
import {
  type FeatureInfo,
  type HeadOptions,
  Network,
  type NetworkOptions,
  networkOptions,
  type Variant,
} from './network.ts'
import type { CifarResNetName } from './resnet-cifar.metadata.ts'

export interface CifarResNetOptions extends NetworkOptions {
  /** Where the shape changes: 'A' takes every second pixel and pads channels with zeros, 'B' projects by a 1x1. */
  readonly shortcut?: 'A' | 'B'
  /** A layer at the end of every residual branch, under the name `se`. */
  readonly attention?: Attention
}

class ZeroPadShortcut extends Module {
  readonly channels: number

  constructor(channels: number) {
    super()
    this.channels = channels
  }

  override forward(x: Tensor): Tensor {
    return F.pad(x.slice(null, null, { step: 2 }, { step: 2 }), [0, 0, 0, 0, this.channels, this.channels])
  }
}

class CifarBlock extends Module {
  conv1: Conv2d
  bn1: BatchNorm2d
  conv2: Conv2d
  bn2: BatchNorm2d
  se: Module | null
  shortcut: Module

  constructor(inplanes: number, planes: number, stride: number, options: CifarResNetOptions) {
    super()
    const { shortcut = 'A', attention } = options
    this.conv1 = new Conv2d(inplanes, planes, 3, { stride, padding: 1, bias: false })
    this.bn1 = new BatchNorm2d(planes)
    this.conv2 = new Conv2d(planes, planes, 3, { padding: 1, bias: false })
    this.bn2 = new BatchNorm2d(planes)
    this.se = attention === undefined ? null : attentionLayer(attention, planes)
    if (stride === 1 && inplanes === planes) this.shortcut = new Sequential()
    else if (shortcut === 'A') this.shortcut = new ZeroPadShortcut(planes / 4)
    else {
      this.shortcut = new Sequential(
        new Conv2d(inplanes, planes, 1, { stride, bias: false }),
        new BatchNorm2d(planes),
      )
    }
  }

  override forward(x: Tensor): Tensor {
    const hidden = F.relu(this.bn1.forward(this.conv1.forward(x)))
    const branch = this.bn2.forward(this.conv2.forward(hidden))
    const residual: Tensor = this.se === null ? branch : this.se.forward(branch)
    return F.relu(residual.add(this.shortcut.forward(x)))
  }
}

/** The ResNets of section 4.2 of the paper, 6n + 2 layers for 32x32 images. */
export class CifarResNet extends Network {
  conv1: Conv2d
  bn1: BatchNorm2d
  layer1: Sequential
  layer2: Sequential
  layer3: Sequential
  linear: Linear
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[] = [
    { name: 'layer1', channels: 16, stride: 1 },
    { name: 'layer2', channels: 32, stride: 2 },
    { name: 'layer3', channels: 64, stride: 4 },
  ]

  constructor(blocks: number, options: CifarResNetOptions = {}) {
    super()
    const { numClasses = 10, inChannels = 3 } = options
    this.numClasses = numClasses
    const stage = (inplanes: number, planes: number, stride: number): Sequential =>
      new Sequential(
        ...Array.from({ length: blocks }, (_, i) =>
          i === 0
            ? new CifarBlock(inplanes, planes, stride, options)
            : new CifarBlock(planes, planes, 1, options),
        ),
      )
    this.conv1 = new Conv2d(inChannels, 16, 3, { padding: 1, bias: false })
    this.bn1 = new BatchNorm2d(16)
    this.layer1 = stage(16, 16, 1)
    this.layer2 = stage(16, 32, 2)
    this.layer3 = stage(32, 64, 2)
    this.linear = new Linear(64, numClasses)
    for (const module of this.modules()) {
      if (module instanceof Conv2d || module instanceof Linear) init.kaimingNormal(module.weight)
    }
  }

  forwardFeatures(x: Tensor): Tensor {
    const stem = F.relu(this.bn1.forward(this.conv1.forward(x)))
    return [this.layer1, this.layer2, this.layer3].reduce((y, layer) => this.stage(layer, y), stem)
  }

  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const descriptor = x.mean([2, 3])
    return preLogits ? descriptor : this.linear.forward(descriptor)
  }

  classifierNames(): readonly string[] {
    return ['linear']
  }

  protected override initializeClassifier(layer: Linear): void {
    init.kaimingNormal(layer.weight)
  }
}

const depth = (layers: number): Variant<CifarResNetOptions> => ({
  options: { ...networkOptions, shortcut: ['A', 'B'], attention: 'any' },
  create: (options) => new CifarResNet((layers - 2) / 6, options),
})

export const variants: Readonly<Record<CifarResNetName, Variant<CifarResNetOptions>>> = {
  resnet20_cifar10: depth(20),
  resnet32_cifar10: depth(32),
  resnet44_cifar10: depth(44),
  resnet56_cifar10: depth(56),
  resnet110_cifar10: depth(110),
  resnet1202_cifar10: depth(1202),
}
