import {
  BatchNorm1d,
  BatchNorm2d,
  Conv2d,
  Dropout,
  F,
  init,
  Linear,
  Module,
  Sequential,
} from '../nn/index.ts'
import { concat, type Tensor } from '../tensor/index.ts'
import type { OptionKinds } from '../tensor/options.ts'
import {
  type FeatureInfo,
  type HeadOptions,
  Network,
  type NetworkOptions,
  networkOptions,
  type Variant,
} from './network.ts'
import { ResNetTrunk } from './resnet-trunk.ts'

export interface PCBOptions extends NetworkOptions {
  /** Of the pooled stripes, in training. */
  readonly dropout?: number
}

export interface RPPOptions extends PCBOptions {
  /** Multiplies the part classifier's scores before their softmax (the reference's T). */
  readonly temperature?: number
  /** Channels that the part classifier sees: means over neighbouring ones of the 2048 (the reference's dim). */
  readonly dim?: number
}

export interface DescriptorOptions {
  /** Adds the stripes of the mirrored image before they are normalized. */
  readonly flip?: boolean
}

const parts = 6
const partIndices: readonly number[] = Array.from({ length: parts }, (_, i) => i)
const reducedChannels = 256

/**
 * A person's image as six horizontal stripes, each with a classifier of its own (Sun et al. 2017). Images are taller than
 * wide; retrieval compares `descriptor`s, classification (`forward`) takes the mean of the six classifiers' scores.
 */
abstract class PartNetwork extends Network {
  abstract override numClasses: number
  abstract override readonly featureInfo: readonly FeatureInfo[]

  protected abstract get trunk(): ResNetTrunk
  /** The pooled stripes [batch, 2048, 6, 1] of the last map. */
  protected abstract stripes(x: Tensor): Tensor
  /** The scores [batch, numClasses] of each stripe. */
  protected abstract scores(stripes: Tensor): Tensor[]

  forwardFeatures(x: Tensor): Tensor {
    return this.trunk.stages.reduce((y, layer) => this.stage(layer, y), this.trunk.stem(x))
  }

  /** The mean of the six classifiers' scores; as descriptor the stripes, each of length 1, one after the other. */
  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const stripes = this.stripes(x)
    if (preLogits) return F.normalize(stripes, { axis: 1 }).flatten(1)
    const scores = this.scores(stripes)
    return scores.reduce((a, b) => a.add(b)).div(parts)
  }

  /**
   * The retrieval descriptor [batch, 12288] of images, of length 1: the six stripes, which count the same whatever their
   * length. Descriptors of the same person have a high inner product.
   */
  descriptor(x: Tensor, { flip = false }: DescriptorOptions = {}): Tensor {
    const stripes = this.stripes(this.forwardFeatures(x))
    const all = flip ? stripes.add(this.stripes(this.forwardFeatures(x.flip(3)))) : stripes
    return F.normalize(all, { axis: 1 }).div(Math.sqrt(parts)).flatten(1)
  }
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

class ClassBlock extends Module {
  add_block: Sequential
  classifier: Sequential

  constructor(inFeatures: number, numClasses: number, dropout: number) {
    super()
    const reduce = new Linear(inFeatures, reducedChannels)
    init.kaimingNormal(reduce.weight, { mode: 'fanOut' })
    init.zeros(reduce.bias!)
    const norm = new BatchNorm1d(reducedChannels)
    init.normal(norm.weight!, 1, 0.02)
    this.add_block = new Sequential(reduce, norm, new Dropout(dropout))
    this.classifier = new Sequential(initialized(new Linear(reducedChannels, numClasses), 0.0001))
  }

  override forward(x: Tensor): Tensor {
    return this.classifier.forward(this.add_block.forward(x))
  }
}

/** Zheng's network: every stripe has a reduction of its own, without activation. */
export class LayumiPCB extends PartNetwork {
  model: ResNetTrunk
  classifier0: ClassBlock
  classifier1: ClassBlock
  classifier2: ClassBlock
  classifier3: ClassBlock
  classifier4: ClassBlock
  classifier5: ClassBlock
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[]
  protected dropout: Dropout

  constructor({ numClasses = 751, inChannels = 3, dropout = 0.5 }: PCBOptions = {}) {
    super()
    this.numClasses = numClasses
    this.model = new ResNetTrunk({ inChannels, lastStride: 1 })
    const block = (): ClassBlock => new ClassBlock(this.model.channels, numClasses, dropout)
    this.classifier0 = block()
    this.classifier1 = block()
    this.classifier2 = block()
    this.classifier3 = block()
    this.classifier4 = block()
    this.classifier5 = block()
    this.dropout = new Dropout(dropout)
    this.featureInfo = this.model.featureInfo('model')
  }

  protected get trunk(): ResNetTrunk {
    return this.model
  }

  protected stripes(x: Tensor): Tensor {
    return F.adaptiveAvgPool2d(x, [parts, 1])
  }

  protected scores(stripes: Tensor): Tensor[] {
    const { classifier0, classifier1, classifier2, classifier3, classifier4, classifier5 } = this
    const blocks = [classifier0, classifier1, classifier2, classifier3, classifier4, classifier5]
    const kept = this.dropout.forward(stripes)
    return blocks.map((block, i) => block.forward(kept.narrow(2, i, 1).flatten(1)))
  }

  /** The six classifiers' scores. */
  override forwardAll(x: Tensor): readonly Tensor[] {
    return this.scores(this.stripes(this.forwardFeatures(x)))
  }

  classifierNames(): readonly string[] {
    return partIndices.map((i) => `classifier${i}.classifier.0`)
  }

  override headNames(): readonly string[] {
    return partIndices.map((i) => `classifier${i}`)
  }

  protected override initializeClassifier(layer: Linear): void {
    initialized(layer, 0.0001)
  }
}

function initialized(layer: Linear, std: number): Linear {
  init.normal(layer.weight, 0, std)
  init.zeros(layer.bias!)
  return layer
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
