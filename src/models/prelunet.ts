import { Conv2d, Dropout, init, Linear, MaxPool2d, type Module, Sequential } from '../nn/index.ts'
import type { Tensor } from '../tensor/index.ts'
import type { OptionKinds } from '../tensor/options.ts'
import { activationLayer, SpatialPyramidPool2d } from './blocks/index.ts'
import {
  type FeatureInfo,
  type HeadOptions,
  Network,
  type NetworkOptions,
  networkOptions,
  type Variant,
} from './network.ts'
import type { PReLUNetName } from './prelunet.metadata.ts'

export interface PReLUNetOptions extends NetworkOptions {
  /** 'prelu' unless given: one slope a channel, a quarter at first, not to be decayed in training. */
  readonly activation?: 'relu' | 'prelu'
  readonly dropout?: number
}

interface PReLUNetSpec {
  /** Of each of the three stages after the first convolution. */
  readonly depth: number
  readonly widths: readonly [number, number, number]
}

/**
 * The networks A, B and C of He et al. 2015: 3x3 convolutions without normalization, a pyramid of 7, 3, 2 and 1 bins and linear
 * layers, with PReLU throughout. Images of 16 pixels at least.
 */
export class PReLUNet extends Network {
  features: Sequential
  pool: SpatialPyramidPool2d
  classifier: Sequential
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[]
  readonly #slope: number

  constructor(spec: PReLUNetSpec, options: PReLUNetOptions = {}) {
    super()
    const { numClasses = 1000, inChannels = 3, activation = 'prelu', dropout = 0.5 } = options
    this.numClasses = numClasses
    this.#slope = activation === 'prelu' ? 0.25 : 0
    const layers: Module[] = [
      new Conv2d(inChannels, 96, 7, { stride: 2, padding: 3 }),
      activationLayer(activation, 96),
    ]
    const featureInfo: FeatureInfo[] = [{ name: 'features.1', channels: 96, stride: 2 }]
    let channels = 96
    for (const [stage, width] of spec.widths.entries()) {
      layers.push(new MaxPool2d(2))
      for (let i = 0; i < spec.depth; i++) {
        layers.push(new Conv2d(channels, width, 3, { padding: 1 }), activationLayer(activation, width))
        channels = width
      }
      featureInfo.push({ name: `features.${layers.length - 1}`, channels, stride: 4 * 2 ** stage })
    }
    this.features = new Sequential(...layers)
    this.pool = new SpatialPyramidPool2d([7, 3, 2, 1])
    this.classifier = new Sequential(
      new Linear(channels * this.pool.binsPerChannel, 4096),
      activationLayer(activation, 4096),
      new Dropout(dropout),
      new Linear(4096, 4096),
      activationLayer(activation, 4096),
      new Dropout(dropout),
      new Linear(4096, numClasses),
    )
    this.featureInfo = featureInfo
    for (const module of this.modules()) {
      if (module instanceof Conv2d || module instanceof Linear) this.initializeClassifier(module)
    }
  }

  forwardFeatures(x: Tensor): Tensor {
    return this.stagesOf(this.features, x)
  }

  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const pooled = this.pool.forward(x)
    return preLogits ? this.classifier.forwardRange(pooled, 0, 6) : this.classifier.forward(pooled)
  }

  classifierNames(): readonly string[] {
    return ['classifier.6']
  }

  override headNames(): readonly string[] {
    return ['classifier']
  }

  /** Section 2.2: variance 2 / ((1 + slope ** 2) inputs), with the slope that the rectifiers begin with. */
  protected override initializeClassifier(layer: Linear | Conv2d): void {
    init.kaimingNormal(layer.weight, { a: this.#slope })
    init.zeros(layer.bias!)
  }
}

const options: OptionKinds<PReLUNetOptions> = {
  ...networkOptions,
  activation: ['relu', 'prelu'],
  dropout: 'probability',
}

const variant = (spec: PReLUNetSpec): Variant<PReLUNetOptions> => ({
  options,
  create: (given) => new PReLUNet(spec, given),
})

export const variants: Readonly<Record<PReLUNetName, Variant<PReLUNetOptions>>> = {
  prelunet_a: variant({ depth: 5, widths: [256, 512, 512] }),
  prelunet_b: variant({ depth: 6, widths: [256, 512, 512] }),
  prelunet_c: variant({ depth: 6, widths: [384, 768, 896] }),
}
