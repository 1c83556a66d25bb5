import {
  BatchNorm2d,
  Conv2d,
  init,
  Linear,
  type MaxPool2d,
  Module,
  type ReLU,
  Sequential,
} from '../nn/index.ts'
import type { Tensor } from '../tensor/index.ts'
import {
  type FeatureInfo,
  type HeadOptions,
  Network,
  type NetworkOptions,
  networkOptions,
  type Variant,
} from './network.ts'
import { type ResNet, variants as resnets } from './resnet.ts'

/** A bottleneck that keeps the size and sees further by dilation; the first of a stage projects its shortcut. */
class DilatedBottleneck extends Module {
  conv1: Conv2d
  bn1: BatchNorm2d
  conv2: Conv2d
  bn2: BatchNorm2d
  conv3: Conv2d
  bn3: BatchNorm2d
  extra_conv: Sequential | null

  constructor(channels: number, hidden: number, projected: boolean) {
    super()
    this.conv1 = new Conv2d(channels, hidden, 1, { bias: false })
    this.bn1 = new BatchNorm2d(hidden)
    this.conv2 = new Conv2d(hidden, hidden, 3, { dilation: 2, padding: 2, bias: false })
    this.bn2 = new BatchNorm2d(hidden)
    this.conv3 = new Conv2d(hidden, channels, 1, { bias: false })
    this.bn3 = new BatchNorm2d(channels)
    this.extra_conv = projected
      ? new Sequential(new Conv2d(channels, channels, 1, { bias: false }), new BatchNorm2d(channels))
      : null
    for (const module of this.modules()) {
      if (module instanceof Conv2d) init.kaimingNormal(module.weight, { mode: 'fanOut' })
    }
  }

  override forward(x: Tensor): Tensor {
    const reduced = this.bn1.forward(this.conv1.forward(x)).relu()
    const hidden = this.bn2.forward(this.conv2.forward(reduced)).relu()
    const residual = this.bn3.forward(this.conv3.forward(hidden))
    return residual.add(this.extra_conv ? this.extra_conv.forward(x) : x).relu()
  }
}

/** DetNet (Li et al. 2018): ResNet-50's first three stages and two more that keep their stride of 16. */
export class DetNet extends Network {
  conv1: Conv2d
  bn1: Module
  relu: ReLU
  maxpool: MaxPool2d
  layer1: Sequential
  layer2: Sequential
  layer3: Sequential
  layer4: Sequential
  layer5: Sequential
  fc: Linear
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[]

  constructor({ numClasses = 1000, inChannels = 3 }: NetworkOptions = {}) {
    super()
    this.numClasses = numClasses
    const resnet = resnets.resnet50.create({ inChannels }) as ResNet
    this.conv1 = resnet.conv1
    this.bn1 = resnet.bn1
    this.relu = resnet.relu
    this.maxpool = resnet.maxpool
    this.layer1 = resnet.layer1
    this.layer2 = resnet.layer2
    this.layer3 = resnet.layer3
    const dilated = (): Sequential =>
      new Sequential(...[true, false, false].map((projected) => new DilatedBottleneck(1024, 256, projected)))
    this.layer4 = dilated()
    this.layer5 = dilated()
    this.fc = new Linear(1024, numClasses)
    this.featureInfo = [
      { name: 'layer1', channels: 256, stride: 4 },
      { name: 'layer2', channels: 512, stride: 8 },
      { name: 'layer3', channels: 1024, stride: 16 },
      { name: 'layer4', channels: 1024, stride: 16 },
      { name: 'layer5', channels: 1024, stride: 16 },
    ]
  }

  forwardFeatures(x: Tensor): Tensor {
    const normalized: Tensor = this.bn1.forward(this.conv1.forward(x))
    const stem = this.maxpool.forward(this.relu.forward(normalized))
    const { layer1, layer2, layer3, layer4, layer5 } = this
    return [layer1, layer2, layer3, layer4, layer5].reduce((y, layer) => this.stage(layer, y), stem)
  }

  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const descriptor = x.mean([2, 3])
    return preLogits ? descriptor : this.fc.forward(descriptor)
  }

  classifierNames(): readonly string[] {
    return ['fc']
  }
}

export const variants: { readonly detnet59: Variant<NetworkOptions> } = {
  detnet59: { options: networkOptions, create: (options) => new DetNet(options) },
}
