import { BatchNorm2d, Conv2d, Dropout, F, Linear, type Module, Sequential } from '../nn/index.ts'
import type { Tensor } from '../tensor/index.ts'
import type { OptionKinds } from '../tensor/options.ts'
import { ConvBnAct, GhostBottleneck } from './blocks/index.ts'
import type { GhostNetName } from './ghostnet.metadata.ts'
import {
  type FeatureInfo,
  type HeadOptions,
  makeDivisible,
  Network,
  type NetworkOptions,
  networkOptions,
  type Variant,
} from './network.ts'

export interface GhostNetOptions extends NetworkOptions {
  /** Multiplies the channels of every layer but the head's. */
  readonly width?: number
  /** Before the classifier; 0.2 unless given. */
  readonly dropRate?: number
}

/** Kernel, hidden channels, output channels, share to squeeze to, stride (Han et al. 2019, table 7). */
type Setting = readonly [kernel: number, hidden: number, out: number, squeeze: number, stride: number]

const stages: readonly (readonly Setting[])[] = [
  [[3, 16, 16, 0, 1]],
  [[3, 48, 24, 0, 2]],
  [[3, 72, 24, 0, 1]],
  [[5, 72, 40, 0.25, 2]],
  [[5, 120, 40, 0.25, 1]],
  [[3, 240, 80, 0, 2]],
  [
    [3, 200, 80, 0, 1],
    [3, 184, 80, 0, 1],
    [3, 184, 80, 0, 1],
    [3, 480, 112, 0.25, 1],
    [3, 672, 112, 0.25, 1],
  ],
  [[5, 672, 160, 0.25, 2]],
  [
    [5, 960, 160, 0, 1],
    [5, 960, 160, 0.25, 1],
    [5, 960, 160, 0, 1],
    [5, 960, 160, 0.25, 1],
  ],
]

const head = 1280

/** GhostNet (Han et al. 2019), with the names that the authors and timm give. */
export class GhostNet extends Network {
  conv_stem: Conv2d
  bn1: BatchNorm2d
  blocks: Sequential
  conv_head: Module
  drop: Dropout
  classifier: Linear
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[]

  constructor(options: GhostNetOptions = {}) {
    super()
    const { numClasses = 1000, inChannels = 3, width = 1, dropRate = 0.2 } = options
    const scaled = (channels: number): number => makeDivisible(channels * width, 4)
    this.numClasses = numClasses
    let channels = scaled(16)
    let reduction = 2
    this.conv_stem = new Conv2d(inChannels, channels, 3, { stride: 2, padding: 1, bias: false })
    this.bn1 = new BatchNorm2d(channels)
    const modules: Sequential[] = []
    const featureInfo: FeatureInfo[] = []
    for (const stage of stages) {
      const [, , , , firstStride] = stage[0]!
      if (firstStride > 1) {
        featureInfo.push({ name: `blocks.${modules.length - 1}`, channels, stride: reduction })
        reduction *= firstStride
      }
      const blocks = stage.map(([kernelSize, hidden, out, squeeze, stride]) => {
        const block = new GhostBottleneck(channels, scaled(hidden), scaled(out), {
          kernelSize,
          stride,
          squeeze,
        })
        channels = scaled(out)
        return block
      })
      modules.push(new Sequential(...blocks))
    }
    const last = scaled(stages.at(-1)!.at(-1)![1])
    modules.push(new Sequential(new ConvBnAct(channels, last)))
    featureInfo.push({ name: `blocks.${modules.length - 1}`, channels: last, stride: reduction })
    this.blocks = new Sequential(...modules)
    this.conv_head = new Conv2d(last, head, 1)
    this.drop = new Dropout(dropRate)
    this.classifier = new Linear(head, numClasses)
    this.featureInfo = featureInfo
  }

  forwardFeatures(x: Tensor): Tensor {
    const stem = F.relu(this.bn1.forward(this.conv_stem.forward(x)))
    return [...this.blocks].reduce((y, stage) => this.stage(stage, y), stem)
  }

  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const descriptor = F.relu(this.conv_head.forward(x.mean([2, 3], true))).flatten(1)
    return preLogits ? descriptor : this.classifier.forward(this.drop.forward(descriptor))
  }

  classifierNames(): readonly string[] {
    return ['classifier']
  }

  override headNames(): readonly string[] {
    return ['conv_head', 'classifier']
  }
}

const ghostnetOptions: OptionKinds<GhostNetOptions> = {
  ...networkOptions,
  width: 'number',
  dropRate: 'probability',
}

const variant = (width: number): Variant<GhostNetOptions> => ({
  options: ghostnetOptions,
  create: (options) => new GhostNet({ width, ...options }),
})

export const variants: Readonly<Record<GhostNetName, Variant<GhostNetOptions>>> = {
  ghostnet: variant(1),
  ghostnet_050: variant(0.5),
  ghostnet_100: variant(1),
  ghostnet_130: variant(1.3),
}
