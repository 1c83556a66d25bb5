import { Conv2d, Dropout, init, LeakyReLU, Linear, MaxPool2d, Module, Sequential } from '../nn/index.ts'
import type { Tensor } from '../tensor/index.ts'
import type { OptionKinds } from '../tensor/options.ts'
import { ConvNormAct } from './blocks/index.ts'
import type { CspNetName } from './cspnet.metadata.ts'
import {
  BottleneckBlock,
  CrossStage,
  DarkBlock,
  DarkStage,
  type StagePlace,
  type StageSpec,
} from './cspnet-stages.ts'
import {
  type FeatureInfo,
  type HeadOptions,
  Network,
  type NetworkOptions,
  networkOptions,
  type Variant,
} from './network.ts'

export interface CspNetOptions extends NetworkOptions {
  /** Of every leaky rectifier: 0.01, timm's, unless given; weights from Darknet and pytorchcv need 0.1. */
  readonly negativeSlope?: number
  /** Dropout of the pooled descriptor. */
  readonly dropRate?: number
  /** Of the last block's branch, rising linearly from 0 at the first block. */
  readonly dropPathRate?: number
  /** How many pixels of the image one of the last map spans, 8, 16 or 32: below 32, stages dilate instead of striding. */
  readonly outputStride?: number
  /** Starts every residual branch at zero; true unless given. */
  readonly zeroInitLast?: boolean
}

interface CspNetSpec {
  readonly stem: { readonly channels: number; readonly kernelSize: number; readonly pooled: boolean }
  readonly stages: readonly StageSpec[]
}

/** Dropout and the classifier, under timm's name. */
class ClassifierHead extends Module {
  drop: Dropout
  fc: Linear

  constructor(channels: number, numClasses: number, dropRate: number) {
    super()
    this.drop = new Dropout(dropRate)
    this.fc = new Linear(channels, numClasses)
  }

  override forward(descriptor: Tensor): Tensor {
    return this.fc.forward(this.drop.forward(descriptor))
  }
}

/** Darknet-53 (Redmon and Farhadi 2018) and cross-stage partial networks (Wang et al. 2019) in timm's form. */
export class CspNet extends Network {
  stem: Sequential
  stages: Sequential
  head: ClassifierHead
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[]

  constructor(spec: CspNetSpec, options: CspNetOptions = {}) {
    super()
    const { numClasses = 1000, inChannels = 3, negativeSlope = 0.01, dropRate = 0 } = options
    const { dropPathRate = 0, outputStride = 32, zeroInitLast = true } = options
    if (outputStride !== 8 && outputStride !== 16 && outputStride !== 32) {
      throw new RangeError(`CspNet: outputStride must be 8, 16 or 32, got ${outputStride}`)
    }
    const activation = (): Module => new LeakyReLU(negativeSlope)
    const { channels: stemChannels, kernelSize, pooled } = spec.stem
    const conv1 = new ConvNormAct(inChannels, stemChannels, kernelSize, {
      stride: pooled ? 2 : 1,
      activation,
    })
    this.numClasses = numClasses
    this.stem = pooled
      ? new Sequential(['conv1', conv1], ['pool', new MaxPool2d(3, { stride: 2, padding: 1 })])
      : new Sequential(['conv1', conv1])
    const featureInfo = [{ name: 'stem.conv1', channels: stemChannels, stride: pooled ? 2 : 1 }]
    const blocks = spec.stages.reduce((sum, { depth }) => sum + depth, 0)
    const stages: Module[] = []
    let [channels, reduction, dilation, block] = [stemChannels, pooled ? 4 : 1, 1, 0]
    for (const stage of spec.stages) {
      const strides = stage.stride === 1 || reduction < outputStride
      if (strides) reduction *= stage.stride
      else dilation *= stage.stride
      const first = block
      block += stage.depth
      const place: StagePlace = {
        stride: strides ? stage.stride : 1,
        firstDilation: dilation <= 2 ? 1 : 2,
        dilation,
        dropPaths: Array.from(
          { length: stage.depth },
          (_, i) => (dropPathRate * (first + i)) / Math.max(blocks - 1, 1),
        ),
        activation,
      }
      const { cross } = stage
      stages.push(
        cross ? new CrossStage({ ...stage, cross }, channels, place) : new DarkStage(stage, channels, place),
      )
      channels = stage.outChannels
      featureInfo.push({ name: `stages.${stages.length - 1}`, channels, stride: reduction })
    }
    this.stages = new Sequential(...stages)
    this.head = new ClassifierHead(channels, numClasses, dropRate)
    this.featureInfo = featureInfo
    this.#initialize(zeroInitLast)
  }

