import {
  BatchNorm2d,
  Conv2d,
  type Conv2dOptions,
  Dropout,
  init,
  Linear,
  Module,
  ReLU6,
  Sequential,
} from '../nn/index.ts'
import type { Tensor } from '../tensor/index.ts'
import type { OptionKinds } from '../tensor/options.ts'
import {
  type FeatureInfo,
  type HeadOptions,
  makeDivisible,
  Network,
  type NetworkOptions,
  networkOptions,
  type Variant,
} from './network.ts'

/** Expansion, output channels, repeats, stride of the first. */
export type InvertedResidualSetting = readonly [number, number, number, number]

export interface MobileNetV2Options extends NetworkOptions {
  /** Multiplies the channels of every layer (the last one's only when above 1). */
  readonly widthMult?: number
  readonly invertedResidualSetting?: readonly InvertedResidualSetting[]
  /** Channels become multiples of this. */
  readonly roundNearest?: number
  readonly dropout?: number
  /** 'sameTensorFlow' for weights from TensorFlow, which pads the far side first. */
  readonly padding?: 'symmetric' | 'sameTensorFlow'
  readonly normEps?: number
}

interface Style {
  readonly padding: 'symmetric' | 'sameTensorFlow'
  readonly normEps: number
}

class ConvNormActivation extends Sequential {
  constructor(
    style: Style,
    inChannels: number,
    outChannels: number,
    kernel: number,
    options: Conv2dOptions = {},
  ) {
    const padding = style.padding === 'symmetric' ? (kernel - 1) / 2 : 'sameTensorFlow'
    super(
      new Conv2d(inChannels, outChannels, kernel, { ...options, padding, bias: false }),
      new BatchNorm2d(outChannels, { eps: style.normEps }),
      new ReLU6(),
    )
  }
}

class InvertedResidual extends Module {
  conv: Sequential
  readonly #residual: boolean

  constructor(style: Style, inChannels: number, outChannels: number, stride: number, expansion: number) {
    super()
    const hidden = Math.round(inChannels * expansion)
    const layers: Module[] = expansion === 1 ? [] : [new ConvNormActivation(style, inChannels, hidden, 1)]
    layers.push(
      new ConvNormActivation(style, hidden, hidden, 3, { stride, groups: hidden }),
      new Conv2d(hidden, outChannels, 1, { bias: false }),
      new BatchNorm2d(outChannels, { eps: style.normEps }),
    )
    this.conv = new Sequential(...layers)
    this.#residual = stride === 1 && inChannels === outChannels
  }

  override forward(x: Tensor): Tensor {
    const y = this.conv.forward(x)
    return this.#residual ? x.add(y) : y
  }
}

const defaultSetting: readonly InvertedResidualSetting[] = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
]

/** MobileNetV2 (Sandler et al. 2018). */
export class MobileNetV2 extends Network {
  features: Sequential
  classifier: Sequential
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[]

  constructor(options: MobileNetV2Options = {}) {
    super()
    const { numClasses = 1000, inChannels = 3, widthMult = 1, roundNearest = 8, dropout = 0.2 } = options
    const { invertedResidualSetting = defaultSetting, padding = 'symmetric', normEps = 1e-5 } = options
    const style = { padding, normEps }
    this.numClasses = numClasses
    let channels = makeDivisible(32 * widthMult, roundNearest)
    let reduction = 2
    const layers: Module[] = [new ConvNormActivation(style, inChannels, channels, 3, { stride: 2 })]
    const featureInfo: FeatureInfo[] = []
    for (const [expansion, width, repeats, firstStride] of invertedResidualSetting) {
      const outChannels = makeDivisible(width * widthMult, roundNearest)
      for (let i = 0; i < repeats; i++) {
        const stride = i === 0 ? firstStride : 1
        if (stride > 1) {
          featureInfo.push({ name: `features.${layers.length - 1}`, channels, stride: reduction })
          reduction *= stride
        }
        layers.push(new InvertedResidual(style, channels, outChannels, stride, expansion))
        channels = outChannels
      }
    }
    const last = makeDivisible(1280 * Math.max(1, widthMult), roundNearest)
    layers.push(new ConvNormActivation(style, channels, last, 1))
    featureInfo.push({ name: `features.${layers.length - 1}`, channels: last, stride: reduction })
    this.features = new Sequential(...layers)
    this.classifier = new Sequential(new Dropout(dropout), new Linear(last, numClasses))
    this.featureInfo = featureInfo
    for (const module of this.modules()) {
      if (module instanceof Conv2d) init.kaimingNormal(module.weight, { mode: 'fanOut' })
      else if (module instanceof Linear) initializeLinear(module)
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
    initializeLinear(layer)
  }
}

function initializeLinear(layer: Linear): void {
  init.normal(layer.weight, 0, 0.01)
  init.zeros(layer.bias!)
}

const mobilenetOptions: OptionKinds<MobileNetV2Options> = {
  ...networkOptions,
  widthMult: 'number',
  invertedResidualSetting: 'any',
  roundNearest: 'count',
  dropout: 'probability',
  padding: ['symmetric', 'sameTensorFlow'],
  normEps: 'number',
}

export const variants: { readonly mobilenet_v2: Variant<MobileNetV2Options> } = {
  mobilenet_v2: { options: mobilenetOptions, create: (options) => new MobileNetV2(options) },
}
