import {
  AvgPool2d,
  Conv2d,
  Dropout,
  init,
  Linear,
  MaxPool2d,
  Module,
  ModuleDict,
  Sequential,
} from '../nn/index.ts'
import { concat, type Tensor } from '../tensor/index.ts'
import type { OptionKinds } from '../tensor/options.ts'
import { ConvNormAct } from './blocks/index.ts'
import {
  type FeatureInfo,
  type HeadOptions,
  Network,
  type NetworkOptions,
  networkOptions,
  type Variant,
} from './network.ts'

export interface PeleeNetOptions extends NetworkOptions {
  /** Before the classifier; 0.5 unless given, as pytorchcv's (the authors': 0.05). */
  readonly dropRate?: number
  /** Channels that each layer adds, half of them on each of its two ways; 32 unless given. */
  readonly growthRate?: number
  /** Layers of each stage; 3, 4, 8 and 6 unless given. */
  readonly blockConfig?: readonly number[]
  /** Channels of the stem; 32 unless given. */
  readonly numInitFeatures?: number
  /** Channels within the ways of each stage's layers, as multiples of half the growth rate; 1, 2, 4 and 4 unless given. */
  readonly bottleneckWidths?: readonly number[]
  /** Which half of the stem comes first: the convolutions in pytorchcv, the pooled map in the authors' code. */
  readonly stemOrder?: 'convFirst' | 'poolFirst'
}

/** Two convolutions or three, named `conv1` and so on. */
function chain(...convolutions: readonly ConvNormAct[]): Sequential {
  return new Sequential(...convolutions.map((convolution, i) => [`conv${i + 1}`, convolution] as const))
}

class PeleeStem extends Module {
  first_conv: ConvNormAct
  branches: ModuleDict
  last_conv: ConvNormAct
  readonly #order: readonly string[]

  constructor(inChannels: number, channels: number, order: 'convFirst' | 'poolFirst') {
    super()
    const half = Math.floor(channels / 2)
    this.first_conv = new ConvNormAct(inChannels, channels, 3, { stride: 2 })
    this.branches = new ModuleDict({
      branch1: chain(new ConvNormAct(channels, half, 1), new ConvNormAct(half, channels, 3, { stride: 2 })),
      branch2: new MaxPool2d(2),
    })
    this.last_conv = new ConvNormAct(2 * channels, channels, 1)
    this.#order = order === 'convFirst' ? ['branch1', 'branch2'] : ['branch2', 'branch1']
  }

  override forward(x: Tensor): Tensor {
    const y = this.first_conv.forward(x)
    const halves = this.#order.map((name): Tensor => this.branches.get(name).forward(y))
    return this.last_conv.forward(concat(halves, 1))
  }
}

/**
 * The channels within a two-way dense layer: `width` times those that each way adds, a multiple of 4 and never more than half
 * of the layer's input.
 */
export function peleeBottleneck(inChannels: number, growthRate: number, width: number): number {
  const wanted = Math.floor((Math.floor(growthRate / 2) * width) / 4) * 4
  return wanted > inChannels / 2 ? Math.floor(inChannels / 8) * 4 : wanted
}

/** A layer that sees its input through one 3x3 convolution and, beside it, through two (Wang et al. 2018, section 2). */
class TwoWayDenseLayer extends Module {
  branch1: Sequential
  branch2: Sequential

  constructor(inChannels: number, growthRate: number, width: number) {
    super()
    const middle = peleeBottleneck(inChannels, growthRate, width)
    const added = Math.floor(growthRate / 2)
    const start = (): ConvNormAct[] => [
      new ConvNormAct(inChannels, middle, 1),
      new ConvNormAct(middle, added, 3),
    ]
    this.branch1 = chain(...start())
    this.branch2 = chain(...start(), new ConvNormAct(added, added, 3))
  }

  override forward(x: Tensor): Tensor {
    return concat([x, this.branch1.forward(x), this.branch2.forward(x)], 1)
  }
}

class PeleeTransition extends Module {
  conv: ConvNormAct
  pool: AvgPool2d

  constructor(channels: number) {
    super()
    this.conv = new ConvNormAct(channels, channels, 1)
    this.pool = new AvgPool2d(2)
  }

  override forward(x: Tensor): Tensor {
    return this.pool.forward(this.conv.forward(x))
  }
}

/**
 * PeleeNet (Wang et al. 2018). Images of 31 pixels at least; half of a side, rounded up, must be even, since the stem pools
 * what it convolves.
 */
