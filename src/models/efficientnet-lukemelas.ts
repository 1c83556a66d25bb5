import {
  BatchNorm2d,
  type BatchNormOptions,
  Conv2d,
  Dropout,
  DropPath,
  Linear,
  Module,
  ModuleList,
  SiLU,
} from '../nn/index.ts'
import { checkpoint, type Tensor } from '../tensor/index.ts'
import type { OptionKinds } from '../tensor/options.ts'
import { type Size, toSize } from '../transforms/image.ts'
import { efficientNetStages } from './efficientnet.ts'
import { type LukemelasEfficientNetName, nativeImageSizes } from './efficientnet-lukemelas.metadata.ts'
import {
  type FeatureInfo,
  type HeadOptions,
  Network,
  type NetworkOptions,
  networkOptions,
  type Variant,
} from './network.ts'

export interface LukemelasEfficientNetOptions extends NetworkOptions {
  /** Multiplies the channels of every layer. */
  readonly widthCoefficient?: number
  /** Multiplies the number of blocks of every stage; results are rounded up. */
  readonly depthCoefficient?: number
  /**
   * The side, or [height, width], that padding is made for, the network's own unless given; null makes it for whatever
   * size comes, as TensorFlow does.
   */
  readonly imageSize?: number | Size | null
  /** Before the classifier. */
  readonly dropoutRate?: number
  /** Of the last block; earlier ones have less, in proportion to their place. 0.2 unless given. */
  readonly dropConnectRate?: number
  /** The share of the old running statistics that stays, as TensorFlow has it; 0.99 unless given. */
  readonly batchNormMomentum?: number
  readonly batchNormEpsilon?: number
  /** Channels become multiples of this; 8 unless given. */
  readonly depthDivisor?: number
  /** The fewest channels; `depthDivisor` unless given. */
  readonly minDepth?: number
  /** Without it the network ends in the pooled descriptor. */
  readonly includeTop?: boolean
  /** The form of the swish, see `setSwish`; true unless given. */
  readonly memoryEfficient?: boolean
}

/** x sigmoid(x) that keeps x alone for the gradient and computes the rest again: less memory, more work. */
export class MemoryEfficientSwish extends Module {
  override forward(x: Tensor): Tensor {
    return checkpoint(() => x.mul(x.sigmoid()))
  }
}

const swish = (memoryEfficient: boolean): Module =>
  memoryEfficient ? new MemoryEfficientSwish() : new SiLU()

/** Convolutions whose padding is TensorFlow's: for the size that they follow through the network, or for any. */
class SamePadding {
  #size: Size | null

  constructor(size: Size | null) {
    this.#size = size
  }

  convolution(
    inChannels: number,
    outChannels: number,
    kernel: number,
    options: { readonly stride?: number; readonly groups?: number } = {},
  ): Conv2d {
    const { stride = 1 } = options
    const size = this.#size
    const padding = size === null ? 'sameTensorFlow' : samePaddingOf(size, kernel, stride)
    if (size !== null) this.#size = [Math.ceil(size[0] / stride), Math.ceil(size[1] / stride)]
    return new Conv2d(inChannels, outChannels, kernel, { ...options, padding, bias: false })
  }
}

function samePaddingOf(
  size: Size,
  kernel: number,
  stride: number,
): [top: number, bottom: number, left: number, right: number] {
  const [height, width] = size.map((side) =>
    Math.max((Math.ceil(side / stride) - 1) * stride + kernel - side, 0),
  ) as [number, number]
  const [top, left] = [Math.floor(height / 2), Math.floor(width / 2)]
  return [top, height - top, left, width - left]
}

interface BlockSpec {
  readonly inChannels: number
  readonly outChannels: number
  readonly expansion: number
  readonly kernel: number
  readonly stride: number
  readonly norm: BatchNormOptions
  readonly dropConnect: number
  readonly memoryEfficient: boolean
}

class MBConvBlock extends Module {
  _expand_conv: Conv2d | null
  _bn0: BatchNorm2d | null
  _depthwise_conv: Conv2d
  _bn1: BatchNorm2d
  _se_reduce: Conv2d
  _se_expand: Conv2d
  _project_conv: Conv2d
  _bn2: BatchNorm2d
  _swish: Module
  drop_connect: DropPath
  readonly #residual: boolean

