import {
  BatchNorm2d,
  Conv2d,
  Dropout,
  Hardsigmoid,
  Hardswish,
  Identity,
  init,
  Linear,
  Module,
  ReLU,
  Sequential,
} from '../nn/index.ts'
import type { Tensor } from '../tensor/index.ts'
import type { OptionKinds } from '../tensor/options.ts'
import { ConvNormActSequence, samePadding } from './blocks/index.ts'
import type { Dli14MobileNetV3Name } from './mobilenet-v3-dli14.metadata.ts'
import {
  type FeatureInfo,
  type HeadOptions,
  makeDivisible,
  Network,
  type NetworkOptions,
  networkOptions,
  type Variant,
} from './network.ts'

export interface Dli14MobileNetV3Options extends NetworkOptions {
  /** Multiplies the channels of every layer (those of the head only when above 1). */
  readonly widthMult?: number
  /** Before the classifier; 0.2 unless given. */
  readonly dropout?: number
}

class SqueezeLayer extends Module {
  fc: Sequential

  constructor(channels: number) {
    super()
    const hidden = makeDivisible(Math.floor(channels / 4))
    this.fc = new Sequential(
      new Linear(channels, hidden),
      new ReLU(),
      new Linear(hidden, channels),
      new Hardsigmoid(),
    )
  }

  override forward(x: Tensor): Tensor {
    const factors = this.fc.forward(x.mean([2, 3])) as Tensor
    return x.mul(factors.reshape([...factors.shape, 1, 1]))
  }
}

/** Kernel, expansion, output channels, squeeze-and-excitation, hard swish, stride. */
type Setting = readonly [
  kernel: number,
  expansion: number,
  out: number,
  squeezed: boolean,
  hardSwish: boolean,
  stride: number,
]

/** Squeeze-and-excitation comes before the activation where the block expands, and after it where it does not. */
class InvertedResidual extends Module {
  conv: Sequential
  readonly #residual: boolean

  constructor(
    inChannels: number,
    hidden: number,
    outChannels: number,
    [kernel, , , squeezed, hardSwish, stride]: Setting,
  ) {
    super()
    const activation = (): Module => (hardSwish ? new Hardswish() : new ReLU())
    const squeeze = squeezed ? new SqueezeLayer(hidden) : new Identity()
    const depthwise = [
      new Conv2d(hidden, hidden, kernel, {
        stride,
        padding: samePadding(kernel),
        groups: hidden,
        bias: false,
      }),
      new BatchNorm2d(hidden),
    ]
    const project = [new Conv2d(hidden, outChannels, 1, { bias: false }), new BatchNorm2d(outChannels)]
    const layers =
      inChannels === hidden
        ? [...depthwise, activation(), squeeze, ...project]
        : [
            new Conv2d(inChannels, hidden, 1, { bias: false }),
            new BatchNorm2d(hidden),
            activation(),
            ...depthwise,
            squeeze,
            activation(),
            ...project,
          ]
    this.conv = new Sequential(...layers)
    this.#residual = stride === 1 && inChannels === outChannels
  }

  override forward(x: Tensor): Tensor {
    const y = this.conv.forward(x)
    return this.#residual ? x.add(y) : y
  }
}

interface Dli14Spec {
  readonly settings: readonly Setting[]
  readonly last: number
}

/** MobileNetV3 (Howard et al. 2019) as d-li14/mobilenetv3.pytorch has it. */
export class Dli14MobileNetV3 extends Network {
  features: Sequential
  conv: ConvNormActSequence
  classifier: Sequential
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[]

  constructor(spec: Dli14Spec, options: Dli14MobileNetV3Options = {}) {
    super()
    const { numClasses = 1000, inChannels = 3, widthMult = 1, dropout = 0.2 } = options
    this.numClasses = numClasses
    let channels = makeDivisible(16 * widthMult)
    let hidden = channels
    let reduction = 2
    const stem = new ConvNormActSequence(inChannels, channels, 3, { stride: 2, activation: 'hardSwish' })
    const layers: Module[] = [stem]
    const featureInfo: FeatureInfo[] = []
    for (const setting of spec.settings) {
      const [, expansion, out, , , stride] = setting
      const outChannels = makeDivisible(out * widthMult)
      hidden = makeDivisible(channels * expansion)
      if (stride > 1) {
        featureInfo.push({ name: `features.${layers.length - 1}`, channels, stride: reduction })
        reduction *= stride
      }
      layers.push(new InvertedResidual(channels, hidden, outChannels, setting))
      channels = outChannels
    }
    featureInfo.push({ name: 'conv', channels: hidden, stride: reduction })
    this.features = new Sequential(...layers)
    this.conv = new ConvNormActSequence(channels, hidden, 1, { activation: 'hardSwish' })
    const last = widthMult > 1 ? makeDivisible(spec.last * widthMult) : spec.last
    this.classifier = new Sequential(
      new Linear(hidden, last),
      new Hardswish(),
      new Dropout(dropout),
      new Linear(last, numClasses),
    )
    this.featureInfo = featureInfo
    for (const module of this.modules()) {
      if (module instanceof Conv2d) init.kaimingNormal(module.weight, { mode: 'fanOut' })
      else if (module instanceof Linear) initializeLinear(module)
    }
  }

  forwardFeatures(x: Tensor): Tensor {
    return this.stage(
      this.conv,
      [...this.features].reduce((y, layer) => this.stage(layer, y), x),
    )
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

function initializeLinear(layer: Linear): void {
  init.normal(layer.weight, 0, 0.01)
  init.zeros(layer.bias!)
}

const specs: Readonly<Record<Dli14MobileNetV3Name, Dli14Spec>> = {
  mobilenetv3_large: {
    settings: [
      [3, 1, 16, false, false, 1],
      [3, 4, 24, false, false, 2],
      [3, 3, 24, false, false, 1],
      [5, 3, 40, true, false, 2],
      [5, 3, 40, true, false, 1],
      [5, 3, 40, true, false, 1],
      [3, 6, 80, false, true, 2],
      [3, 2.5, 80, false, true, 1],
      [3, 2.3, 80, false, true, 1],
      [3, 2.3, 80, false, true, 1],
      [3, 6, 112, true, true, 1],
      [3, 6, 112, true, true, 1],
      [5, 6, 160, true, true, 2],
      [5, 6, 160, true, true, 1],
      [5, 6, 160, true, true, 1],
    ],
    last: 1280,
  },
  mobilenetv3_small: {
    settings: [
      [3, 1, 16, true, false, 2],
      [3, 4.5, 24, false, false, 2],
      [3, 3.67, 24, false, false, 1],
      [5, 4, 40, true, true, 2],
      [5, 6, 40, true, true, 1],
      [5, 6, 40, true, true, 1],
      [5, 3, 48, true, true, 1],
      [5, 3, 48, true, true, 1],
      [5, 6, 96, true, true, 2],
      [5, 6, 96, true, true, 1],
      [5, 6, 96, true, true, 1],
    ],
    last: 1024,
  },
}

const dli14Options: OptionKinds<Dli14MobileNetV3Options> = {
  ...networkOptions,
  widthMult: 'number',
  dropout: 'probability',
}

const variant = (spec: Dli14Spec): Variant<Dli14MobileNetV3Options> => ({
  options: dli14Options,
  create: (options) => new Dli14MobileNetV3(spec, options),
})

export const variants: Readonly<Record<Dli14MobileNetV3Name, Variant<Dli14MobileNetV3Options>>> = {
  mobilenetv3_large: variant(specs.mobilenetv3_large),
  mobilenetv3_small: variant(specs.mobilenetv3_small),
}
