import { AvgPool2d, Linear, MaxPool2d, Module, Sequential } from '../nn/index.ts'
import { concat, type Tensor } from '../tensor/index.ts'
import type { OptionKinds } from '../tensor/options.ts'
import {
  type Activation,
  activationNames,
  type ConvNormActOptions,
  ConvNormActSequence,
  CrossStagePartial,
  SqueezeExcite,
} from './blocks/index.ts'
import {
  type FeatureInfo,
  type HeadOptions,
  Network,
  type NetworkOptions,
  networkOptions,
  type Variant,
} from './network.ts'

export interface CSPPeleeNetOptions extends NetworkOptions {
  /** The share of a stage's channels that go through its layers; 0.5 unless given. 1 is PeleeNet, without a second transition. */
  readonly partialRatio?: number
  /** Channels that each layer adds, half of them on each of its two ways; 32 unless given. */
  readonly growthRate?: number
  /** Layers of each stage; 3, 4, 8 and 6 unless given. */
  readonly blockConfig?: readonly number[]
  /** Channels within the ways of each stage's layers, as multiples of half the growth rate; 1, 2, 4 and 4 unless given. */
  readonly bottleneckWidths?: readonly number[]
  /** ReLU unless given. */
  readonly activation?: Exclude<Activation, (channels: number) => Module>
  /** Scales the channels of each stage's output by squeeze-and-excitation to a sixteenth. */
  readonly squeezeExcite?: boolean
  /** Halves the size before the last convolution of a stage instead of after it, which leaves it a quarter of the work. */
  readonly poolFirst?: boolean
}

type Conv = (inChannels: number, outChannels: number, kernel: 1 | 3, stride?: number) => ConvNormActSequence

function convolutions(activation: Activation): Conv {
  return (from, to, kernel, stride = 1) => {
    const options: ConvNormActOptions = { stride, activation }
    return new ConvNormActSequence(from, to, kernel, options)
  }
}

class StemBlock extends Module {
  conv1: Sequential
  conv2: Sequential
  max_pool: MaxPool2d
  conv3: Sequential

  constructor(inChannels: number, conv: Conv) {
    super()
    this.conv1 = conv(inChannels, 32, 3, 2)
    this.conv2 = new Sequential(conv(32, 16, 1), conv(16, 32, 3, 2))
    this.max_pool = new MaxPool2d(2)
    this.conv3 = conv(64, 32, 1)
  }

  override forward(x: Tensor): Tensor {
    const y: Tensor = this.conv1.forward(x)
    return this.conv3.forward(concat([this.max_pool.forward(y), this.conv2.forward(y)], 1))
  }
}

class TwoWayDenseBlock extends Module {
  left: Sequential
  right: Sequential

  constructor(inChannels: number, growthRate: number, middle: number, conv: Conv) {
    super()
    const added = Math.floor(growthRate / 2)
    this.left = new Sequential(conv(inChannels, middle, 1), conv(middle, added, 3))
    this.right = new Sequential(conv(inChannels, middle, 1), conv(middle, added, 3), conv(added, added, 3))
  }

  override forward(x: Tensor): Tensor {
    return concat([x, this.left.forward(x), this.right.forward(x)], 1)
  }
}

interface StageSpec {
  readonly layers: number
  readonly growthRate: number
  /** Channels within the ways of a layer. */
  readonly middle: number
  /** Channels that go through the layers. */
  readonly branched: number
  readonly conv: Conv
}

/** The layers of a stage and the convolution after them, by the names of the reference. */
function denseBranch({ layers, growthRate, middle, branched, conv }: StageSpec, last: Module): Sequential {
  const added = 2 * Math.floor(growthRate / 2)
  const blocks = Array.from(
    { length: layers },
    (_, i) =>
      [`dense${i + 1}`, new TwoWayDenseBlock(branched + i * added, growthRate, middle, conv)] as const,
  )
  return new Sequential(...blocks, ['transition1', last] as const)
}

/** A stage of PeleeNet, all of whose channels go through its layers. */
class DenseStage extends Module {
  dense_branch: Sequential

  constructor(branch: Sequential) {
    super()
    this.dense_branch = branch
  }

