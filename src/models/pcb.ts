import { BatchNorm2d, Conv2d, Dropout, F, init, Linear, Module } from '../nn/index.ts'
import { concat, type Tensor } from '../tensor/index.ts'
import type { OptionKinds } from '../tensor/options.ts'
import { type FeatureInfo, networkOptions, type Variant } from './network.ts'
import { LayumiPCB } from './pcb-layumi.ts'
import {
  initialized,
  PartNetwork,
  type PCBOptions,
  partIndices,
  parts,
  reducedChannels,
} from './pcb-parts.ts'
import { ResNetTrunk } from './resnet-trunk.ts'

export { LayumiPCB } from './pcb-layumi.ts'
export type { DescriptorOptions, PCBOptions } from './pcb-parts.ts'

export interface RPPOptions extends PCBOptions {
  /** Multiplies the part classifier's scores before their softmax (the reference's T). */
  readonly temperature?: number
  /** Channels that the part classifier sees: means over neighbouring ones of the 2048 (the reference's dim). */
  readonly dim?: number
}

/**
 * Means over horizontal windows of equal height, [batch, channels, 6, 1]. Where the map's height is no multiple of six,
 * neighbours overlap.
 */
class StripePool extends Module {
  override forward(x: Tensor): Tensor {
    const [height, width] = x.shape.slice(2) as [number, number]
    const stride = Math.floor(height / parts)
    if (stride === 0) {
      throw new RangeError(
        `StripePool: a map of ${height} rows cannot be cut into ${parts} stripes; images must be 81 pixels high at least`,
      )
    }
    return F.avgPool2d(x, [height - (parts - 1) * stride, width], { stride: [stride, width] })
  }
}

/** The authors' network: one reduction shared by the stripes. Images are at least 81 pixels high. */
export class PCB extends PartNetwork {
  base: ResNetTrunk
  local_conv: Conv2d
  feat_bn2d: BatchNorm2d
  instance0: Linear
  instance1: Linear
  instance2: Linear
  instance3: Linear
  instance4: Linear
  instance5: Linear
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[]
  protected pool: StripePool
  protected drop: Dropout

  constructor({ numClasses = 751, inChannels = 3, dropout = 0.5 }: PCBOptions = {}) {
    super()
    this.numClasses = numClasses
    this.base = new ResNetTrunk({ inChannels, lastStride: 1 })
    this.local_conv = new Conv2d(this.base.channels, reducedChannels, 1, { bias: false })
    init.kaimingNormal(this.local_conv.weight, { mode: 'fanOut' })
    this.feat_bn2d = new BatchNorm2d(reducedChannels)
    const classifier = (): Linear => initialized(new Linear(reducedChannels, numClasses), 0.001)
    this.instance0 = classifier()
    this.instance1 = classifier()
    this.instance2 = classifier()
    this.instance3 = classifier()
    this.instance4 = classifier()
    this.instance5 = classifier()
    this.pool = new StripePool()
    this.drop = new Dropout(dropout)
    this.featureInfo = this.base.featureInfo('base')
  }

  protected get trunk(): ResNetTrunk {
    return this.base
  }

  protected stripes(x: Tensor): Tensor {
    return this.pool.forward(x)
  }

  protected scores(stripes: Tensor): Tensor[] {
    const reduced = this.local_conv.forward(this.drop.forward(stripes))
    const features = this.feat_bn2d.forward(reduced).relu()
    return partIndices.map((i) => this.#classifiers[i]!.forward(features.narrow(2, i, 1).flatten(1)))
  }

  get #classifiers(): readonly Linear[] {
    const { instance0, instance1, instance2, instance3, instance4, instance5 } = this
    return [instance0, instance1, instance2, instance3, instance4, instance5]
  }

  /** The stripes [batch, 2048, 6, 1], each of length 1, and the six classifiers' scores. */
  override forwardAll(x: Tensor): readonly Tensor[] {
    const stripes = this.stripes(this.forwardFeatures(x))
    return [F.normalize(stripes, { axis: 1 }), ...this.scores(stripes)]
  }

  override get lossWeights(): readonly number[] {
    return [0, 1]
  }

  classifierNames(): readonly string[] {
    return partIndices.map((i) => `instance${i}`)
  }

  override headNames(): readonly string[] {
    return ['local_conv', 'feat_bn2d', ...this.classifierNames()]
  }

  protected override initializeClassifier(layer: Linear): void {
    initialized(layer, 0.001)
  }
}

/**
 * PCB with refined part pooling: a classifier assigns every place of the map to the parts, whose features are means weighted
 * by it. It starts from the weights of a trained PCB (`loadStateDict(weights, { strict: false })`); the paper trains the part
 * classifier `local_mask` alone at first.
 */
export class RefinedPCB extends PCB {
  local_mask: Conv2d
  readonly #temperature: number
  readonly #group: number

  constructor({ temperature = 1, dim = 256, ...options }: RPPOptions = {}) {
    super(options)
    if (this.base.channels % dim !== 0) {
      throw new RangeError(`RefinedPCB: dim must divide ${this.base.channels}, got ${dim}`)
    }
    this.#temperature = temperature
    this.#group = this.base.channels / dim
    this.local_mask = new Conv2d(dim, parts, 1)
    init.kaimingNormal(this.local_mask.weight, { mode: 'fanOut' })
    init.zeros(this.local_mask.bias!)
  }

  /** The share [batch, 6, height, width] of each part in every place of the map. */
  masks(x: Tensor): Tensor {
    const [batch, channels, height, width] = x.shape as [number, number, number, number]
    const pooled = this.drop
      .forward(x)
      .reshape([batch, channels / this.#group, this.#group, height, width])
      .mean(2)
    const centred = pooled.sub(pooled.mean([2, 3], true))
    return this.local_mask.forward(centred).mul(this.#temperature).softmax(1)
  }

  protected override stripes(x: Tensor): Tensor {
    return this.#pooled(x, this.masks(x))
  }

  #pooled(x: Tensor, masks: Tensor): Tensor {
    const means = partIndices.map((i) => x.mul(masks.narrow(1, i, 1)).mean([2, 3], true))
    return concat(means, 2).mul(parts)
  }

  /** As PCB's, followed by the masks. */
  override forwardAll(x: Tensor): readonly Tensor[] {
    const map = this.forwardFeatures(x)
    const masks = this.masks(map)
    const stripes = this.#pooled(map, masks)
    return [F.normalize(stripes, { axis: 1 }), ...this.scores(stripes), masks]
  }

  override get lossWeights(): readonly number[] {
    return [0, ...partIndices.map(() => 1), 0]
  }

  override headNames(): readonly string[] {
    return [...super.headNames(), 'local_mask']
  }
}

const pcbOptions: OptionKinds<PCBOptions> = { ...networkOptions, dropout: 'probability' }

export const variants: {
  readonly pcb_resnet50: Variant<PCBOptions>
  readonly pcb_rpp_resnet50: Variant<RPPOptions>
  readonly pcb_resnet50_layumi: Variant<PCBOptions>
} = {
  pcb_resnet50: { options: pcbOptions, create: (options) => new PCB(options) },
  pcb_rpp_resnet50: {
    options: { ...pcbOptions, temperature: 'number', dim: 'count' },
    create: (options) => new RefinedPCB(options),
  },
  pcb_resnet50_layumi: { options: pcbOptions, create: (options) => new LayumiPCB(options) },
}
