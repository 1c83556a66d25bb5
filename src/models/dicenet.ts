import {
  AvgPool2d,
  ChannelShuffle,
  Conv2d,
  Dropout,
  F,
  init,
  MaxPool2d,
  Module,
  Sequential,
} from '../nn/index.ts'
import { concat, type Tensor } from '../tensor/index.ts'
import type { Size } from '../transforms/image.ts'
import { Concurrent, ConvNormPReLU, NormPReLU, SqueezeExcite } from './blocks/index.ts'
import type { DiceNetName } from './dicenet.metadata.ts'
import {
  type FeatureInfo,
  type HeadOptions,
  Network,
  type NetworkOptions,
  networkOptions,
  type Variant,
} from './network.ts'

export interface DiceNetOptions extends NetworkOptions {
  /** Before the classifier; 0.1 unless given, of networks wider than 1 0.2. */
  readonly dropoutRate?: number
  /**
   * The side of the square, or [height, width], whose maps have a weight for each row and column: multiples of 32; 224 unless
   * given. Maps of other images are resized for these convolutions.
   */
  readonly inputSize?: number | Size
}

/**
 * A depthwise convolution along one side of the map: over columns and channels for each row, or over rows and channels for
 * each column. A side of another length is resized to `size` before it and back after it.
 */
class SideConv extends Module {
  conv: Conv2d
  readonly axis: 2 | 3
  readonly size: number

  constructor(axis: 2 | 3, size: number) {
    super()
    this.axis = axis
    this.size = size
    this.conv = new Conv2d(size, size, 3, { padding: 1, groups: size, bias: false })
  }

  override forward(x: Tensor): Tensor {
    const convolved = this.conv.forward(this.#resized(x, this.size).transpose(1, this.axis))
    return this.#resized(convolved.transpose(1, this.axis), x.shape[this.axis]!)
  }

  #resized(x: Tensor, length: number): Tensor {
    const { axis } = this
    if (x.shape[axis] === length) return x
    const size: Size = axis === 2 ? [length, x.shape[3]!] : [x.shape[2]!, length]
    return x.shape[axis]! < length
      ? F.interpolate(x, { size, mode: 'bilinear', alignCorners: true })
      : F.adaptiveAvgPool2d(x, size)
  }
}

/**
 * Dimension-wise convolution (Mehta et al. 2019, section 3.1): depthwise convolutions over channels, over rows and over
 * columns, whose outputs a grouped 1x1 convolution mixes for each channel. `size` is that of the maps it is made for; takes
 * and gives [batch, channels, height, width] of any size.
 */
export class DimConv extends Module {
  convs: Concurrent
  norm_activ: NormPReLU
  shuffle: ChannelShuffle
  squeeze_conv: ConvNormPReLU

  constructor(channels: number, size: Size) {
    super()
    this.convs = new Concurrent({
      ch_conv: new Conv2d(channels, channels, 3, { padding: 1, groups: channels, bias: false }),
      h_conv: new SideConv(2, size[0]),
      w_conv: new SideConv(3, size[1]),
    })
    this.norm_activ = new NormPReLU(3 * channels)
    this.shuffle = new ChannelShuffle(3)
    this.squeeze_conv = new ConvNormPReLU(3 * channels, channels, 1, { groups: channels })
  }

  override forward(x: Tensor): Tensor {
    const convolved = this.norm_activ.forward(this.convs.forward(x))
    return this.squeeze_conv.forward(this.shuffle.forward(convolved))
  }
}

/**
 * The DiCE unit (section 3.3): dimension-wise convolution, then dimension-wise fusion: a 3x3 convolution, grouped as much as the
 * channels allow, whose outputs are scaled by what two small layers make of the channels' means.
 */
export class DiceUnit extends Module {
  base_block: DimConv
  att: SqueezeExcite
  proj_conv: ConvNormPReLU

  constructor(inChannels: number, outChannels: number, size: Size) {
    super()
    this.base_block = new DimConv(inChannels, size)
    this.att = new SqueezeExcite(inChannels, Math.floor(inChannels / 4), {
      bias: false,
      outChannels,
      names: ['conv1', 'conv2'],
    })
    const groups = greatestCommonDivisor(inChannels, outChannels)
    this.proj_conv = new ConvNormPReLU(inChannels, outChannels, 3, { groups })
  }

  override forward(x: Tensor): Tensor {
    const mixed = this.base_block.forward(x)
    return this.proj_conv.forward(mixed).mul(this.att.factors(mixed))
  }
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}

/** Halves the map and doubles the channels; `size` is that of the output. */
const stridedUnit = (channels: number, size: Size): Sequential =>
  new Sequential({
    branches: new Concurrent({
      left_branch: new Sequential({
        conv1: new ConvNormPReLU(channels, channels, 3, { stride: 2, groups: channels }),
        conv2: new ConvNormPReLU(channels, channels, 1),
      }),
      right_branch: new Sequential({
        pool: new AvgPool2d(3, { stride: 2, padding: 1 }),
        dice: new DiceUnit(channels, channels, size),
        conv: new ConvNormPReLU(channels, channels, 1),
      }),
    }),
    shuffle: new ChannelShuffle(2),
  })

/** Passes the first half of the channels on and computes the others anew. */
class ShuffledUnit extends Module {
  right_branch: Sequential
  shuffle: ChannelShuffle

