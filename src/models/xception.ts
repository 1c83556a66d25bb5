import { BatchNorm2d, Conv2d, F, init, Linear, MaxPool2d, Module, ReLU, Sequential } from '../nn/index.ts'
import type { Tensor } from '../tensor/index.ts'
import { chain } from './blocks/index.ts'
import {
  type FeatureInfo,
  type HeadOptions,
  Network,
  type NetworkOptions,
  networkOptions,
  type Variant,
} from './network.ts'
import type { XceptionName } from './xception.metadata.ts'

export interface XceptionOptions extends NetworkOptions {
  /** False leaves the classifier away: the outputs are the descriptor, or the last feature map without pooling. */
  readonly includeTop?: boolean
  /** How the last feature map becomes a descriptor: 'avg' unless given, null (none) where there is no classifier. */
  readonly pooling?: 'avg' | 'max' | null
  /** Before the classifier; 0 unless given. */
  readonly dropRate?: number
  /** Batch normalization's epsilon and the padding of the pooling as in Keras, for weights from there. */
  readonly keras?: boolean
}

/** What Keras's and PyTorch's definitions differ in. */
interface Flavour {
  readonly norm: (channels: number) => BatchNorm2d
  readonly pool: () => MaxPool2d
}

/** A 3x3 convolution of each channel alone, then a 1x1 convolution (section 3.1 of the paper); nothing in between. */
export class SeparableConv2d extends Module {
  conv1: Conv2d
  pointwise: Conv2d

  constructor(inChannels: number, outChannels: number) {
    super()
    this.conv1 = new Conv2d(inChannels, inChannels, 3, { padding: 1, groups: inChannels, bias: false })
    this.pointwise = new Conv2d(inChannels, outChannels, 1, { bias: false })
  }

  override forward(x: Tensor): Tensor {
    return this.pointwise.forward(this.conv1.forward(x))
  }
}

interface BlockSpec {
  /** Input channels, then the output channels of each separable convolution. */
  readonly widths: readonly number[]
  /** Whether the block ends in max pooling of stride 2; its shortcut is a 1x1 convolution then. */
  readonly shrinks: boolean
  /** Whether the first convolution takes rectified inputs, as all others do; true unless given. */
  readonly startsRectified?: boolean
}

/** Separable convolutions, each of rectified inputs and normalized, with a shortcut. */
class Block extends Module {
  skip: Conv2d | null
  skipbn: BatchNorm2d | null
  rep: Sequential

  constructor({ widths, shrinks, startsRectified = true }: BlockSpec, { norm, pool }: Flavour) {
    super()
    const [first, last] = [widths[0]!, widths.at(-1)!]
    this.skip = shrinks ? new Conv2d(first, last, 1, { stride: 2, bias: false }) : null
    this.skipbn = shrinks ? norm(last) : null
    const layers = widths
      .slice(1)
      .flatMap((width, i) => [new ReLU(), new SeparableConv2d(widths[i]!, width), norm(width)])
    this.rep = new Sequential(...layers.slice(startsRectified ? 0 : 1), ...(shrinks ? [pool()] : []))
  }

  override forward(x: Tensor): Tensor {
    const residual: Tensor = this.rep.forward(x)
    return residual.add(this.skip && this.skipbn ? this.skipbn.forward(this.skip.forward(x)) : x)
  }
}

/** Xception (Chollet 2016), images of 71 pixels at least in Keras; here of 3 at least. */
export class Xception extends Network {
  conv1: Conv2d
  bn1: BatchNorm2d
  act1: ReLU
  conv2: Conv2d
  bn2: BatchNorm2d
  act2: ReLU
  block1: Block
  block2: Block
  block3: Block
  block4: Block
  block5: Block
  block6: Block
  block7: Block
  block8: Block
  block9: Block
  block10: Block
  block11: Block
  block12: Block
  conv3: SeparableConv2d
  bn3: BatchNorm2d
  act3: ReLU
  conv4: SeparableConv2d
  bn4: BatchNorm2d
  act4: ReLU
  fc: Linear | null
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[] = [
    { name: 'act2', channels: 64, stride: 2 },
    { name: 'block2.rep.0', channels: 128, stride: 4 },
    { name: 'block3.rep.0', channels: 256, stride: 8 },
    { name: 'block12.rep.0', channels: 728, stride: 16 },
    { name: 'act4', channels: 2048, stride: 32 },
  ]
  readonly #pooling: 'avg' | 'max' | null
  readonly #dropRate: number

