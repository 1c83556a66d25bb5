import { Conv2d, init, Linear, MaxPool2d, Module, Sequential } from '../nn/index.ts'
import type { Tensor } from '../tensor/index.ts'
import { ConvNormAct } from './blocks/index.ts'
import {
  type FeatureInfo,
  type HeadOptions,
  Network,
  type NetworkOptions,
  networkOptions,
  type Variant,
} from './network.ts'
import type { SqueezeNextName } from './squeezenext.metadata.ts'

/** Wherein pytorchcv's networks differ from those that the authors trained with Caffe. */
interface SqueezeNextStyle {
  /** Of all convolutions, although batch normalization follows them. */
  readonly bias: boolean
  readonly stem: { readonly kernel: number; readonly padding: number }
  /** Of the first 1x1 convolution of a block and of the two of one dimension. */
  readonly groups: number
  /** Whether each second block has its 1x3 convolution before the 3x1, the others after it; otherwise all have it before. */
  readonly alternates: boolean
  /** Whether a stage's first block computes from its projected input. */
  readonly fromShortcut: boolean
  /** Whether stem and last convolution keep their channels whatever the width. */
  readonly fixedEnds: boolean
  readonly classifierBias: boolean
}

interface BlockSpec {
  readonly inChannels: number
  readonly outChannels: number
  readonly stride: 1 | 2
  readonly first: boolean
  readonly wideFirst: boolean
}

/**
 * SqueezeNeXt's block (Gholami et al. 2018, figure 1): two 1x1 convolutions squeeze, one of each dimension follow, a 1x1
 * expands; a stage's first block projects its shortcut.
 */
class Block extends Module {
  conv1: ConvNormAct
  conv2: ConvNormAct
  conv3: ConvNormAct
  conv4: ConvNormAct
  conv5: ConvNormAct
  identity_conv: ConvNormAct | null
  readonly #fromShortcut: boolean

  constructor({ inChannels, outChannels, stride, first, wideFirst }: BlockSpec, style: SqueezeNextStyle) {
    super()
    const { bias, groups } = style
    const middle = outChannels / 2
    const [before, after] = wideFirst
      ? ([
          [1, 3],
          [3, 1],
        ] as const)
      : ([
          [3, 1],
          [1, 3],
        ] as const)
    this.#fromShortcut = first && style.fromShortcut
    this.conv1 = this.#fromShortcut
      ? new ConvNormAct(outChannels, middle, 1, { groups, bias })
      : new ConvNormAct(inChannels, middle, 1, { stride, groups, bias })
    this.conv2 = new ConvNormAct(middle, middle / 2, 1, { bias })
    this.conv3 = new ConvNormAct(middle / 2, middle, before, { groups, bias })
    this.conv4 = new ConvNormAct(middle, middle, after, { groups, bias })
    this.conv5 = new ConvNormAct(middle, outChannels, 1, { bias })
    this.identity_conv = first ? new ConvNormAct(inChannels, outChannels, 1, { stride, bias }) : null
  }