  constructor(spec: BlockSpec, same: SamePadding) {
    super()
    const { inChannels, outChannels, expansion, kernel, stride, norm } = spec
    const hidden = inChannels * expansion
    this._expand_conv = expansion === 1 ? null : same.convolution(inChannels, hidden, 1)
    this._bn0 = expansion === 1 ? null : new BatchNorm2d(hidden, norm)
    this._depthwise_conv = same.convolution(hidden, hidden, kernel, { stride, groups: hidden })
    this._bn1 = new BatchNorm2d(hidden, norm)
    const squeezed = Math.max(1, Math.floor(inChannels / 4))
    this._se_reduce = new Conv2d(hidden, squeezed, 1)
    this._se_expand = new Conv2d(squeezed, hidden, 1)
    this._project_conv = same.convolution(hidden, outChannels, 1)
    this._bn2 = new BatchNorm2d(outChannels, norm)
    this._swish = swish(spec.memoryEfficient)
    this.drop_connect = new DropPath(spec.dropConnect)
    this.#residual = stride === 1 && inChannels === outChannels
  }

  #act(x: Tensor): Tensor {
    return this._swish.forward(x)
  }

  override forward(x: Tensor): Tensor {
    const expanded =
      this._expand_conv === null ? x : this.#act(this._bn0!.forward(this._expand_conv.forward(x)))
    const filtered = this.#act(this._bn1.forward(this._depthwise_conv.forward(expanded)))
    const squeezed = this.#act(this._se_reduce.forward(filtered.mean([2, 3], true)))
    const weighed = filtered.mul(this._se_expand.forward(squeezed).sigmoid())
    const y = this._bn2.forward(this._project_conv.forward(weighed))
    return this.#residual ? this.drop_connect.forward(y).add(x) : y
  }
}

/** Feature maps by reduction level: those of levels 1 to 5 are half, …, a 32nd of the image's size. */
export type Endpoints = Readonly<Record<`reduction_${1 | 2 | 3 | 4 | 5 | 6}`, Tensor>>

/** EfficientNet (Tan and Le 2019) as lukemelas/EfficientNet-PyTorch has it: TensorFlow's padding, its own names. */
export class LukemelasEfficientNet extends Network {
  _conv_stem: Conv2d
  _bn0: BatchNorm2d
  _blocks: ModuleList
  _conv_head: Module
  _bn1: Module
  _dropout: Dropout
  _fc: Linear | null
  _swish: Module
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[]

  constructor(options: LukemelasEfficientNetOptions = {}) {
    super()
    const { numClasses = 1000, inChannels = 3, imageSize = null, includeTop = true } = options
    const { widthCoefficient = 1, depthCoefficient = 1, dropoutRate = 0.2, dropConnectRate = 0.2 } = options
    const { batchNormMomentum = 0.99, batchNormEpsilon = 1e-3, memoryEfficient = true } = options
    const { depthDivisor = 8, minDepth = depthDivisor } = options
    this.numClasses = includeTop ? numClasses : 0
    const norm = { eps: batchNormEpsilon, momentum: 1 - batchNormMomentum }
    const scaled = (channels: number): number =>
      roundFilters(channels * widthCoefficient, depthDivisor, minDepth)
    const same = new SamePadding(imageSize === null ? null : toSize(imageSize, 'imageSize'))
    let channels = scaled(32)
    let reduction = 2
    this._conv_stem = same.convolution(inChannels, channels, 3, { stride: 2 })
    this._bn0 = new BatchNorm2d(channels, norm)
    const depths = efficientNetStages.map(([, , , , blocks]) => Math.ceil(blocks * depthCoefficient))
    const total = depths.reduce((a, b) => a + b, 0)
    const blocks: MBConvBlock[] = []
    const featureInfo: FeatureInfo[] = []
    for (const [i, [expansion, kernel, firstStride, width]] of efficientNetStages.entries()) {
      if (firstStride > 1) {
        featureInfo.push({ name: `_blocks.${blocks.length - 1}`, channels, stride: reduction })
        reduction *= firstStride
      }
      for (let j = 0; j < depths[i]!; j++) {
        const outChannels = scaled(width)
        const stride = j === 0 ? firstStride : 1
        const dropConnect = (dropConnectRate * blocks.length) / total
        const spec = { expansion, kernel, stride, norm, dropConnect, memoryEfficient }
        blocks.push(new MBConvBlock({ ...spec, inChannels: channels, outChannels }, same))
        channels = outChannels
      }
    }
    featureInfo.push({ name: `_blocks.${blocks.length - 1}`, channels, stride: reduction })
    this._blocks = new ModuleList(blocks)
    const last = scaled(1280)
    this._conv_head = same.convolution(channels, last, 1)
    this._bn1 = new BatchNorm2d(last, norm)
    this._dropout = new Dropout(dropoutRate)
    this._fc = includeTop ? new Linear(last, numClasses) : null
    this._swish = swish(memoryEfficient)
    this.featureInfo = featureInfo
  }

