import { AvgPool2d, Conv2d, Dropout, F, init, Linear, type MaxPool2d, Module } from '../nn/index.ts'
import type { Tensor } from '../tensor/index.ts'
import type { OptionKinds } from '../tensor/options.ts'
import {
  Branches,
  type BranchStep,
  type ConvNormAct,
  chain,
  type InceptionKernel,
  inceptionMaxima,
  inceptionUnit,
} from './blocks/index.ts'
import { fromImagenetStatistics } from './googlenet.ts'
import type { InceptionV3Name } from './inception-v3.metadata.ts'
import {
  type FeatureInfo,
  type HeadOptions,
  Network,
  type NetworkOptions,
  networkOptions,
  type Variant,
} from './network.ts'

export interface InceptionV3Options extends NetworkOptions {
  /** Whether there is an auxiliary classifier, which runs in training only; true unless given. */
  readonly auxLogits?: boolean
  /** Turns images normalised with ImageNet's statistics into ones with values in [-1, 1], which Google's weights want. */
  readonly transformInput?: boolean
  /** Before the classifier; 0.5 unless given. */
  readonly dropout?: number
}

const shrinking = { stride: 2, padding: 0 }
const averages = (): AvgPool2d => new AvgPool2d(3, { stride: 1, padding: 1 })

/** Convolutions one after the other: the name, output channels and kernel of each; the last one may shrink the map. */
function line(
  from: number,
  layers: readonly (readonly [name: string, channels: number, kernel: InceptionKernel])[],
  last: Parameters<typeof inceptionUnit>[3] = {},
): BranchStep[] {
  let channels = from
  return layers.map(([name, to, kernel], i) => {
    const layer = inceptionUnit(channels, to, kernel, i === layers.length - 1 ? last : {})
    channels = to
    return [name, layer] as const
  })
}

/** Figure 5 of the paper: 5x5 maps as two 3x3. Gives 224 channels and those of the pooling branch. */
const moduleA = (from: number, pooled: number): Branches =>
  new Branches([
    line(from, [['branch1x1', 64, 1]]),
    line(from, [
      ['branch5x5_1', 48, 1],
      ['branch5x5_2', 64, 5],
    ]),
    line(from, [
      ['branch3x3dbl_1', 64, 1],
      ['branch3x3dbl_2', 96, 3],
      ['branch3x3dbl_3', 96, 3],
    ]),
    [averages(), ...line(from, [['branch_pool', pooled, 1]])],
  ])

/** Figure 10: the map becomes half as large, by convolutions and pooling side by side. Gives 480 channels more. */
const moduleB = (from: number): Branches =>
  new Branches([
    line(from, [['branch3x3', 384, 3]], shrinking),
    line(
      from,
      [
        ['branch3x3dbl_1', 64, 1],
        ['branch3x3dbl_2', 96, 3],
        ['branch3x3dbl_3', 96, 3],
      ],
      shrinking,
    ),
    [inceptionMaxima()],
  ])

/** Figure 6: 7x7 as 1x7 and 7x1. Gives 768 channels. */
const moduleC = (from: number, width: number): Branches =>
  new Branches([
    line(from, [['branch1x1', 192, 1]]),
    line(from, [
      ['branch7x7_1', width, 1],
      ['branch7x7_2', width, [1, 7]],
      ['branch7x7_3', 192, [7, 1]],
    ]),
    line(from, [
      ['branch7x7dbl_1', width, 1],
      ['branch7x7dbl_2', width, [7, 1]],
      ['branch7x7dbl_3', width, [1, 7]],
      ['branch7x7dbl_4', width, [7, 1]],
      ['branch7x7dbl_5', 192, [1, 7]],
    ]),
    [averages(), ...line(from, [['branch_pool', 192, 1]])],
  ])

/** As figure 10, for maps of 17x17. Gives 512 channels more. */
const moduleD = (from: number): Branches =>
  new Branches([
    line(
      from,
      [
        ['branch3x3_1', 192, 1],
        ['branch3x3_2', 320, 3],
      ],
      shrinking,
    ),
    line(
      from,
      [
        ['branch7x7x3_1', 192, 1],
        ['branch7x7x3_2', 192, [1, 7]],
        ['branch7x7x3_3', 192, [7, 1]],
        ['branch7x7x3_4', 192, 3],
      ],
      shrinking,
    ),
    [inceptionMaxima()],
  ])

