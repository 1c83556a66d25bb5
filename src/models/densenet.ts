import {
  BatchNorm2d,
  Conv2d,
  F,
  init,
  Linear,
  MaxPool2d,
  type Module,
  ReLU,
  Sequential,
} from '../nn/index.ts'
import type { Tensor } from '../tensor/index.ts'
import type { OptionKinds } from '../tensor/options.ts'
import { DenseBlock, DenseLayer, type DenseLayerOptions, Transition } from './blocks/index.ts'
import type { DenseNetName } from './densenet.metadata.ts'
import {
  type FeatureInfo,
  type HeadOptions,
  Network,
  type NetworkOptions,
  networkOptions,
  type Variant,
} from './network.ts'

export interface DenseNetOptions extends NetworkOptions {
  /** Channels that each layer adds. */
  readonly growthRate?: number
  /** Layers of each block. */
  readonly blockConfig?: readonly number[]
  /** Channels of the stem. */
  readonly numInitFeatures?: number
  /** Channels between the two convolutions of a layer, as a multiple of the growth rate. */
  readonly bnSize?: number
  /** The probability with which the elements that a layer adds are dropped in training. */
  readonly dropRate?: number
  /** Computes all concatenations again for the gradient: memory grows linearly with depth instead of quadratically. */
  readonly memoryEfficient?: boolean
}

/** What a family of DenseNets has of its own. */
export interface DenseNetSpec {
  readonly growthRate: number
  readonly blockConfig: readonly number[]
  readonly numInitFeatures: number
  /** 'norm5' unless given. */
  readonly lastNorm?: string
  /** Makes a block that adds `layers * growthRate` channels; a DenseBlock of DenseLayers unless given. */
  readonly block?: (
    layers: number,
    inChannels: number,
    growthRate: number,
    options: DenseLayerOptions,
  ) => Module
}

/** A block of DenseNet-BC. */
export function denseBlock(
  layers: number,
  inChannels: number,
  growthRate: number,
  options: DenseLayerOptions = {},
): DenseBlock {
  return new DenseBlock(layers, inChannels, growthRate, (c) => new DenseLayer(c, growthRate, options))
}

/** DenseNet-BC for ImageNet (Huang et al. 2016). Images of 29 pixels at least. */
export class DenseNet extends Network {
  features: Sequential
  classifier: Module
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[]
  readonly #stageEnds: readonly number[]
  readonly #lastNorm: string

  constructor(spec: DenseNetSpec, options: DenseNetOptions = {}) {
    super()
    const { numClasses = 1000, inChannels = 3, growthRate = spec.growthRate } = options
    const { blockConfig = spec.blockConfig, numInitFeatures = spec.numInitFeatures } = options
    const { bnSize = 4, dropRate = 0, memoryEfficient = false } = options
    const { block = denseBlock, lastNorm = 'norm5' } = spec
    const layers: [string, Module][] = [
      ['conv0', new Conv2d(inChannels, numInitFeatures, 7, { stride: 2, padding: 3, bias: false })],
      ['norm0', new BatchNorm2d(numInitFeatures)],
      ['relu0', new ReLU()],
      ['pool0', new MaxPool2d(3, { stride: 2, padding: 1 })],
    ]
    const featureInfo: FeatureInfo[] = []
    const stageEnds: number[] = []
    let channels = numInitFeatures
    for (const [i, depth] of blockConfig.entries()) {
      if (i > 0) {
        layers.push([`transition${i}`, new Transition(channels, Math.floor(channels / 2))])
        channels = Math.floor(channels / 2)
      }
      const name = `denseblock${i + 1}`
      layers.push([name, block(depth, channels, growthRate, { bnSize, dropRate, memoryEfficient })])
      channels += depth * growthRate
      featureInfo.push({ name: `features.${name}`, channels, stride: 4 * 2 ** i })
      stageEnds.push(layers.length)
    }
    layers.push([lastNorm, new BatchNorm2d(channels)])
    this.numClasses = numClasses
    this.features = new Sequential(...layers)
    this.classifier = new Linear(channels, numClasses)
    this.featureInfo = featureInfo
    this.#stageEnds = stageEnds
    this.#lastNorm = `features.${lastNorm}`
    for (const module of this.modules()) {
      if (module instanceof Conv2d) init.kaimingNormal(module.weight)
      else if (module instanceof Linear) init.zeros(module.bias!)
    }
  }

