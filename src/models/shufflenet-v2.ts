import { BatchNorm2d, Conv2d, F, Linear, MaxPool2d, Module, ReLU, Sequential } from '../nn/index.ts'
import { concat, type Tensor } from '../tensor/index.ts'
import type { OptionKinds } from '../tensor/options.ts'
import { ConvNormActSequence } from './blocks/index.ts'
import {
  type FeatureInfo,
  type HeadOptions,
  Network,
  type NetworkOptions,
  networkOptions,
  type Variant,
} from './network.ts'
import type { ShuffleNetV2Name } from './shufflenet-v2.metadata.ts'

export interface ShuffleNetV2Options extends NetworkOptions {
  /** Units of the three stages. */
  readonly stagesRepeats?: readonly [number, number, number]
  /** Channels of the stem, of the three stages (even numbers) and of the last convolution. */
  readonly stagesOutChannels?: readonly [number, number, number, number, number]
}

/**
 * ShuffleNet V2's unit (Ma et al. 2018, figure 3c and d) as torchvision has it. At stride 1 half of the channels pass by a
 * branch of three convolutions; at stride 2 two branches take all of them. The halves are joined and then shuffled.
 * [batch, in, h, w] to [batch, out, h / stride, w / stride]; at stride 1 `in` must be `out`, and `out` always even.
 */
export class ShuffleUnitV2 extends Module {
  branch1: Sequential
  branch2: Sequential
  readonly #stride: 1 | 2

  constructor(inChannels: number, outChannels: number, stride: 1 | 2) {
    super()
    if (outChannels % 2 !== 0 || (stride === 1 && inChannels !== outChannels)) {
      throw new RangeError(
        `ShuffleUnitV2: at stride ${stride} ${inChannels} channels cannot become ${outChannels}`,
      )
    }
    const half = outChannels / 2
    const wide = stride > 1 ? inChannels : half
    const depthwise = (channels: number): Module[] => [
      new Conv2d(channels, channels, 3, { stride, padding: 1, groups: channels, bias: false }),
      new BatchNorm2d(channels),
    ]
    const pointwise = (from: number): Module[] => [
      new Conv2d(from, half, 1, { bias: false }),
      new BatchNorm2d(half),
      new ReLU(),
    ]
    this.#stride = stride
    this.branch1 = new Sequential(...(stride > 1 ? [...depthwise(inChannels), ...pointwise(inChannels)] : []))
    this.branch2 = new Sequential(...pointwise(wide), ...depthwise(half), ...pointwise(half))
  }

  override forward(x: Tensor): Tensor {
    const [passed, processed] = this.#stride === 1 ? x.chunk(2, 1) : [this.branch1.forward(x) as Tensor, x]
    return F.channelShuffle(concat([passed!, this.branch2.forward(processed)], 1), 2)
  }
}

/** ShuffleNet V2 (Ma et al. 2018), with torchvision's names. */
export class ShuffleNetV2 extends Network {
  conv1: ConvNormActSequence
  maxpool: MaxPool2d = new MaxPool2d(3, { stride: 2, padding: 1 })
  stage2: Sequential
  stage3: Sequential
  stage4: Sequential
  conv5: ConvNormActSequence
  fc: Linear
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[]

  constructor(options: ShuffleNetV2Options = {}) {
    super()
    const { numClasses = 1000, inChannels = 3, stagesRepeats = [4, 8, 4] } = options
    const { stagesOutChannels = [24, 116, 232, 464, 1024] } = options
    const [stem, first, second, third, last] = stagesOutChannels
    this.numClasses = numClasses
    this.conv1 = new ConvNormActSequence(inChannels, stem, 3, { stride: 2 })
    this.stage2 = stageOf(stem, first, stagesRepeats[0])
    this.stage3 = stageOf(first, second, stagesRepeats[1])
    this.stage4 = stageOf(second, third, stagesRepeats[2])
    this.conv5 = new ConvNormActSequence(third, last, 1)
    this.fc = new Linear(last, numClasses)
    this.featureInfo = [
      { name: 'maxpool', channels: stem, stride: 4 },
      { name: 'stage2', channels: first, stride: 8 },
      { name: 'stage3', channels: second, stride: 16 },
      { name: 'stage4', channels: third, stride: 32 },
    ]
  }

  forwardFeatures(x: Tensor): Tensor {
    const stem = this.maxpool.forward(this.conv1.forward(x))
    return [this.stage2, this.stage3, this.stage4, this.conv5].reduce(
      (y, stage) => this.stage(stage, y),
      stem,
    )
  }

  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const descriptor = x.mean([2, 3])
    return preLogits ? descriptor : this.fc.forward(descriptor)
  }

  classifierNames(): readonly string[] {
    return ['fc']
  }

  override headNames(): readonly string[] {
    return ['conv5', 'fc']
  }
}

function stageOf(inChannels: number, outChannels: number, repeats: number): Sequential {
  return new Sequential(
    new ShuffleUnitV2(inChannels, outChannels, 2),
    ...Array.from({ length: repeats - 1 }, () => new ShuffleUnitV2(outChannels, outChannels, 1)),
  )
}

const options: OptionKinds<ShuffleNetV2Options> = {
  ...networkOptions,
  stagesRepeats: 'any',
  stagesOutChannels: 'any',
}

const variant = (
  stagesOutChannels: NonNullable<ShuffleNetV2Options['stagesOutChannels']>,
): Variant<ShuffleNetV2Options> => ({
  options,
  create: (given) => new ShuffleNetV2({ stagesOutChannels, ...given }),
})

export const variants: Readonly<Record<ShuffleNetV2Name, Variant<ShuffleNetV2Options>>> = {
  shufflenet_v2_x0_5: variant([24, 48, 96, 192, 1024]),
  shufflenet_v2_x1_0: variant([24, 116, 232, 464, 1024]),
  shufflenet_v2_x1_5: variant([24, 176, 352, 704, 1024]),
  shufflenet_v2_x2_0: variant([24, 244, 488, 976, 2048]),
}
