import {
  BatchNorm2d,
  Conv2d,
  Dropout,
  F,
  init,
  Linear,
  LocalResponseNorm,
  MaxPool2d,
  type Module,
} from '../nn/index.ts'
import { type Tensor, tensor } from '../tensor/index.ts'
import type { OptionKinds } from '../tensor/options.ts'
import { imagenetMean, imagenetStd } from '../transforms/index.ts'
import {
  AuxiliaryClassifier,
  batchNorm,
  ConvNormAct,
  chain,
  Inception,
  type InceptionUnit,
  plainUnit,
} from './blocks/index.ts'
import {
  type FeatureInfo,
  type HeadOptions,
  Network,
  type NetworkOptions,
  networkOptions,
  type Variant,
} from './network.ts'

export interface GoogLeNetOptions extends NetworkOptions {
  /** Whether there are two auxiliary classifiers, which run in training only; true unless given. */
  readonly auxLogits?: boolean
  /** Turns images normalised with ImageNet's statistics into ones with values in [-1, 1], which Google's weights want. */
  readonly transformInput?: boolean
  /** Before the classifier. */
  readonly dropout?: number
  /** Before the last layer of the auxiliary classifiers; 0.7 unless given. */
  readonly dropoutAux?: number
}

export interface GoogLeNetTeachingOptions extends GoogLeNetOptions {
  /** Gives probabilities in place of logits; for cross entropy leave it out, which takes logits. */
  readonly softmax?: boolean
}

/** What the forms of GoogLeNet differ in. */
interface GoogLeNetSpec {
  readonly unit: InceptionUnit
  readonly largestKernel: 3 | 5
  readonly stemNorm: (channels: number) => Module | null
  /** The padding of the stride-2 max pooling: none with the last window reaching over the border, or as TensorFlow's. */
  readonly pool: (kernelSize: number) => MaxPool2d
  readonly lastPool: 2 | 3
  /** One width for the three 1x1 convolutions of a module that reduce: that before its 3x3 convolution. */
  readonly sharedReduction: boolean
  readonly auxPooling: 'windows' | 'adaptive'
  readonly dropout: number
  readonly initialize: (layer: Conv2d | Linear, isClassifier: boolean) => void
}

/** Table 1 of the paper: conv1x1, reduce3x3, conv3x3, reduce5x5, conv5x5, poolProjection. */
const table = {
  '3a': [64, 96, 128, 16, 32, 32],
  '3b': [128, 128, 192, 32, 96, 64],
  '4a': [192, 96, 208, 16, 48, 64],
  '4b': [160, 112, 224, 24, 64, 64],
  '4c': [128, 128, 256, 24, 64, 64],
  '4d': [112, 144, 288, 32, 64, 64],
  '4e': [256, 160, 320, 32, 128, 128],
  '5a': [256, 160, 320, 32, 128, 128],
  '5b': [384, 192, 384, 48, 128, 128],
} as const

/**
 * GoogLeNet (Szegedy et al. 2014), images of 15 pixels at least. In training `forwardAll` gives the logits, then those of the
 * auxiliary classifiers behind inception4a and inception4d.
 */
export class GoogLeNet extends Network {
  conv1: Module
  maxpool1: MaxPool2d
  norm1: Module | null
  conv2: Module
  conv3: Module
  norm2: Module | null
  maxpool2: MaxPool2d
  inception3a: Inception
  inception3b: Inception
  maxpool3: MaxPool2d
  inception4a: Inception
  inception4b: Inception
  inception4c: Inception
  inception4d: Inception
  inception4e: Inception
  maxpool4: MaxPool2d
  inception5a: Inception
  inception5b: Inception
  aux1: AuxiliaryClassifier | null
  aux2: AuxiliaryClassifier | null
  dropout: Dropout
  fc: Linear
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[]
  readonly #initialize: GoogLeNetSpec['initialize']
  readonly #transformInput: boolean
  readonly #softmax: boolean

