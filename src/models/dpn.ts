import { BatchNorm2d, Conv2d, F, MaxPool2d, Module, Sequential } from '../nn/index.ts'
import { concat, type Tensor } from '../tensor/index.ts'
import { batchNorm, ConvNormAct, chain } from './blocks/index.ts'
import type { DpnName } from './dpn.metadata.ts'
import {
  type FeatureInfo,
  type HeadOptions,
  Network,
  type NetworkOptions,
  networkOptions,
  type Variant,
} from './network.ts'

export interface DpnOptions extends NetworkOptions {
  /** Before the classifier; 0 unless given. */
  readonly dropRate?: number
}

const eps = 1e-3

/** Batch normalization and ReLU. */
export class NormAct extends Module {
  bn: BatchNorm2d

  constructor(channels: number) {
    super()
    this.bn = new BatchNorm2d(channels, { eps })
  }

  override forward(x: Tensor): Tensor {
    return F.relu(this.bn.forward(x))
  }
}

/** Batch normalization, ReLU and a convolution. */
export class NormActConv extends NormAct {
  conv: Conv2d

  constructor(from: number, to: number, kernel: number, stride = 1, groups = 1) {
    super(from)
    this.conv = new Conv2d(from, to, kernel, { stride, padding: (kernel - 1) / 2, groups, bias: false })
  }

  override forward(x: Tensor): Tensor {
    return this.conv.forward(super.forward(x))
  }
}

export interface BlockSpec {
  readonly inChannels: number
  /** Of the grouped 3x3 convolution. */
  readonly width: number
  readonly groups: number
  /** Channels of the residual path. */
  readonly residual: number
  /** Channels that the block appends to the dense path. */
  readonly increment: number
  /** Of a stage's first block, which projects its input anew; null for the others. */
  readonly projectionStride: 1 | 2 | null
  /** Whether the two paths have 1x1 convolutions of their own ("b" networks). */
  readonly separate: boolean
}

/**
 * The dual path block (Chen et al. 2017, section 4.1): one branch whose first channels are added to the residual path and
 * whose others are appended to the dense path. Takes and gives both paths as one map, the residual one first.
 */
export class DualPathBlock extends Module {
  c1x1_w_s1: NormActConv | null
  c1x1_w_s2: NormActConv | null
  c1x1_a: NormActConv
  c3x3_b: NormActConv
  c1x1_c: NormActConv | NormAct
  c1x1_c1: Conv2d | null
  c1x1_c2: Conv2d | null
  readonly residual: number

  constructor(spec: BlockSpec) {
    super()
    const { inChannels, width, groups, residual, increment, projectionStride, separate } = spec
    this.residual = residual
    const projection = (stride: 1 | 2): NormActConv | null =>
      stride === projectionStride ? new NormActConv(inChannels, residual + 2 * increment, 1, stride) : null
    const pointwise = (channels: number): Conv2d | null =>
      separate ? new Conv2d(width, channels, 1, { bias: false }) : null
    this.c1x1_w_s1 = projection(1)
    this.c1x1_w_s2 = projection(2)
    this.c1x1_a = new NormActConv(inChannels, width, 1)
    this.c3x3_b = new NormActConv(width, width, 3, projectionStride ?? 1, groups)
    this.c1x1_c = separate ? new NormAct(width) : new NormActConv(width, residual + increment, 1)
    this.c1x1_c1 = pointwise(residual)
    this.c1x1_c2 = pointwise(increment)
  }

  override forward(x: Tensor): Tensor {
    const projection = this.c1x1_w_s1 ?? this.c1x1_w_s2
    const [kept, dense] = this.#paths(projection ? projection.forward(x) : x)
    const branch = this.c1x1_c.forward(this.c3x3_b.forward(this.c1x1_a.forward(x)))
    const [added, appended] =
      this.c1x1_c1 && this.c1x1_c2
        ? [this.c1x1_c1.forward(branch), this.c1x1_c2.forward(branch)]
        : this.#paths(branch)
    return concat([kept.add(added), dense, appended], 1)
  }

  #paths(x: Tensor): readonly [residual: Tensor, dense: Tensor] {
    const { residual } = this
    return [x.narrow(1, 0, residual), x.narrow(1, residual, x.shape[1]! - residual)]
  }
}

interface DpnSpec {
  readonly stem: readonly [channels: number, kernel: number]
  readonly depths: readonly number[]
  readonly increments: readonly number[]
  /** Of the first stage's 3x3 convolutions; each stage doubles it. */
  readonly width: number
  readonly groups: number
  /** Of the first stage's residual path; each stage doubles it. */
  readonly residual: 64 | 256
  readonly separate?: boolean
}