  constructor(inChannels: number, outChannels: number, size: Size) {
    super()
    const passed = Math.ceil(inChannels / 2)
    const width = outChannels - passed
    this.right_branch = new Sequential({
      conv: new ConvNormPReLU(inChannels - passed, width, 1),
      dice: new DiceUnit(width, width, size),
    })
    this.shuffle = new ChannelShuffle(2)
  }

  override forward(x: Tensor): Tensor {
    const [left, right] = x.chunk(2, 1) as [Tensor, Tensor]
    return this.shuffle.forward(concat([left, this.right_branch.forward(right)], 1))
  }
}

interface DiceNetSpec {
  readonly stem: number
  readonly widths: readonly [number, number, number]
  readonly head: number
  readonly dropoutRate: number
}

/** Shuffled units of each stage. */
const depths = [3, 7, 3] as const

/** DiCENet (Mehta et al. 2019). */
export class DiceNet extends Network {
  features: Sequential
  output: Sequential
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[]

  constructor(spec: DiceNetSpec, options: DiceNetOptions = {}) {
    super()
    const { numClasses = 1000, inChannels = 3, dropoutRate = spec.dropoutRate, inputSize = 224 } = options
    const [height, width] = typeof inputSize === 'number' ? [inputSize, inputSize] : inputSize
    if (![height, width].every((side) => Number.isInteger(side / 32) && side > 0)) {
      throw new RangeError(`DiceNet: inputSize must be multiples of 32, got ${inputSize}`)
    }
    this.numClasses = numClasses
    let channels = spec.stem
    const modules: Record<string, Module> = {
      init_block: new Sequential({
        conv: new ConvNormPReLU(inChannels, channels, 3, { stride: 2 }),
        pool: new MaxPool2d(3, { stride: 2, padding: 1 }),
      }),
    }
    const featureInfo: FeatureInfo[] = [{ name: 'features.init_block.conv', channels, stride: 2 }]
    for (const [i, depth] of depths.entries()) {
      const stride = 8 * 2 ** i
      const size: Size = [height / stride, width / stride]
      const units: Record<string, Module> = { unit1: stridedUnit(channels, size) }
      const out = spec.widths[i]!
      for (let j = 0; j < depth; j++) {
        units[`unit${j + 2}`] = new ShuffledUnit(j === 0 ? 2 * channels : out, out, size)
      }
      modules[`stage${i + 1}`] = new Sequential(units)
      channels = out
      featureInfo.push({ name: `features.stage${i + 1}`, channels, stride })
    }
    this.features = new Sequential(modules)
    this.featureInfo = featureInfo
    this.output = new Sequential({
      conv1: new Conv2d(channels, spec.head, 1, { groups: 4, bias: false }),
      dropout: new Dropout(dropoutRate),
      conv2: new Conv2d(spec.head, numClasses, 1),
    })
    for (const module of this.modules()) if (module instanceof Conv2d) initialize(module)
  }

  forwardFeatures(x: Tensor): Tensor {
    return [...this.features].reduce<Tensor>((y, stage) => this.stage(stage, y), x)
  }

  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const pooled = x.mean([2, 3], true)
    return this.output.forwardRange(pooled, 0, preLogits ? 1 : this.output.length).flatten(1)
  }

  classifierNames(): readonly string[] {
    return ['output.conv2']
  }

  override headNames(): readonly string[] {
    return ['output']
  }

  protected override initializeClassifier(layer: Conv2d): void {
    initialize(layer)
  }
}

function initialize(convolution: Conv2d): void {
  init.kaimingNormal(convolution.weight, { mode: 'fanOut' })
  if (convolution.bias) init.zeros(convolution.bias)
}

const spec = (widths: DiceNetSpec['widths'], others: Partial<DiceNetSpec> = {}): DiceNetSpec => ({
  stem: 24,
  widths,
  head: 1024,
  dropoutRate: 0.2,
  ...others,
})

const specs: Readonly<Record<DiceNetName, DiceNetSpec>> = {
  dicenet_wd5: spec([32, 64, 128], { stem: 16, dropoutRate: 0.1 }),
  dicenet_wd2: spec([48, 96, 192], { dropoutRate: 0.1 }),
  dicenet_w3d4: spec([86, 172, 344], { dropoutRate: 0.1 }),
  dicenet_w1: spec([116, 232, 464], { dropoutRate: 0.1 }),
  dicenet_w5d4: spec([144, 288, 576]),
  dicenet_w3d2: spec([176, 352, 704]),
  dicenet_w7d8: spec([210, 420, 840]),
  dicenet_w2: spec([244, 488, 976]),
  dicenet_w12d5: spec([278, 556, 1112], { head: 1280 }),
}

const variant = (name: DiceNetName): Variant<DiceNetOptions> => ({
  options: { ...networkOptions, dropoutRate: 'probability', inputSize: 'any' },
  create: (options) => new DiceNet(specs[name], options),
})

/** Named by width as pytorchcv does, w7d8 being 1.75 times as wide as w1 there; w12d5, 2.4 times, is in the authors' code alone. */
export const variants: Readonly<Record<DiceNetName, Variant<DiceNetOptions>>> = {
  dicenet_wd5: variant('dicenet_wd5'),
  dicenet_wd2: variant('dicenet_wd2'),
  dicenet_w3d4: variant('dicenet_w3d4'),
  dicenet_w1: variant('dicenet_w1'),
  dicenet_w5d4: variant('dicenet_w5d4'),
  dicenet_w3d2: variant('dicenet_w3d2'),
  dicenet_w7d8: variant('dicenet_w7d8'),
  dicenet_w2: variant('dicenet_w2'),
  dicenet_w12d5: variant('dicenet_w12d5'),
}