  constructor(spec: GoogLeNetSpec, options: GoogLeNetTeachingOptions = {}) {
    super()
    const { numClasses = 1000, inChannels = 3, auxLogits = true, dropoutAux = 0.7 } = options
    const { transformInput = false, dropout = spec.dropout, softmax = false } = options
    if (transformInput && inChannels !== 3) {
      throw new RangeError(`GoogLeNet: transformInput is for images of 3 channels, not ${inChannels}`)
    }
    this.numClasses = numClasses
    this.#initialize = spec.initialize
    this.#transformInput = transformInput
    this.#softmax = softmax
    let channels = 192
    const { unit, largestKernel } = spec
    const inception = (name: keyof typeof table): Inception => {
      const [conv1x1, reduce3x3, conv3x3, reduce5x5, conv5x5, projection] = table[name]
      const [reduce, poolProjection] = spec.sharedReduction ? [reduce3x3, reduce3x3] : [reduce5x5, projection]
      const widths = { conv1x1, reduce3x3, conv3x3, reduce5x5: reduce, conv5x5, poolProjection }
      const module = new Inception(channels, widths, { unit, largestKernel })
      channels = module.outChannels
      return module
    }
    const aux = (inChannels: number): AuxiliaryClassifier | null =>
      auxLogits
        ? new AuxiliaryClassifier(inChannels, numClasses, {
            unit,
            dropout: dropoutAux,
            pooling: spec.auxPooling,
          })
        : null
    this.conv1 = unit(inChannels, 64, 7, { stride: 2 })
    this.maxpool1 = spec.pool(3)
    this.norm1 = spec.stemNorm(64)
    this.conv2 = unit(64, 64, 1)
    this.conv3 = unit(64, 192, 3)
    this.norm2 = spec.stemNorm(192)
    this.maxpool2 = spec.pool(3)
    this.inception3a = inception('3a')
    this.inception3b = inception('3b')
    this.maxpool3 = spec.pool(3)
    this.inception4a = inception('4a')
    this.inception4b = inception('4b')
    this.inception4c = inception('4c')
    this.inception4d = inception('4d')
    this.inception4e = inception('4e')
    this.maxpool4 = spec.pool(spec.lastPool)
    this.inception5a = inception('5a')
    this.inception5b = inception('5b')
    this.aux1 = aux(this.inception4a.outChannels)
    this.aux2 = aux(this.inception4d.outChannels)
    this.dropout = new Dropout(dropout)
    this.fc = new Linear(channels, numClasses)
    this.featureInfo = [
      { name: 'conv1', channels: 64, stride: 2 },
      { name: 'conv3', channels: 192, stride: 4 },
      { name: 'inception3b', channels: this.inception3b.outChannels, stride: 8 },
      { name: 'inception4e', channels: this.inception4e.outChannels, stride: 16 },
      { name: 'inception5b', channels, stride: 32 },
    ]
    const classifiers = new Set(this.classifierNames())
    for (const [name, module] of this.namedModules()) {
      if (module instanceof Conv2d || module instanceof Linear) spec.initialize(module, classifiers.has(name))
    }
  }

  /** The maps that the two auxiliary classifiers take, and the last one. */
  #maps(x: Tensor): readonly [behind4a: Tensor, behind4d: Tensor, last: Tensor] {
    const input = this.#transformInput ? fromImagenetStatistics(x) : x
    const { norm1, norm2 } = this
    const stem1 = this.stage(this.conv1, input)
    const stem2 = this.stage(chain(this.maxpool1, ...(norm1 ? [norm1] : []), this.conv2, this.conv3), stem1)
    const behind3 = this.stage(
      chain(...(norm2 ? [norm2] : []), this.maxpool2, this.inception3a, this.inception3b),
      stem2,
    )
    const behind4a = this.stage(chain(this.maxpool3, this.inception4a), behind3)
    const behind4d = this.stage(chain(this.inception4b, this.inception4c, this.inception4d), behind4a)
    const behind4e = this.stage(this.inception4e, behind4d)
    const last = this.stage(chain(this.maxpool4, this.inception5a, this.inception5b), behind4e)
    return [behind4a, behind4d, last]
  }

  forwardFeatures(x: Tensor): Tensor {
    return this.#maps(x)[2]
  }

  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const descriptor = x.mean([2, 3])
    return preLogits ? descriptor : this.#scores(this.fc.forward(this.dropout.forward(descriptor)))
  }

  override forwardAll(x: Tensor): readonly Tensor[] {
    if (!(this.training && this.aux1 && this.aux2)) return [this.forward(x)]
    const [behind4a, behind4d, last] = this.#maps(x)
    const auxiliary = [this.aux1.forward(behind4a), this.aux2.forward(behind4d)]
    return [this.forwardHead(last), ...auxiliary.map((logits) => this.#scores(logits))]
  }

  #scores(logits: Tensor): Tensor {
    return this.#softmax ? F.softmax(logits, 1) : logits
  }

  /** The auxiliary losses count 0.3 each (section 5 of the paper). */
  override get lossWeights(): readonly number[] {
    return this.aux1 ? [1, 0.3, 0.3] : [1]
  }

  classifierNames(): readonly string[] {
    return ['fc', ...(this.aux1 ? ['aux1.fc2', 'aux2.fc2'] : [])]
  }

  override headNames(): readonly string[] {
    return ['fc', ...(this.aux1 ? ['aux1', 'aux2'] : [])]
  }

  protected override initializeClassifier(layer: Linear): void {
    this.#initialize(layer, true)
  }
}

