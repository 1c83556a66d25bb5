import {
  AvgPool2d,
  BatchNorm2d,
  Conv2d,
  F,
  init,
  Linear,
  Module,
  ModuleDict,
  ReLU,
  Sequential,
} from '../nn/index.ts'
import { checkpoint, concat, type Tensor } from '../tensor/index.ts'
import type { OptionKinds } from '../tensor/options.ts'
import type { CifarDenseNetName } from './densenet-cifar.metadata.ts'
import {
  type FeatureInfo,
  type HeadOptions,
  Network,
  type NetworkOptions,
  networkOptions,
  type Variant,
} from './network.ts'

export interface CifarDenseNetOptions extends NetworkOptions {
  /** Channels that each layer adds. */
  readonly growthRate?: number
  /** The share of the channels that a transition keeps: 1 for plain networks, 0.5 for BC, as in the paper. */
  readonly compression?: number
  /** Channels of the stem: 16 for plain networks, twice the growth rate for BC. */
  readonly numInitFeatures?: number
  /** The probability with which the elements that a layer adds are dropped in training. */
  readonly dropRate?: number
  /** Computes all concatenations again for the gradient: memory grows linearly with depth instead of quadratically. */
  readonly memoryEfficient?: boolean
}

/** BN-ReLU-convolution, with pytorchcv's names. */
class PreConv extends Module {
  bn: BatchNorm2d
  activ: ReLU
  conv: Conv2d

  constructor(inChannels: number, outChannels: number, kernelSize: 1 | 3) {
    super()
    this.bn = new BatchNorm2d(inChannels)
    this.activ = new ReLU()
    this.conv = new Conv2d(inChannels, outChannels, kernelSize, {
      padding: (kernelSize - 1) / 2,
      bias: false,
    })
  }

  override forward(x: Tensor): Tensor {
    return this.conv.forward(this.activ.forward(this.bn.forward(x)))
  }
}

/** The convolutions of a layer, one or two of them, over all maps before it. */
class Unit extends ModuleDict {
  readonly dropRate: number
  readonly memoryEfficient: boolean

  constructor(
    layers: readonly (readonly [string, PreConv])[],
    { dropRate = 0, memoryEfficient = false }: CifarDenseNetOptions,
  ) {
    super(layers)
    this.dropRate = dropRate
    this.memoryEfficient = memoryEfficient
  }

  override forward(features: readonly Tensor[]): Tensor {
    const [first, ...rest] = this as Iterable<Module> as Iterable<PreConv>
    const wide = (): Tensor => first!.forward(concat(features, 1))
    const narrowed = this.memoryEfficient && this.training ? checkpoint(wide) : wide()
    const added = rest.reduce((y, layer) => layer.forward(y), narrowed)
    return F.dropout(added, this.dropRate, { training: this.training })
  }
}

/** A transition to half the size, except in the first stage, and then layers that each see all maps of the stage. */
class Stage extends ModuleDict {
  override forward(x: Tensor): Tensor {
    const features = [x]
    for (const module of this) {
      if (module instanceof Unit) features.push(module.forward(features))
      else features[0] = module.forward(x)
    }
    return concat(features, 1)
  }
}

class CifarTransition extends Module {
  conv: PreConv
  pool: AvgPool2d

  constructor(inChannels: number, outChannels: number) {
    super()
    this.conv = new PreConv(inChannels, outChannels, 1)
    this.pool = new AvgPool2d(2)
  }

  override forward(x: Tensor): Tensor {
    return this.pool.forward(this.conv.forward(x))
  }
}

/** The number of layers as the paper counts them, convolutions and the classifier, and whether they have bottlenecks. */
interface CifarDenseNetSpec {
  readonly depth: number
  readonly growthRate: number
  readonly bottleneck: boolean
}

/** The DenseNets for images of 32x32 (Huang et al. 2016, section 4): three blocks at full, half and a quarter of the size. */
export class CifarDenseNet extends Network {
  features: Sequential
  output: Linear
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[]

