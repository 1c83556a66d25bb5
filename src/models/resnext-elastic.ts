import { BatchNorm2d, Conv2d, F, init, Linear, MaxPool2d, Module, ReLU, Sequential } from '../nn/index.ts'
import type { Tensor } from '../tensor/index.ts'
import type { OptionKinds } from '../tensor/options.ts'
import { halved, restored, SqueezeExcite } from './blocks/index.ts'
import {
  type FeatureInfo,
  type HeadOptions,
  Network,
  type NetworkOptions,
  networkOptions,
  type Variant,
} from './network.ts'
import type { ElasticResNeXtName } from './resnext-elastic.metadata.ts'

export interface ElasticResNeXtOptions extends NetworkOptions {
  /** Groups of the 3x3 convolutions, half of them on each way; 32 unless given. */
  readonly cardinality?: number
}

interface BlockSpec {
  readonly inplanes: number
  readonly planes: number
  readonly stride: number
  readonly groups: number
  readonly elastic: boolean
  readonly squeezeExcite: boolean
}

/**
 * A bottleneck of two ways whose sum is normalised. Where it is elastic, the way of the parameters with `_d` sees half of the
 * resolution.
 */
class ElasticBottleneck extends Module {
  static readonly expansion = 4
  conv1_d: Conv2d
  bn1_d: BatchNorm2d
  conv2_d: Conv2d
  bn2_d: BatchNorm2d
  conv3_d: Conv2d
  conv1: Conv2d
  bn1: BatchNorm2d
  conv2: Conv2d
  bn2: BatchNorm2d
  conv3: Conv2d
  bn3: BatchNorm2d
  selayer: SqueezeExcite | null
  downsample: Sequential | null
  readonly elastic: boolean

  constructor({ inplanes, planes, stride, groups, elastic, squeezeExcite }: BlockSpec) {
    super()
    const out = planes * ElasticBottleneck.expansion
    const narrow = (): Conv2d => new Conv2d(inplanes, planes, 1, { bias: false })
    const grouped = (): Conv2d => new Conv2d(planes, planes, 3, { stride, padding: 1, groups, bias: false })
    const widen = (): Conv2d => new Conv2d(planes, out, 1, { bias: false })
    this.conv1_d = narrow()
    this.bn1_d = new BatchNorm2d(planes)
    this.conv2_d = grouped()
    this.bn2_d = new BatchNorm2d(planes)
    this.conv3_d = widen()
    this.conv1 = narrow()
    this.bn1 = new BatchNorm2d(planes)
    this.conv2 = grouped()
    this.bn2 = new BatchNorm2d(planes)
    this.conv3 = widen()
    this.bn3 = new BatchNorm2d(out)
    this.selayer = squeezeExcite ? new SqueezeExcite(out, out / 16, { names: ['conv1', 'conv2'] }) : null
    this.downsample =
      stride !== 1 || inplanes !== out
        ? new Sequential(new Conv2d(inplanes, out, 1, { stride, bias: false }), new BatchNorm2d(out))
        : null
    this.elastic = elastic
  }

  override forward(x: Tensor): Tensor {
    const size = x.shape.slice(2) as [number, number]
    const low = this.#low(this.elastic ? halved(x) : x)
    const high = F.relu(this.bn2.forward(this.conv2.forward(F.relu(this.bn1.forward(this.conv1.forward(x))))))
    const sum = this.conv3.forward(high).add(this.elastic ? restored(low, size) : low)
    const normalized: Tensor = this.bn3.forward(sum)
    const residual = this.selayer ? this.selayer.forward(normalized) : normalized
    return F.relu(residual.add(this.downsample ? this.downsample.forward(x) : x))
  }

  #low(x: Tensor): Tensor {
    const narrow = F.relu(this.bn1_d.forward(this.conv1_d.forward(x)))
    return this.conv3_d.forward(F.relu(this.bn2_d.forward(this.conv2_d.forward(narrow))))
  }
}

interface ElasticResNeXtSpec {
  readonly depths: readonly [number, number, number, number]
  readonly elastic: boolean
  readonly squeezeExcite: boolean
}

