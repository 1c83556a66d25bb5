import { AvgPool2d, BatchNorm2d, Conv2d, F, init, Linear, Module, Sequential } from '../nn/index.ts'
import type { Tensor } from '../tensor/index.ts'
import type { OptionKinds } from '../tensor/options.ts'
import type { AssembleName } from './assemble-resnet.metadata.ts'
import { BigLittleTrunk } from './big-little-trunk.ts'
import { DropBlock } from './blocks/index.ts'
import { type NetworkOptions, networkOptions, type Variant } from './network.ts'

export interface AssembleResNetOptions extends NetworkOptions {
  /** The share that DropBlock zeroes in the last two stages at the end of training; it starts at 0 in the paper. */
  readonly dropBlock?: number
}

const normOver = (channels: number): BatchNorm2d => new BatchNorm2d(channels, { momentum: 0.003 })

function convolution(inChannels: number, outChannels: number, kernelSize: number, stride = 1): Conv2d {
  const layer = new Conv2d(inChannels, outChannels, kernelSize, {
    stride,
    padding: (kernelSize - 1) / 2,
    bias: false,
  })
  // TensorFlow's variance scaling: a normal distribution cut off at two standard deviations, and widened to make up for it.
  const std = Math.sqrt(1 / (inChannels * kernelSize ** 2)) / 0.87962566103423978
  init.truncNormal(layer.weight, { std, a: -2 * std, b: 2 * std })
  return layer
}

/** A selective kernel whose two branches are the halves of one 3x3 convolution. */
class SelectiveConv extends Module {
  conv: Conv2d
  bn: BatchNorm2d
  fc1: Conv2d
  bn_fc: BatchNorm2d
  fc2: Conv2d

  constructor(channels: number) {
    super()
    const hidden = Math.max(Math.floor(channels / 2), 32)
    this.conv = convolution(channels, channels * 2, 3)
    this.bn = normOver(channels * 2)
    this.fc1 = convolution(channels, hidden, 1)
    this.bn_fc = normOver(hidden)
    this.fc2 = convolution(hidden, channels * 2, 1)
  }

  override forward(x: Tensor): Tensor {
    const [first, second] = this.bn.forward(this.conv.forward(x)).relu().chunk(2, 1) as [Tensor, Tensor]
    const hidden = this.bn_fc.forward(this.fc1.forward(first.add(second).mean([2, 3], true))).relu()
    const [a, b] = this.fc2.forward(hidden).chunk(2, 1) as [Tensor, Tensor]
    // The softmax over two.
    const share = a.sub(b).sigmoid()
    return first.mul(share).add(second.mul(share.neg().add(1)))
  }
}

/** Every other pixel of the map blurred by [1, 2, 1], reflected at the borders: two means over neighbours in a row, no convolution. */
function blurred(x: Tensor): Tensor {
  const padded = F.pad(x, [1, 1, 1, 1], { mode: 'reflect' })
  return F.avgPool2d(F.avgPool2d(padded, 2, { stride: 1 }), 2, { stride: 2 })
}

interface BlockOptions {
  readonly stride: number
  /** The first block of a stack projects its shortcut. */
  readonly projected: boolean
  readonly lastRelu: boolean
  readonly dropBlock: DropBlock | null
}

class Bottleneck extends Module {
  conv1: Conv2d
  bn1: BatchNorm2d
  sk: SelectiveConv
  conv3: Conv2d
  bn3: BatchNorm2d
  downsample: Sequential | null
  dropblock: DropBlock | null
  readonly #stride: number
  readonly #lastRelu: boolean

  constructor(inChannels: number, filters: number, options: BlockOptions) {
    super()
    const { stride, projected, lastRelu, dropBlock } = options
    this.conv1 = convolution(inChannels, filters, 1)
    this.bn1 = normOver(filters)
    this.sk = new SelectiveConv(filters)
    this.conv3 = convolution(filters, filters * 4, 1)
    this.bn3 = normOver(filters * 4)
    init.zeros(this.bn3.weight!)
    this.downsample = projected
      ? new Sequential({
          ...(stride > 1 && { pool: new AvgPool2d(3, { stride, padding: 1 }) }),
          conv: convolution(inChannels, filters * 4, 1),
          bn: normOver(filters * 4),
        })
      : null
    this.dropblock = dropBlock
    this.#stride = stride
    this.#lastRelu = lastRelu
  }

