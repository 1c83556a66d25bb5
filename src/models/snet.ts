import { Linear, MaxPool2d, Module, Sequential } from '../nn/index.ts'
import { concat, type Tensor } from '../tensor/index.ts'
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
import type { SNetName } from './snet.metadata.ts'

/** ShuffleNet V2's unit with a 5x5 depthwise convolution; it begins with the shuffle. */
class Unit extends Module {
  branch: Sequential
  branch_left: Sequential | null

  constructor(inChannels: number, outChannels: number, stride: 1 | 2) {
    super()
    const half = outChannels / 2
    const [taken, given] = stride === 2 ? [inChannels, outChannels - inChannels] : [half, half]
    this.branch = shuffleUnitBranch(taken, half, given, 5, stride)
    this.branch_left = stride === 2 ? shuffleUnitProjection(inChannels, 5) : null
  }

  override forward(x: Tensor): Tensor {
    const [passed, processed] = this.branch_left
      ? [this.branch_left.forward(x) as Tensor, x]
      : evenAndOddChannels(x)
    return concat([passed, this.branch.forward(processed)], 1)
  }
}

interface SNetSpec {
  /** Of the stem and of the three stages. */
  readonly channels: readonly [number, number, number, number]
  /** Of a 1x1 convolution after the stages, where there is one. */
  readonly last?: number
}

/** SNet, the backbone of ThunderNet (Qin et al. 2019, table 1), with the names of qinzheng93/ThunderNet. */
export class SNet extends Network {
  first_conv: ConvNormActSequence
  maxpool: MaxPool2d = new MaxPool2d(3, { stride: 2, padding: 1 })
  conv_last: ConvNormActSequence | null
  classifier: Sequential
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[]
  /** Called 'stage' in state dicts, which is a method's name here. */
  #stages: Sequential

  constructor({ channels, last }: SNetSpec, { numClasses = 1000, inChannels = 3 }: NetworkOptions = {}) {
    super()
    this.numClasses = numClasses
    this.first_conv = new ConvNormActSequence(inChannels, channels[0], 3, { stride: 2 })
    const stages = [4, 8, 4].map((repeats, i) => {
      const outChannels = channels[i + 1]!
      const units = Array.from({ length: repeats }, (_, j) =>
        j === 0 ? new Unit(channels[i]!, outChannels, 2) : new Unit(outChannels, outChannels, 1),
      )
      return new Sequential(...units)
    })
    this.#stages = new Sequential(...stages)
    this.conv_last = last === undefined ? null : new ConvNormActSequence(channels[3], last, 1)
    this.classifier = new Sequential(new Linear(last ?? channels[3], numClasses, { bias: false }))
    this.featureInfo = [
      { name: 'maxpool', channels: channels[0], stride: 4 },
      ...[8, 16, 32].map((stride, i) => ({ name: `stage.${i}`, channels: channels[i + 1]!, stride })),
    ]
    initializeShuffleNet(this, this.first_conv)
  }

  protected override *members(): Iterable<readonly [string, unknown]> {
    for (const member of super.members()) {
      yield member
      if (member[0] === 'maxpool') yield ['stage', this.#stages]
    }
  }

  protected override replaceChild(name: string, module: Module): void {
    if (name === 'stage') this.#stages = module as Sequential
    else super.replaceChild(name, module)
  }

  forwardFeatures(x: Tensor): Tensor {
    const stem = this.maxpool.forward(this.first_conv.forward(x))
    const y = [...this.#stages].reduce((z, stage) => this.stage(stage, z), stem)
    return this.conv_last ? this.conv_last.forward(y) : y
  }

  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const descriptor = x.mean([2, 3])
    return preLogits ? descriptor : this.classifier.forward(descriptor)
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

const variant = (spec: SNetSpec): Variant<NetworkOptions> => ({
  options: networkOptions,
  create: (options) => new SNet(spec, options),
})

export const variants: Readonly<Record<SNetName, Variant<NetworkOptions>>> = {
  snet49: variant({ channels: [24, 60, 120, 240], last: 512 }),
  snet146: variant({ channels: [24, 132, 264, 528] }),
  snet535: variant({ channels: [48, 248, 496, 992] }),
}
