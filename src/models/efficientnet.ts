import { Conv2d, Dropout, init, Linear, type Module, Sequential } from '../nn/index.ts'
import type { Tensor } from '../tensor/index.ts'
import type { OptionKinds } from '../tensor/options.ts'
import { batchNorm, ConvNormActSequence, MBConv } from './blocks/index.ts'
import type { EfficientNetName } from './efficientnet.metadata.ts'
import {
  type FeatureInfo,
  type HeadOptions,
  makeDivisible,
  Network,
  type NetworkOptions,
  networkOptions,
  type Variant,
} from './network.ts'

export interface EfficientNetOptions extends NetworkOptions {
  /** Multiplies the channels of every layer. */
  readonly widthMult?: number
  /** Multiplies the number of blocks of every stage; results are rounded up. */
  readonly depthMult?: number
  /** Before the classifier. */
  readonly dropout?: number
  /** Of the last block; earlier ones have less, in proportion to their place. 0.2 unless given. */
  readonly stochasticDepthProb?: number
  readonly normEps?: number
  readonly normMomentum?: number
}

/** EfficientNet-B0's stages (Tan and Le 2019, table 1): expansion, kernel, stride, channels, blocks. */
export const efficientNetStages: readonly (readonly [
  expansion: number,
  kernel: number,
  stride: number,
  channels: number,
  blocks: number,
])[] = [
  [1, 3, 1, 16, 1],
  [6, 3, 2, 24, 2],
  [6, 5, 2, 40, 2],
  [6, 3, 2, 80, 3],
  [6, 5, 1, 112, 3],
  [6, 5, 2, 192, 4],
  [6, 3, 1, 320, 1],
]

/** EfficientNet (Tan and Le 2019) as torchvision has it, with symmetric padding. */
export class EfficientNet extends Network {
  features: Sequential
  classifier: Sequential
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[]

  constructor(options: EfficientNetOptions = {}) {
    super()
    const { numClasses = 1000, inChannels = 3, widthMult = 1, depthMult = 1, dropout = 0.2 } = options
    const { stochasticDepthProb = 0.2, normEps = 1e-5, normMomentum = 0.1 } = options
    this.numClasses = numClasses
    const norm = batchNorm(normEps, normMomentum)
    const depths = efficientNetStages.map(([, , , , blocks]) => Math.ceil(blocks * depthMult))
    const total = depths.reduce((a, b) => a + b, 0)
    let channels = makeDivisible(32 * widthMult)
    let [reduction, at] = [2, 0]
    const layers: Module[] = [
      new ConvNormActSequence(inChannels, channels, 3, { stride: 2, norm, activation: 'silu' }),
    ]
    const featureInfo: FeatureInfo[] = []
    for (const [i, [expansion, kernelSize, firstStride, width]] of efficientNetStages.entries()) {
      if (firstStride > 1) {
        featureInfo.push({ name: `features.${layers.length - 1}`, channels, stride: reduction })
        reduction *= firstStride
      }
      const blocks = Array.from({ length: depths[i]! }, (_, j) => {
        const outChannels = makeDivisible(width * widthMult)
        const stochasticDepth = (stochasticDepthProb * at++) / total
        const stride = j === 0 ? firstStride : 1
        const block = new MBConv(channels, outChannels, {
          kernelSize,
          stride,
          expansion,
          norm,
          stochasticDepth,
        })
        channels = outChannels
        return block
      })
      layers.push(new Sequential(...blocks))
    }
    const last = 4 * channels
    layers.push(new ConvNormActSequence(channels, last, 1, { norm, activation: 'silu' }))
    featureInfo.push({ name: `features.${layers.length - 1}`, channels: last, stride: reduction })
    this.features = new Sequential(...layers)
    this.classifier = new Sequential(new Dropout(dropout), new Linear(last, numClasses))
    this.featureInfo = featureInfo
    for (const module of this.modules()) {
      if (module instanceof Conv2d) initializeConvolution(module)
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

function initializeConvolution(layer: Conv2d): void {
  init.kaimingNormal(layer.weight, { mode: 'fanOut' })
  if (layer.bias) init.zeros(layer.bias)
}

function initializeLinear(layer: Linear): void {
  const bound = 1 / Math.sqrt(layer.outFeatures)
  init.uniform(layer.weight, -bound, bound)
  init.zeros(layer.bias!)
}

const efficientnetOptions: OptionKinds<EfficientNetOptions> = {
  ...networkOptions,
  widthMult: 'number',
  depthMult: 'number',
  dropout: 'probability',
  stochasticDepthProb: 'probability',
  normEps: 'number',
  normMomentum: 'number',
}

/** The larger ones take TensorFlow's normalisation, since their weights come from there. */
const variant = (
  widthMult: number,
  depthMult: number,
  dropout: number,
  norm: EfficientNetOptions = {},
): Variant<EfficientNetOptions> => ({
  options: efficientnetOptions,
  create: (options) => new EfficientNet({ widthMult, depthMult, dropout, ...norm, ...options }),
})

const tensorFlowNorm = { normEps: 1e-3, normMomentum: 0.01 }

export const variants: Readonly<Record<EfficientNetName, Variant<EfficientNetOptions>>> = {
  efficientnet_b0: variant(1, 1, 0.2),
  efficientnet_b1: variant(1, 1.1, 0.2),
  efficientnet_b2: variant(1.1, 1.2, 0.3),
  efficientnet_b3: variant(1.2, 1.4, 0.3),
  efficientnet_b4: variant(1.4, 1.8, 0.4),
  efficientnet_b5: variant(1.6, 2.2, 0.4, tensorFlowNorm),
  efficientnet_b6: variant(1.8, 2.6, 0.5, tensorFlowNorm),
  efficientnet_b7: variant(2, 3.1, 0.5, tensorFlowNorm),
}
