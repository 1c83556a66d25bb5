import {
  type BatchNorm2d,
  Conv2d,
  init,
  type MaxPool2d,
  Module,
  type ReLU,
  type Sequential,
} from '../nn/index.ts'
import type { Tensor } from '../tensor/index.ts'
import type { FeatureInfo } from './network.ts'
import { type ResNet, variants } from './resnet.ts'

export interface ResNetTrunkOptions {
  readonly inChannels?: number
  /** Stride of the last stage: 2, or 1 for a map twice as fine. */
  readonly lastStride?: 1 | 2
}

/** ResNet-50 without its classifier, under the names it has there, for networks that put a head of their own on it. */
export class ResNetTrunk extends Module {
  conv1: Conv2d
  bn1: Module
  relu: ReLU
  maxpool: MaxPool2d
  layer1: Sequential
  layer2: Sequential
  layer3: Sequential
  layer4: Sequential
  readonly channels = 2048
  readonly #lastStride: 1 | 2

  constructor({ inChannels = 3, lastStride = 2 }: ResNetTrunkOptions = {}) {
    super()
    const resnet = variants.resnet50.create({ inChannels }) as ResNet
    this.conv1 = resnet.conv1
    this.bn1 = resnet.bn1 as BatchNorm2d
    this.relu = resnet.relu
    this.maxpool = resnet.maxpool
    this.layer1 = resnet.layer1
    this.layer2 = resnet.layer2
    this.layer3 = resnet.layer3
    this.layer4 = resnet.layer4
    this.#lastStride = lastStride
    if (lastStride === 1) {
      for (const name of ['0.conv2', '0.downsample.0']) {
        this.layer4.setSubmodule(name, unstrided(this.layer4.getSubmodule(name) as Conv2d))
      }
    }
  }

  /** The stages under the prefix by which the owner calls this trunk. */
  featureInfo(prefix: string): readonly FeatureInfo[] {
    return [256, 512, 1024, 2048].map((channels, i) => ({
      name: `${prefix}.layer${i + 1}`,
      channels,
      stride: i === 3 ? 16 * this.#lastStride : 4 * 2 ** i,
    }))
  }

  get stages(): readonly Sequential[] {
    return [this.layer1, this.layer2, this.layer3, this.layer4]
  }

  /** What comes before the stages: a map of a quarter of the size. */
  stem(x: Tensor): Tensor {
    const normalized = this.bn1.forward(this.conv1.forward(x)) as Tensor
    return this.maxpool.forward(this.relu.forward(normalized))
  }

  override forward(x: Tensor): Tensor {
    return this.stages.reduce((y, stage) => stage.forward(y), this.stem(x))
  }
}

function unstrided({ inChannels, outChannels, kernelSize, padding }: Conv2d): Conv2d {
  const fresh = new Conv2d(inChannels, outChannels, kernelSize, { padding, bias: false })
  init.kaimingNormal(fresh.weight, { mode: 'fanOut', nonlinearity: 'relu' })
  return fresh
}
