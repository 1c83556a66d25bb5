import {
  AvgPool2d,
  Conv2d,
  DropPath,
  init,
  LeakyReLU,
  type Linear,
  Module,
  ReLU,
  Sequential,
} from '../nn/index.ts'
import type { Tensor } from '../tensor/index.ts'
import type { OptionKinds } from '../tensor/options.ts'
import { BlurPool2d, ClassifierHead, ConvNormAct, SqueezeExcite, zeroWeight } from './blocks/index.ts'
import {
  type FeatureInfo,
  type HeadOptions,
  Network,
  type NetworkOptions,
  networkOptions,
  type Variant,
} from './network.ts'
import type { TResNetName } from './tresnet.metadata.ts'

export interface TResNetOptions extends NetworkOptions {
  /** Multiplies the channels of every layer, rounded down. */
  readonly widthFactor?: number
  /** Dropout before the classifier. */
  readonly dropRate?: number
  /** Stochastic depth of the last block; that of the others grows linearly from 0. */
  readonly dropPathRate?: number
}

/** Each square of 4x4 pixels becomes one pixel: the channels of its pixels one after the other, row by row. */
class SpaceToDepth extends Module {
  override forward(x: Tensor): Tensor {
    const [batch, channels, height, width] = x.shape as [number, number, number, number]
    if (height % 4 !== 0 || width % 4 !== 0) {
      throw new RangeError(`SpaceToDepth: height and width must be multiples of 4, got ${height} x ${width}`)
    }
    const squares = x.reshape([batch, channels, height / 4, 4, width / 4, 4])
    return squares.permute(0, 3, 5, 1, 2, 4).reshape([batch, 16 * channels, height / 4, width / 4])
  }
}

/** Convolution, normalisation, leaky ReLU and, in place of a stride, a blur. */
class ConvBlur extends ConvNormAct {
  aa: BlurPool2d | null

  constructor(inChannels: number, outChannels: number, kernelSize: number, stride: number) {
    super(inChannels, outChannels, kernelSize, { activation: () => new LeakyReLU(1e-3) })
    this.aa = stride > 1 ? new BlurPool2d(outChannels, { stride }) : null
  }

  override forward(x: Tensor): Tensor {
    const y = super.forward(x)
    return this.aa ? this.aa.forward(y) : y
  }
}

interface BlockSpec {
  readonly inplanes: number
  readonly planes: number
  readonly stride: number
  readonly downsample: Sequential | null
  readonly squeeze: boolean
  readonly dropPath: number
}

/** Two 3x3 convolutions, then squeeze-and-excitation. Takes and gives [batch, channels, height, width]. */
export class TResNetBasicBlock extends Module {
  static readonly expansion = 1
  downsample: Sequential | null
  conv1: ConvBlur
  conv2: ConvNormAct
  act: ReLU
  se: SqueezeExcite | null
  drop_path: DropPath

  constructor({ inplanes, planes, stride, downsample, squeeze, dropPath }: BlockSpec) {
    super()
    this.downsample = downsample
    this.conv1 = new ConvBlur(inplanes, planes, 3, stride)
    this.conv2 = new ConvNormAct(planes, planes, 3, { activation: null })
    this.act = new ReLU()
    this.se = squeeze ? new SqueezeExcite(planes, Math.max(Math.floor(planes / 4), 64)) : null
    this.drop_path = new DropPath(dropPath)
  }

  override forward(x: Tensor): Tensor {
    const shortcut = this.downsample ? this.downsample.forward(x) : x
    const branch = this.conv2.forward(this.conv1.forward(x))
    const scaled = this.se ? this.se.forward(branch) : branch
    return this.act.forward(this.drop_path.forward(scaled).add(shortcut))
  }

  lastNorm(): Module {
    return this.conv2.bn!
  }
}

/** 1x1, 3x3 and 1x1 convolutions, squeeze-and-excitation before the last. Takes and gives [batch, channels, height, width]. */
export class TResNetBottleneck extends Module {
  static readonly expansion = 4
  downsample: Sequential | null
  conv1: ConvBlur
  conv2: ConvBlur
  se: SqueezeExcite | null
  conv3: ConvNormAct
  drop_path: DropPath
  act: ReLU

  constructor({ inplanes, planes, stride, downsample, squeeze, dropPath }: BlockSpec) {
    super()
    this.downsample = downsample
    this.conv1 = new ConvBlur(inplanes, planes, 1, 1)
    this.conv2 = new ConvBlur(planes, planes, 3, stride)
    this.se = squeeze ? new SqueezeExcite(planes, Math.max(Math.floor(planes / 2), 64)) : null
    this.conv3 = new ConvNormAct(planes, 4 * planes, 1, { activation: null })
    this.drop_path = new DropPath(dropPath)
    this.act = new ReLU()
  }

