import { AvgPool2d, BatchNorm2d, Conv2d, F, init, Linear, Module, Sequential } from '../nn/index.ts'
import type { Tensor } from '../tensor/index.ts'
import type { OptionKinds } from '../tensor/options.ts'
import type { BigLittleName } from './big-little.metadata.ts'
import { BigLittleTrunk, type StemLayers } from './big-little-trunk.ts'
import { SqueezeExcite } from './blocks/index.ts'
import { type NetworkOptions, networkOptions, type Variant } from './network.ts'

export interface BigLittleOptions extends NetworkOptions {
  /** The little branch has 1 / alpha of the channels. */
  readonly alpha?: number
  /** The little branch has 1 / beta of the blocks, less one. */
  readonly beta?: number
}

interface Width {
  readonly baseWidth: number
  readonly groups: number
  readonly squeezeExcite: boolean
}

interface BottleneckOptions {
  readonly stride: number
  readonly lastRelu: boolean
}

/** A bottleneck whose shortcut is pooled where it strides, and projected where the channels change. */
class Bottleneck extends Module {
  conv1: Conv2d
  bn1: BatchNorm2d
  conv2: Conv2d
  bn2: BatchNorm2d
  conv3: Conv2d
  bn3: BatchNorm2d
  downsample: Sequential | null
  se_layer: SqueezeExcite | null
  readonly #lastRelu: boolean

  constructor(inChannels: number, outChannels: number, width: Width, options: BottleneckOptions) {
    super()
    const { groups, baseWidth, squeezeExcite } = width
    const { stride, lastRelu } = options
    const middle = Math.floor(Math.floor((outChannels * baseWidth) / 64) / 4) * groups
    this.conv1 = new Conv2d(inChannels, middle, 1, { bias: false })
    this.bn1 = new BatchNorm2d(middle)
    this.conv2 = new Conv2d(middle, middle, 3, { stride, padding: 1, groups, bias: false })
    this.bn2 = new BatchNorm2d(middle)
    this.conv3 = new Conv2d(middle, outChannels, 1, { bias: false })
    this.bn3 = new BatchNorm2d(outChannels)
    const shortcut = [
      ...(stride === 1 ? [] : [new AvgPool2d(3, { stride, padding: 1 })]),
      ...(inChannels === outChannels
        ? []
        : [new Conv2d(inChannels, outChannels, 1, { bias: false }), new BatchNorm2d(outChannels)]),
    ]
    this.downsample = shortcut.length === 0 ? null : new Sequential(...shortcut)
    this.se_layer = squeezeExcite ? new SqueezeExcite(outChannels, Math.floor(outChannels / 16)) : null
    this.#lastRelu = lastRelu
  }

  override forward(x: Tensor): Tensor {
    const reduced = this.bn1.forward(this.conv1.forward(x)).relu()
    const hidden = this.bn2.forward(this.conv2.forward(reduced)).relu()
    const expanded = this.bn3.forward(this.conv3.forward(hidden))
    const residual: Tensor = this.se_layer ? this.se_layer.forward(expanded) : expanded
    const sum = residual.add(this.downsample ? this.downsample.forward(x) : x)
    return this.#lastRelu ? sum.relu() : sum
  }
}

/** The last activation is left out where more than one block is to be added to another branch. */
function blocksOf(
  inChannels: number,
  outChannels: number,
  count: number,
  width: Width,
  stride: number,
  lastRelu = true,
): Sequential {
  return new Sequential(
    ...Array.from({ length: count }, (_, i) => {
      const options = { stride: i === 0 ? stride : 1, lastRelu: lastRelu || count === 1 || i < count - 1 }
      return new Bottleneck(i === 0 ? inChannels : outChannels, outChannels, width, options)
    }),
  )
}

export interface BigLittleBlockOptions extends Width {
  readonly blocks: number
  readonly alpha: number
  readonly beta: number
  /** Of the block that follows the sum. */
  readonly stride: number
}

/**
 * A Big-Little module (Chen et al. 2018): a deep branch at half the resolution and a light one at the full resolution, added
 * and passed through one more block. Takes [batch, in, h, w] and gives [batch, out, h / stride, w / stride].
 */
export class BigLittleBlock extends Module {
  big: Sequential
  little: Sequential
  little_e: Sequential
  fusion: Sequential

