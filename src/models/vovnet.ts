import {
  BatchNorm2d,
  Conv2d,
  Dropout,
  init,
  Linear,
  MaxPool2d,
  Module,
  ReLU,
  Sequential,
} from '../nn/index.ts'
import type { Tensor } from '../tensor/index.ts'
import type { OptionKinds } from '../tensor/options.ts'
import {
  ConvNormAct,
  EffectiveSqueezeExcite,
  EfficientChannelAttention,
  OneShotAggregation,
} from './blocks/index.ts'
import {
  type FeatureInfo,
  type HeadOptions,
  Network,
  type NetworkOptions,
  networkOptions,
  type Variant,
} from './network.ts'
import type { VoVNetName } from './vovnet.metadata.ts'

export interface VoVNetOptions extends NetworkOptions {
  /** Before the classifier. */
  readonly dropRate?: number
  /** Of the last block's branch in training; earlier ones have less, down to none. */
  readonly dropPathRate?: number
  /** Effective squeeze-and-excitation, efficient channel attention, or none. */
  readonly attention?: 'ese' | 'eca' | null
  /** Which blocks of a stage have attention: the last, as in timm, or all, as in the authors' code. */
  readonly attentionBlocks?: 'last' | 'every'
  /** Pixels of the image that one of the stem's outputs spans: 4, or 2 with a pool before the first stage too. */
  readonly stemStride?: 2 | 4
}

/** A depthwise 3x3 and a pointwise convolution with one normalisation, at the end. */
class SeparableConv extends Module {
  conv_dw: Conv2d
  conv_pw: Conv2d
  bn: BatchNorm2d
  act: ReLU

  constructor(inChannels: number, outChannels: number, stride = 1) {
    super()
    this.conv_dw = new Conv2d(inChannels, inChannels, 3, {
      stride,
      padding: 1,
      groups: inChannels,
      bias: false,
    })
    this.conv_pw = new Conv2d(inChannels, outChannels, 1, { bias: false })
    this.bn = new BatchNorm2d(outChannels)
    this.act = new ReLU()
  }

  override forward(x: Tensor): Tensor {
    return this.act.forward(this.bn.forward(this.conv_pw.forward(this.conv_dw.forward(x))))
  }
}

class Stage extends Module {
  pool: MaxPool2d | null
  blocks: Sequential

  constructor(blocks: readonly OneShotAggregation[], pool: boolean) {
    super()
    this.pool = pool ? new MaxPool2d(3, { stride: 2, ceilMode: true }) : null
    this.blocks = new Sequential(...blocks)
  }

  override forward(x: Tensor): Tensor {
    return this.blocks.forward(this.pool ? this.pool.forward(x) : x)
  }
}

interface VoVNetSpec {
  readonly stem: readonly [number, number, number]
  /** Of each stage: the channels of a block's layers, those of its output, and the number of blocks. */
  readonly widths: readonly number[]
  readonly outputs: readonly number[]
  readonly blocks: readonly number[]
  readonly layersPerBlock: number
  readonly residual: boolean
  readonly depthwise: boolean
  readonly attention: 'ese' | 'eca' | null
}

/** VoVNet and VoVNetV2 as timm has them (Lee et al. 2019, Lee and Park 2019). Images of 29 pixels at least. */
export class VoVNet extends Network {
  stem: Sequential
  stages: Sequential
  head: Sequential
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[]

  constructor(spec: VoVNetSpec, options: VoVNetOptions = {}) {
    super()
    const { numClasses = 1000, inChannels = 3, dropRate = 0, dropPathRate = 0, stemStride = 4 } = options
    const { attention = spec.attention, attentionBlocks = 'last' } = options
    if (stemStride !== 2 && stemStride !== 4)
      throw new RangeError(`VoVNet: stemStride must be 2 or 4, got ${stemStride}`)
    const { depthwise, layersPerBlock, residual } = spec
    const [first, second, third] = spec.stem
    const separable = (from: number, to: number, stride = 1): Module =>
      depthwise ? new SeparableConv(from, to, stride) : new ConvNormAct(from, to, 3, { stride })
    this.numClasses = numClasses
    this.stem = new Sequential(
      new ConvNormAct(inChannels, first, 3, { stride: 2 }),
      separable(first, second),
      separable(second, third, stemStride / 2),
    )
    const featureInfo: FeatureInfo[] = [
      {
        name: stemStride === 4 ? 'stem.1' : 'stem.2',
        channels: stemStride === 4 ? second : third,
        stride: 2,
      },
    ]
    const total = spec.blocks.reduce((sum, blocks) => sum + blocks, 0)
    let channels = third
    let stride = stemStride as number
    let before = 0
    const stages = spec.blocks.map((blocks, i) => {
      const [width, out] = [spec.widths[i]!, spec.outputs[i]!]
      const made = Array.from({ length: blocks }, (_, j) => {
        const attended = attention !== null && (attentionBlocks === 'every' || j === blocks - 1)
        const block = new OneShotAggregation(channels, width, out, layersPerBlock, {
          layer: separable,
          residual: residual && j > 0,
          dropPath: total > 1 ? (dropPathRate * before) / (total - 1) : 0,
          ...(depthwise && channels !== width && { reduction: new ConvNormAct(channels, width, 1) }),
          ...(attended && {
            attention:
              attention === 'ese' ? new EffectiveSqueezeExcite(out) : new EfficientChannelAttention(out),
          }),
        })
        before++
        channels = out
        return block
      })
      const pool = stemStride === 2 || i > 0
      if (pool) stride *= 2
      featureInfo.push({ name: `stages.${i}`, channels: out, stride })
      return new Stage(made, pool)
    })
    this.stages = new Sequential(...stages)
    this.head = new Sequential({ drop: new Dropout(dropRate), fc: new Linear(channels, numClasses) })
    this.featureInfo = featureInfo
    for (const module of this.modules()) {
      if (module instanceof Conv2d)
        init.kaimingNormal(module.weight, { mode: 'fanOut', nonlinearity: 'relu' })
      else if (module instanceof Linear) init.zeros(module.bias!)
    }
  }

