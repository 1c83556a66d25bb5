import {
  BatchNorm2d,
  Conv2d,
  Dropout2d,
  Hardsigmoid,
  Hardswish,
  Linear,
  Module,
  ReLU,
  Sequential,
} from '../nn/index.ts'
import type { Tensor } from '../tensor/index.ts'
import type { OptionKinds } from '../tensor/options.ts'
import {
  type Activation,
  activationLayer,
  ConvNormActSequence,
  initializeByFanOut,
  initializeClassifierByFanOut,
  type MobileStage,
  mobileFeatureInfo,
  mobileLayers,
  mobileStageEnds,
  NumberedInvertedResidual,
} from './blocks/index.ts'
import type { MoGAName } from './moga.metadata.ts'
import {
  type FeatureInfo,
  type HeadOptions,
  Network,
  type NetworkOptions,
  networkOptions,
  type Variant,
} from './network.ts'

export interface MoGAOptions extends NetworkOptions {
  /** Of whole channels, before the classifier. */
  readonly dropout?: number
}

class SqueezeExcite extends Module {
  conv: Sequential
  fc: Sequential

  constructor(channels: number, activation: Activation) {
    super()
    const hidden = Math.floor(channels / 4)
    this.conv = new Sequential(new Conv2d(channels, hidden, 1), activationLayer(activation, hidden))
    this.fc = new Sequential(new Conv2d(hidden, channels, 1), new Hardsigmoid())
  }

  override forward(x: Tensor): Tensor {
    return x.mul(this.fc.forward(this.conv.forward(x.mean([2, 3], true))))
  }
}

const stages: readonly MobileStage[] = [
  [24, 2],
  [40, 2],
  [80, 2],
  [112, 1],
  [160, 2],
]

/** Layers that are rectified; those after them have the hard swish. */
const rectified = 5

/** MoGA (Chu et al. 2020), with the authors' names. */
export class MoGA extends Network {
  stem: ConvNormActSequence
  separable_conv: Sequential
  mb_module: Sequential
  conv_before_pooling: ConvNormActSequence
  conv_head: Sequential
  classifier: Linear
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[]
  readonly #ends: readonly number[]

  constructor(genotype: string, { numClasses = 1000, inChannels = 3, dropout = 0.2 }: MoGAOptions = {}) {
    super()
    this.numClasses = numClasses
    this.stem = new ConvNormActSequence(inChannels, 16, 3, { stride: 2, activation: 'hardSwish' })
    this.separable_conv = new Sequential(
      new Conv2d(16, 16, 3, { padding: 1, groups: 16, bias: false }),
      new BatchNorm2d(16),
      new ReLU(),
      new Conv2d(16, 16, 1, { bias: false }),
      new BatchNorm2d(16),
    )
    const layers = mobileLayers(16, stages, genotype)
    this.mb_module = new Sequential(
      ...layers.map((layer, i) => {
        const activation: Activation = i < rectified ? 'relu' : 'hardSwish'
        return new NumberedInvertedResidual(
          layer,
          activation,
          (channels) => new SqueezeExcite(channels, activation),
        )
      }),
    )
    this.conv_before_pooling = new ConvNormActSequence(160, 960, 1, { activation: 'hardSwish' })
    this.conv_head = new Sequential(
      new Conv2d(960, 1280, 1, { bias: false }),
      new Hardswish(),
      new Dropout2d(dropout),
    )
    this.classifier = new Linear(1280, numClasses)
    this.featureInfo = [
      { name: 'separable_conv', channels: 16, stride: 2 },
      ...mobileFeatureInfo(layers, (i) => `mb_module.${i}`),
    ]
    this.#ends = mobileStageEnds(layers)
    initializeByFanOut(this)
  }

  forwardFeatures(x: Tensor): Tensor {
    const stem: Tensor = this.separable_conv.forward(this.stem.forward(x))
    const y = this.stagesOf(this.mb_module, stem, this.#ends)
    return this.conv_before_pooling.forward(y)
  }

  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const descriptor: Tensor = this.conv_head.forward(x.mean([2, 3], true)).flatten(1)
    return preLogits ? descriptor : this.classifier.forward(descriptor)
  }

  classifierNames(): readonly string[] {
    return ['classifier']
  }

  override headNames(): readonly string[] {
    return ['conv_before_pooling', 'conv_head', 'classifier']
  }

  protected override initializeClassifier(layer: Linear): void {
    initializeClassifierByFanOut(layer)
  }
}

const options: OptionKinds<MoGAOptions> = { ...networkOptions, dropout: 'probability' }

const variant = (genotype: string): Variant<MoGAOptions> => ({
  options,
  create: (given) => new MoGA(genotype, given),
})

export const variants: Readonly<Record<MoGAName, Variant<MoGAOptions>>> = {
  moga_a: variant('k5e6 k7e6 | k3e6 k3e6s k3e3s | k3e6s k3e6 k7e6 k7e3s | k7e6 k3e6 | k3e6 k5e6s k5e6s'),
  moga_b: variant('k3e3 k3e3 | k7e6 k3e3 k5e6 | k3e6s k5e6s k3e3 k7e6s | k7e6 k5e3 | k7e6s k7e6s k3e6s'),
  moga_c: variant('k5e3 k3e3 | k5e3 k3e3 k5e3 | k5e3 k5e6s k5e3 k5e3 | k3e6 k3e6s | k3e6s k3e6s k3e6s'),
}