/** From images normalised with ImageNet's mean and standard deviation to values in [-1, 1], for each of three channels. */
export function fromImagenetStatistics(x: Tensor): Tensor {
  const perChannel = (values: readonly number[]): Tensor => tensor(values, [1, 3, 1, 1])
  const scale = perChannel(imagenetStd.map((std) => std / 0.5))
  const shift = perChannel(imagenetMean.map((mean) => (mean - 0.5) / 0.5))
  return x.mul(scale).add(shift)
}

const ceilPool = (kernelSize: number): MaxPool2d => new MaxPool2d(kernelSize, { stride: 2, ceilMode: true })

const torchvision: GoogLeNetSpec = {
  unit: (from, to, kernel, options) =>
    new ConvNormAct(from, to, kernel, { norm: batchNorm(1e-3), ...options }),
  largestKernel: 3,
  stemNorm: () => null,
  pool: ceilPool,
  lastPool: 2,
  sharedReduction: false,
  auxPooling: 'adaptive',
  dropout: 0.2,
  initialize: (layer) => init.truncNormal(layer.weight, { std: 0.01 }),
}

const paper: GoogLeNetSpec = {
  unit: plainUnit,
  largestKernel: 5,
  stemNorm: () => new LocalResponseNorm(5, { alpha: 1e-4, beta: 0.75, k: 1 }),
  pool: ceilPool,
  lastPool: 3,
  sharedReduction: false,
  auxPooling: 'windows',
  dropout: 0.4,
  // The paper leaves it open; as in BVLC's training, whose "xavier" keeps the variance going forward alone.
  initialize: (layer, isClassifier) => {
    const bound = Math.sqrt(3 / init.fansOf(layer.weight)[0])
    init.uniform(layer.weight, -bound, bound)
    init.constant(layer.bias!, isClassifier ? 0 : 0.2)
  },
}

const teaching: GoogLeNetSpec = {
  unit: (from, to, kernel, options) =>
    new ConvNormAct(from, to, kernel, { norm: null, padding: 'sameTensorFlow', ...options }),
  largestKernel: 5,
  stemNorm: (channels) => new BatchNorm2d(channels),
  pool: (kernelSize) => new MaxPool2d(kernelSize, { stride: 2, padding: 'sameTensorFlow' }),
  lastPool: 3,
  sharedReduction: true,
  auxPooling: 'windows',
  dropout: 0.4,
  initialize: (layer) => {
    init.xavierUniform(layer.weight)
    init.zeros(layer.bias!)
  },
}

const googlenetOptions: OptionKinds<GoogLeNetOptions> = {
  ...networkOptions,
  auxLogits: 'flag',
  transformInput: 'flag',
  dropout: 'probability',
  dropoutAux: 'probability',
}

const variant = (spec: GoogLeNetSpec): Variant<GoogLeNetOptions> => ({
  options: googlenetOptions,
  create: (options) => new GoogLeNet(spec, options),
})

/**
 * googlenet_teaching pads every convolution and pooling of the trunk so that only strides shrink maps, has batch normalization
 * where the paper normalizes local responses, and gives the 1x1 convolutions before the 3x3, before the 5x5 and after the
 * pooling of a module one width: what the paper has before the 3x3 (96 in 3a to 192 in 5b).
 */
export const variants: {
  readonly googlenet: Variant<GoogLeNetOptions>
  readonly googlenet_paper: Variant<GoogLeNetOptions>
  readonly googlenet_teaching: Variant<GoogLeNetTeachingOptions>
} = {
  googlenet: variant(torchvision),
  googlenet_paper: variant(paper),
  googlenet_teaching: {
    options: { ...googlenetOptions, softmax: 'flag' },
    create: (options) => new GoogLeNet(teaching, options),
  },
}