  override forward(x: Tensor): Tensor {
    const shortcut = this.downsample ? this.downsample.forward(x) : x
    const hidden = this.conv2.forward(this.conv1.forward(x))
    const branch = this.conv3.forward(this.se ? this.se.forward(hidden) : hidden)
    return this.act.forward(this.drop_path.forward(branch).add(shortcut))
  }

  lastNorm(): Module {
    return this.conv3.bn!
  }
}

interface TResNetSpec {
  readonly depths: readonly [number, number, number, number]
  readonly widthFactor?: number
  /** Bottlenecks in all stages, and widths that are multiples of 8. */
  readonly v2?: boolean
}

/**
 * TResNet (Ridnik et al. 2020), with timm's names. Takes images [batch, inChannels, height, width], whose sides are multiples
 * of 4.
 */
export class TResNet extends Network {
  body: Sequential
  head: ClassifierHead
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[]

  constructor(spec: TResNetSpec, options: TResNetOptions = {}) {
    super()
    const { numClasses = 1000, inChannels = 3, dropRate = 0, dropPathRate = 0 } = options
    const { depths, v2 = false } = spec
    const exact = Math.floor(64 * (options.widthFactor ?? spec.widthFactor ?? 1))
    const width = v2 ? Math.floor(exact / 8) * 8 : exact
    const blocks = depths.reduce((a, b) => a + b, 0)
    let inplanes = width
    let index = 0
    const stages = depths.map((depth, i): readonly [string, Sequential] => {
      const block = v2 || i >= 2 ? TResNetBottleneck : TResNetBasicBlock
      const planes = width * 2 ** i
      const made = Array.from({ length: depth }, (_, j) => {
        const stride = i > 0 && j === 0 ? 2 : 1
        const outplanes = planes * block.expansion
        const downsample = j === 0 ? downsampleLayer(inplanes, outplanes, stride) : null
        const dropPath = (dropPathRate * index++) / Math.max(1, blocks - 1)
        const one = new block({ inplanes, planes, stride, downsample, squeeze: i < 3, dropPath })
        inplanes = outplanes
        return one
      })
      return [`layer${i + 1}`, new Sequential(...made)]
    })
    this.numClasses = numClasses
    this.body = new Sequential(
      ['s2d', new SpaceToDepth()],
      ['conv1', new ConvNormAct(16 * inChannels, width, 3, { activation: () => new LeakyReLU(0.01) })],
      ...stages,
    )
    this.head = new ClassifierHead(inplanes, numClasses, dropRate)
    this.featureInfo = stages.map(([name], i) => ({
      name: `body.${name}`,
      channels: width * 2 ** i * (v2 || i >= 2 ? 4 : 1),
      stride: 2 ** (i + 2),
    }))
    this.#initialize()
  }

  #initialize(): void {
    for (const module of this.modules()) {
      if (module instanceof Conv2d) {
        init.kaimingNormal(module.weight, { a: 0, mode: 'fanOut', nonlinearity: 'leakyRelu' })
      }
      if (module instanceof TResNetBasicBlock || module instanceof TResNetBottleneck) {
        zeroWeight(module.lastNorm())
      }
    }
    this.initializeClassifier(this.head.fc)
  }

  forwardFeatures(x: Tensor): Tensor {
    return [...this.body].reduce((y, layer) => this.stage(layer, y), x)
  }

  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    return preLogits ? this.head.descriptor(x) : this.head.forward(x)
  }

  classifierNames(): readonly string[] {
    return ['head.fc']
  }

  protected override initializeClassifier(layer: Linear): void {
    init.normal(layer.weight, 0, 0.01)
  }
}

function downsampleLayer(inplanes: number, outplanes: number, stride: number): Sequential | null {
  if (stride === 1 && inplanes === outplanes) return null
  const pool = new AvgPool2d(2, { stride: 2, ceilMode: true, countIncludePad: false })
  const projection = new ConvNormAct(inplanes, outplanes, 1, { activation: null })
  return stride === 1 ? new Sequential(projection) : new Sequential(pool, projection)
}

const tresnetOptions: OptionKinds<TResNetOptions> = {
  ...networkOptions,
  widthFactor: 'number',
  dropRate: 'probability',
  dropPathRate: 'probability',
}

const variant = (spec: TResNetSpec): Variant<TResNetOptions> => ({
  options: tresnetOptions,
  create: (options) => new TResNet(spec, options),
})

export const variants: Readonly<Record<TResNetName, Variant<TResNetOptions>>> = {
  tresnet_m: variant({ depths: [3, 4, 11, 3] }),
  tresnet_l: variant({ depths: [4, 5, 18, 3], widthFactor: 1.2 }),
  tresnet_xl: variant({ depths: [4, 5, 24, 3], widthFactor: 1.3 }),
  tresnet_v2_l: variant({ depths: [3, 4, 23, 3], v2: true }),
}