  override forward(x: Tensor): Tensor {
    return this.dense_branch.forward(x)
  }
}

/**
 * PeleeNet with cross-stage partial connections (Wang et al. 2019): half of a stage's channels pass by its layers. Images of 31
 * pixels at least; half of a side, rounded up, must be even, since the stem pools what it convolves.
 */
export class CSPPeleeNet extends Network {
  stem: StemBlock
  stages: Sequential
  classifier: Linear
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[]

  constructor(options: CSPPeleeNetOptions = {}) {
    super()
    const { numClasses = 1000, inChannels = 3, partialRatio = 0.5, growthRate = 32 } = options
    const { blockConfig = [3, 4, 8, 6], bottleneckWidths = [1, 2, 4, 4], activation = 'relu' } = options
    const { squeezeExcite = false, poolFirst = false } = options
    if (bottleneckWidths.length !== blockConfig.length) {
      throw new RangeError(
        `CSPPeleeNet: ${blockConfig.length} stages in blockConfig need as many bottleneckWidths, got ${bottleneckWidths.length}`,
      )
    }
    if (!(partialRatio > 0 && partialRatio <= 1)) {
      throw new RangeError(`CSPPeleeNet: partialRatio must be above 0 and at most 1, got ${partialRatio}`)
    }
    const conv = convolutions(activation)
    const half = Math.floor(growthRate / 2)
    const featureInfo: FeatureInfo[] = []
    const stages: [string, Module][] = []
    let channels = 32
    for (const [i, layers] of blockConfig.entries()) {
      const pool = i < blockConfig.length - 1
      const branched = Math.floor(channels * partialRatio)
      const middle = Math.floor((half * bottleneckWidths[i]!) / 4) * 4
      const spec = { layers, growthRate, middle, branched, conv }
      const inner = branched + layers * 2 * half
      channels += layers * 2 * half
      const end = (width: number, halve: boolean): Sequential => {
        const scaled = squeezeExcite && width === channels
        const parts: [string, Module][] = [['0', conv(width, width, 1)]]
        if (scaled) parts.push(['se', new SqueezeExcite(width, Math.floor(width / 16))])
        if (halve) parts.splice(poolFirst ? 0 : parts.length, 0, ['1', new AvgPool2d(2)])
        return new Sequential(...parts)
      }
      const partial = partialRatio < 1
      const branch = denseBranch(spec, end(inner, pool && !partial))
      const name = `stage${i + 1}`
      stages.push([
        name,
        partial
          ? new CrossStagePartial(branched, branch, {
              branched: 'first',
              transition: end(channels, pool),
              names: ['dense_branch', 'transition2'],
            })
          : new DenseStage(branch),
      ])
      const last = `stages.${name}.${partial ? 'transition2' : 'dense_branch.transition1'}`
      const halved = poolFirst && pool ? 2 : 1
      featureInfo.push({
        name: `${last}.${squeezeExcite ? 'se' : '0'}`,
        channels,
        stride: 4 * 2 ** i * halved,
      })
    }
    this.numClasses = numClasses
    this.stem = new StemBlock(inChannels, conv)
    this.stages = new Sequential(...stages)
    this.classifier = new Linear(channels, numClasses)
    this.featureInfo = featureInfo
  }

  forwardFeatures(x: Tensor): Tensor {
    return [this.stem, ...this.stages].reduce((y, stage) => this.stage(stage, y), x)
  }

  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const descriptor = x.mean([2, 3])
    return preLogits ? descriptor : this.classifier.forward(descriptor)
  }

  classifierNames(): readonly string[] {
    return ['classifier']
  }
}

const cspOptions: OptionKinds<CSPPeleeNetOptions> = {
  ...networkOptions,
  partialRatio: 'number',
  growthRate: 'count',
  blockConfig: 'any',
  bottleneckWidths: 'any',
  activation: activationNames,
  squeezeExcite: 'flag',
  poolFirst: 'flag',
}

export const variants: { readonly csppeleenet: Variant<CSPPeleeNetOptions> } = {
  csppeleenet: { options: cspOptions, create: (options) => new CSPPeleeNet(options) },
}