  override forward(x: Tensor): Tensor {
    const shortcut = this.identity_conv ? this.identity_conv.forward(x) : x
    const squeezed = this.conv2.forward(this.conv1.forward(this.#fromShortcut ? shortcut : x))
    const computed = this.conv4.forward(this.conv3.forward(squeezed))
    return this.conv5.forward(computed).add(shortcut).relu()
  }
}

class Stem extends Module {
  conv: ConvNormAct
  pool: MaxPool2d = new MaxPool2d(3, { stride: 2, ceilMode: true })

  constructor(inChannels: number, outChannels: number, { stem, bias }: SqueezeNextStyle) {
    super()
    const { kernel, padding } = stem
    this.conv = new ConvNormAct(inChannels, outChannels, kernel, { stride: 2, padding, bias })
  }

  override forward(x: Tensor): Tensor {
    return this.pool.forward(this.conv.forward(x))
  }
}

/** SqueezeNeXt (Gholami et al. 2018) with the names of pytorchcv. */
export class SqueezeNext extends Network {
  features: Sequential
  output: Linear
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[]

  constructor(
    style: SqueezeNextStyle,
    repeats: readonly number[],
    width: number,
    { numClasses = 1000, inChannels = 3 }: NetworkOptions = {},
  ) {
    super()
    this.numClasses = numClasses
    const ends = style.fixedEnds ? 1 : width
    let channels = 64 * ends
    const parts: [string, Module][] = [['init_block', new Stem(inChannels, channels, style)]]
    const featureInfo: FeatureInfo[] = []
    for (const [i, count] of repeats.entries()) {
      const outChannels = 32 * 2 ** i * width
      const blocks: [string, Module][] = []
      for (let j = 0; j < count; j++) {
        const block = new Block(
          {
            inChannels: channels,
            outChannels,
            stride: i > 0 && j === 0 ? 2 : 1,
            first: j === 0,
            wideFirst: !style.alternates || j % 2 === 1,
          },
          style,
        )
        blocks.push([`unit${j + 1}`, block])
        channels = outChannels
      }
      parts.push([`stage${i + 1}`, new Sequential(...blocks)])
      featureInfo.push({ name: `features.stage${i + 1}`, channels, stride: 4 * 2 ** i })
    }
    parts.push(['final_block', new ConvNormAct(channels, 128 * ends, 1, { bias: style.bias })])
    this.features = new Sequential(...parts)
    this.output = new Linear(128 * ends, numClasses, { bias: style.classifierBias })
    this.featureInfo = featureInfo
    for (const module of this.modules()) {
      if (!(module instanceof Conv2d)) continue
      init.kaimingUniform(module.weight)
      if (module.bias) init.zeros(module.bias)
    }
  }

  forwardFeatures(x: Tensor): Tensor {
    return [...this.features].reduce((y, stage) => this.stage(stage, y), x)
  }

  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const descriptor = x.mean([2, 3])
    return preLogits ? descriptor : this.output.forward(descriptor)
  }

  classifierNames(): readonly string[] {
    return ['output']
  }

  override headNames(): readonly string[] {
    return ['features.final_block', 'output']
  }
}

const pytorchcv: SqueezeNextStyle = {
  bias: true,
  stem: { kernel: 7, padding: 1 },
  groups: 1,
  alternates: false,
  fromShortcut: false,
  fixedEnds: false,
  classifierBias: true,
}

const caffe: SqueezeNextStyle = {
  bias: false,
  stem: { kernel: 7, padding: 0 },
  groups: 1,
  alternates: true,
  fromShortcut: false,
  fixedEnds: true,
  classifierBias: false,
}

const caffeV5: SqueezeNextStyle = { ...caffe, stem: { kernel: 5, padding: 0 }, fromShortcut: true }

/** Blocks of the stages, of the network as such and of its fifth version. */
const plain = [6, 6, 8, 1]
const fifth = [2, 4, 14, 1]

const variant = (
  style: SqueezeNextStyle,
  repeats: readonly number[],
  width: number,
): Variant<NetworkOptions> => ({
  options: networkOptions,
  create: (options) => new SqueezeNext(style, repeats, width, options),
})

export const variants: Readonly<Record<SqueezeNextName, Variant<NetworkOptions>>> = {
  sqnxt23_w1: variant(pytorchcv, plain, 1),
  sqnxt23_w3d2: variant(pytorchcv, plain, 1.5),
  sqnxt23_w2: variant(pytorchcv, plain, 2),
  sqnxt23v5_w1: variant(pytorchcv, fifth, 1),
  sqnxt23v5_w3d2: variant(pytorchcv, fifth, 1.5),
  sqnxt23v5_w2: variant(pytorchcv, fifth, 2),
  sqnxt23_w1_caffe: variant(caffe, plain, 1),
  sqnxt23_w1_g2_caffe: variant({ ...caffe, groups: 2 }, plain, 1),
  sqnxt23_w2_caffe: variant(caffe, plain, 2),
  sqnxt23v5_w1_caffe: variant(caffeV5, fifth, 1),
  sqnxt23v5_w2_caffe: variant(caffeV5, fifth, 2),
}
