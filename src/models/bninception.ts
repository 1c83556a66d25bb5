import { AvgPool2d, Conv2d, init, Linear, MaxPool2d, type Module, Sequential } from '../nn/index.ts'
import type { Tensor } from '../tensor/index.ts'
import { Concurrent, ConvNormAct, chain } from './blocks/index.ts'
import type { BnInceptionName } from './bninception.metadata.ts'
import {
  type FeatureInfo,
  type HeadOptions,
  Network,
  type NetworkOptions,
  networkOptions,
  type Variant,
} from './network.ts'

/** Convolutions have a bias although normalization follows, as the published weights do. */
const unit = (from: number, to: number, kernel: number, stride = 1): ConvNormAct =>
  new ConvNormAct(from, to, kernel, { stride, bias: true })

/** A 1x1 convolution, then one or two 3x3 convolutions, of which the last has the stride. */
function branch(
  from: number,
  reduced: number,
  to: number,
  { twice = false, stride = 1 }: { readonly twice?: boolean; readonly stride?: number } = {},
): Sequential {
  return new Sequential({
    conv1: unit(from, reduced, 1),
    conv2: unit(reduced, to, 3, twice ? 1 : stride),
    ...(twice && { conv3: unit(to, to, 3, stride) }),
  })
}

/** A row of table 1 of the paper: the channels of the branches, and how the last one pools. */
interface Mixed {
  readonly conv1x1: number
  readonly conv3x3: readonly [reduced: number, channels: number]
  readonly double3x3: readonly [reduced: number, channels: number]
  readonly pool: 'avg' | 'max'
  readonly projection: number
}

const inceptionUnit = (from: number, spec: Mixed): Concurrent =>
  new Concurrent({
    branch1: unit(from, spec.conv1x1, 1),
    branch2: branch(from, ...spec.conv3x3),
    branch3: branch(from, ...spec.double3x3, { twice: true }),
    branch4: new Sequential({
      pool:
        spec.pool === 'avg'
          ? new AvgPool2d(3, { stride: 1, padding: 1 })
          : new MaxPool2d(3, { stride: 1, padding: 1 }),
      conv: unit(from, spec.projection, 1),
    }),
  })

/** The same with stride 2: without the 1x1 branch, and with the pooled map as it is. */
const reductionUnit = (
  from: number,
  { conv3x3, double3x3 }: Pick<Mixed, 'conv3x3' | 'double3x3'>,
): Concurrent =>
  new Concurrent({
    branch1: branch(from, ...conv3x3, { stride: 2 }),
    branch2: branch(from, ...double3x3, { twice: true, stride: 2 }),
    branch3: new MaxPool2d(3, { stride: 2, ceilMode: true }),
  })

type Row = readonly [
  conv1x1: number,
  conv3x3: Mixed['conv3x3'],
  double3x3: Mixed['double3x3'],
  projection: number,
  pool?: 'max',
]

/** 3a to 5b; the first of a stage has stride 2 unless it is the first of all, and then neither 1x1 branch nor projection. */
const stages: readonly (readonly Row[])[] = [
  [
    [64, [64, 64], [64, 96], 32],
    [64, [64, 96], [64, 96], 64],
  ],
  [
    [0, [128, 160], [64, 96], 0],
    [224, [64, 96], [96, 128], 128],
    [192, [96, 128], [96, 128], 128],
    [160, [128, 160], [128, 160], 128],
    [96, [128, 192], [160, 192], 128],
  ],
  [
    [0, [128, 192], [192, 256], 0],
    [352, [192, 320], [160, 224], 128],
    [352, [192, 320], [192, 224], 128, 'max'],
  ],
]

/**
 * Inception V2, or BN-Inception (Ioffe and Szegedy 2015). Sides of images are a multiple of 32 pixels, one fewer or up to six
 * more: where stages begin, convolutions and pooling halve maps of other sizes to different ones.
 */
export class BnInception extends Network {
  features: Sequential
  output: Linear
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[] = [
    { name: 'features.init_block.conv1', channels: 64, stride: 2 },
    { name: 'features.init_block.conv2', channels: 192, stride: 4 },
    { name: 'features.stage1', channels: 320, stride: 8 },
    { name: 'features.stage2', channels: 608, stride: 16 },
    { name: 'features.stage3', channels: 1024, stride: 32 },
  ]

  constructor({ numClasses = 1000, inChannels = 3 }: NetworkOptions = {}) {
    super()
    this.numClasses = numClasses
    const pool = (): MaxPool2d => new MaxPool2d(3, { stride: 2, ceilMode: true })
    const modules: Record<string, Module> = {
      init_block: new Sequential({
        conv1: unit(inChannels, 64, 7, 2),
        pool1: pool(),
        conv2: branch(64, 64, 192),
        pool2: pool(),
      }),
    }
    let channels = 192
    for (const [i, rows] of stages.entries()) {
      const units: Record<string, Module> = {}
      for (const [j, [conv1x1, conv3x3, double3x3, projection, pooling = 'avg']] of rows.entries()) {
        const reduces = i > 0 && j === 0
        const branches = reduces
          ? reductionUnit(channels, { conv3x3, double3x3 })
          : inceptionUnit(channels, { conv1x1, conv3x3, double3x3, projection, pool: pooling })
        units[`unit${j + 1}`] = new Sequential({ branches })
        channels = conv1x1 + conv3x3[1] + double3x3[1] + (reduces ? channels : projection)
      }
      modules[`stage${i + 1}`] = new Sequential(units)
    }
    this.features = new Sequential(modules)
    this.output = new Linear(channels, numClasses)
    for (const module of this.modules()) {
      if (!(module instanceof Conv2d)) continue
      init.kaimingUniform(module.weight)
      init.zeros(module.bias!)
    }
  }

  forwardFeatures(x: Tensor): Tensor {
    const stem = this.features.get('init_block') as Sequential
    return [
      stem.get('conv1'),
      chain(stem.get('pool1'), stem.get('conv2')),
      chain(stem.get('pool2'), this.features.get('stage1')),
      this.features.get('stage2'),
      this.features.get('stage3'),
    ].reduce<Tensor>((y, stage) => this.stage(stage, y), x)
  }

  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const descriptor = x.mean([2, 3])
    return preLogits ? descriptor : this.output.forward(descriptor)
  }

  classifierNames(): readonly string[] {
    return ['output']
  }
}

export const variants: Readonly<Record<BnInceptionName, Variant<NetworkOptions>>> = {
  bninception: { options: networkOptions, create: (options) => new BnInception(options) },
}
