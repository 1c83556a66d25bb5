import { Conv2d, DropPath, Identity, init, type Linear, Module, ReLU, Sequential } from '../nn/index.ts'
import type { Tensor } from '../tensor/index.ts'
import type { OptionKinds } from '../tensor/options.ts'
import {
  batchNorm,
  ClassifierHead,
  ConvNormAct,
  type NormLayer,
  SqueezeExcite,
  zeroWeight,
} from './blocks/index.ts'
import {
  type FeatureInfo,
  type HeadOptions,
  Network,
  type NetworkOptions,
  networkOptions,
  type Variant,
} from './network.ts'
import {
  nearestMultiple,
  type RegNetDesign,
  regnetDesigns,
  regnetStages,
  squeezeWidth,
} from './regnet-design.ts'
import type { TimmRegNetName } from './regnet-timm.metadata.ts'

export interface TimmRegNetOptions extends NetworkOptions {
  readonly stemWidth?: number
  readonly normLayer?: NormLayer
  /** Dropout before the classifier. */
  readonly dropRate?: number
  /** Stochastic depth of the last block; that of the others grows linearly from 0. */
  readonly dropPathRate?: number
  /** Starts every residual branch at zero; default true. */
  readonly zeroInitLast?: boolean
}

interface BlockSpec {
  readonly inWidth: number
  readonly width: number
  readonly stride: number
  readonly groupWidth: number
  readonly squeezeRatio: number
  readonly norm: NormLayer
  readonly dropPath: number
}

/** A bottleneck that keeps its width, with grouped 3x3 convolutions. Takes and gives [batch, channels, height, width]. */
export class TimmRegNetBlock extends Module {
  conv1: ConvNormAct
  conv2: ConvNormAct
  se: Module
  conv3: ConvNormAct
  act3: ReLU
  downsample: Module
  drop_path: DropPath

  constructor({ inWidth, width, stride, groupWidth, squeezeRatio, norm, dropPath }: BlockSpec) {
    super()
    this.conv1 = new ConvNormAct(inWidth, width, 1, { norm })
    this.conv2 = new ConvNormAct(width, width, 3, { stride, groups: width / groupWidth, norm })
    this.se =
      squeezeRatio > 0 ? new SqueezeExcite(width, squeezeWidth(inWidth, squeezeRatio)) : new Identity()
    this.conv3 = new ConvNormAct(width, width, 1, { norm, activation: null })
    this.act3 = new ReLU()
    this.downsample =
      inWidth !== width || stride !== 1
        ? new ConvNormAct(inWidth, width, 1, { stride, norm, activation: null })
        : new Identity()
    this.drop_path = new DropPath(dropPath)
  }

  override forward(x: Tensor): Tensor {
    const hidden: Tensor = this.se.forward(this.conv2.forward(this.conv1.forward(x)))
    const branch = this.drop_path.forward(this.conv3.forward(hidden))
    return this.act3.forward(branch.add(this.downsample.forward(x)))
  }
}

interface TimmRegNetSpec {
  readonly design: RegNetDesign
  readonly squeezeRatio: number
}

/**
 * RegNetX and RegNetY (Radosavovic et al. 2020), with timm's names and the authors' rounding of widths. Takes images
 * [batch, inChannels, height, width] in RGB.
 */
export class TimmRegNet extends Network {
  stem: ConvNormAct
  s1: Sequential
  s2: Sequential
  s3: Sequential
  s4: Sequential
  head: ClassifierHead
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[]