  override forward(x: Tensor): Tensor {
    const kept = (y: Tensor): Tensor => (this.dropblock ? this.dropblock.forward(y) : y)
    const shortcut = this.downsample === null ? x : kept(this.downsample.forward(x))
    const reduced = kept(this.bn1.forward(this.conv1.forward(x))).relu()
    const selected = kept(this.sk.forward(reduced))
    const strided = this.#stride > 1 ? blurred(selected) : selected
    const sum = kept(this.bn3.forward(this.conv3.forward(strided))).add(shortcut)
    return this.#lastRelu ? sum.relu() : sum
  }
}

/** The last activation is left out where more than one block is to be added to another branch. */
function stackOf(
  inChannels: number,
  filters: number,
  count: number,
  stride: number,
  dropBlock: DropBlock | null,
  lastRelu = true,
): Sequential {
  return new Sequential(
    ...Array.from({ length: count }, (_, i) => {
      const first = i === 0
      return new Bottleneck(first ? inChannels : filters * 4, filters, {
        stride: first ? stride : 1,
        projected: first,
        lastRelu: lastRelu || first || i < count - 1,
        dropBlock,
      })
    }),
  )
}

interface AssembleSpec {
  readonly depths: readonly [number, number, number, number]
  /** The little branch has 1 / alpha of the channels and 1 / beta of the blocks, less one. */
  readonly alpha: number
  readonly beta: number
}

/** A deep branch at half the resolution and a light one, added and passed through one more block. */
class BigLittleStage extends Module {
  big: Sequential
  little: Sequential
  little_e: Sequential
  merge: Sequential

  constructor(
    inChannels: number,
    filters: number,
    blocks: number,
    stride: number,
    { alpha, beta }: AssembleSpec,
    dropBlock: DropBlock | null,
  ) {
    super()
    const light = Math.floor(filters / alpha)
    const count = Math.max(1, Math.floor(blocks / beta) - 1)
    this.big = stackOf(inChannels, filters, blocks - 1, 2, dropBlock, false)
    this.little = stackOf(inChannels, light, count, 1, dropBlock)
    this.little_e = new Sequential({
      conv: convolution(light * 4, filters * 4, 1),
      bn: normOver(filters * 4),
    })
    this.merge = stackOf(filters * 4, filters, 1, stride, dropBlock)
  }

  override forward(x: Tensor): Tensor {
    const little: Tensor = this.little_e.forward(this.little.forward(x))
    const big = F.interpolate(this.big.forward(x), { size: little.shape.slice(2) })
    return this.merge.forward(big.add(little).relu())
  }
}

/**
 * Assemble-ResNet (Lee et al. 2020): Big-Little ResNet with selective kernels and blurred downsampling. The classes are
 * TensorFlow's, of which the first is the background.
 */
export class AssembleResNet extends BigLittleTrunk {
  layer1: BigLittleStage
  layer2: BigLittleStage
  layer3: BigLittleStage
  layer4: Sequential
  fc: Linear
  numClasses: number

  constructor(spec: AssembleSpec, options: AssembleResNetOptions = {}) {
    const { numClasses = 1001, inChannels = 3, dropBlock = 0.1 } = options
    super(inChannels, spec.alpha, { convolution, norm: normOver })
    this.numClasses = numClasses
    const { depths } = spec
    this.layer1 = new BigLittleStage(64, 64, depths[0], 2, spec, null)
    this.layer2 = new BigLittleStage(256, 128, depths[1], 2, spec, null)
    this.layer3 = new BigLittleStage(512, 256, depths[2], 1, spec, new DropBlock(dropBlock, 7, 0.25))
    this.layer4 = stackOf(1024, 512, depths[3], 2, new DropBlock(dropBlock, 7))
    this.fc = new Linear(2048, numClasses)
    this.initializeClassifier(this.fc)
  }

  protected override initializeClassifier(layer: Linear): void {
    init.xavierUniform(layer.weight)
    init.zeros(layer.bias!)
  }
}

const variant = (spec: AssembleSpec): Variant<AssembleResNetOptions> => {
  const options: OptionKinds<AssembleResNetOptions> = { ...networkOptions, dropBlock: 'probability' }
  return { options, create: (given) => new AssembleResNet(spec, given) }
}

export const variants: Readonly<Record<AssembleName, Variant<AssembleResNetOptions>>> = {
  assemble_resnet50: variant({ depths: [3, 4, 6, 3], alpha: 2, beta: 4 }),
  assemble_resnet152: variant({ depths: [5, 12, 30, 3], alpha: 1, beta: 2 }),
}
