import {
  AvgPool2d,
  BatchNorm2d,
  Conv2d,
  Dropout,
  F,
  Linear,
  MaxPool2d,
  Module,
  ReLU,
  Sequential,
} from '../nn/index.ts'
import { concat, type Tensor } from '../tensor/index.ts'
import type { OptionKinds } from '../tensor/options.ts'
import {
  ConvNormActSequence,
  evenAndOddChannels,
  initializeShuffleNet,
  initializeShuffleNetClassifier,
  shuffleUnitBranch,
  shuffleUnitProjection,
} from './blocks/index.ts'
import {
  type FeatureInfo,
  type HeadOptions,
  Network,
  type NetworkOptions,
  networkOptions,
  type Variant,
} from './network.ts'
import type { MegviiShuffleNetName } from './shufflenet-megvii.metadata.ts'

export interface MegviiShuffleNetOptions extends NetworkOptions {
  /** Before the classifier. */
  readonly dropout?: number
}

interface UnitSpec {
  readonly inChannels: number
  readonly outChannels: number
  readonly stride: 1 | 2
  readonly first: boolean
}

/**
 * ShuffleNet's unit as Megvii has it: channels are shuffled the other way round than in the paper, and at stride 2 the
 * pooled input comes first in the output and is not rectified.
 */
class UnitV1 extends Module {
  branch_main_1: Sequential
  branch_main_2: Sequential
  readonly #groups: number
  readonly #pool: AvgPool2d | null

  constructor({ inChannels, outChannels, stride, first }: UnitSpec, groups: number) {
    super()
    const middle = outChannels / 4
    const branch = stride === 2 ? outChannels - inChannels : outChannels
    this.#groups = groups
    this.#pool = stride === 2 ? new AvgPool2d(3, { stride: 2, padding: 1 }) : null
    this.branch_main_1 = new Sequential(
      new Conv2d(inChannels, middle, 1, { groups: first ? 1 : groups, bias: false }),
      new BatchNorm2d(middle),
      new ReLU(),
      new Conv2d(middle, middle, 3, { stride, padding: 1, groups: middle, bias: false }),
      new BatchNorm2d(middle),
    )
    this.branch_main_2 = new Sequential(
      new Conv2d(middle, branch, 1, { groups, bias: false }),
      new BatchNorm2d(branch),
    )
  }

  override forward(x: Tensor): Tensor {
    const middle: Tensor = this.branch_main_1.forward(x)
    const shuffled = F.channelShuffle(middle, middle.shape[1]! / this.#groups)
    const y: Tensor = this.branch_main_2.forward(shuffled)
    return this.#pool ? concat([this.#pool.forward(x), F.relu(y)], 1) : F.relu(y.add(x))
  }
}

/**
 * ShuffleNet V2's unit as Megvii has it: it begins with the shuffle, and at stride 2 the branch without a bottleneck keeps
 * its channels and the other gives those that lack.
 */
class UnitV2 extends Module {
  branch_main: Sequential
  branch_proj: Sequential | null

  constructor({ inChannels, outChannels, stride }: UnitSpec) {
    super()
    const half = outChannels / 2
    const [taken, given] = stride === 2 ? [inChannels, outChannels - inChannels] : [half, half]
    this.branch_main = shuffleUnitBranch(taken, half, given, 3, stride)
    this.branch_proj = stride === 2 ? shuffleUnitProjection(inChannels, 3) : null
  }

  override forward(x: Tensor): Tensor {
    const [passed, processed] = this.branch_proj
      ? [this.branch_proj.forward(x) as Tensor, x]
      : evenAndOddChannels(x)
    return concat([passed, this.branch_main.forward(processed)], 1)
  }
}

interface MegviiShuffleNetSpec {
  /** Of the first version's 1x1 convolutions; none for the second version. */
  readonly groups?: number
  /** Of the stem and of the three stages. */
  readonly channels: readonly [number, number, number, number]
  /** Of the 1x1 convolution after the stages, which the second version has. */
  readonly last?: number
  readonly dropout?: number
}

/** ShuffleNet (Zhang et al. 2017) and ShuffleNet V2 (Ma et al. 2018) with the names of Megvii's ShuffleNet-Series. */
export class MegviiShuffleNet extends Network {
  first_conv: ConvNormActSequence
  maxpool: MaxPool2d = new MaxPool2d(3, { stride: 2, padding: 1 })
  features: Sequential
  conv_last: ConvNormActSequence | null
  dropout: Dropout
  classifier: Sequential
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[]