  forwardFeatures(x: Tensor): Tensor {
    return F.relu(this.stagesOf(this.features, x, this.#stageEnds))
  }

  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const descriptor = x.mean([2, 3])
    return preLogits ? descriptor : this.classifier.forward(descriptor)
  }

  classifierNames(): readonly string[] {
    return ['classifier']
  }

  override headNames(): readonly string[] {
    return [this.#lastNorm, 'classifier']
  }

  protected override initializeClassifier(layer: Linear): void {
    init.zeros(layer.bias!)
  }

  /** Knows the names of files that old PyTorch wrote, torchvision's among them, and those of pytorchcv and allenai/elastic. */
  override renameKey(name: string): string {
    return fromPytorchcv(name)
      .replace(/(denselayer\d+\.(?:norm|conv))\.([12])\./, '$1$2.')
      .replace(/^features\.norm(5|_final)\./, `${this.#lastNorm}.`)
  }
}

const pytorchcvNames: readonly (readonly [RegExp, string])[] = [
  [/^features\.init_block\.conv\./, 'features.conv0.'],
  [/^features\.init_block\.bn\./, 'features.norm0.'],
  [/^features\.stage(\d+)\.unit(\d+)\.conv([12])\.bn\./, 'features.denseblock$1.denselayer$2.norm$3.'],
  [/^features\.stage(\d+)\.unit(\d+)\.conv([12])\.conv\./, 'features.denseblock$1.denselayer$2.conv$3.'],
  [/^features\.post_activ\.bn\./, 'features.norm5.'],
  [/^output\./, 'classifier.'],
]

function fromPytorchcv(name: string): string {
  // A transition is counted with the stage after it there, and with the one before it here.
  const transition = /^features\.stage\d+\.trans(\d+)\.conv\.(bn|conv)\.(.*)$/.exec(name)
  if (transition) {
    const [, stage, part, rest] = transition
    return `features.transition${Number(stage) - 1}.${part === 'bn' ? 'norm' : 'conv'}.${rest}`
  }
  const [pattern, own] = pytorchcvNames.find(([known]) => known.test(name)) ?? []
  return pattern ? name.replace(pattern, own!) : name
}

export const densenetOptions: OptionKinds<DenseNetOptions> = {
  ...networkOptions,
  growthRate: 'count',
  blockConfig: 'any',
  numInitFeatures: 'count',
  bnSize: 'count',
  dropRate: 'probability',
  memoryEfficient: 'flag',
}

export const densenet121Spec: DenseNetSpec = {
  growthRate: 32,
  blockConfig: [6, 12, 24, 16],
  numInitFeatures: 64,
}

const variant = (spec: DenseNetSpec): Variant<DenseNetOptions> => ({
  options: densenetOptions,
  create: (options) => new DenseNet(spec, options),
})

export const variants: Readonly<Record<DenseNetName, Variant<DenseNetOptions>>> = {
  densenet121: variant(densenet121Spec),
  densenet161: variant({ growthRate: 48, blockConfig: [6, 12, 36, 24], numInitFeatures: 96 }),
  densenet169: variant({ growthRate: 32, blockConfig: [6, 12, 32, 32], numInitFeatures: 64 }),
  densenet201: variant({ growthRate: 32, blockConfig: [6, 12, 48, 32], numInitFeatures: 64 }),
  densenet264: variant({ growthRate: 32, blockConfig: [6, 12, 64, 48], numInitFeatures: 64 }),
}