  /**
   * Which form of the swish computes: the one that keeps its input alone for the gradient (training, the default), or the
   * plain one.
   */
  setSwish(memoryEfficient = true): void {
    for (const [name] of this.namedModules()) {
      if (name === '_swish' || name.endsWith('._swish')) this.setSubmodule(name, swish(memoryEfficient))
    }
  }

  /** The last map of each reduction level and, as `reduction_6`, that of the last convolution, with level 5's size. */
  extractEndpoints(x: Tensor): Endpoints {
    const names = this.featureInfo.map(({ name }) => name)
    const { result, outputs } = this.captureOutputs(names, () => this.forwardFeatures(x))
    const levels = [...names.map((name) => outputs.get(name)!), result]
    return Object.fromEntries(levels.map((map, i) => [`reduction_${i + 1}`, map])) as Endpoints
  }

  forwardFeatures(x: Tensor): Tensor {
    const stem: Tensor = this._swish.forward(this._bn0.forward(this._conv_stem.forward(x)))
    const last = [...this._blocks].reduce((y, block) => this.stage(block, y), stem)
    return this._swish.forward(this._bn1.forward(this._conv_head.forward(last)))
  }

  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const descriptor = x.mean([2, 3])
    return preLogits || this._fc === null ? descriptor : this._fc.forward(this._dropout.forward(descriptor))
  }

  classifierNames(): readonly string[] {
    return this._fc === null ? [] : ['_fc']
  }

  override headNames(): readonly string[] {
    return ['_conv_head', '_bn1', ...this.classifierNames()]
  }

  /** The side of the images that a network of this name is made for. */
  static imageSize(name: LukemelasEfficientNetName): number {
    return nativeImageSizes[name]
  }
}

/** As makeDivisible, with the fewest channels apart. */
function roundFilters(channels: number, divisor: number, least: number): number {
  const rounded = Math.max(least, Math.floor((channels + divisor / 2) / divisor) * divisor)
  return rounded < 0.9 * channels ? rounded + divisor : rounded
}

const lukemelasOptions: OptionKinds<LukemelasEfficientNetOptions> = {
  ...networkOptions,
  widthCoefficient: 'number',
  depthCoefficient: 'number',
  imageSize: 'any',
  dropoutRate: 'probability',
  dropConnectRate: 'probability',
  batchNormMomentum: 'probability',
  batchNormEpsilon: 'number',
  depthDivisor: 'count',
  minDepth: 'count',
  includeTop: 'flag',
  memoryEfficient: 'flag',
}

const variant = (
  name: LukemelasEfficientNetName,
  widthCoefficient: number,
  depthCoefficient: number,
  dropoutRate: number,
): Variant<LukemelasEfficientNetOptions> => {
  const own = { widthCoefficient, depthCoefficient, dropoutRate, imageSize: nativeImageSizes[name] }
  return {
    options: lukemelasOptions,
    create: (options) => new LukemelasEfficientNet({ ...own, ...options }),
  }
}

export const variants: Readonly<Record<LukemelasEfficientNetName, Variant<LukemelasEfficientNetOptions>>> = {
  'efficientnet-b0': variant('efficientnet-b0', 1, 1, 0.2),
  'efficientnet-b1': variant('efficientnet-b1', 1, 1.1, 0.2),
  'efficientnet-b2': variant('efficientnet-b2', 1.1, 1.2, 0.3),
  'efficientnet-b3': variant('efficientnet-b3', 1.2, 1.4, 0.3),
  'efficientnet-b4': variant('efficientnet-b4', 1.4, 1.8, 0.4),
  'efficientnet-b5': variant('efficientnet-b5', 1.6, 2.2, 0.4),
  'efficientnet-b6': variant('efficientnet-b6', 1.8, 2.6, 0.5),
  'efficientnet-b7': variant('efficientnet-b7', 2, 3.1, 0.5),
  'efficientnet-b8': variant('efficientnet-b8', 2.2, 3.6, 0.5),
  'efficientnet-l2': variant('efficientnet-l2', 4.3, 5.3, 0.5),
}