  #initialize(zeroInitLast: boolean): void {
    for (const module of this.modules()) {
      if (module instanceof Conv2d)
        init.kaimingNormal(module.weight, { mode: 'fanOut', nonlinearity: 'relu' })
      else if (zeroInitLast && (module instanceof DarkBlock || module instanceof BottleneckBlock))
        init.zeros(module.lastNorm.weight!)
    }
    this.initializeClassifier(this.head.fc)
  }

  forwardFeatures(x: Tensor): Tensor {
    return [...this.stages].reduce((y, stage) => this.stage(stage, y), this.stem.forward(x))
  }

  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const descriptor = x.mean([2, 3])
    return preLogits ? descriptor : this.head.forward(descriptor)
  }

  classifierNames(): readonly string[] {
    return ['head.fc']
  }

  override headNames(): readonly string[] {
    return ['head']
  }

  protected override initializeClassifier(layer: Linear): void {
    init.normal(layer.weight, 0, 0.01)
    init.zeros(layer.bias!)
  }
}

type Widths = Pick<StageSpec, 'depth' | 'outChannels' | 'stride'>

/** Darknet-53's stages, the first at half of the input's size. */
const darknetWidths: readonly Widths[] = [1, 2, 8, 8, 4].map((depth, i) => ({
  depth,
  outChannels: 64 * 2 ** i,
  stride: 2,
}))

/** The stages of a network of 50 layers, the first at the size of the pooled stem. */
const widthsOf50 = (first: number): readonly Widths[] =>
  [3, 3, 5, 2].map((depth, i) => ({ depth, outChannels: first * 2 ** i, stride: i === 0 ? 1 : 2 }))

const darknetStem = { channels: 32, kernelSize: 3, pooled: false }
const resnetStem = { channels: 64, kernelSize: 7, pooled: true }

const specs: Readonly<Record<CspNetName, CspNetSpec>> = {
  darknet53: {
    stem: darknetStem,
    stages: darknetWidths.map((widths) => ({
      ...widths,
      groups: 1,
      blockRatio: 1,
      bottleRatio: 0.5,
      block: DarkBlock,
    })),
  },
  cspdarknet53: {
    stem: darknetStem,
    stages: darknetWidths.map((widths, i) => ({
      ...widths,
      groups: 1,
      blockRatio: i === 0 ? 1 : 0.5,
      bottleRatio: i === 0 ? 0.5 : 1,
      block: DarkBlock,
      cross: { expandRatio: i === 0 ? 2 : 1, linear: false, downGrowth: true },
    })),
  },
  cspresnet50: {
    stem: resnetStem,
    stages: widthsOf50(128).map((widths) => ({
      ...widths,
      groups: 1,
      blockRatio: 1,
      bottleRatio: 0.5,
      block: BottleneckBlock,
      cross: { expandRatio: 2, linear: true, downGrowth: false },
    })),
  },
  cspresnext50: {
    stem: resnetStem,
    stages: widthsOf50(256).map((widths) => ({
      ...widths,
      groups: 32,
      blockRatio: 0.5,
      bottleRatio: 1,
      block: BottleneckBlock,
      cross: { expandRatio: 1, linear: true, downGrowth: false },
    })),
  },
}

const cspnetOptions: OptionKinds<CspNetOptions> = {
  ...networkOptions,
  negativeSlope: 'number',
  dropRate: 'probability',
  dropPathRate: 'probability',
  outputStride: 'count',
  zeroInitLast: 'flag',
}

const variant = (spec: CspNetSpec): Variant<CspNetOptions> => ({
  options: cspnetOptions,
  create: (options) => new CspNet(spec, options),
})

export const variants: Readonly<Record<CspNetName, Variant<CspNetOptions>>> = {
  darknet53: variant(specs.darknet53),
  cspdarknet53: variant(specs.cspdarknet53),
  cspresnet50: variant(specs.cspresnet50),
  cspresnext50: variant(specs.cspresnext50),
}