  constructor({ design, squeezeRatio }: TimmRegNetSpec, options: TimmRegNetOptions = {}) {
    super()
    const { numClasses = 1000, inChannels = 3, stemWidth = 32, normLayer: norm = batchNorm() } = options
    const { dropRate = 0, dropPathRate = 0, zeroInitLast = true } = options
    const stages = regnetStages(design, nearestMultiple)
    const blocks = stages.reduce((sum, { depth }) => sum + depth, 0)
    let index = 0
    const [s1, s2, s3, s4] = stages.map(({ width, depth, groupWidth }, i) => {
      const made = Array.from({ length: depth }, (_, j): readonly [string, Module] => {
        const inWidth = j > 0 ? width : (stages[i - 1]?.width ?? stemWidth)
        const stride = j > 0 ? 1 : 2
        const dropPath = (dropPathRate * index++) / Math.max(1, blocks - 1)
        return [
          `b${j + 1}`,
          new TimmRegNetBlock({ inWidth, width, stride, groupWidth, squeezeRatio, norm, dropPath }),
        ]
      })
      return new Sequential(...made)
    }) as [Sequential, Sequential, Sequential, Sequential]
    this.numClasses = numClasses
    this.stem = new ConvNormAct(inChannels, stemWidth, 3, { stride: 2, norm })
    this.s1 = s1
    this.s2 = s2
    this.s3 = s3
    this.s4 = s4
    this.head = new ClassifierHead(stages.at(-1)!.width, numClasses, dropRate)
    this.featureInfo = stages.map(({ width }, i) => ({
      name: `s${i + 1}`,
      channels: width,
      stride: 2 ** (i + 2),
    }))
    this.#initialize(zeroInitLast)
  }

  #initialize(zeroInitLast: boolean): void {
    for (const module of this.modules()) {
      if (module instanceof Conv2d) {
        const [height, width] = module.kernelSize
        const fanOut = Math.floor((height * width * module.outChannels) / module.groups)
        init.normal(module.weight, 0, Math.sqrt(2 / fanOut))
        if (module.bias) init.zeros(module.bias)
      } else if (module instanceof TimmRegNetBlock && zeroInitLast) zeroWeight(module.conv3.bn!)
    }
    this.initializeClassifier(this.head.fc)
  }

  forwardFeatures(x: Tensor): Tensor {
    const stages = [this.s1, this.s2, this.s3, this.s4]
    return stages.reduce((y, stage) => this.stage(stage, y), this.stem.forward(x))
  }

  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    return preLogits ? this.head.descriptor(x) : this.head.forward(x)
  }

  classifierNames(): readonly string[] {
    return ['head.fc']
  }

  protected override initializeClassifier(layer: Linear): void {
    init.normal(layer.weight, 0, 0.01)
    init.zeros(layer.bias!)
  }
}

const timmRegNetOptions: OptionKinds<TimmRegNetOptions> = {
  ...networkOptions,
  stemWidth: 'count',
  normLayer: 'function',
  dropRate: 'probability',
  dropPathRate: 'probability',
  zeroInitLast: 'flag',
}

const variant = (design: RegNetDesign, squeezeRatio: number): Variant<TimmRegNetOptions> => ({
  options: timmRegNetOptions,
  create: (options) => new TimmRegNet({ design, squeezeRatio }, options),
})

const x = (design: RegNetDesign): Variant<TimmRegNetOptions> => variant(design, 0)
const y = (design: RegNetDesign): Variant<TimmRegNetOptions> => variant(design, 1 / 4)

export const variants: Readonly<Record<TimmRegNetName, Variant<TimmRegNetOptions>>> = {
  regnetx_002: x(regnetDesigns.x200mf),
  regnetx_004: x(regnetDesigns.x400mf),
  regnetx_006: x(regnetDesigns.x600mf),
  regnetx_008: x(regnetDesigns.x800mf),
  regnetx_016: x(regnetDesigns.x1600mf),
  regnetx_032: x(regnetDesigns.x3200mf),
  regnetx_040: x(regnetDesigns.x4000mf),
  regnetx_064: x(regnetDesigns.x6400mf),
  regnetx_080: x(regnetDesigns.x8000mf),
  regnetx_120: x(regnetDesigns.x12gf),
  regnetx_160: x(regnetDesigns.x16gf),
  regnetx_320: x(regnetDesigns.x32gf),
  regnety_002: y(regnetDesigns.y200mf),
  regnety_004: y(regnetDesigns.y400mf),
  regnety_006: y(regnetDesigns.y600mf),
  regnety_008: y(regnetDesigns.y800mf),
  regnety_016: y(regnetDesigns.y1600mf),
  regnety_032: y(regnetDesigns.y3200mf),
  regnety_040: y(regnetDesigns.y4000mf),
  regnety_064: y(regnetDesigns.y6400mf),
  regnety_080: y(regnetDesigns.y8000mf),
  regnety_120: y(regnetDesigns.y12gf),
  regnety_160: y(regnetDesigns.y16gf),
  regnety_320: y(regnetDesigns.y32gf),
}