/** Dual Path Network (Chen et al. 2017). */
export class Dpn extends Network {
  features: Sequential
  classifier: Conv2d
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[]
  readonly #dropRate: number

  constructor(spec: DpnSpec, { numClasses = 1000, inChannels = 3, dropRate = 0 }: DpnOptions = {}) {
    super()
    this.numClasses = numClasses
    this.#dropRate = dropRate
    const [stemChannels, kernel] = spec.stem
    const modules: Record<string, Module> = {
      conv1_1: new ConvNormAct(inChannels, stemChannels, kernel, { stride: 2, norm: batchNorm(eps) }),
      conv1_pool: new MaxPool2d(3, { stride: 2, padding: 1 }),
    }
    const featureInfo: FeatureInfo[] = [{ name: 'features.conv1_1', channels: stemChannels, stride: 2 }]
    let channels = stemChannels
    for (const [i, depth] of spec.depths.entries()) {
      const residual = spec.residual * 2 ** i
      const increment = spec.increments[i]!
      for (let j = 0; j < depth; j++) {
        modules[`conv${i + 2}_${j + 1}`] = new DualPathBlock({
          inChannels: channels,
          width: spec.width * 2 ** i,
          groups: spec.groups,
          residual,
          increment,
          projectionStride: j > 0 ? null : i === 0 ? 1 : 2,
          separate: spec.separate ?? false,
        })
        channels = j === 0 ? residual + 3 * increment : channels + increment
      }
      const isLast = i === spec.depths.length - 1
      const end = isLast ? 'conv5_bn_ac' : `conv${i + 2}_${depth}`
      featureInfo.push({ name: `features.${end}`, channels, stride: 4 * 2 ** i })
    }
    this.features = new Sequential({ ...modules, conv5_bn_ac: new NormAct(channels) })
    this.classifier = new Conv2d(channels, numClasses, 1)
    this.featureInfo = featureInfo
  }

  forwardFeatures(x: Tensor): Tensor {
    const names = this.features.keys()
    const stem = this.stage(this.features.get('conv1_1'), x)
    const blocks = names.slice(1).map((name) => this.features.get(name))
    // A stage has up to 28 blocks: checkpointed as one, it would keep too much.
    const pairs = Array.from({ length: Math.ceil(blocks.length / 2) }, (_, i) =>
      chain(...blocks.slice(2 * i, 2 * i + 2)),
    )
    return pairs.reduce((y, pair) => this.stage(pair, y), stem)
  }

  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const pooled = x.mean([2, 3], true)
    if (preLogits) return pooled.flatten(1)
    return this.classifier.forward(F.dropout(pooled, this.#dropRate, { training: this.training })).flatten(1)
  }

  classifierNames(): readonly string[] {
    return ['classifier']
  }
}

const small = {
  stem: [10, 3],
  width: 128,
  groups: 32,
  residual: 64,
  depths: [3, 4, 12, 3],
  increments: [16, 32, 32, 64],
} as const

const specs: Readonly<Record<DpnName, DpnSpec>> = {
  dpn68: small,
  dpn68b: { ...small, separate: true },
  dpn92: {
    stem: [64, 7],
    width: 96,
    groups: 32,
    residual: 256,
    depths: [3, 4, 20, 3],
    increments: [16, 32, 24, 128],
  },
  dpn98: {
    stem: [96, 7],
    width: 160,
    groups: 40,
    residual: 256,
    depths: [3, 6, 20, 3],
    increments: [16, 32, 32, 128],
  },
  dpn107: {
    stem: [128, 7],
    width: 200,
    groups: 50,
    residual: 256,
    depths: [4, 8, 20, 3],
    increments: [20, 64, 64, 128],
  },
  dpn131: {
    stem: [128, 7],
    width: 160,
    groups: 40,
    residual: 256,
    depths: [4, 8, 28, 3],
    increments: [16, 32, 32, 128],
  },
}

const variant = (name: DpnName): Variant<DpnOptions> => ({
  options: { ...networkOptions, dropRate: 'probability' },
  create: (options) => new Dpn(specs[name], options),
})

export const variants: Readonly<Record<DpnName, Variant<DpnOptions>>> = {
  dpn68: variant('dpn68'),
  dpn68b: variant('dpn68b'),
  dpn92: variant('dpn92'),
  dpn98: variant('dpn98'),
  dpn107: variant('dpn107'),
  dpn131: variant('dpn131'),
}