  constructor(inChannels: number, outChannels: number, options: BigLittleBlockOptions) {
    super()
    const { blocks, alpha, beta, stride, baseWidth, groups, squeezeExcite } = options
    const width = { baseWidth, groups, squeezeExcite }
    const narrow =
      groups === 1 ? width : { ...width, baseWidth: baseWidth * alpha, groups: Math.floor(groups / alpha) }
    const littleChannels = Math.floor(outChannels / alpha)
    const littleBlocks = Math.max(1, Math.floor(blocks / beta) - 1)
    this.big = blocksOf(inChannels, outChannels, blocks - 1, width, 2, false)
    this.little = blocksOf(inChannels, littleChannels, littleBlocks, narrow, 1)
    this.little_e = new Sequential(
      new Conv2d(littleChannels, outChannels, 1, { bias: false }),
      new BatchNorm2d(outChannels),
    )
    this.fusion = blocksOf(outChannels, outChannels, 1, width, stride)
  }

  override forward(x: Tensor): Tensor {
    const little: Tensor = this.little_e.forward(this.little.forward(x))
    const big = F.interpolate(this.big.forward(x), { size: little.shape.slice(2) })
    return this.fusion.forward(big.add(little).relu())
  }
}

interface BigLittleSpec extends Width {
  readonly depths: readonly [number, number, number, number]
}

const stemLayers: StemLayers = {
  convolution: (inChannels, outChannels, kernelSize, stride = 1) =>
    new Conv2d(inChannels, outChannels, kernelSize, { stride, padding: (kernelSize - 1) / 2, bias: false }),
  norm: (channels) => new BatchNorm2d(channels),
}

/** Big-Little ResNet, ResNeXt and SE-ResNeXt (Chen et al. 2018). */
export class BigLittleNet extends BigLittleTrunk {
  layer1: BigLittleBlock
  layer2: BigLittleBlock
  layer3: BigLittleBlock
  layer4: Sequential
  fc: Linear
  numClasses: number

  constructor({ depths, ...width }: BigLittleSpec, options: BigLittleOptions = {}) {
    const { numClasses = 1000, inChannels = 3, alpha = 2, beta = 4 } = options
    super(inChannels, alpha, stemLayers)
    this.numClasses = numClasses
    const stage = (index: 0 | 1 | 2, from: number, stride: number): BigLittleBlock =>
      new BigLittleBlock(from, 256 * 2 ** index, { ...width, blocks: depths[index], alpha, beta, stride })
    this.layer1 = stage(0, 64, 2)
    this.layer2 = stage(1, 256, 2)
    this.layer3 = stage(2, 512, 1)
    this.layer4 = blocksOf(1024, 2048, depths[3], width, 2)
    this.fc = new Linear(2048, numClasses)
    for (const module of this.modules()) {
      if (module instanceof Conv2d)
        init.kaimingNormal(module.weight, { mode: 'fanOut', nonlinearity: 'relu' })
      else if (module instanceof Bottleneck) init.zeros(module.bn3.weight!)
    }
  }
}

const depths = {
  50: [3, 4, 6, 3],
  101: [4, 8, 18, 3],
} as const

const bigLittleOptions: OptionKinds<BigLittleOptions> = { ...networkOptions, alpha: 'count', beta: 'count' }

const variant = (
  depth: 50 | 101,
  groups = 1,
  baseWidth = 64,
  squeezeExcite = false,
): Variant<BigLittleOptions> => ({
  options: bigLittleOptions,
  create: (options) => new BigLittleNet({ depths: depths[depth], groups, baseWidth, squeezeExcite }, options),
})

export const variants: Readonly<Record<BigLittleName, Variant<BigLittleOptions>>> = {
  blresnet_50_a2_b4: variant(50),
  blresnet_101_a2_b4: variant(101),
  blresnext_50_32x4d_a2_b4: variant(50, 32, 4),
  blresnext_101_32x4d_a2_b4: variant(101, 32, 4),
  blresnext_101_64x4d_a2_b4: variant(101, 64, 4),
  blseresnext_50_32x4d_a2_b4: variant(50, 32, 4, true),
  blseresnext_101_32x4d_a2_b4: variant(101, 32, 4, true),
}
