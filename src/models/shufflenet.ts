import {
  AvgPool2d,
  BatchNorm2d,
  Conv2d,
  F,
  init,
  Linear,
  MaxPool2d,
  Module,
  ReLU,
  Sequential,
} from '../nn/index.ts'
import { concat, type Tensor } from '../tensor/index.ts'
import type { OptionKinds } from '../tensor/options.ts'
import {
  type FeatureInfo,
  type HeadOptions,
  Network,
  type NetworkOptions,
  networkOptions,
  type Variant,
} from './network.ts'
import type { ShuffleNetName } from './shufflenet.metadata.ts'

export interface ShuffleNetOptions extends NetworkOptions {
  /** Groups of the 1x1 convolutions, for which the paper gives the channels: 1, 2, 3, 4 or 8. */
  readonly groups?: number
  /** Multiplies the channels of every layer. */
  readonly widthScale?: number
}

export interface ShuffleUnitOptions {
  readonly groups: number
  /** Strides by 2 and joins the pooled input to the output, so that the branch gives only the channels that it lacks. */
  readonly downsample?: boolean
  /** Leaves the first convolution whole, as in the first unit, whose input has too few channels to be divided. */
  readonly ungroupedFirst?: boolean
}

/**
 * ShuffleNet's unit (Zhang et al. 2017, figure 2): a bottleneck of grouped 1x1 convolutions around a depthwise one, with
 * channels shuffled between the groups. [batch, in, h, w] to [batch, out, h, w], or half that size if it downsamples.
 */
export class ShuffleUnit extends Module {
  compress_conv1: Conv2d
  compress_bn1: BatchNorm2d
  dw_conv2: Conv2d
  dw_bn2: BatchNorm2d
  expand_conv3: Conv2d
  expand_bn3: BatchNorm2d
  readonly #groups: number
  readonly #pool: AvgPool2d | null

  constructor(
    inChannels: number,
    outChannels: number,
    { groups, downsample = false, ungroupedFirst = false }: ShuffleUnitOptions,
  ) {
    super()
    const middle = Math.floor(outChannels / 4)
    const branch = downsample ? outChannels - inChannels : outChannels
    this.#groups = groups
    this.#pool = downsample ? new AvgPool2d(3, { stride: 2, padding: 1 }) : null
    this.compress_conv1 = new Conv2d(inChannels, middle, 1, {
      groups: ungroupedFirst ? 1 : groups,
      bias: false,
    })
    this.compress_bn1 = new BatchNorm2d(middle)
    this.dw_conv2 = new Conv2d(middle, middle, 3, {
      stride: downsample ? 2 : 1,
      padding: 1,
      groups: middle,
      bias: false,
    })
    this.dw_bn2 = new BatchNorm2d(middle)
    this.expand_conv3 = new Conv2d(middle, branch, 1, { groups, bias: false })
    this.expand_bn3 = new BatchNorm2d(branch)
  }

  override forward(x: Tensor): Tensor {
    const compressed = F.relu(this.compress_bn1.forward(this.compress_conv1.forward(x)))
    const shuffled = F.channelShuffle(compressed, this.#groups)
    const y = this.dw_bn2.forward(this.dw_conv2.forward(shuffled))
    const expanded: Tensor = this.expand_bn3.forward(this.expand_conv3.forward(y))
    return F.relu(this.#pool ? concat([expanded, this.#pool.forward(x)], 1) : expanded.add(x))
  }
}

class Stem extends Module {
  conv: Conv2d
  bn: BatchNorm2d
  activ: ReLU = new ReLU()
  pool: MaxPool2d = new MaxPool2d(3, { stride: 2, padding: 1 })

  constructor(inChannels: number, outChannels: number) {
    super()
    this.conv = new Conv2d(inChannels, outChannels, 3, { stride: 2, padding: 1, bias: false })
    this.bn = new BatchNorm2d(outChannels)
  }

  override forward(x: Tensor): Tensor {
    return this.pool.forward(this.activ.forward(this.bn.forward(this.conv.forward(x))))
  }
}

/** Table 1 of the paper: the channels of the first stage by groups. */
const firstChannels: Readonly<Record<number, number>> = { 1: 144, 2: 200, 3: 240, 4: 272, 8: 384 }
const repeats = [4, 8, 4] as const

/**
 * ShuffleNet (Zhang et al. 2017), with the names and the order of channels of pytorchcv. Throws where the channels, scaled,
 * do not divide into the groups, as those of 8 groups do not at widthScale 0.5.
 */
export class ShuffleNet extends Network {
  features: Sequential
  output: Linear
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[]

  constructor({ numClasses = 1000, inChannels = 3, groups = 3, widthScale = 1 }: ShuffleNetOptions = {}) {
    super()
    const first = firstChannels[groups]
    if (first === undefined) {
      throw new RangeError(`ShuffleNet: groups must be 1, 2, 3, 4 or 8, got ${groups}`)
    }
    this.numClasses = numClasses
    let channels = Math.floor(24 * widthScale)
    const stages: [string, Module][] = [['init_block', new Stem(inChannels, channels)]]
    const featureInfo = [{ name: 'features.init_block', channels, stride: 4 }]
    for (const [i, units] of repeats.entries()) {
      const outChannels = Math.floor(first * 2 ** i * widthScale)
      const stage: [string, Module][] = []
      for (let j = 0; j < units; j++) {
        const unit = new ShuffleUnit(channels, outChannels, {
          groups,
          downsample: j === 0,
          ungroupedFirst: i === 0 && j === 0,
        })
        stage.push([`unit${j + 1}`, unit])
        channels = outChannels
      }
      stages.push([`stage${i + 1}`, new Sequential(...stage)])
      featureInfo.push({ name: `features.stage${i + 1}`, channels, stride: 8 * 2 ** i })
    }
    this.features = new Sequential(...stages)
    this.output = new Linear(channels, numClasses)
    this.featureInfo = featureInfo
    for (const module of this.modules()) {
      if (module instanceof Conv2d) init.kaimingUniform(module.weight)
    }
  }

  forwardFeatures(x: Tensor): Tensor {
    return [...this.features].reduce((y, stage) => this.stage(stage, y), x)
  }

  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const descriptor = x.mean([2, 3])
    return preLogits ? descriptor : this.output.forward(descriptor)
  }

  classifierNames(): readonly string[] {
    return ['output']
  }
}

const options: OptionKinds<ShuffleNetOptions> = { ...networkOptions, groups: 'count', widthScale: 'number' }

const variant = (groups: number, widthScale = 1): Variant<ShuffleNetOptions> => ({
  options,
  create: (given) => new ShuffleNet({ groups, widthScale, ...given }),
})

export const variants: Readonly<Record<ShuffleNetName, Variant<ShuffleNetOptions>>> = {
  shufflenet_g1_w1: variant(1),
  shufflenet_g2_w1: variant(2),
  shufflenet_g3_w1: variant(3),
  shufflenet_g4_w1: variant(4),
  shufflenet_g8_w1: variant(8),
  shufflenet_g1_w3d4: variant(1, 0.75),
  shufflenet_g3_w3d4: variant(3, 0.75),
  shufflenet_g1_wd2: variant(1, 0.5),
  shufflenet_g3_wd2: variant(3, 0.5),
  shufflenet_g1_wd4: variant(1, 0.25),
  shufflenet_g3_wd4: variant(3, 0.25),
}
