import {
  AdaptiveAvgPool2d,
  Conv2d,
  Dropout,
  init,
  Linear,
  LocalResponseNorm,
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

export interface AlexNetOptions extends NetworkOptions {
  readonly dropout?: number
}

export interface AlexNet2012Options extends AlexNetOptions {
  /** Of conv2, conv4 and conv5: 2, the paper's two towers, unless given; 1 for one tower. */
  readonly groups?: number
  /** What the response normalization adds to the squares; 2, as in the paper, unless given. Caffe's networks have 1. */
  readonly responseBias?: number
  /** Pools before the response normalization, as CaffeNet does. */
  readonly poolFirst?: boolean
  /** Whether pooling windows may reach beyond the map, which lets images of 224 pixels through, as pytorchcv has it. */
  readonly ceilMode?: boolean
}

const alexnetOptions: OptionKinds<AlexNetOptions> = { ...networkOptions, dropout: 'probability' }

/** AlexNet of "One weird trick" (Krizhevsky 2014), as torchvision has it. Images of 63 pixels at least. */
export class AlexNet extends Network {
  features: Sequential
  avgpool: AdaptiveAvgPool2d
  classifier: Sequential
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[] = [
    { name: 'features.1', channels: 64, stride: 4 },
    { name: 'features.4', channels: 192, stride: 8 },
    { name: 'features.11', channels: 256, stride: 16 },
  ]

  constructor({ numClasses = 1000, inChannels = 3, dropout = 0.5 }: AlexNetOptions = {}) {
    super()
    this.numClasses = numClasses
    this.features = new Sequential(
      new Conv2d(inChannels, 64, 11, { stride: 4, padding: 2 }),
      new ReLU(),
      new MaxPool2d(3, { stride: 2 }),
      new Conv2d(64, 192, 5, { padding: 2 }),
      new ReLU(),
      new MaxPool2d(3, { stride: 2 }),
      new Conv2d(192, 384, 3, { padding: 1 }),
      new ReLU(),
      new Conv2d(384, 256, 3, { padding: 1 }),
      new ReLU(),
      new Conv2d(256, 256, 3, { padding: 1 }),
      new ReLU(),
      new MaxPool2d(3, { stride: 2 }),
    )
    this.avgpool = new AdaptiveAvgPool2d([6, 6])
    this.classifier = classifier(dropout, numClasses)
  }

  forwardFeatures(x: Tensor): Tensor {
    return this.stagesOf(this.features, x)
  }

  forwardHead(x: Tensor, options?: HeadOptions): Tensor {
    return head(this.classifier, this.avgpool.forward(x), options)
  }

  classifierNames(): readonly string[] {
    return ['classifier.6']
  }

  override headNames(): readonly string[] {
    return ['classifier']
  }
}

/**
 * AlexNet of 2012: wider first layers, local response norm, two towers as groups. Images of 227 pixels. With one tower its
 * layers have 96, 256, 384, 384 and 256 channels, all of which see all of the layer before.
 */
export class AlexNet2012 extends Network {
  net: Sequential
  classifier: Sequential
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[] = [
    { name: 'net.1', channels: 96, stride: 4 },
    { name: 'net.5', channels: 256, stride: 8 },
    { name: 'net.13', channels: 256, stride: 16 },
  ]

  constructor(options: AlexNet2012Options = {}) {
    super()
    const { numClasses = 1000, inChannels = 3, dropout = 0.5, groups = 2 } = options
    const { responseBias: k = 2, poolFirst = false, ceilMode = false } = options
    this.numClasses = numClasses
    const pool = (): MaxPool2d => new MaxPool2d(3, { stride: 2, ceilMode })
    const shrink = (): Module[] => {
      const norm = new LocalResponseNorm(5, { alpha: 1e-4, beta: 0.75, k })
      return poolFirst ? [pool(), norm] : [norm, pool()]
    }
    this.net = new Sequential(
      new Conv2d(inChannels, 96, 11, { stride: 4 }),
      new ReLU(),
      ...shrink(),
      new Conv2d(96, 256, 5, { padding: 2, groups }),
      new ReLU(),
      ...shrink(),
      new Conv2d(256, 384, 3, { padding: 1 }),
      new ReLU(),
      new Conv2d(384, 384, 3, { padding: 1, groups }),
      new ReLU(),
      new Conv2d(384, 256, 3, { padding: 1, groups }),
      new ReLU(),
      pool(),
    )
    this.classifier = classifier(dropout, numClasses)
    this.#initialize()
  }

  /** Section 5 of the paper: N(0, 0.01), biases 1 in conv2, conv4, conv5 and the hidden layers, else 0. */
  #initialize(): void {
    const biasOne = new Set(['net.4', 'net.10', 'net.12', 'classifier.1', 'classifier.4'])
    for (const [name, module] of this.namedModules()) {
      if (!(module instanceof Conv2d || module instanceof Linear)) continue
      init.normal(module.weight, 0, 0.01)
      if (module.bias) init.constant(module.bias, biasOne.has(name) ? 1 : 0)
    }
  }

  forwardFeatures(x: Tensor): Tensor {
    // The norms belong to the stage before: what they keep is as large as the stage's output.
    return this.stagesOf(this.net, x, [3, 7, 14])
  }

  forwardHead(x: Tensor, options?: HeadOptions): Tensor {
    return head(this.classifier, x, options)
  }

  classifierNames(): readonly string[] {
    return ['classifier.6']
  }

  override headNames(): readonly string[] {
    return ['classifier']
  }
}

function classifier(dropout: number, numClasses: number): Sequential {
  return new Sequential(
    new Dropout(dropout),
    new Linear(256 * 6 * 6, 4096),
    new ReLU(),
    new Dropout(dropout),
    new Linear(4096, 4096),
    new ReLU(),
    new Linear(4096, numClasses),
  )
}

function head(layers: Sequential, x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
  const flat = x.flatten(1)
  return preLogits ? layers.forwardRange(flat, 0, 6) : layers.forward(flat)
}

const alexnet2012Options: OptionKinds<AlexNet2012Options> = {
  ...alexnetOptions,
  groups: 'count',
  responseBias: 'number',
  poolFirst: 'flag',
  ceilMode: 'flag',
}

export const variants: {
  readonly alexnet: Variant<AlexNetOptions>
  readonly alexnet_2012: Variant<AlexNet2012Options>
  readonly alexnet_2012_one_tower: Variant<AlexNet2012Options>
} = {
  alexnet: { options: alexnetOptions, create: (options) => new AlexNet(options) },
  alexnet_2012: { options: alexnet2012Options, create: (options) => new AlexNet2012(options) },
  alexnet_2012_one_tower: {
    options: alexnet2012Options,
    create: (options) => new AlexNet2012({ groups: 1, ...options }),
  },
}