  forwardFeatures(x: Tensor): Tensor {
    return [this.stem, ...this.stages].reduce((y, stage) => this.stage(stage, y), x)
  }

  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const descriptor = x.mean([2, 3])
    return preLogits ? descriptor : this.head.forward(descriptor)
  }

  classifierNames(): readonly string[] {
    return ['head.fc']
  }

  override headNames(): readonly string[] {
    return ['head']
  }

  protected override initializeClassifier(layer: Linear): void {
    init.zeros(layer.bias!)
  }

  /** Knows the names of the authors' backbones for detectors, which need `attentionBlocks: 'every'`. */
  override renameKey(name: string): string {
    return fromDetectron2(name)
  }
}

/** 'stage3.OSA3_2.layers.0.OSA3_2_0/conv.weight' is 'stages.1.blocks.1.conv_mid.0.conv.weight' here. */
function fromDetectron2(name: string): string {
  const stem = /^stem\.stem_(\d)\/(\w+)\.(.*)$/.exec(name)
  if (stem) return `stem.${Number(stem[1]) - 1}.${partNames[stem[2]!] ?? stem[2]}.${stem[3]}`
  const block = /^stage(\d)\.OSA\d_(\d+)\.(.*)$/.exec(name)
  if (!block) return name
  const place = `stages.${Number(block[1]) - 2}.blocks.${Number(block[2]) - 1}`
  const inner = block[3]!.replace(/^ese\./, 'attn.')
  const layer = /^(?:layers\.(\d+)|concat|conv_reduction)\.\w+\/(\w+)\.(.*)$/.exec(inner)
  if (!layer) return `${place}.${inner}`
  const module =
    layer[1] !== undefined
      ? `conv_mid.${layer[1]}`
      : inner.startsWith('concat')
        ? 'conv_concat'
        : 'conv_reduction'
  return `${place}.${module}.${partNames[layer[2]!] ?? layer[2]}.${layer[3]}`
}

const partNames: Readonly<Record<string, string>> = {
  norm: 'bn',
  pw_norm: 'bn',
  dw_conv3x3: 'conv_dw',
  pw_conv1x1: 'conv_pw',
}

const vovnetOptions: OptionKinds<VoVNetOptions> = {
  ...networkOptions,
  dropRate: 'probability',
  dropPathRate: 'probability',
  attention: ['ese', 'eca', null],
  attentionBlocks: ['last', 'every'],
  stemStride: 'count',
}

const full = { stem: [64, 64, 128], widths: [128, 160, 192, 224], outputs: [256, 512, 768, 1024] } as const
const slim = { stem: [64, 64, 128], widths: [64, 80, 96, 112], outputs: [112, 256, 384, 512] } as const
const v1 = { ...full, layersPerBlock: 5, residual: false, depthwise: false, attention: null } as const
const v2 = { ...full, layersPerBlock: 5, residual: true, depthwise: false, attention: 'ese' } as const
const v2Of19 = { ...v2, layersPerBlock: 3, blocks: [1, 1, 1, 1] } as const
const separableOf19 = { stem: [64, 64, 64], depthwise: true } as const

const variant = (spec: VoVNetSpec): Variant<VoVNetOptions> => ({
  options: vovnetOptions,
  create: (options) => new VoVNet(spec, options),
})

export const variants: Readonly<Record<VoVNetName, Variant<VoVNetOptions>>> = {
  vovnet39a: variant({ ...v1, blocks: [1, 1, 2, 2] }),
  vovnet57a: variant({ ...v1, blocks: [1, 1, 4, 3] }),
  ese_vovnet19b_slim_dw: variant({ ...v2Of19, ...slim, ...separableOf19 }),
  ese_vovnet19b_dw: variant({ ...v2Of19, ...separableOf19 }),
  ese_vovnet19b_slim: variant({ ...v2Of19, ...slim }),
  ese_vovnet19b: variant(v2Of19),
  ese_vovnet39b: variant({ ...v2, blocks: [1, 1, 2, 2] }),
  ese_vovnet57b: variant({ ...v2, blocks: [1, 1, 4, 3] }),
  ese_vovnet99b: variant({ ...v2, blocks: [1, 3, 9, 3] }),
  eca_vovnet39b: variant({ ...v2, attention: 'eca', blocks: [1, 1, 2, 2] }),
}
