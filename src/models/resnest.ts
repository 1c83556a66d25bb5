import { AvgPool2d, Conv2d, DropPath, Module } from '../nn/index.ts'
import type { Tensor } from '../tensor/index.ts'
import { activationLayer, SplitAttention } from './blocks/index.ts'
import type { Variant } from './network.ts'
import type { ResNeStName } from './resnest.metadata.ts'
import { TimmResNet, type TimmResNetOptions, timmResNetOptions } from './resnet-timm.ts'
import {
  bottleneckWidth,
  type ResidualBlock,
  type ResidualBlockKind,
  type ResidualBlockSpec,
} from './resnet-timm-blocks.ts'

export interface ResNeStOptions
  extends Omit<TimmResNetOptions, 'attention' | 'antiAlias' | 'blockReduceFirst'> {
  /** Splits that the attention chooses among. */
  readonly radix?: number
  /** Whether means over 3x3 pixels take the place of strides; default true. */
  readonly avd?: boolean
  /** Whether they come before the split attention ("fast") instead of after it. */
  readonly avdFirst?: boolean
}

const { attention: _, antiAlias: __, blockReduceFirst: ___, ...shared } = timmResNetOptions
const resnestOptions = { ...shared, radix: 'count', avd: 'flag', avdFirst: 'flag' } as const

interface SplitAttentionOptions {
  readonly radix: number
  readonly avd: boolean
  readonly avdFirst: boolean
}

/** A bottleneck with split attention in place of the 3x3 convolution. Takes and gives [batch, channels, height, width]. */
export class ResNeStBottleneck extends Module implements ResidualBlock {
  conv1: Conv2d
  bn1: Module
  act1: Module
  avd_first: AvgPool2d | null
  conv2: SplitAttention
  avd_last: AvgPool2d | null
  conv3: Conv2d
  bn3: Module
  act3: Module
  downsample: Module | null
  drop_path: DropPath

  constructor(spec: ResidualBlockSpec, { radix, avd, avdFirst }: SplitAttentionOptions) {
    super()
    const { inplanes, stride, firstDilation, cardinality, norm, activation } = spec
    const width = bottleneckWidth(spec)
    const outplanes = 4 * spec.planes
    const pool = avd && stride > 1 ? new AvgPool2d(3, { stride, padding: 1 }) : null
    this.conv1 = new Conv2d(inplanes, width, 1, { bias: false })
    this.bn1 = norm(width)
    this.act1 = activationLayer(activation, width)
    this.avd_first = avdFirst ? pool : null
    this.conv2 = new SplitAttention(width, {
      stride: pool ? 1 : stride,
      dilation: firstDilation,
      groups: cardinality,
      radix,
      norm,
    })
    this.avd_last = avdFirst ? null : pool
    this.conv3 = new Conv2d(width, outplanes, 1, { bias: false })
    this.bn3 = norm(outplanes)
    this.act3 = activationLayer(activation, outplanes)
    this.downsample = spec.downsample
    this.drop_path = new DropPath(spec.dropPath)
  }

  override forward(x: Tensor): Tensor {
    const reduced: Tensor = this.act1.forward(this.bn1.forward(this.conv1.forward(x)))
    const hidden = this.conv2.forward(this.avd_first ? this.avd_first.forward(reduced) : reduced)
    const pooled = this.avd_last ? this.avd_last.forward(hidden) : hidden
    const branch = this.drop_path.forward(this.bn3.forward(this.conv3.forward(pooled)))
    return this.act3.forward(branch.add(this.downsample ? this.downsample.forward(x) : x))
  }

  lastNorm(): Module {
    return this.bn3
  }
}

function variant(depths: readonly number[], defaults: ResNeStOptions = {}): Variant<ResNeStOptions> {
  return {
    options: resnestOptions,
    create: (options) => {
      const all = { stem: 'deep' as const, stemWidth: 32, avgDown: true, ...defaults, ...options }
      const { radix = 2, avd = true, avdFirst = false, ...rest } = all
      const block: ResidualBlockKind = {
        expansion: 4,
        make: (spec) => new ResNeStBottleneck(spec, { radix, avd, avdFirst }),
      }
      return new TimmResNet({ block, depths }, rest)
    },
  }
}

const fifty = [3, 4, 6, 3]

/** The authors' ablation: radix, cardinality and base width of ResNeSt-50-fast. */
const fast = (radix: number, cardinality: number, baseWidth: number): Variant<ResNeStOptions> =>
  variant(fifty, { radix, cardinality, baseWidth, avdFirst: true })

export const variants: Readonly<Record<ResNeStName, Variant<ResNeStOptions>>> = {
  resnest14d: variant([1, 1, 1, 1]),
  resnest26d: variant([2, 2, 2, 2]),
  resnest50d: variant(fifty),
  resnest101e: variant([3, 4, 23, 3], { stemWidth: 64 }),
  resnest200e: variant([3, 24, 36, 3], { stemWidth: 64 }),
  resnest269e: variant([3, 30, 48, 8], { stemWidth: 64 }),
  resnest50d_4s2x40d: fast(4, 2, 40),
  resnest50d_1s4x24d: fast(1, 4, 24),
  resnest50_fast_1s1x64d: fast(1, 1, 64),
  resnest50_fast_2s1x64d: fast(2, 1, 64),
  resnest50_fast_4s1x64d: fast(4, 1, 64),
  resnest50_fast_1s2x40d: fast(1, 2, 40),
  resnest50_fast_2s2x40d: fast(2, 2, 40),
}