/** Figure 7: 1x3 and 3x1 side by side. Gives 2048 channels. */
const moduleE = (from: number): Branches => {
  const fork = (name: string): BranchStep[] => [
    [`${name}a`, inceptionUnit(384, 384, [1, 3])],
    [`${name}b`, inceptionUnit(384, 384, [3, 1])],
  ]
  return new Branches([
    line(from, [['branch1x1', 320, 1]]),
    [...line(from, [['branch3x3_1', 384, 1]]), fork('branch3x3_2')],
    [
      ...line(from, [
        ['branch3x3dbl_1', 448, 1],
        ['branch3x3dbl_2', 384, 3],
      ]),
      fork('branch3x3dbl_3'),
    ],
    [averages(), ...line(from, [['branch_pool', 192, 1]])],
  ])
}

/**
 * The auxiliary classifier: windows of 5x5 with stride 3, a 1x1 and a 5x5 convolution, means and a linear layer. Maps too
 * small for the 5x5 convolution, which come of images of fewer than 299 pixels, are extended by zeros.
 */
class InceptionAux extends Module {
  conv0: ConvNormAct
  conv1: ConvNormAct
  fc: Linear

  constructor(inChannels: number, numClasses: number) {
    super()
    this.conv0 = inceptionUnit(inChannels, 128, 1)
    this.conv1 = inceptionUnit(128, 768, 5, { padding: 0 })
    this.fc = new Linear(768, numClasses)
  }

  override forward(x: Tensor): Tensor {
    const [height, width] = x.shape.slice(2) as [number, number]
    const pooled = F.avgPool2d(x, [Math.min(5, height), Math.min(5, width)], { stride: 3 })
    return this.fc.forward(this.conv1.forward(padTo5(this.conv0.forward(pooled))).mean([2, 3]))
  }
}

function padTo5(x: Tensor): Tensor {
  const [top, left] = x.shape.slice(2).map((size) => Math.max(0, 5 - size) / 2) as [number, number]
  if (top === 0 && left === 0) return x
  return F.pad(x, [Math.floor(left), Math.ceil(left), Math.floor(top), Math.ceil(top)])
}

/** Inception-v3 (Szegedy et al. 2015), images of 75 pixels at least. In training `forwardAll` gives the auxiliary logits too. */
export class InceptionV3 extends Network {
  Conv2d_1a_3x3: ConvNormAct
  Conv2d_2a_3x3: ConvNormAct
  Conv2d_2b_3x3: ConvNormAct
  maxpool1: MaxPool2d
  Conv2d_3b_1x1: ConvNormAct
  Conv2d_4a_3x3: ConvNormAct
  maxpool2: MaxPool2d
  Mixed_5b: Branches
  Mixed_5c: Branches
  Mixed_5d: Branches
  Mixed_6a: Branches
  Mixed_6b: Branches
  Mixed_6c: Branches
  Mixed_6d: Branches
  Mixed_6e: Branches
  AuxLogits: InceptionAux | null
  Mixed_7a: Branches
  Mixed_7b: Branches
  Mixed_7c: Branches
  dropout: Dropout
  fc: Linear
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[] = [
    { name: 'Conv2d_2b_3x3', channels: 64, stride: 2 },
    { name: 'Conv2d_4a_3x3', channels: 192, stride: 4 },
    { name: 'Mixed_5d', channels: 288, stride: 8 },
    { name: 'Mixed_6e', channels: 768, stride: 16 },
    { name: 'Mixed_7c', channels: 2048, stride: 32 },
  ]
  readonly #transformInput: boolean

