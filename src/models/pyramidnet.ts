import {
  AvgPool2d,
  BatchNorm2d,
  Conv2d,
  Dropout,
  F,
  Linear,
  MaxPool2d,
  Module,
  ReLU,
  Sequential,
} from '../nn/index.ts'
import type { Tensor } from '../tensor/index.ts'
import type { OptionKinds } from '../tensor/options.ts'
import { ConvNormAct, PreActivatedConv, PreActivation } from './blocks/index.ts'
import { type HeadOptions, type NetworkOptions, networkOptions, type Variant } from './network.ts'
import type { PyramidNetName } from './pyramidnet.metadata.ts'
import { type StagedFeatures, StagedNetwork } from './staged-features.ts'

export interface PyramidNetOptions extends NetworkOptions {
  /** Dropout before the classifier. */
  readonly dropRate?: number
}

/** Two 3x3 convolutions, the first without an activation before it. */
function basicBody(inChannels: number, outChannels: number, stride: number): Sequential {
  return new Sequential({
    conv1: new PreActivatedConv(inChannels, outChannels, 3, { stride, activation: false }),
    conv2: new PreActivatedConv(outChannels, outChannels, 3),
  })
}

/** 1x1, 3x3 and 1x1 convolutions, the first without an activation before it. */
function bottleneckBody(inChannels: number, outChannels: number, stride: number): Sequential {
  const width = outChannels / 4
  return new Sequential({
    conv1: new PreActivatedConv(inChannels, width, 1, { activation: false }),
    conv2: new PreActivatedConv(width, width, 3, { stride }),
    conv3: new PreActivatedConv(width, outChannels, 1),
  })
}

/**
 * A residual unit that widens: its shortcut, averaged where the unit strides, is filled up with channels of zeros. Takes and gives
 * [batch, channels, height, width].
 */
export class PyramidUnit extends Module {
  body: Sequential
  bn: BatchNorm2d
  identity_pool: AvgPool2d | null
  readonly #added: number

  constructor(inChannels: number, outChannels: number, stride: number, bottleneck: boolean) {
    super()
    this.body = (bottleneck ? bottleneckBody : basicBody)(inChannels, outChannels, stride)
    this.bn = new BatchNorm2d(outChannels)
    this.identity_pool = stride === 1 ? null : new AvgPool2d(2, { stride, ceilMode: true })
    this.#added = outChannels - inChannels
  }

