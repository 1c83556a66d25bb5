import { Conv2d, Dropout, F, init, MaxPool2d, Module, ReLU, Sequential } from '../nn/index.ts'
import { concat, type Tensor } from '../tensor/index.ts'
import type { OptionKinds } from '../tensor/options.ts'
import {
  type FeatureInfo,
  type HeadOptions,
  Network,
  type NetworkOptions,
  networkOptions,
  type Variant,
} from './network.ts'
import type { SqueezeNetName } from './squeezenet.metadata.ts'

export interface SqueezeNetOptions extends NetworkOptions {
  readonly dropout?: number
  /**
   * Pads the last feature map by one, so that the class map has a border of biases: Caffe's weights of SqueezeNet 1.0 need it.
   */
  readonly padClassifier?: boolean
}

/**
 * SqueezeNet's fire module (Iandola et al. 2016, section 3.1): a 1x1 convolution squeezes, a 1x1 and a 3x3 expand, each to
 * `expanded` channels. [batch, in, h, w] to [batch, 2 expanded, h, w].
 */
export class Fire extends Module {
  squeeze: Conv2d
  expand1x1: Conv2d
  expand3x3: Conv2d

  constructor(inChannels: number, squeezed: number, expanded: number) {
    super()
    this.squeeze = new Conv2d(inChannels, squeezed, 1)
    this.expand1x1 = new Conv2d(squeezed, expanded, 1)
    this.expand3x3 = new Conv2d(squeezed, expanded, 3, { padding: 1 })
  }

  override forward(x: Tensor): Tensor {
    const squeezed = F.relu(this.squeeze.forward(x))
    return concat([F.relu(this.expand1x1.forward(squeezed)), F.relu(this.expand3x3.forward(squeezed))], 1)
  }
}

/** 'pool', or a fire module's squeezed and expanded (each half's) channels. */
type Layer = 'pool' | readonly [squeezed: number, expanded: number]

interface SqueezeNetSpec {
  readonly stem: readonly [channels: number, kernel: number]
  readonly layers: readonly Layer[]
}

/** SqueezeNet (Iandola et al. 2016). Images of 21 (1.0) or 17 (1.1) pixels at least. */
export class SqueezeNet extends Network {
  features: Sequential
  classifier: Sequential
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[]

  constructor(
    spec: SqueezeNetSpec,
    { numClasses = 1000, inChannels = 3, dropout = 0.5, padClassifier = false }: SqueezeNetOptions = {},
  ) {
    super()
    this.numClasses = numClasses
    const [stemChannels, stemKernel] = spec.stem
    const modules: Module[] = [new Conv2d(inChannels, stemChannels, stemKernel, { stride: 2 }), new ReLU()]
    const featureInfo: FeatureInfo[] = []
    let channels = stemChannels
    let stride = 2
    const endStage = (): void => {
      featureInfo.push({ name: `features.${modules.length - 1}`, channels, stride })
    }
    for (const layer of spec.layers) {
      if (layer === 'pool') {
        endStage()
        modules.push(new MaxPool2d(3, { stride: 2, ceilMode: true }))
        stride *= 2
      } else {
        modules.push(new Fire(channels, ...layer))
        channels = 2 * layer[1]
      }
    }
    endStage()
    this.features = new Sequential(...modules)
    this.classifier = new Sequential(
      new Dropout(dropout),
      new Conv2d(channels, numClasses, 1, { padding: padClassifier ? 1 : 0 }),
      new ReLU(),
    )
    this.featureInfo = featureInfo
    for (const module of this.modules()) if (module instanceof Conv2d) initialize(module)
    initializeClassifier(this.classifier.get(1) as Conv2d)
  }

  forwardFeatures(x: Tensor): Tensor {
    return this.stagesOf(this.features, x)
  }

  /** The descriptor is the last feature map pooled; the logits are the class map, rectified and pooled. */
  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    return preLogits ? x.mean([2, 3]) : this.classifier.forward(x).mean([2, 3])
  }

  classifierNames(): readonly string[] {
    return ['classifier.1']
  }

  protected override initializeClassifier(layer: Conv2d): void {
    initializeClassifier(layer)
  }
}

function initialize(convolution: Conv2d): void {
  init.kaimingUniform(convolution.weight)
  init.zeros(convolution.bias!)
}

function initializeClassifier(convolution: Conv2d): void {
  init.normal(convolution.weight, 0, 0.01)
  init.zeros(convolution.bias!)
}

const specs: Readonly<Record<SqueezeNetName, SqueezeNetSpec>> = {
  squeezenet1_0: {
    stem: [96, 7],
    layers: [
      'pool',
      [16, 64],
      [16, 64],
      [32, 128],
      'pool',
      [32, 128],
      [48, 192],
      [48, 192],
      [64, 256],
      'pool',
      [64, 256],
    ],
  },
  squeezenet1_1: {
    stem: [64, 3],
    layers: [
      'pool',
      [16, 64],
      [16, 64],
      'pool',
      [32, 128],
      [32, 128],
      'pool',
      [48, 192],
      [48, 192],
      [64, 256],
      [64, 256],
    ],
  },
}

const squeezenetOptions: OptionKinds<SqueezeNetOptions> = {
  ...networkOptions,
  dropout: 'probability',
  padClassifier: 'flag',
}

const variant = (spec: SqueezeNetSpec): Variant<SqueezeNetOptions> => ({
  options: squeezenetOptions,
  create: (options) => new SqueezeNet(spec, options),
})

export const variants: Readonly<Record<SqueezeNetName, Variant<SqueezeNetOptions>>> = {
  squeezenet1_0: variant(specs.squeezenet1_0),
  squeezenet1_1: variant(specs.squeezenet1_1),
}
