import { Conv2d, Dropout, init, Linear, Module, Sequential } from '../nn/index.ts'
import type { Tensor } from '../tensor/index.ts'
import type { OptionKinds } from '../tensor/options.ts'
import {
  batchNorm,
  ConvNormActSequence,
  type ConvPadding,
  type NormLayer,
  paddingOf,
} from './blocks/index.ts'
import { type TimmArchitecture, type TimmEfficientNetOptions, timmVariant } from './efficientnet-timm.ts'
import type { MobileNetV2Name, TimmMobileNetV2Name } from './mobilenet-v2.metadata.ts'
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
  readonly padding?: ConvPadding
  readonly normEps?: number
}

interface Style {
  readonly padding: ConvPadding
  readonly norm: NormLayer
}

const activation = 'relu6'

class InvertedResidual extends Module {
  conv: Sequential
  readonly #residual: boolean

  constructor(style: Style, inChannels: number, outChannels: number, stride: number, expansion: number) {
    super()
    const { norm } = style
    const hidden = Math.round(inChannels * expansion)
    const layers: Module[] =
      expansion === 1 ? [] : [new ConvNormActSequence(inChannels, hidden, 1, { norm, activation })]
    layers.push(
      new ConvNormActSequence(hidden, hidden, 3, {
        stride,
        groups: hidden,
        padding: paddingOf(style.padding, 3),
        norm,
        activation,
      }),
      ...new ConvNormActSequence(hidden, outChannels, 1, { norm, activation: null }),
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
    const style: Style = { padding, norm: batchNorm(normEps) }
    this.numClasses = numClasses
    let channels = makeDivisible(32 * widthMult, roundNearest)
    let reduction = 2
    const { norm } = style
    const stem = { stride: 2, padding: paddingOf(padding, 3), norm, activation } as const
    const layers: Module[] = [new ConvNormActSequence(inChannels, channels, 3, stem)]
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
    layers.push(new ConvNormActSequence(channels, last, 1, { norm, activation }))
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

/** timm's, whose deeper ones ('d') leave the stem, the last convolution and the first and last stage as they are. */
const architecture =
  (deeper: boolean) =>
  (widthMult: number): TimmArchitecture => ({
    stages: [
      ['ds_r1_k3_s1_c16'],
      ['ir_r2_k3_s2_e6_c24'],
      ['ir_r3_k3_s2_e6_c32'],
      ['ir_r4_k3_s2_e6_c64'],
      ['ir_r3_k3_s1_e6_c96'],
      ['ir_r3_k3_s2_e6_c160'],
      ['ir_r1_k3_s1_e6_c320'],
    ],
    stem: 32,
    fixedStem: deeper,
    fixedFirstAndLast: deeper,
    head: deeper ? 1280 : Math.max(1280, makeDivisible(1280 * widthMult)),
  })

const timm = (widthMult: number): Variant<TimmEfficientNetOptions> =>
  timmVariant(architecture(false), { widthMult, activation })

const timmDeeper = (widthMult: number, depthMult: number): Variant<TimmEfficientNetOptions> =>
  timmVariant(architecture(true), { widthMult, depthMult, activation })

export const variants: Readonly<
  Record<MobileNetV2Name, Variant<MobileNetV2Options>> &
    Record<TimmMobileNetV2Name, Variant<TimmEfficientNetOptions>>
> = {
  mobilenet_v2: { options: mobilenetOptions, create: (options) => new MobileNetV2(options) },
  mobilenetv2_035: timm(0.35),
  mobilenetv2_050: timm(0.5),
  mobilenetv2_075: timm(0.75),
  mobilenetv2_100: timm(1),
  mobilenetv2_110d: timmDeeper(1.1, 1.2),
  mobilenetv2_120d: timmDeeper(1.2, 1.4),
  mobilenetv2_140: timm(1.4),
}