  constructor({ depth, bottleneck, ...spec }: CifarDenseNetSpec, options: CifarDenseNetOptions = {}) {
    super()
    const { numClasses = 10, inChannels = 3, growthRate = spec.growthRate } = options
    const { compression = bottleneck ? 0.5 : 1, numInitFeatures = bottleneck ? 2 * growthRate : 16 } = options
    if (!(compression > 0 && compression <= 1)) {
      throw new RangeError(`CifarDenseNet: compression must be above 0 and at most 1, got ${compression}`)
    }
    const unit = (from: number): Unit => {
      const middle = 4 * growthRate
      const layers: [string, PreConv][] = bottleneck
        ? [
            ['conv1', new PreConv(from, middle, 1)],
            ['conv2', new PreConv(middle, growthRate, 3)],
          ]
        : [['conv', new PreConv(from, growthRate, 3)]]
      return new Unit(layers, options)
    }
    const units = (depth - 4) / (bottleneck ? 6 : 3)
    const stages: [string, Module][] = []
    const featureInfo: FeatureInfo[] = []
    let channels = numInitFeatures
    for (let i = 1; i <= 3; i++) {
      const modules: [string, Module][] = []
      if (i > 1) {
        const kept = Math.floor(channels * compression)
        modules.push([`trans${i}`, new CifarTransition(channels, kept)])
        channels = kept
      }
      for (let j = 1; j <= units; j++) {
        modules.push([`unit${j}`, unit(channels)])
        channels += growthRate
      }
      stages.push([`stage${i}`, new Stage(modules)])
      featureInfo.push({ name: `features.stage${i}`, channels, stride: 2 ** (i - 1) })
    }
    this.numClasses = numClasses
    this.features = new Sequential(
      ['init_block', new Conv2d(inChannels, numInitFeatures, 3, { padding: 1, bias: false })],
      ...stages,
      ['post_activ', new Sequential({ bn: new BatchNorm2d(channels), activ: new ReLU() })],
    )
    this.output = new Linear(channels, numClasses)
    this.featureInfo = featureInfo
    for (const module of this.modules()) if (module instanceof Conv2d) init.kaimingUniform(module.weight)
  }

  forwardFeatures(x: Tensor): Tensor {
    return this.stagesOf(this.features, x, [2, 3, 4])
  }

  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const descriptor = x.mean([2, 3])
    return preLogits ? descriptor : this.output.forward(descriptor)
  }

  classifierNames(): readonly string[] {
    return ['output']
  }

  override headNames(): readonly string[] {
    return ['features.post_activ', 'output']
  }
}

const cifarOptions: OptionKinds<CifarDenseNetOptions> = {
  ...networkOptions,
  growthRate: 'count',
  compression: 'number',
  numInitFeatures: 'count',
  dropRate: 'probability',
  memoryEfficient: 'flag',
}

const variant = (depth: number, growthRate: number, bottleneck: boolean): Variant<CifarDenseNetOptions> => ({
  options: cifarOptions,
  create: (options) => new CifarDenseNet({ depth, growthRate, bottleneck }, options),
})

export const variants: Readonly<Record<CifarDenseNetName, Variant<CifarDenseNetOptions>>> = {
  densenet40_k12_cifar10: variant(40, 12, false),
  densenet100_k12_cifar10: variant(100, 12, false),
  densenet100_k24_cifar10: variant(100, 24, false),
  densenet40_k12_bc_cifar10: variant(40, 12, true),
  densenet40_k24_bc_cifar10: variant(40, 24, true),
  densenet40_k36_bc_cifar10: variant(40, 36, true),
  densenet100_k12_bc_cifar10: variant(100, 12, true),
  densenet190_k40_bc_cifar10: variant(190, 40, true),
  densenet250_k24_bc_cifar10: variant(250, 24, true),
}
