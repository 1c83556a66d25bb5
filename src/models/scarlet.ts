import { BatchNorm2d, Conv2d, Identity, Linear, ReLU6, Sequential } from '../nn/index.ts'
import type { Tensor } from '../tensor/index.ts'
import {
  ConvNormActSequence,
  initializeByFanOut,
  initializeClassifierByFanOut,
  type MobileStage,
  mobileFeatureInfo,
  mobileLayers,
  mobileStageEnds,
  NumberedInvertedResidual,
  SqueezeExcite,
} from './blocks/index.ts'
import {
  type FeatureInfo,
  type HeadOptions,
  Network,
  type NetworkOptions,
  networkOptions,
  type Variant,
} from './network.ts'
import type { ScarletName } from './scarlet.metadata.ts'

const stages: readonly MobileStage[] = [
  [32, 2],
  [40, 2],
  [80, 2],
  [96, 1],
  [192, 2],
  [320, 1],
]

function squeezeExcite(channels: number): SqueezeExcite {
  return new SqueezeExcite(channels, Math.floor(channels / 4), {
    gate: 'hardSigmoid',
    names: ['squeeze_conv', 'excite_conv'],
  })
}

/** SCARLET (Chu et al. 2019), with the authors' names; layers that the search left out keep their numbers. */
export class Scarlet extends Network {
  stem: ConvNormActSequence
  separable_conv: Sequential
  mb_module: Sequential
  conv_before_pooling: ConvNormActSequence
  classifier: Linear
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[]
  readonly #ends: readonly number[]

  constructor(genotype: string, { numClasses = 1000, inChannels = 3 }: NetworkOptions = {}) {
    super()
    this.numClasses = numClasses
    this.stem = new ConvNormActSequence(inChannels, 32, 3, { stride: 2, activation: 'relu6' })
    this.separable_conv = new Sequential(
      new Conv2d(32, 32, 3, { padding: 1, groups: 32, bias: false }),
      new BatchNorm2d(32),
      new ReLU6(),
      new Conv2d(32, 16, 1, { bias: false }),
      new BatchNorm2d(16),
    )
    const layers = mobileLayers(16, stages, genotype)
    this.mb_module = new Sequential(
      ...layers.map((layer) =>
        layer.choice ? new NumberedInvertedResidual(layer, 'hardSwish', squeezeExcite) : new Identity(),
      ),
    )
    this.conv_before_pooling = new ConvNormActSequence(320, 1280, 1, { activation: 'relu6' })
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
    return this.conv_before_pooling.forward(this.stagesOf(this.mb_module, stem, this.#ends))
  }

  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const descriptor = x.mean([2, 3])
    return preLogits ? descriptor : this.classifier.forward(descriptor)
  }

  classifierNames(): readonly string[] {
    return ['classifier']
  }

  override headNames(): readonly string[] {
    return ['conv_before_pooling', 'classifier']
  }

  protected override initializeClassifier(layer: Linear): void {
    initializeClassifierByFanOut(layer)
  }
}

const variant = (genotype: string): Variant<NetworkOptions> => ({
  options: networkOptions,
  create: (options) => new Scarlet(genotype, options),
})

export const variants: Readonly<Record<ScarletName, Variant<NetworkOptions>>> = {
  scarlet_a: variant(
    'k7e3 k5e6 | k5e3 k7e3s k3e6s k5e3s | k3e6s k3e3 k7e3s k7e3 | k5e3 k7e3s k3e3 k7e3s | ' +
      'k3e6s k5e6s k3e3s k3e6s | k7e6s',
  ),
  scarlet_b: variant(
    'k3e3s k5e3s | k3e3s k7e6s k3e3 k5e3 | k7e6s k3e3s - k5e3 | k3e3s k3e3s k7e6s k3e3s | ' +
      'k5e6s k5e6s - k7e6s | k5e6s',
  ),
  scarlet_c: variant(
    'k5e3s k3e3s | k5e3s - - k3e3 | k7e6s k3e3s k3e3s k5e3 | k7e3s k7e3 k3e3s k7e3s | ' +
      'k3e3s - k3e6s k7e6s | k5e6s',
  ),
}