  override forward(x: Tensor): Tensor {
    const branch = this.bn.forward(this.body.forward(x))
    const shortcut = this.identity_pool ? this.identity_pool.forward(x) : x
    return branch.add(F.pad(shortcut, [0, 0, 0, 0, 0, this.#added]))
  }
}

/** How a pyramid widens: by the same number of channels with every unit, or by the same factor. */
export interface PyramidSpec {
  /** Units of each stage. */
  readonly depths: readonly number[]
  /** What all units together add to the first width, or multiply it by. */
  readonly alpha: number
  readonly growth?: 'additive' | 'multiplicative'
  readonly bottleneck: boolean
  /** Of ImageNet's networks: the stem halves images twice. */
  readonly large?: boolean
}

/** The widths of all units (section 2.1 of the paper), rounded from one running real value. */
export function pyramidWidths(first: number, { depths, alpha, growth = 'additive' }: PyramidSpec): number[] {
  const units = depths.reduce((a, b) => a + b, 0)
  return Array.from({ length: units }, (_, i) => {
    const share = (i + 1) / units
    return Math.round(growth === 'additive' ? first + alpha * share : first * alpha ** share)
  })
}

function stagesOf(spec: PyramidSpec, first: number): StagedFeatures['stages'] {
  const { depths, bottleneck } = spec
  const widths = pyramidWidths(first, spec).map((width) => (bottleneck ? 4 * width : width))
  let before = first
  let at = 0
  return depths.map((depth, i) => {
    const units = Array.from({ length: depth }, (_, j) => {
      const width = widths[at++]!
      const unit = new PyramidUnit(before, width, i > 0 && j === 0 ? 2 : 1, bottleneck)
      before = width
      return unit
    })
    return { units, channels: before }
  })
}

/**
 * Deep pyramidal residual networks (Han et al. 2016), whose units widen one after the other, with pytorchcv's names. Takes images
 * [batch, inChannels, height, width].
 */
export class PyramidNet extends StagedNetwork {
  output: Linear
  numClasses: number
  dropout: Dropout

  constructor(spec: PyramidSpec, options: PyramidNetOptions = {}) {
    const { numClasses = 10, inChannels = 3, dropRate = 0 } = options
    const first = spec.large ? 64 : 16
    const stages = stagesOf(spec, first)
    const channels = stages.at(-1)!.channels
    super({
      stem: spec.large
        ? largeStem(inChannels, first)
        : new ConvNormAct(inChannels, first, 3, { activation: null }),
      stages,
      stride: spec.large ? 4 : 1,
      end: new PreActivation(channels),
    })
    this.numClasses = numClasses
    this.output = new Linear(channels, numClasses)
    this.dropout = new Dropout(dropRate)
    this.initializeConvolutions()
  }

  override forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const descriptor = this.dropout.forward(super.forwardHead(x, { preLogits: true }))
    return preLogits ? descriptor : this.output.forward(descriptor)
  }
}

function largeStem(inChannels: number, width: number): Sequential {
  return new Sequential({
    conv: new Conv2d(inChannels, width, 7, { stride: 2, padding: 3, bias: false }),
    bn: new BatchNorm2d(width),
    activ: new ReLU(),
    pool: new MaxPool2d(3, { stride: 2, padding: 1 }),
  })
}

const pyramidNetOptions: OptionKinds<PyramidNetOptions> = { ...networkOptions, dropRate: 'probability' }

const variant = (spec: PyramidSpec, defaults: PyramidNetOptions): Variant<PyramidNetOptions> => ({
  options: pyramidNetOptions,
  create: (options) => new PyramidNet(spec, { ...defaults, ...options }),
})

function cifar(
  depth: number,
  alpha: number,
  classes: number,
  { bottleneck = false, growth = 'additive' }: Partial<Pick<PyramidSpec, 'bottleneck' | 'growth'>> = {},
): Variant<PyramidNetOptions> {
  const units = (depth - 2) / (bottleneck ? 9 : 6)
  return variant({ depths: [units, units, units], alpha, growth, bottleneck }, { numClasses: classes })
}

const bn = { bottleneck: true } as const
const mul = { growth: 'multiplicative' } as const

const large = (depths: readonly number[], alpha: number, dropRate = 0): Variant<PyramidNetOptions> =>
  variant({ depths, alpha, bottleneck: true, large: true }, { numClasses: 1000, dropRate })

export const variants: Readonly<Record<PyramidNetName, Variant<PyramidNetOptions>>> = {
  pyramidnet110_a48_cifar10: cifar(110, 48, 10),
  pyramidnet110_a48_cifar100: cifar(110, 48, 100),
  pyramidnet110_a84_cifar10: cifar(110, 84, 10),
  pyramidnet110_a84_cifar100: cifar(110, 84, 100),
  pyramidnet110_a270_cifar10: cifar(110, 270, 10),
  pyramidnet110_a270_cifar100: cifar(110, 270, 100),
  pyramidnet164_a48_bn_cifar10: cifar(164, 48, 10, bn),
  pyramidnet164_a48_bn_cifar100: cifar(164, 48, 100, bn),
  pyramidnet164_a84_bn_cifar10: cifar(164, 84, 10, bn),
  pyramidnet164_a84_bn_cifar100: cifar(164, 84, 100, bn),
  pyramidnet164_a270_bn_cifar10: cifar(164, 270, 10, bn),
  pyramidnet164_a270_bn_cifar100: cifar(164, 270, 100, bn),
  pyramidnet200_a240_bn_cifar10: cifar(200, 240, 10, bn),
  pyramidnet200_a240_bn_cifar100: cifar(200, 240, 100, bn),
  pyramidnet236_a220_bn_cifar10: cifar(236, 220, 10, bn),
  pyramidnet236_a220_bn_cifar100: cifar(236, 220, 100, bn),
  pyramidnet272_a200_bn_cifar10: cifar(272, 200, 10, bn),
  pyramidnet272_a200_bn_cifar100: cifar(272, 200, 100, bn),
  'pyramidnet110_mul_a4.75_cifar10': cifar(110, 4.75, 10, mul),
  'pyramidnet110_mul_a4.75_cifar100': cifar(110, 4.75, 100, mul),
  pyramidnet110_mul_a8_cifar10: cifar(110, 8, 10, mul),
  pyramidnet110_mul_a8_cifar100: cifar(110, 8, 100, mul),
  pyramidnet110_mul_a27_cifar10: cifar(110, 27, 10, mul),
  pyramidnet110_mul_a27_cifar100: cifar(110, 27, 100, mul),
  pyramidnet101_a360: large([3, 4, 23, 3], 360),
  pyramidnet200_a300: large([3, 24, 36, 3], 300),
  pyramidnet200_a450: large([3, 24, 36, 3], 450, 0.5),
}
