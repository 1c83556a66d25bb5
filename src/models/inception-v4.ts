import { Dropout, Linear, Sequential } from '../nn/index.ts'
import type { Tensor } from '../tensor/index.ts'
import {
  averagedUnit,
  Branches,
  Concurrent,
  type ConvNormAct,
  inceptionLine,
  inceptionMaxima,
  inceptionUnit,
  shrinkingLine,
  shrinkingUnit,
} from './blocks/index.ts'
import type { InceptionV4Name } from './inception-v4.metadata.ts'
import {
  type FeatureInfo,
  type HeadOptions,
  Network,
  type NetworkOptions,
  networkOptions,
  type Variant,
} from './network.ts'

export interface InceptionV4Options extends NetworkOptions {
  /** Before the classifier; 0 unless given. */
  readonly dropRate?: number
}

/** The stem's three forks (figure 3 of the paper). */
const mixed3a = (): Concurrent => new Concurrent({ maxpool: inceptionMaxima(), conv: shrinkingUnit(64, 96) })

const mixed4a = (): Concurrent => {
  const valid = (from: number): ConvNormAct => inceptionUnit(from, 96, 3, { padding: 0 })
  return new Concurrent({
    branch0: inceptionLine(160, [64, 1]).append(valid(64)),
    branch1: inceptionLine(160, [64, 1], [64, [1, 7]], [64, [7, 1]]).append(valid(64)),
  })
}

const mixed5a = (): Concurrent =>
  new Concurrent({ conv: shrinkingUnit(192, 192), maxpool: inceptionMaxima() })

/** Figure 4. */
const inceptionA = (): Concurrent =>
  new Concurrent({
    branch0: inceptionUnit(384, 96, 1),
    branch1: inceptionLine(384, [64, 1], [96, 3]),
    branch2: inceptionLine(384, [64, 1], [96, 3], [96, 3]),
    branch3: averagedUnit(384, 96),
  })

/** Figure 7 with k, l, m, n of 192, 224, 256, 384. */
const reductionA = (): Concurrent =>
  new Concurrent({
    branch0: shrinkingUnit(384, 384),
    branch1: shrinkingLine(
      384,
      [
        [192, 1],
        [224, 3],
      ],
      256,
    ),
    branch2: inceptionMaxima(),
  })

/** Figure 5. */
const inceptionB = (): Concurrent =>
  new Concurrent({
    branch0: inceptionUnit(1024, 384, 1),
    branch1: inceptionLine(1024, [192, 1], [224, [1, 7]], [256, [7, 1]]),
    branch2: inceptionLine(1024, [192, 1], [192, [7, 1]], [224, [1, 7]], [224, [7, 1]], [256, [1, 7]]),
    branch3: averagedUnit(1024, 128),
  })

/** Figure 8. */
const reductionB = (): Concurrent =>
  new Concurrent({
    branch0: shrinkingLine(1024, [[192, 1]], 192),
    branch1: shrinkingLine(
      1024,
      [
        [256, 1],
        [256, [1, 7]],
        [320, [7, 1]],
      ],
      320,
    ),
    branch2: inceptionMaxima(),
  })

/** Figure 6. */
const inceptionC = (): Branches =>
  new Branches([
    [['branch0', inceptionUnit(1536, 256, 1)]],
    [
      ['branch1_0', inceptionUnit(1536, 384, 1)],
      [
        ['branch1_1a', inceptionUnit(384, 256, [1, 3])],
        ['branch1_1b', inceptionUnit(384, 256, [3, 1])],
      ],
    ],
    [
      ['branch2_0', inceptionUnit(1536, 384, 1)],
      ['branch2_1', inceptionUnit(384, 448, [3, 1])],
      ['branch2_2', inceptionUnit(448, 512, [1, 3])],
      [
        ['branch2_3a', inceptionUnit(512, 256, [1, 3])],
        ['branch2_3b', inceptionUnit(512, 256, [3, 1])],
      ],
    ],
    [['branch3', averagedUnit(1536, 256)]],
  ])

const times = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make)

/** Inception-v4 (Szegedy et al. 2016), images of 75 pixels at least. */
export class InceptionV4 extends Network {
  features: Sequential
  head_drop: Dropout
  last_linear: Linear
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[] = [
    { name: 'features.2', channels: 64, stride: 2 },
    { name: 'features.3', channels: 160, stride: 4 },
    { name: 'features.9', channels: 384, stride: 8 },
    { name: 'features.17', channels: 1024, stride: 16 },
    { name: 'features.21', channels: 1536, stride: 32 },
  ]

  constructor({ numClasses = 1000, inChannels = 3, dropRate = 0 }: InceptionV4Options = {}) {
    super()
    this.numClasses = numClasses
    this.features = new Sequential(
      shrinkingUnit(inChannels, 32),
      inceptionUnit(32, 32, 3, { padding: 0 }),
      inceptionUnit(32, 64, 3),
      mixed3a(),
      mixed4a(),
      mixed5a(),
      ...times(4, inceptionA),
      reductionA(),
      ...times(7, inceptionB),
      reductionB(),
      ...times(3, inceptionC),
    )
    this.head_drop = new Dropout(dropRate)
    this.last_linear = new Linear(1536, numClasses)
  }

  forwardFeatures(x: Tensor): Tensor {
    return this.stagesOf(this.features, x, [3, 4, 7, 10, 14, 18, 22])
  }

  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const descriptor = x.mean([2, 3])
    return preLogits ? descriptor : this.last_linear.forward(this.head_drop.forward(descriptor))
  }

  classifierNames(): readonly string[] {
    return ['last_linear']
  }
}

export const variants: Readonly<Record<InceptionV4Name, Variant<InceptionV4Options>>> = {
  inception_v4: {
    options: { ...networkOptions, dropRate: 'probability' },
    create: (options) => new InceptionV4(options),
  },
}
