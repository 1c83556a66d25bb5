import { Conv2d, Dropout, Hardswish, init, Linear, Module, Sequential } from '../nn/index.ts'
import type { Tensor } from '../tensor/index.ts'
import type { OptionKinds } from '../tensor/options.ts'
import { type ActivationName, batchNorm, ConvNormActSequence, SqueezeExcite } from './blocks/index.ts'
import type { MobileNetV3Name } from './mobilenet-v3.metadata.ts'
import {
  type FeatureInfo,
  type HeadOptions,
  makeDivisible,
  Network,
  type NetworkOptions,
  networkOptions,
  type Variant,
} from './network.ts'

export interface MobileNetV3Options extends NetworkOptions {
  /** Multiplies the channels of every layer, those of the head too. */
  readonly widthMult?: number
  /** Halves the channels of the last three blocks and of the head. */
  readonly reducedTail?: boolean
  /** Dilates the last three blocks instead of striding. */
  readonly dilated?: boolean
  /** Before the classifier; 0.2 unless given. */
  readonly dropout?: number
}

const norm = batchNorm(1e-3, 0.01)

/** Kernel, expanded channels, output channels, squeeze-and-excitation, activation, stride. */
type Setting = readonly [
  kernel: number,
  expanded: number,
  out: number,
  squeezed: boolean,
  activation: ActivationName,
  stride: number,
]

class MobileNetV3Block extends Module {
  block: Sequential
  readonly #residual: boolean

  constructor(
    inChannels: number,
    [kernel, expanded, outChannels, squeezed, activation, stride]: Setting,
    dilation: number,
  ) {
    super()
    const layers: Module[] = []
    if (expanded !== inChannels) {
      layers.push(new ConvNormActSequence(inChannels, expanded, 1, { norm, activation }))
    }
    const depthwise = { stride: dilation > 1 ? 1 : stride, dilation, groups: expanded, norm, activation }
    layers.push(new ConvNormActSequence(expanded, expanded, kernel, depthwise))
    if (squeezed) {
      const hidden = makeDivisible(Math.floor(expanded / 4))
      layers.push(new SqueezeExcite(expanded, hidden, { gate: 'hardSigmoid' }))
    }
    layers.push(new ConvNormActSequence(expanded, outChannels, 1, { norm, activation: null }))
    this.block = new Sequential(...layers)
    this.#residual = stride === 1 && inChannels === outChannels
  }

  override forward(x: Tensor): Tensor {
    const y = this.block.forward(x)
    return this.#residual ? x.add(y) : y
  }
}

interface MobileNetV3Spec {
  readonly settings: readonly Setting[]
  readonly last: number
}

/** MobileNetV3 (Howard et al. 2019) as torchvision has it. */
export class MobileNetV3 extends Network {
  features: Sequential
  classifier: Sequential
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[]

  constructor(spec: MobileNetV3Spec, options: MobileNetV3Options = {}) {
    super()
    const { numClasses = 1000, inChannels = 3, widthMult = 1, dropout = 0.2 } = options
    const { reducedTail = false, dilated = false } = options
    this.numClasses = numClasses
    const scaled = (channels: number, tail: boolean): number =>
      makeDivisible((reducedTail && tail ? Math.floor(channels / 2) : channels) * widthMult)
    let channels = scaled(16, false)
    let reduction = 2
    const layers: Module[] = [
      new ConvNormActSequence(inChannels, channels, 3, { stride: 2, norm, activation: 'hardSwish' }),
    ]
    const featureInfo: FeatureInfo[] = []
    const tail = spec.settings.length - 3
    for (const [i, [kernel, wide, out, squeezed, activation, stride]] of spec.settings.entries()) {
      const expanded = scaled(wide, i > tail)
      const outChannels = scaled(out, i >= tail)
      const dilation = dilated && i >= tail ? 2 : 1
      if (stride > 1) {
        featureInfo.push({ name: `features.${layers.length - 1}`, channels, stride: reduction })
        if (dilation === 1) reduction *= stride
      }
      const setting = [kernel, expanded, outChannels, squeezed, activation, stride] as const
      layers.push(new MobileNetV3Block(channels, setting, dilation))
      channels = outChannels
    }
    const last = 6 * channels
    layers.push(new ConvNormActSequence(channels, last, 1, { norm, activation: 'hardSwish' }))
    featureInfo.push({ name: `features.${layers.length - 1}`, channels: last, stride: reduction })
    this.features = new Sequential(...layers)
    const hidden = scaled(spec.last, true)
    this.classifier = new Sequential(
      new Linear(last, hidden),
      new Hardswish(),
      new Dropout(dropout),
      new Linear(hidden, numClasses),
    )
    this.featureInfo = featureInfo
    for (const module of this.modules()) {
      if (module instanceof Conv2d) initializeConvolution(module)
      else if (module instanceof Linear) initializeLinear(module)
    }
  }

