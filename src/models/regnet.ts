import { Conv2d, init, Linear, Module, ReLU, Sequential } from '../nn/index.ts'
import type { Tensor } from '../tensor/index.ts'
import type { OptionKinds } from '../tensor/options.ts'
import { batchNorm, ConvNormActSequence, type NormLayer, SqueezeExcite } from './blocks/index.ts'
import {
  type FeatureInfo,
  type HeadOptions,
  makeDivisible,
  Network,
  type NetworkOptions,
  networkOptions,
  type Variant,
} from './network.ts'
import type { RegNetName } from './regnet.metadata.ts'
import {
  type RegNetDesign,
  type RegNetStage,
  regnetDesigns,
  regnetStages,
  squeezeWidth,
} from './regnet-design.ts'

export interface RegNetOptions extends NetworkOptions {
  readonly stemWidth?: number
  readonly normLayer?: NormLayer
}

interface BlockSpec {
  readonly inWidth: number
  readonly width: number
  readonly stride: number
  readonly groupWidth: number
  /** Hidden channels of the squeeze-and-excitation to the width that goes in; 0 for none. */
  readonly squeezeRatio: number
  readonly norm: NormLayer
}

function transform({ inWidth, width, stride, groupWidth, squeezeRatio, norm }: BlockSpec): Sequential {
  const squeeze =
    squeezeRatio > 0 ? [['se', new SqueezeExcite(width, squeezeWidth(inWidth, squeezeRatio))] as const] : []
  return new Sequential(
    ['a', new ConvNormActSequence(inWidth, width, 1, { norm })],
    ['b', new ConvNormActSequence(width, width, 3, { stride, groups: width / groupWidth, norm })],
    ...squeeze,
    ['c', new ConvNormActSequence(width, width, 1, { norm, activation: null })],
  )
}

/** A bottleneck that keeps its width, with grouped 3x3 convolutions. Takes and gives [batch, channels, height, width]. */
export class RegNetBlock extends Module {
  proj: ConvNormActSequence | null
  f: Sequential
  activation: ReLU

  constructor(spec: BlockSpec) {
    super()
    const { inWidth, width, stride, norm } = spec
    this.proj =
      inWidth !== width || stride !== 1
        ? new ConvNormActSequence(inWidth, width, 1, { stride, norm, activation: null })
        : null
    this.f = transform(spec)
    this.activation = new ReLU()
  }

  override forward(x: Tensor): Tensor {
    return this.activation.forward((this.proj ? this.proj.forward(x) : x).add(this.f.forward(x)))
  }
}

interface RegNetSpec {
  readonly design: RegNetDesign
  readonly squeezeRatio: number
}

/**
 * RegNetX and RegNetY (Radosavovic et al. 2020), with torchvision's names and rounding of widths. Takes images
 * [batch, inChannels, height, width].
 */
export class RegNet extends Network {
  stem: ConvNormActSequence
  trunk_output: Sequential
  fc: Linear
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[]

  constructor({ design, squeezeRatio }: RegNetSpec, options: RegNetOptions = {}) {
    super()
    const { numClasses = 1000, inChannels = 3, stemWidth = 32, normLayer: norm = batchNorm() } = options
    const stages = regnetStages(design, makeDivisible)
    const stage = ({ width, depth, groupWidth }: RegNetStage, i: number): readonly [string, Sequential] => {
      const shared = { width, groupWidth, squeezeRatio, norm }
      const blocks = Array.from({ length: depth }, (_, j) => {
        const inWidth = j > 0 ? width : (stages[i - 1]?.width ?? stemWidth)
        return [`block${i + 1}-${j}`, new RegNetBlock({ ...shared, inWidth, stride: j > 0 ? 1 : 2 })] as const
      })
      return [`block${i + 1}`, new Sequential(...blocks)]
    }
    this.numClasses = numClasses
    this.stem = new ConvNormActSequence(inChannels, stemWidth, 3, { stride: 2, norm })
    this.trunk_output = new Sequential(...stages.map(stage))
    this.fc = new Linear(stages.at(-1)!.width, numClasses)
    this.featureInfo = stages.map(({ width }, i) => ({
      name: `trunk_output.block${i + 1}`,
      channels: width,
      stride: 2 ** (i + 2),
    }))
    for (const module of this.modules()) {
      if (module instanceof Conv2d) {
        const [height, width] = module.kernelSize
        init.normal(module.weight, 0, Math.sqrt(2 / (height * width * module.outChannels)))
      } else if (module instanceof Linear) this.initializeClassifier(module)
    }
  }

  forwardFeatures(x: Tensor): Tensor {
    return [...this.trunk_output].reduce((y, stage) => this.stage(stage, y), this.stem.forward(x))
  }

  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const descriptor = x.mean([2, 3])
    return preLogits ? descriptor : this.fc.forward(descriptor)
  }

  classifierNames(): readonly string[] {
    return ['fc']
  }

  protected override initializeClassifier(layer: Linear): void {
    init.normal(layer.weight, 0, 0.01)
    init.zeros(layer.bias!)
  }
}

const regnetOptions: OptionKinds<RegNetOptions> = {
  ...networkOptions,
  stemWidth: 'count',
  normLayer: 'function',
}

const variant = (design: RegNetDesign, squeezeRatio: number): Variant<RegNetOptions> => ({
  options: regnetOptions,
  create: (options) => new RegNet({ design, squeezeRatio }, options),
})

const x = (design: RegNetDesign): Variant<RegNetOptions> => variant(design, 0)
const y = (design: RegNetDesign): Variant<RegNetOptions> => variant(design, 1 / 4)

export const variants: Readonly<Record<RegNetName, Variant<RegNetOptions>>> = {
  regnet_x_400mf: x(regnetDesigns.x400mf),
  regnet_x_800mf: x(regnetDesigns.x800mf),
  regnet_x_1_6gf: x(regnetDesigns.x1600mf),
  regnet_x_3_2gf: x(regnetDesigns.x3200mf),
  regnet_x_8gf: x(regnetDesigns.x8000mf),
  regnet_x_16gf: x(regnetDesigns.x16gf),
  regnet_x_32gf: x(regnetDesigns.x32gf),
  regnet_y_400mf: y(regnetDesigns.y400mf),
  regnet_y_800mf: y(regnetDesigns.y800mf),
  regnet_y_1_6gf: y(regnetDesigns.y1600mf),
  regnet_y_3_2gf: y(regnetDesigns.y3200mf),
  regnet_y_8gf: y(regnetDesigns.y8000mf),
  regnet_y_16gf: y(regnetDesigns.y16gf),
  regnet_y_32gf: y(regnetDesigns.y32gf),
  regnet_y_128gf: y(regnetDesigns.y128gf),
}
