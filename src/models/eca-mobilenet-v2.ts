import { BatchNorm2d, Conv2d, Dropout, init, Linear, Module, ReLU6, Sequential } from '../nn/index.ts'
import type { Tensor } from '../tensor/index.ts'
import type { OptionKinds } from '../tensor/options.ts'
import { ConvNormActSequence, EfficientChannelAttention } from './blocks/index.ts'
import {
  type FeatureInfo,
  type HeadOptions,
  Network,
  type NetworkOptions,
  networkOptions,
} from './network.ts'

export interface ECAMobileNetV2Options extends NetworkOptions {
  /** Multiplies the channels of every layer (the last one's only when above 1), rounded down. */
  readonly widthMult?: number
  /** Before the classifier; 0.25 unless given. */
  readonly dropout?: number
  /** Neighbouring channels of the attention in blocks of fewer than 96 channels, and in the others; [1, 3] unless given. */
  readonly kSize?: readonly [number, number]
}

export const ecaMobileNetV2Options: OptionKinds<ECAMobileNetV2Options> = {
  ...networkOptions,
  widthMult: 'number',
  dropout: 'probability',
  kSize: 'any',
}

class InvertedResidual extends Module {
  conv: Sequential
  readonly #residual: boolean

  constructor(
    inChannels: number,
    outChannels: number,
    stride: number,
    expansion: number,
    kernelSize: number,
  ) {
    super()
    const hidden = inChannels * expansion
    const activation = (): ReLU6 => new ReLU6()
    this.conv = new Sequential(
      ...(expansion === 1 ? [] : [new ConvNormActSequence(inChannels, hidden, 1, { activation })]),
      new ConvNormActSequence(hidden, hidden, 3, { stride, groups: hidden, activation }),
      new Conv2d(hidden, outChannels, 1, { bias: false }),
      new BatchNorm2d(outChannels),
      new EfficientChannelAttention(outChannels, { kernelSize }),
    )
    this.#residual = stride === 1 && inChannels === outChannels
  }

  override forward(x: Tensor): Tensor {
    const y: Tensor = this.conv.forward(x)
    return this.#residual ? x.add(y) : y
  }
}

/** Expansion, channels, repeats, stride of the first. */
const setting = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
] as const

/**
 * MobileNetV2 with efficient channel attention at the end of every block's branch (Wang et al. 2019). Takes images
 * [batch, inChannels, height, width].
 */
export class ECAMobileNetV2 extends Network {
  features: Sequential
  classifier: Sequential
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[]

  constructor(options: ECAMobileNetV2Options = {}) {
    super()
    const { numClasses = 1000, inChannels = 3, widthMult = 1, dropout = 0.25, kSize = [1, 3] } = options
    if (!Array.isArray(kSize) || kSize.length !== 2) {
      throw new TypeError(
        `ECAMobileNetV2: kSize must be two odd numbers, for narrow and wide blocks, got ${kSize}`,
      )
    }
    this.numClasses = numClasses
    let channels = Math.floor(32 * widthMult)
    let reduction = 2
    const activation = (): ReLU6 => new ReLU6()
    const layers: Module[] = [new ConvNormActSequence(inChannels, channels, 3, { stride: 2, activation })]
    const featureInfo: FeatureInfo[] = []
    for (const [expansion, width, repeats, firstStride] of setting) {
      const outChannels = Math.floor(width * widthMult)
      for (let i = 0; i < repeats; i++) {
        const stride = i === 0 ? firstStride : 1
        if (stride > 1) {
          featureInfo.push({ name: `features.${layers.length - 1}`, channels, stride: reduction })
          reduction *= stride
        }
        const kernelSize = kSize[width < 96 ? 0 : 1]
        layers.push(new InvertedResidual(channels, outChannels, stride, expansion, kernelSize))
        channels = outChannels
      }
    }
    const last = Math.floor(1280 * Math.max(1, widthMult))
    layers.push(new ConvNormActSequence(channels, last, 1, { activation }))
    featureInfo.push({ name: `features.${layers.length - 1}`, channels: last, stride: reduction })
    this.features = new Sequential(...layers)
    this.classifier = new Sequential(new Dropout(dropout), new Linear(last, numClasses))
    this.featureInfo = featureInfo
    for (const module of this.modules()) {
      if (module instanceof Conv2d) init.kaimingNormal(module.weight, { mode: 'fanOut' })
      else if (module instanceof Linear) this.initializeClassifier(module)
    }
  }

  forwardFeatures(x: Tensor): Tensor {
    return [...this.features].reduce((y, layer) => this.stage(layer, y), x)
  }

  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const descriptor = x.mean([2, 3])
    return preLogits ? descriptor : this.classifier.forward(descriptor)
  }

  classifierNames(): readonly string[] {
    return ['classifier.1']
  }

  protected override initializeClassifier(layer: Linear): void {
    init.normal(layer.weight, 0, 0.01)
    init.zeros(layer.bias!)
  }
}
