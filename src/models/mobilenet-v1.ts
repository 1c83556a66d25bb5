import { Dropout, init, Linear, Module } from '../nn/index.ts'
import type { Tensor } from '../tensor/index.ts'
import type { OptionKinds } from '../tensor/options.ts'
import {
  type ActivationName,
  activationNames,
  batchNorm,
  ConvNormAct,
  type NormLayer,
} from './blocks/index.ts'
import { type TimmArchitecture, type TimmEfficientNetOptions, timmVariant } from './efficientnet-timm.ts'
import type { MobileNetV1Name, TimmMobileNetV1Name } from './mobilenet-v1.metadata.ts'
import {
  type HeadOptions,
  makeDivisible,
  type NetworkOptions,
  networkOptions,
  type Variant,
} from './network.ts'
import { type Part, PytorchcvNetwork, stageOf } from './pytorchcv-network.ts'

export interface MobileNetV1Options extends NetworkOptions {
  /** Multiplies the channels of every layer. */
  readonly widthMult?: number
  /** Leaves normalisation and activation after depthwise convolutions out (pytorchcv's `mobilenetb` networks). */
  readonly dwsSimplified?: boolean
  /** ReLU as the paper, Caffe's network and pytorchcv have it, unless given; TensorFlow's and Keras' have 'relu6'. */
  readonly activation?: ActivationName
  /** 1e-5 unless given; TensorFlow and Keras have 1e-3. */
  readonly normEps?: number
  /**
   * Of 3x3 convolutions: 'symmetric' unless given; 'sameTensorFlow' for weights from TensorFlow; 'keras' adds a row and a
   * column at the end where the stride is 2, which differs from TensorFlow's at odd sizes.
   */
  readonly padding?: 'symmetric' | 'sameTensorFlow' | 'keras'
  /** Before the classifier; 0 unless given. Keras has 0.001. */
  readonly dropRate?: number
}

interface Style {
  readonly activation: ActivationName
  readonly norm: NormLayer
  readonly padding: 'symmetric' | 'sameTensorFlow' | 'keras'
  readonly simplified: boolean
}

const kerasPadding = [0, 1, 0, 1] as const

function convolution3(
  style: Style,
  inChannels: number,
  outChannels: number,
  stride: number,
  groups = 1,
): ConvNormAct {
  const plain = style.simplified && groups > 1
  const { padding } = style
  const inNumbers = padding === 'keras' && stride > 1 ? kerasPadding : 1
  return new ConvNormAct(inChannels, outChannels, 3, {
    stride,
    groups,
    padding: padding === 'sameTensorFlow' ? padding : inNumbers,
    bias: false,
    norm: plain ? null : style.norm,
    activation: plain ? null : style.activation,
  })
}

class SeparableConvolution extends Module {
  dw_conv: ConvNormAct
  pw_conv: ConvNormAct

  constructor(style: Style, inChannels: number, outChannels: number, stride: number) {
    super()
    const { norm, activation } = style
    this.dw_conv = convolution3(style, inChannels, inChannels, stride, inChannels)
    this.pw_conv = new ConvNormAct(inChannels, outChannels, 1, { norm, activation })
  }

  override forward(x: Tensor): Tensor {
    return this.pw_conv.forward(this.dw_conv.forward(x))
  }
}

const stem = 32
/** The channels of each stage's units; every stage but the first halves the size. */
const stages = [[64], [128, 128], [256, 256], [512, 512, 512, 512, 512, 512], [1024, 1024]]

/** MobileNet (Howard et al. 2017), now called MobileNetV1, with pytorchcv's names. */
export class MobileNetV1 extends PytorchcvNetwork {
  drop: Dropout
  output: Linear

  constructor(options: MobileNetV1Options = {}) {
    const { numClasses = 1000, inChannels = 3, widthMult = 1, dropRate = 0 } = options
    const { dwsSimplified = false, activation = 'relu', normEps = 1e-5, padding = 'symmetric' } = options
    const style: Style = { activation, norm: batchNorm(normEps), padding, simplified: dwsSimplified }
    const scaled = (width: number): number => Math.floor(width * widthMult)
    let channels = scaled(stem)
    const first = convolution3(style, inChannels, channels, 2)
    const parts: Part[] = [{ name: 'init_block', module: first, channels, stride: 2 }]
    for (const [i, widths] of stages.entries()) {
      const units = widths.map((width, j) => {
        const unit = new SeparableConvolution(style, channels, scaled(width), i > 0 && j === 0 ? 2 : 1)
        channels = scaled(width)
        return unit
      })
      parts.push({ name: `stage${i + 1}`, module: stageOf(units), channels, stride: 2 ** (i + 1) })
    }
    super(parts, numClasses)
    this.drop = new Dropout(dropRate)
    this.output = new Linear(channels, numClasses)
    this.#initialize()
  }

  #initialize(): void {
    for (const [name, module] of this.namedModules()) {
      if (!(module instanceof ConvNormAct)) continue
      const depthwise = name.endsWith('dw_conv')
      init.kaimingNormal(module.conv.weight, { mode: depthwise ? 'fanIn' : 'fanOut' })
    }
    this.initializeClassifier(this.output)
  }

  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const descriptor = x.mean([2, 3])
    return preLogits ? descriptor : this.output.forward(this.drop.forward(descriptor))
  }

  protected override initializeClassifier(layer: Linear): void {
    init.kaimingNormal(layer.weight, { mode: 'fanOut' })
    init.zeros(layer.bias!)
  }
}

const mobilenetOptions: OptionKinds<MobileNetV1Options> = {
  ...networkOptions,
  widthMult: 'number',
  dwsSimplified: 'flag',
  activation: activationNames,
  normEps: 'number',
  padding: ['symmetric', 'sameTensorFlow', 'keras'],
  dropRate: 'probability',
}

const variant = (widthMult: number): Variant<MobileNetV1Options> => ({
  options: mobilenetOptions,
  create: (options) => new MobileNetV1({ widthMult, ...options }),
})

const timmStages = [
  ['dsa_r1_k3_s1_c64'],
  ['dsa_r2_k3_s2_c128'],
  ['dsa_r2_k3_s2_c256'],
  ['dsa_r6_k3_s2_c512'],
  ['dsa_r2_k3_s2_c1024'],
]

const timm = (widthMult: number, headConvolution = false): Variant<TimmEfficientNetOptions> =>
  timmVariant(
    (width): TimmArchitecture => ({
      stages: timmStages,
      stem: 32,
      head: headConvolution ? Math.max(1024, makeDivisible(1024 * width)) : null,
    }),
    { widthMult, activation: 'relu6' },
  )

export const variants: Readonly<
  Record<MobileNetV1Name, Variant<MobileNetV1Options>> &
    Record<TimmMobileNetV1Name, Variant<TimmEfficientNetOptions>>
> = {
  mobilenet_w1: variant(1),
  mobilenet_w3d4: variant(0.75),
  mobilenet_wd2: variant(0.5),
  mobilenet_wd4: variant(0.25),
  mobilenetv1_100: timm(1),
  mobilenetv1_100h: timm(1, true),
  mobilenetv1_125: timm(1.25),
}