  constructor(
    { groups, channels, last, dropout: usual = 0 }: MegviiShuffleNetSpec,
    { numClasses = 1000, inChannels = 3, dropout = usual }: MegviiShuffleNetOptions = {},
  ) {
    super()
    this.numClasses = numClasses
    this.first_conv = new ConvNormActSequence(inChannels, channels[0], 3, { stride: 2 })
    const units: Module[] = []
    const featureInfo = [{ name: 'maxpool', channels: channels[0], stride: 4 }]
    for (const [stage, repeats] of [4, 8, 4].entries()) {
      const outChannels = channels[stage + 1]!
      for (let i = 0; i < repeats; i++) {
        const spec: UnitSpec = {
          inChannels: i === 0 ? channels[stage]! : outChannels,
          outChannels,
          stride: i === 0 ? 2 : 1,
          first: units.length === 0,
        }
        units.push(groups === undefined ? new UnitV2(spec) : new UnitV1(spec, groups))
      }
      featureInfo.push({
        name: `features.${units.length - 1}`,
        channels: outChannels,
        stride: 8 * 2 ** stage,
      })
    }
    this.features = new Sequential(...units)
    this.conv_last = last === undefined ? null : new ConvNormActSequence(channels[3], last, 1)
    this.dropout = new Dropout(dropout)
    this.classifier = new Sequential(new Linear(last ?? channels[3], numClasses, { bias: false }))
    this.featureInfo = featureInfo
    initializeShuffleNet(this, this.first_conv)
  }

  forwardFeatures(x: Tensor): Tensor {
    const y = this.stagesOf(this.features, this.maxpool.forward(this.first_conv.forward(x)), [4, 12, 16])
    return this.conv_last ? this.conv_last.forward(y) : y
  }

  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const descriptor = x.mean([2, 3])
    return preLogits ? descriptor : this.classifier.forward(this.dropout.forward(descriptor))
  }

  classifierNames(): readonly string[] {
    return ['classifier.0']
  }

  override headNames(): readonly string[] {
    return this.conv_last ? ['conv_last', 'classifier.0'] : ['classifier.0']
  }

  protected override initializeClassifier(layer: Linear): void {
    initializeShuffleNetClassifier(layer)
  }
}

const options: OptionKinds<MegviiShuffleNetOptions> = { ...networkOptions, dropout: 'probability' }

const variant = (spec: MegviiShuffleNetSpec): Variant<MegviiShuffleNetOptions> => ({
  options,
  create: (given) => new MegviiShuffleNet(spec, given),
})

export const variants: Readonly<Record<MegviiShuffleNetName, Variant<MegviiShuffleNetOptions>>> = {
  shufflenet_g3_x0_5_megvii: variant({ groups: 3, channels: [12, 120, 240, 480] }),
  shufflenet_g3_x1_0_megvii: variant({ groups: 3, channels: [24, 240, 480, 960] }),
  shufflenet_g3_x1_5_megvii: variant({ groups: 3, channels: [24, 360, 720, 1440] }),
  shufflenet_g3_x2_0_megvii: variant({ groups: 3, channels: [48, 480, 960, 1920] }),
  shufflenet_g8_x0_5_megvii: variant({ groups: 8, channels: [16, 192, 384, 768] }),
  shufflenet_g8_x1_0_megvii: variant({ groups: 8, channels: [24, 384, 768, 1536] }),
  shufflenet_g8_x1_5_megvii: variant({ groups: 8, channels: [24, 576, 1152, 2304] }),
  shufflenet_g8_x2_0_megvii: variant({ groups: 8, channels: [48, 768, 1536, 3072] }),
  shufflenet_v2_x0_5_megvii: variant({ channels: [24, 48, 96, 192], last: 1024 }),
  shufflenet_v2_x1_0_megvii: variant({ channels: [24, 116, 232, 464], last: 1024 }),
  shufflenet_v2_x1_5_megvii: variant({ channels: [24, 176, 352, 704], last: 1024 }),
  shufflenet_v2_x2_0_megvii: variant({ channels: [24, 244, 488, 976], last: 2048, dropout: 0.2 }),
}