  forwardFeatures(x: Tensor): Tensor {
    return this.stagesOf(this.features, x)
  }

  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const descriptor = this.classifier.forwardRange(x.mean([2, 3]), 0, 2)
    return preLogits ? descriptor : this.classifier.forwardRange(descriptor, 2, 4)
  }

  classifierNames(): readonly string[] {
    return ['classifier.3']
  }

  override headNames(): readonly string[] {
    return ['classifier']
  }

  protected override initializeClassifier(layer: Linear): void {
    initializeLinear(layer)
  }
}

function initializeConvolution(layer: Conv2d): void {
  init.kaimingNormal(layer.weight, { mode: 'fanOut' })
  if (layer.bias) init.zeros(layer.bias)
}

function initializeLinear(layer: Linear): void {
  init.normal(layer.weight, 0, 0.01)
  init.zeros(layer.bias!)
}

const specs: Readonly<Record<MobileNetV3Name, MobileNetV3Spec>> = {
  mobilenet_v3_large: {
    settings: [
      [3, 16, 16, false, 'relu', 1],
      [3, 64, 24, false, 'relu', 2],
      [3, 72, 24, false, 'relu', 1],
      [5, 72, 40, true, 'relu', 2],
      [5, 120, 40, true, 'relu', 1],
      [5, 120, 40, true, 'relu', 1],
      [3, 240, 80, false, 'hardSwish', 2],
      [3, 200, 80, false, 'hardSwish', 1],
      [3, 184, 80, false, 'hardSwish', 1],
      [3, 184, 80, false, 'hardSwish', 1],
      [3, 480, 112, true, 'hardSwish', 1],
      [3, 672, 112, true, 'hardSwish', 1],
      [5, 672, 160, true, 'hardSwish', 2],
      [5, 960, 160, true, 'hardSwish', 1],
      [5, 960, 160, true, 'hardSwish', 1],
    ],
    last: 1280,
  },
  mobilenet_v3_small: {
    settings: [
      [3, 16, 16, true, 'relu', 2],
      [3, 72, 24, false, 'relu', 2],
      [3, 88, 24, false, 'relu', 1],
      [5, 96, 40, true, 'hardSwish', 2],
      [5, 240, 40, true, 'hardSwish', 1],
      [5, 240, 40, true, 'hardSwish', 1],
      [5, 120, 48, true, 'hardSwish', 1],
      [5, 144, 48, true, 'hardSwish', 1],
      [5, 288, 96, true, 'hardSwish', 2],
      [5, 576, 96, true, 'hardSwish', 1],
      [5, 576, 96, true, 'hardSwish', 1],
    ],
    last: 1024,
  },
}

const mobilenetOptions: OptionKinds<MobileNetV3Options> = {
  ...networkOptions,
  widthMult: 'number',
  reducedTail: 'flag',
  dilated: 'flag',
  dropout: 'probability',
}

const variant = (spec: MobileNetV3Spec): Variant<MobileNetV3Options> => ({
  options: mobilenetOptions,
  create: (options) => new MobileNetV3(spec, options),
})

export const variants: Readonly<Record<MobileNetV3Name, Variant<MobileNetV3Options>>> = {
  mobilenet_v3_large: variant(specs.mobilenet_v3_large),
  mobilenet_v3_small: variant(specs.mobilenet_v3_small),
}
