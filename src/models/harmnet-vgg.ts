import {
  BatchNorm2d,
  Conv2d,
  Dropout,
  F,
  init,
  Linear,
  MaxPool2d,
  type Module,
  ReLU,
  Sequential,
} from '../nn/index.ts'
import type { Tensor } from '../tensor/index.ts'
import { filtersFirst, HarmonicConv2d } from './blocks/index.ts'
import { type FeatureInfo, type HeadOptions, Network, type NetworkOptions } from './network.ts'

/** Which convolutions are harmonic. */
export interface HarmonicReplacements {
  /** Whether the first convolution is harmonic. */
  readonly harmRoot?: boolean
  /** Whether the other 3x3 convolutions are. */
  readonly harmResBlocks?: boolean
}

export interface HarmonicVGGOptions extends NetworkOptions, HarmonicReplacements {
  readonly dropout?: number
}

const vgg16 = [
  [64, 64],
  [128, 128],
  [256, 256, 256],
  [512, 512, 512],
  [512, 512, 512],
]

/** VGG-16 with batch normalization and harmonic convolutions. Images of 32 pixels at least. */
export class HarmonicVGG extends Network {
  features: Sequential
  classifier: Sequential
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[]

  constructor(options: HarmonicVGGOptions = {}) {
    super()
    const {
      numClasses = 1000,
      inChannels = 3,
      harmRoot = true,
      harmResBlocks = true,
      dropout = 0.5,
    } = options
    this.numClasses = numClasses
    const layers: Module[] = []
    const featureInfo: FeatureInfo[] = []
    let channels = inChannels
    for (const [i, widths] of vgg16.entries()) {
      for (const width of widths) {
        const first = layers.length === 0
        layers.push(
          (first ? harmRoot : harmResBlocks)
            ? new HarmonicConv2d(channels, width, 3, { padding: 1, norm: first })
            : new Conv2d(channels, width, 3, { padding: 1 }),
          new BatchNorm2d(width),
          new ReLU(),
        )
        channels = width
      }
      featureInfo.push({ name: `features.${layers.length - 1}`, channels, stride: 2 ** i })
      layers.push(new MaxPool2d(2, { stride: 2 }))
    }
    this.features = new Sequential(...layers)
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
        init.zeros(module.bias!)
      } else if (module instanceof Linear) this.initializeClassifier(module)
    }
  }

  override stateDict(): Map<string, Tensor> {
    return filtersFirst(super.stateDict())
  }

  forwardFeatures(x: Tensor): Tensor {
    return this.stagesOf(this.features, x)
  }

  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const flat = F.adaptiveAvgPool2d(x, 7).flatten(1)
    return preLogits ? this.classifier.forwardRange(flat, 0, 6) : this.classifier.forward(flat)
  }

  classifierNames(): readonly string[] {
    return ['classifier.6']
  }

  override headNames(): readonly string[] {
    return ['classifier']
  }

  protected override initializeClassifier(layer: Linear): void {
    init.normal(layer.weight, 0, 0.01)
    init.zeros(layer.bias!)
  }
}
