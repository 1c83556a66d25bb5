import { BatchNorm2d, Conv2d, Dropout, Identity, Linear, Module, ReLU, Sequential } from '../nn/index.ts'
import type { Tensor } from '../tensor/index.ts'
import type { OptionKinds } from '../tensor/options.ts'
import {
  ConvNormActSequence,
  initializeByFanOut,
  initializeClassifierByFanOut,
  type MobileLayer,
  type MobileStage,
  mobileFeatureInfo,
  mobileLayers,
  mobileStageEnds,
  SqueezeExcite,
} from './blocks/index.ts'
import type { GreedyNASName } from './greedynas.metadata.ts'
import {
  type FeatureInfo,
  type HeadOptions,
  Network,
  type NetworkOptions,
  networkOptions,
  type Variant,
} from './network.ts'

export interface GreedyNASOptions extends NetworkOptions {
  /** Of the dropout before the classifier. */
  readonly dropRate?: number
}

class ConvNormRelu extends Module {
  conv: Conv2d
  bn1: BatchNorm2d
  act: ReLU = new ReLU()

  constructor(inChannels: number, outChannels: number, kernel: number, stride: number) {
    super()
    this.conv = new Conv2d(inChannels, outChannels, kernel, {
      stride,
      padding: (kernel - 1) / 2,
      bias: false,
    })
    this.bn1 = new BatchNorm2d(outChannels)
  }

  override forward(x: Tensor): Tensor {
    return this.act.forward(this.bn1.forward(this.conv.forward(x)))
  }
}

/** An inverted residual with the hard swish, inside squeeze-and-excitation too; not expanded, it has no first convolution. */
class InvertedResidual extends Module {
  conv_pw: Sequential
  conv_dw: ConvNormActSequence
  se: SqueezeExcite | null
  conv_pw2: ConvNormActSequence
  readonly #shortcut: boolean

  constructor({ choice, inChannels, outChannels, stride }: MobileLayer) {
    super()
    const { kernel, expansion, squeeze } = choice!
    const hidden = inChannels * expansion
    this.conv_pw =
      expansion === 1
        ? new Sequential()
        : new ConvNormActSequence(inChannels, hidden, 1, { activation: 'hardSwish' })
    this.conv_dw = new ConvNormActSequence(hidden, hidden, kernel, {
      stride,
      groups: hidden,
      activation: 'hardSwish',
    })
    this.se = squeeze
      ? new SqueezeExcite(hidden, Math.max(1, Math.floor(hidden / 4)), {
          activation: 'hardSwish',
          gate: 'hardSigmoid',
          names: ['conv_reduce', 'conv_expand'],
        })
      : null
    this.conv_pw2 = new ConvNormActSequence(hidden, outChannels, 1, { activation: null })
    this.#shortcut = stride === 1 && inChannels === outChannels
  }

  override forward(x: Tensor): Tensor {
    const filtered = this.conv_dw.forward(this.conv_pw.forward(x))
    const y: Tensor = this.conv_pw2.forward(this.se ? this.se.forward(filtered) : filtered)
    return this.#shortcut ? x.add(y) : y
  }
}

const stages: readonly MobileStage[] = [
  [16, 1],
  [32, 2],
  [40, 2],
  [80, 2],
  [96, 1],
  [192, 2],
  [320, 1],
]

/**
 * GreedyNAS (You et al. 2020), with the names of hunto/image_classification_sota; layers that the search left out keep their
 * numbers.
 */
export class GreedyNAS extends Network {
  features: Sequential
  dropout: Dropout
  classifier: Sequential
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[]
  readonly #ends: readonly number[]

  constructor(
    genotype: string,
    { numClasses = 1000, inChannels = 3, dropRate = 0.2 }: GreedyNASOptions = {},
  ) {
    super()
    this.numClasses = numClasses
    const layers = mobileLayers(32, stages, genotype)
    const parts = [
      new ConvNormRelu(inChannels, 32, 3, 2),
      ...layers.map((layer) => (layer.choice ? new InvertedResidual(layer) : new Identity())),
      new ConvNormRelu(320, 1280, 1, 1),
    ]
    this.features = new Sequential(...parts.map((part, i) => [`layer${i}`, part] as const))
    this.dropout = new Dropout(dropRate)
    this.classifier = new Sequential({ linear1: new Linear(1280, numClasses) })
    this.featureInfo = mobileFeatureInfo(layers, (i) => `features.layer${i + 1}`)
    this.#ends = mobileStageEnds(layers).map((end) => end + 1)
    initializeByFanOut(this)
  }

  forwardFeatures(x: Tensor): Tensor {
    return this.stagesOf(this.features, x, this.#ends)
  }

  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const descriptor = x.mean([2, 3])
    return preLogits ? descriptor : this.classifier.forward(this.dropout.forward(descriptor))
  }

  classifierNames(): readonly string[] {
    return ['classifier.linear1']
  }

  override headNames(): readonly string[] {
    return [`features.layer${this.features.length - 1}`, 'classifier.linear1']
  }

  protected override initializeClassifier(layer: Linear): void {
    initializeClassifierByFanOut(layer)
  }
}

const options: OptionKinds<GreedyNASOptions> = { ...networkOptions, dropRate: 'probability' }

const variant = (genotype: string): Variant<GreedyNASOptions> => ({
  options,
  create: (given) => new GreedyNAS(genotype, given),
})

export const variants: Readonly<Record<GreedyNASName, Variant<GreedyNASOptions>>> = {
  greedynas_a: variant(
    'k3e1 | k5e3s k3e3 - k3e3s | k5e3 k7e3 k3e6s k5e6s | k5e3s k7e3s k7e6 k5e3 | k5e3s k3e3s k3e6 k7e3s | ' +
      'k7e3s k7e6s k5e3 k3e6s | k7e6s',
  ),
  greedynas_b: variant(
    'k3e1 | k5e3s k5e3s k5e3s - | k5e3s k7e3s k5e3s k3e3 | k5e6 - k7e3s k7e3s | k3e3s k5e3 k5e3 k7e3s | ' +
      'k5e6s k7e3s k3e3s k7e3s | k7e6s',
  ),
  greedynas_c: variant(
    'k3e1 | k7e3 - - k3e3s | k5e3s - k3e3s k3e3s | k7e3s k5e6s k5e3s - | k5e3s k5e3 k3e6 k7e3 | ' +
      'k5e3s k3e3 k7e3s k5e3 | k7e6s',
  ),
}
