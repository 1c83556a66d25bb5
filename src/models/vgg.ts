import {
  AdaptiveAvgPool2d,
  BatchNorm2d,
  Conv2d,
  Dropout,
  init,
  Linear,
  MaxPool2d,
  type Module,
  ReLU,
  Sequential,
} from '../nn/index.ts'
import type { Tensor } from '../tensor/index.ts'
import type { OptionKinds } from '../tensor/options.ts'
import {
  type FeatureInfo,
  type HeadOptions,
  Network,
  type NetworkOptions,
  networkOptions,
  type Variant,
} from './network.ts'
import type { VggName } from './vgg.metadata.ts'

export interface VggOptions extends NetworkOptions {
  readonly dropout?: number
  /** Of the networks with batch normalization: whether convolutions have a bias all the same. True unless given. */
  readonly convBias?: boolean
}

interface VggSpec {
  /** Kernel sizes of each stage's convolutions; every stage ends in a 2x2 max pool. */
  readonly kernels: readonly (readonly number[])[]
  readonly batchNorm: boolean
}

const widths = [64, 128, 256, 512, 512]

/** VGG (Simonyan and Zisserman 2014). Images of 32 pixels at least. */
export class VGG extends Network {
  features: Sequential
  avgpool: AdaptiveAvgPool2d
  classifier: Sequential
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[]

  constructor(spec: VggSpec, options: VggOptions = {}) {
    super()
    const { numClasses = 1000, inChannels = 3, dropout = 0.5, convBias: bias = true } = options
    this.numClasses = numClasses
    const layers: Module[] = []
    const featureInfo: FeatureInfo[] = []
    let channels = inChannels
    for (const [stage, kernels] of spec.kernels.entries()) {
      const width = widths[stage]!
      for (const kernel of kernels) {
        layers.push(new Conv2d(channels, width, kernel, { padding: (kernel - 1) / 2, bias }))
        if (spec.batchNorm) layers.push(new BatchNorm2d(width))
        layers.push(new ReLU())
        channels = width
      }
      featureInfo.push({ name: `features.${layers.length - 1}`, channels: width, stride: 2 ** stage })
      layers.push(new MaxPool2d(2, { stride: 2 }))
    }
    this.features = new Sequential(...layers)
    this.avgpool = new AdaptiveAvgPool2d([7, 7])
    this.classifier = new Sequential(
      new Linear(512 * 7 * 7, 4096),
      new ReLU(),
      new Dropout(dropout),
      new Linear(4096, 4096),
      new ReLU(),
      new Dropout(dropout),
      new Linear(4096, numClasses),
    )
    this.featureInfo = featureInfo
    for (const module of this.modules()) {
      if (module instanceof Conv2d) {
        init.kaimingNormal(module.weight, { mode: 'fanOut', nonlinearity: 'relu' })
        if (module.bias) init.zeros(module.bias)
      } else if (module instanceof Linear) initializeLinear(module)
    }
  }

  forwardFeatures(x: Tensor): Tensor {
    return this.stagesOf(this.features, x)
  }

  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const flat = this.avgpool.forward(x).flatten(1)
    return preLogits ? this.classifier.forwardRange(flat, 0, 6) : this.classifier.forward(flat)
  }

  classifierNames(): readonly string[] {
    return ['classifier.6']
  }

  override headNames(): readonly string[] {
    return ['classifier']
  }

  protected override initializeClassifier(layer: Linear): void {
    initializeLinear(layer)
  }
}

function initializeLinear(layer: Linear): void {
  init.normal(layer.weight, 0, 0.01)
  init.zeros(layer.bias!)
}

const three = (...counts: number[]): number[][] => counts.map((count) => Array<number>(count).fill(3))

const depths = {
  11: three(1, 1, 2, 2, 2),
  13: three(2, 2, 2, 2, 2),
  16: three(2, 2, 3, 3, 3),
  19: three(2, 2, 4, 4, 4),
}

const variant = (kernels: readonly (readonly number[])[], batchNorm: boolean): Variant<VggOptions> => ({
  options: {
    ...networkOptions,
    dropout: 'probability',
    ...(batchNorm && { convBias: 'flag' }),
  } as OptionKinds<VggOptions>,
  create: (options) => new VGG({ kernels, batchNorm }, options),
})

export const variants: Readonly<Record<VggName, Variant<VggOptions>>> = {
  vgg11: variant(depths[11], false),
  vgg11_bn: variant(depths[11], true),
  vgg13: variant(depths[13], false),
  vgg13_bn: variant(depths[13], true),
  vgg16: variant(depths[16], false),
  vgg16_bn: variant(depths[16], true),
  vgg16_c: variant(
    [
      [3, 3],
      [3, 3],
      [3, 3, 1],
      [3, 3, 1],
      [3, 3, 1],
    ],
    false,
  ),
  vgg19: variant(depths[19], false),
  vgg19_bn: variant(depths[19], true),
}
