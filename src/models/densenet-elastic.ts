import { BatchNorm2d, Conv2d, F, Module, ReLU } from '../nn/index.ts'
import { checkpoint, concat, type Tensor } from '../tensor/index.ts'
import { DenseBlock, type DenseLayerOptions, halved, restored } from './blocks/index.ts'
import { DenseNet, type DenseNetOptions, type DenseNetSpec, densenetOptions } from './densenet.ts'
import type { ElasticDenseNetName } from './densenet-elastic.metadata.ts'
import type { Variant } from './network.ts'

/**
 * A layer of DenseNet on two ways of half the width, whose results are added: one at the input's resolution and one, of the
 * parameters with `_d`, at half of it, but for maps of 7 rows, as the last ones of a 224x224 image are. Takes and gives what a
 * DenseLayer does.
 */
export class ElasticDenseLayer extends Module {
  conv1_d: Conv2d
  norm2_d: BatchNorm2d
  relu2_d: ReLU
  conv2_d: Conv2d
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
    const width = Math.floor((bnSize * growthRate) / 2)
    const grow = (): Conv2d => new Conv2d(width, growthRate, 3, { padding: 1, bias: false })
    this.conv1_d = new Conv2d(inChannels, width, 1, { bias: false })
    this.norm2_d = new BatchNorm2d(width)
    this.relu2_d = new ReLU()
    this.conv2_d = grow()
    this.norm1 = new BatchNorm2d(inChannels)
    this.relu1 = new ReLU()
    this.conv1 = new Conv2d(inChannels, width, 1, { bias: false })
    this.norm2 = new BatchNorm2d(width)
    this.relu2 = new ReLU()
    this.conv2 = grow()
    this.dropRate = dropRate
    this.memoryEfficient = memoryEfficient
  }

  override forward(features: readonly Tensor[]): Tensor {
    const size = features[0]!.shape.slice(2) as [number, number]
    const scaled = size[0] !== 7
    const narrow = (): Tensor[] => {
      const seen: Tensor = this.relu1.forward(this.norm1.forward(concat(features, 1)))
      return [this.conv1.forward(seen), this.conv1_d.forward(scaled ? halved(seen) : seen)]
    }
    const [high, low] = this.memoryEfficient && this.training ? checkpoint(narrow) : narrow()
    const fine: Tensor = this.conv2.forward(this.relu2.forward(this.norm2.forward(high!)))
    const coarse: Tensor = this.conv2_d.forward(this.relu2_d.forward(this.norm2_d.forward(low!)))
    const dropped = F.dropout(fine, this.dropRate, { training: this.training })
    return dropped.add(scaled ? restored(coarse, size) : coarse)
  }
}

/** A block of layers of two resolutions. */
export function elasticBlock(
  layers: number,
  inChannels: number,
  growthRate: number,
  options: DenseLayerOptions,
): DenseBlock {
  return new DenseBlock(layers, inChannels, growthRate, (c) => new ElasticDenseLayer(c, growthRate, options))
}

export const densenet201ElasticSpec: DenseNetSpec = {
  growthRate: 32,
  blockConfig: [10, 20, 40, 30],
  numInitFeatures: 64,
  lastNorm: 'norm_final',
  block: elasticBlock,
}

/** DenseNet with ELASTIC (Wang et al. 2018). Images of 29 pixels at least. */
export class ElasticDenseNet extends DenseNet {}

export const variants: Readonly<Record<ElasticDenseNetName, Variant<DenseNetOptions>>> = {
  densenet201_elastic: {
    options: densenetOptions,
    create: (options) => new ElasticDenseNet(densenet201ElasticSpec, options),
  },
}
