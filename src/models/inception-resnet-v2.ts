import { Conv2d, Dropout, Linear, type MaxPool2d, type Module, ModuleDict, Sequential } from '../nn/index.ts'
import { concat, type Tensor } from '../tensor/index.ts'
import {
  averagedUnit,
  Concurrent,
  type ConvNormAct,
  chain,
  inceptionLine,
  inceptionMaxima,
  inceptionUnit,
  shrinkingLine,
  shrinkingUnit,
} from './blocks/index.ts'
import type { InceptionResNetV2Name } from './inception-resnet-v2.metadata.ts'
import {
  type FeatureInfo,
  type HeadOptions,
  Network,
  type NetworkOptions,
  networkOptions,
  type Variant,
} from './network.ts'

export interface InceptionResNetV2Options extends NetworkOptions {
  /** Before the classifier; 0 unless given. */
  readonly dropRate?: number
}

/**
 * x + scale * conv2d(branches of x, concatenated), rectified unless it is the last: scaled down, residuals do not make
 * training unstable (section 3.3 of the paper).
 */
class ScaledResidual extends ModuleDict {
  readonly scale: number
  readonly #rectified: boolean

  /** `width` is the number of channels of all branches. */
  constructor(
    branches: Readonly<Record<string, Module>>,
    width: number,
    channels: number,
    scale: number,
    rectified = true,
  ) {
    super({ ...branches, conv2d: new Conv2d(width, channels, 1) })
    this.scale = scale
    this.#rectified = rectified
  }

  override forward(x: Tensor): Tensor {
    const branches = this.keys().slice(0, -1)
    const joined = concat(
      branches.map((name): Tensor => this.get(name).forward(x)),
      1,
    )
    const sum = x.add(this.get('conv2d').forward(joined).mul(this.scale))
    return this.#rectified ? sum.relu() : sum
  }
}

const mixed5b = (): Concurrent =>
  new Concurrent({
    branch0: inceptionUnit(192, 96, 1),
    branch1: inceptionLine(192, [48, 1], [64, 5]),
    branch2: inceptionLine(192, [64, 1], [96, 3], [96, 3]),
    branch3: averagedUnit(192, 64),
  })

/** Figure 16 of the paper, with the widths of the published weights. */
const block35 = (): ScaledResidual =>
  new ScaledResidual(
    {
      branch0: inceptionUnit(320, 32, 1),
      branch1: inceptionLine(320, [32, 1], [32, 3]),
      branch2: inceptionLine(320, [32, 1], [48, 3], [64, 3]),
    },
    128,
    320,
    0.17,
  )

const mixed6a = (): Concurrent =>
  new Concurrent({
    branch0: shrinkingUnit(320, 384),
    branch1: shrinkingLine(
      320,
      [
        [256, 1],
        [256, 3],
      ],
      384,
    ),
    branch2: inceptionMaxima(),
  })

/** Figure 17. */
const block17 = (): ScaledResidual =>
  new ScaledResidual(
    {
      branch0: inceptionUnit(1088, 192, 1),
      branch1: inceptionLine(1088, [128, 1], [160, [1, 7]], [192, [7, 1]]),
    },
    384,
    1088,
    0.1,
  )

/** Figure 18. */
const mixed7a = (): Concurrent =>
  new Concurrent({
    branch0: shrinkingLine(1088, [[256, 1]], 384),
    branch1: shrinkingLine(1088, [[256, 1]], 288),
    branch2: shrinkingLine(
      1088,
      [
        [256, 1],
        [288, 3],
      ],
      320,
    ),
    branch3: inceptionMaxima(),
  })

/** Figure 19. */
const block8 = (scale: number, rectified = true): ScaledResidual =>
  new ScaledResidual(
    {
      branch0: inceptionUnit(2080, 192, 1),
      branch1: inceptionLine(2080, [192, 1], [224, [1, 3]], [256, [3, 1]]),
    },
    448,
    2080,
    scale,
    rectified,
  )

const repeated = (count: number, make: () => ScaledResidual): Sequential =>
  new Sequential(...Array.from({ length: count }, make))

/** Inception-ResNet-v2 (Szegedy et al. 2016), images of 75 pixels at least. */
export class InceptionResNetV2 extends Network {
  conv2d_1a: ConvNormAct
  conv2d_2a: ConvNormAct
  conv2d_2b: ConvNormAct
  maxpool_3a: MaxPool2d
  conv2d_3b: ConvNormAct
  conv2d_4a: ConvNormAct
  maxpool_5a: MaxPool2d
  mixed_5b: Concurrent
  repeat: Sequential
  mixed_6a: Concurrent
  repeat_1: Sequential
  mixed_7a: Concurrent
  repeat_2: Sequential
  block8: ScaledResidual
  conv2d_7b: ConvNormAct
  head_drop: Dropout
  classif: Linear
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[] = [
    { name: 'conv2d_2b', channels: 64, stride: 2 },
    { name: 'conv2d_4a', channels: 192, stride: 4 },
    { name: 'repeat', channels: 320, stride: 8 },
    { name: 'repeat_1', channels: 1088, stride: 16 },
    { name: 'conv2d_7b', channels: 1536, stride: 32 },
  ]

  constructor({ numClasses = 1000, inChannels = 3, dropRate = 0 }: InceptionResNetV2Options = {}) {
    super()
    this.numClasses = numClasses
    this.conv2d_1a = shrinkingUnit(inChannels, 32)
    this.conv2d_2a = inceptionUnit(32, 32, 3, { padding: 0 })
    this.conv2d_2b = inceptionUnit(32, 64, 3)
    this.maxpool_3a = inceptionMaxima()
    this.conv2d_3b = inceptionUnit(64, 80, 1)
    this.conv2d_4a = inceptionUnit(80, 192, 3, { padding: 0 })
    this.maxpool_5a = inceptionMaxima()
    this.mixed_5b = mixed5b()
    this.repeat = repeated(10, block35)
    this.mixed_6a = mixed6a()
    this.repeat_1 = repeated(20, block17)
    this.mixed_7a = mixed7a()
    this.repeat_2 = repeated(9, () => block8(0.2))
    this.block8 = block8(1, false)
    this.conv2d_7b = inceptionUnit(2080, 1536, 1)
    this.head_drop = new Dropout(dropRate)
    this.classif = new Linear(1536, numClasses)
  }

  forwardFeatures(x: Tensor): Tensor {
    return [
      chain(this.conv2d_1a, this.conv2d_2a, this.conv2d_2b),
      chain(this.maxpool_3a, this.conv2d_3b, this.conv2d_4a),
      chain(this.maxpool_5a, this.mixed_5b, this.repeat),
      this.mixed_6a,
      this.repeat_1,
      chain(this.mixed_7a, this.repeat_2),
      chain(this.block8, this.conv2d_7b),
    ].reduce<Tensor>((y, stage) => this.stage(stage, y), x)
  }

  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const descriptor = x.mean([2, 3])
    return preLogits ? descriptor : this.classif.forward(this.head_drop.forward(descriptor))
  }

  classifierNames(): readonly string[] {
    return ['classif']
  }
}

export const variants: Readonly<Record<InceptionResNetV2Name, Variant<InceptionResNetV2Options>>> = {
  inception_resnet_v2: {
    options: { ...networkOptions, dropRate: 'probability' },
    create: (options) => new InceptionResNetV2(options),
  },
}