  constructor(options: InceptionV3Options = {}) {
    super()
    const { numClasses = 1000, inChannels = 3, auxLogits = true, transformInput = false } = options
    if (transformInput && inChannels !== 3) {
      throw new RangeError(`InceptionV3: transformInput is for images of 3 channels, not ${inChannels}`)
    }
    this.numClasses = numClasses
    this.#transformInput = transformInput
    this.Conv2d_1a_3x3 = inceptionUnit(inChannels, 32, 3, shrinking)
    this.Conv2d_2a_3x3 = inceptionUnit(32, 32, 3, { padding: 0 })
    this.Conv2d_2b_3x3 = inceptionUnit(32, 64, 3)
    this.maxpool1 = inceptionMaxima()
    this.Conv2d_3b_1x1 = inceptionUnit(64, 80, 1)
    this.Conv2d_4a_3x3 = inceptionUnit(80, 192, 3, { padding: 0 })
    this.maxpool2 = inceptionMaxima()
    this.Mixed_5b = moduleA(192, 32)
    this.Mixed_5c = moduleA(256, 64)
    this.Mixed_5d = moduleA(288, 64)
    this.Mixed_6a = moduleB(288)
    this.Mixed_6b = moduleC(768, 128)
    this.Mixed_6c = moduleC(768, 160)
    this.Mixed_6d = moduleC(768, 160)
    this.Mixed_6e = moduleC(768, 192)
    this.AuxLogits = auxLogits ? new InceptionAux(768, numClasses) : null
    this.Mixed_7a = moduleD(768)
    this.Mixed_7b = moduleE(1280)
    this.Mixed_7c = moduleE(2048)
    this.dropout = new Dropout(options.dropout ?? 0.5)
    this.fc = new Linear(2048, numClasses)
    for (const module of this.modules()) {
      if (module instanceof Conv2d || module instanceof Linear) init.truncNormal(module.weight, { std: 0.1 })
    }
    if (this.AuxLogits) {
      init.truncNormal(this.AuxLogits.conv1.conv.weight, { std: 0.01 })
      init.truncNormal(this.AuxLogits.fc.weight, { std: 0.001 })
    }
  }

  /** The map that the auxiliary classifier takes, and the last one. */
  #maps(x: Tensor): readonly [behind6e: Tensor, last: Tensor] {
    const input = this.#transformInput ? fromImagenetStatistics(x) : x
    const stages = [
      chain(this.Conv2d_1a_3x3, this.Conv2d_2a_3x3, this.Conv2d_2b_3x3),
      chain(this.maxpool1, this.Conv2d_3b_1x1, this.Conv2d_4a_3x3),
      chain(this.maxpool2, this.Mixed_5b, this.Mixed_5c, this.Mixed_5d),
      chain(this.Mixed_6a, this.Mixed_6b, this.Mixed_6c),
      chain(this.Mixed_6d, this.Mixed_6e),
    ]
    const behind6e = stages.reduce((y, stage) => this.stage(stage, y), input)
    return [behind6e, this.stage(chain(this.Mixed_7a, this.Mixed_7b, this.Mixed_7c), behind6e)]
  }

  forwardFeatures(x: Tensor): Tensor {
    return this.#maps(x)[1]
  }

  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const descriptor = x.mean([2, 3])
    return preLogits ? descriptor : this.fc.forward(this.dropout.forward(descriptor))
  }

  override forwardAll(x: Tensor): readonly Tensor[] {
    if (!(this.training && this.AuxLogits)) return [this.forward(x)]
    const [behind6e, last] = this.#maps(x)
    return [this.forwardHead(last), this.AuxLogits.forward(behind6e)]
  }

  /** The auxiliary loss counts 0.4, as in TensorFlow's and torchvision's training. */
  override get lossWeights(): readonly number[] {
    return this.AuxLogits ? [1, 0.4] : [1]
  }

  classifierNames(): readonly string[] {
    return ['fc', ...(this.AuxLogits ? ['AuxLogits.fc'] : [])]
  }

  override headNames(): readonly string[] {
    return ['fc', ...(this.AuxLogits ? ['AuxLogits'] : [])]
  }

  protected override initializeClassifier(layer: Linear): void {
    init.truncNormal(layer.weight, { std: layer.inFeatures === 768 ? 0.001 : 0.1 })
  }
}

const inceptionV3Options: OptionKinds<InceptionV3Options> = {
  ...networkOptions,
  auxLogits: 'flag',
  transformInput: 'flag',
  dropout: 'probability',
}

export const variants: Readonly<Record<InceptionV3Name, Variant<InceptionV3Options>>> = {
  inception_v3: { options: inceptionV3Options, create: (options) => new InceptionV3(options) },
}