  constructor(options: XceptionOptions = {}) {
    super()
    const { numClasses = 1000, inChannels = 3, includeTop = true, dropRate = 0, keras = false } = options
    const { pooling = includeTop ? 'avg' : null } = options
    if (includeTop && pooling === null) {
      throw new TypeError(
        "Xception: the classifier needs pooling ('avg' or 'max'); without one, set includeTop: false",
      )
    }
    const flavour: Flavour = {
      norm: (channels) => new BatchNorm2d(channels, { eps: keras ? 1e-3 : 1e-5 }),
      pool: () => new MaxPool2d(3, { stride: 2, padding: keras ? 'sameTensorFlow' : 1 }),
    }
    const { norm } = flavour
    const middle = (): Block => new Block({ widths: [728, 728, 728, 728], shrinks: false }, flavour)
    this.numClasses = includeTop ? numClasses : 0
    this.#pooling = pooling
    this.#dropRate = dropRate
    this.conv1 = new Conv2d(inChannels, 32, 3, { stride: 2, bias: false })
    this.bn1 = norm(32)
    this.act1 = new ReLU()
    this.conv2 = new Conv2d(32, 64, 3, { bias: false })
    this.bn2 = norm(64)
    this.act2 = new ReLU()
    this.block1 = new Block({ widths: [64, 128, 128], shrinks: true, startsRectified: false }, flavour)
    this.block2 = new Block({ widths: [128, 256, 256], shrinks: true }, flavour)
    this.block3 = new Block({ widths: [256, 728, 728], shrinks: true }, flavour)
    this.block4 = middle()
    this.block5 = middle()
    this.block6 = middle()
    this.block7 = middle()
    this.block8 = middle()
    this.block9 = middle()
    this.block10 = middle()
    this.block11 = middle()
    this.block12 = new Block({ widths: [728, 728, 1024], shrinks: true }, flavour)
    this.conv3 = new SeparableConv2d(1024, 1536)
    this.bn3 = norm(1536)
    this.act3 = new ReLU()
    this.conv4 = new SeparableConv2d(1536, 2048)
    this.bn4 = norm(2048)
    this.act4 = new ReLU()
    this.fc = includeTop ? new Linear(2048, numClasses) : null
    for (const module of this.modules()) {
      if (module instanceof Conv2d)
        init.kaimingNormal(module.weight, { mode: 'fanOut', nonlinearity: 'relu' })
    }
  }

  forwardFeatures(x: Tensor): Tensor {
    return [
      chain(this.conv1, this.bn1, this.act1, this.conv2, this.bn2, this.act2),
      this.block1,
      this.block2,
      this.block3,
      chain(this.block4, this.block5),
      chain(this.block6, this.block7),
      chain(this.block8, this.block9),
      chain(this.block10, this.block11),
      this.block12,
      chain(this.conv3, this.bn3, this.act3, this.conv4, this.bn4, this.act4),
    ].reduce<Tensor>((y, stage) => this.stage(stage, y), x)
  }

  /** Without a classifier: what the pooling makes of the map, or the map itself. */
  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const descriptor =
      this.#pooling === null ? x : this.#pooling === 'avg' ? x.mean([2, 3]) : F.globalMaxPool(x)
    if (preLogits || this.fc === null) return descriptor
    return this.fc.forward(F.dropout(descriptor, this.#dropRate, { training: this.training }))
  }

  classifierNames(): readonly string[] {
    return this.fc === null ? [] : ['fc']
  }

  override resetClassifier(numClasses: number): void {
    if (this.fc === null)
      throw new Error('resetClassifier: made with includeTop: false, there is no classifier')
    super.resetClassifier(numClasses)
  }
}

export const variants: Readonly<Record<XceptionName, Variant<XceptionOptions>>> = {
  legacy_xception: {
    options: {
      ...networkOptions,
      includeTop: 'flag',
      pooling: ['avg', 'max', null],
      dropRate: 'probability',
      keras: 'flag',
    },
    create: (options) => new Xception(options),
  },
}