export class PeleeNet extends Network {
  features: Sequential
  output: Sequential
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[]

  constructor(options: PeleeNetOptions = {}) {
    super()
    const {
      numClasses = 1000,
      inChannels = 3,
      dropRate = 0.5,
      growthRate = 32,
      stemOrder = 'convFirst',
    } = options
    const { blockConfig = [3, 4, 8, 6], numInitFeatures = 32, bottleneckWidths = [1, 2, 4, 4] } = options
    if (bottleneckWidths.length !== blockConfig.length) {
      throw new RangeError(
        `PeleeNet: ${blockConfig.length} stages in blockConfig need as many bottleneckWidths, got ${bottleneckWidths.length}`,
      )
    }
    const added = 2 * Math.floor(growthRate / 2)
    const layers: [string, Module][] = [['init_block', new PeleeStem(inChannels, numInitFeatures, stemOrder)]]
    const featureInfo: FeatureInfo[] = []
    let channels = numInitFeatures
    for (const [i, depth] of blockConfig.entries()) {
      const stage: [string, Module][] = i > 0 ? [[`trans${i + 1}`, new PeleeTransition(channels)]] : []
      for (let j = 1; j <= depth; j++) {
        stage.push([`unit${j}`, new TwoWayDenseLayer(channels, growthRate, bottleneckWidths[i]!)])
        channels += added
      }
      layers.push([`stage${i + 1}`, new Sequential(...stage)])
      featureInfo.push({ name: `features.stage${i + 1}`, channels, stride: 4 * 2 ** i })
    }
    layers.push(['final_block', new ConvNormAct(channels, channels, 1)])
    this.numClasses = numClasses
    this.features = new Sequential(...layers)
    this.output = new Sequential({ dropout: new Dropout(dropRate), fc: new Linear(channels, numClasses) })
    this.featureInfo = featureInfo
    for (const module of this.modules()) if (module instanceof Conv2d) init.kaimingUniform(module.weight)
  }

  forwardFeatures(x: Tensor): Tensor {
    const ends = this.featureInfo.map((_, i) => i + 2)
    return this.stagesOf(this.features, x, ends)
  }

  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const descriptor = x.mean([2, 3])
    return preLogits ? descriptor : this.output.forward(descriptor)
  }

  classifierNames(): readonly string[] {
    return ['output.fc']
  }

  override headNames(): readonly string[] {
    return ['features.final_block', 'output']
  }

  /** Knows the names of the authors' files, whose stem needs `stemOrder: 'poolFirst'`. */
  override renameKey(name: string): string {
    return authorNames.reduce((known, [pattern, own]) => known.replace(pattern, own), name)
  }
}

const authorNames: readonly (readonly [RegExp, string])[] = [
  [/^classifier\./, 'output.fc.'],
  [/^(features\..*)\.norm\./, '$1.bn.'],
  [/\.stemblock\.stem1\./, '.init_block.first_conv.'],
  [/\.stemblock\.stem2a\./, '.init_block.branches.branch1.conv1.'],
  [/\.stemblock\.stem2b\./, '.init_block.branches.branch1.conv2.'],
  [/\.stemblock\.stem3\./, '.init_block.last_conv.'],
  [/\.denseblock(\d+)\.denselayer(\d+)\.branch([12])a\./, '.stage$1.unit$2.branch$3.conv1.'],
  [/\.denseblock(\d+)\.denselayer(\d+)\.branch([12])b\./, '.stage$1.unit$2.branch$3.conv2.'],
  [/\.denseblock(\d+)\.denselayer(\d+)\.branch2c\./, '.stage$1.unit$2.branch2.conv3.'],
  // A transition belongs to the stage before it there, and to the one after it here.
  [/\.transition1\./, '.stage2.trans2.conv.'],
  [/\.transition2\./, '.stage3.trans3.conv.'],
  [/\.transition3\./, '.stage4.trans4.conv.'],
  [/\.transition4\./, '.final_block.'],
]

const peleenetOptions: OptionKinds<PeleeNetOptions> = {
  ...networkOptions,
  dropRate: 'probability',
  growthRate: 'count',
  blockConfig: 'any',
  numInitFeatures: 'count',
  bottleneckWidths: 'any',
  stemOrder: ['convFirst', 'poolFirst'],
}

export const variants: { readonly peleenet: Variant<PeleeNetOptions> } = {
  peleenet: { options: peleenetOptions, create: (options) => new PeleeNet(options) },
}
