import { AvgPool2d, BatchNorm2d, Conv2d, F, Module, ModuleDict, ReLU, Sequential } from '../../nn/index.ts'
import { checkpoint, concat, type Tensor } from '../../tensor/index.ts'

export interface DenseLayerOptions {
  /** Channels between the two convolutions, as a multiple of the growth rate; 4 unless given. */
  readonly bnSize?: number
  /** The probability with which new elements are dropped in training; 0 unless given. */
  readonly dropRate?: number
  /** Computes the concatenation and what follows up to the second normalization again for the gradient. */
  readonly memoryEfficient?: boolean
}

/**
 * A layer of DenseNet-BC (Huang et al. 2016, section 3): BN-ReLU-1x1-BN-ReLU-3x3 over all maps before it. Takes maps
 * [batch, any, height, width] that have `inChannels` together, and gives the [batch, growthRate, height, width] that it adds.
 */
export class DenseLayer extends Module {
  norm1: BatchNorm2d
  relu1: ReLU
  conv1: Conv2d
  norm2: BatchNorm2d
  relu2: ReLU
  conv2: Conv2d
  readonly dropRate: number
  readonly memoryEfficient: boolean

  constructor(inChannels: number, growthRate: number, options: DenseLayerOptions = {}) {
    super()
    const { bnSize = 4, dropRate = 0, memoryEfficient = false } = options
    this.norm1 = new BatchNorm2d(inChannels)
    this.relu1 = new ReLU()
    this.conv1 = new Conv2d(inChannels, bnSize * growthRate, 1, { bias: false })
    this.norm2 = new BatchNorm2d(bnSize * growthRate)
    this.relu2 = new ReLU()
    this.conv2 = new Conv2d(bnSize * growthRate, growthRate, 3, { padding: 1, bias: false })
    this.dropRate = dropRate
    this.memoryEfficient = memoryEfficient
  }

  override forward(features: readonly Tensor[]): Tensor {
    const narrow = (): Tensor =>
      this.conv1.forward(this.relu1.forward(this.norm1.forward(concat(features, 1))))
    const bottleneck = this.memoryEfficient && this.training ? checkpoint(narrow) : narrow()
    const added: Tensor = this.conv2.forward(this.relu2.forward(this.norm2.forward(bottleneck)))
    return F.dropout(added, this.dropRate, { training: this.training })
  }
}

/** A layer that makes `growthRate` new channels from all maps before it. */
export type DenseLayerOf = (inChannels: number) => Module

/**
 * Layers each of which takes the block's input and the outputs of all before it, named `denselayer1`, `denselayer2` and so
 * on. Gives the input and all outputs, concatenated: `inChannels + layers * growthRate` channels.
 */
export class DenseBlock extends ModuleDict {
  constructor(layers: number, inChannels: number, growthRate: number, layer: DenseLayerOf) {
    super(
      Array.from(
        { length: layers },
        (_, i) => [`denselayer${i + 1}`, layer(inChannels + i * growthRate)] as const,
      ),
    )
  }

  override forward(x: Tensor): Tensor {
    const features = [x]
    for (const layer of this) features.push(layer.forward(features))
    return concat(features, 1)
  }
}

/** BN-ReLU-1x1, then the mean of 2x2 unless `pool` is false: what lies between the blocks of DenseNet. */
export class Transition extends Sequential {
  constructor(inChannels: number, outChannels: number, pool = true) {
    super({
      norm: new BatchNorm2d(inChannels),
      relu: new ReLU(),
      conv: new Conv2d(inChannels, outChannels, 1, { bias: false }),
      ...(pool && { pool: new AvgPool2d(2) }),
    })
  }
}