/**
 * ResNeXt with ELASTIC (Wang et al. 2018), and the networks that its authors compare with: ResNeXts of the same two ways, both
 * at full resolution. Images of any size.
 */
export class ElasticResNeXt extends Network {
  conv1: Conv2d
  bn1: BatchNorm2d
  relu: ReLU
  maxpool: MaxPool2d
  layer1: Sequential
  layer2: Sequential
  layer3: Sequential
  layer4: Sequential
  fc: Linear
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[]

  constructor({ depths, elastic, squeezeExcite }: ElasticResNeXtSpec, options: ElasticResNeXtOptions = {}) {
    super()
    const { numClasses = 1000, inChannels = 3, cardinality = 32 } = options
    if (cardinality % 2 !== 0) {
      throw new RangeError(`ElasticResNeXt: cardinality must be even, half for each way, got ${cardinality}`)
    }
    let inplanes = 64
    const stage = (index: number): Sequential => {
      const planes = 64 * 2 ** index
      const blocks = Array.from({ length: depths[index]! }, (_, i) => {
        const stride = i === 0 && index > 0 ? 2 : 1
        const block = new ElasticBottleneck({
          inplanes,
          planes,
          stride,
          groups: cardinality / 2,
          elastic: elastic && stride === 1 && index < 3,
          squeezeExcite,
        })
        inplanes = planes * ElasticBottleneck.expansion
        return block
      })
      return new Sequential(...blocks)
    }
    this.numClasses = numClasses
    this.conv1 = new Conv2d(inChannels, 64, 7, { stride: 2, padding: 3, bias: false })
    this.bn1 = new BatchNorm2d(64)
    this.relu = new ReLU()
    this.maxpool = new MaxPool2d(3, { stride: 2, padding: 1 })
    this.layer1 = stage(0)
    this.layer2 = stage(1)
    this.layer3 = stage(2)
    this.layer4 = stage(3)
    this.fc = new Linear(inplanes, numClasses)
    this.featureInfo = [0, 1, 2, 3].map((i) => ({
      name: `layer${i + 1}`,
      channels: 256 * 2 ** i,
      stride: 4 * 2 ** i,
    }))
    for (const [name, module] of this.namedModules()) {
      // The reference tells convolutions by their names, which those of shortcuts don't bear.
      if (module instanceof Conv2d && !name.includes('downsample')) init.kaimingNormal(module.weight)
      if (module instanceof Conv2d && module.bias) init.zeros(module.bias)
      if (module instanceof ElasticBottleneck) init.zeros(module.bn3.weight!)
    }
    this.initializeClassifier(this.fc)
  }

  forwardFeatures(x: Tensor): Tensor {
    const stem = this.maxpool.forward(this.relu.forward(this.bn1.forward(this.conv1.forward(x))))
    return [this.layer1, this.layer2, this.layer3, this.layer4].reduce(
      (y, layer) => this.stage(layer, y),
      stem,
    )
  }

  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const descriptor = x.mean([2, 3])
    return preLogits ? descriptor : this.fc.forward(descriptor)
  }

  classifierNames(): readonly string[] {
    return ['fc']
  }

  protected override initializeClassifier(layer: Linear): void {
    init.normal(layer.weight, 0, 0.01)
    init.zeros(layer.bias!)
  }
}

const elasticOptions: OptionKinds<ElasticResNeXtOptions> = { ...networkOptions, cardinality: 'count' }

const variant = (
  depths: ElasticResNeXtSpec['depths'],
  elastic: boolean,
  squeezeExcite = false,
): Variant<ElasticResNeXtOptions> => ({
  options: elasticOptions,
  create: (options) => new ElasticResNeXt({ depths, elastic, squeezeExcite }, options),
})

export const variants: Readonly<Record<ElasticResNeXtName, Variant<ElasticResNeXtOptions>>> = {
  resnext50_elastic: variant([6, 8, 5, 3], true),
  resnext101_elastic: variant([12, 14, 20, 3], true),
  se_resnext50_elastic: variant([6, 8, 5, 3], true, true),
  resnext50_two_branch: variant([3, 4, 6, 3], false),
  resnext101_two_branch: variant([3, 4, 23, 3], false),
  se_resnext50_two_branch: variant([3, 4, 6, 3], false, true),
}
