import { BatchNorm2d, Conv2d, F, init, Linear, Module, ModuleDict, Sequential } from '../nn/index.ts'
import { concat, type Tensor } from '../tensor/index.ts'
import {
  type FeatureInfo,
  type HeadOptions,
  Network,
  type NetworkOptions,
  networkOptions,
  type Variant,
} from './network.ts'
import type { ScaleNetName } from './scalenet.metadata.ts'
import { type Allocation, allocations } from './scalenet-allocation.ts'

/** How much each branch shrinks its map. */
const scales = [1, 2, 4, 7] as const

/**
 * Scale aggregation: a bottleneck whose middle convolution is divided among maps of several sizes, which are brought back to
 * one size, normalized and concatenated.
 */
class ScaleAggregation extends Module {
  downsample: Sequential | null
  conv1: Conv2d
  bn1: BatchNorm2d
  conv2: ModuleDict
  bn2: ModuleDict
  conv3: Conv2d
  bn3: BatchNorm2d
  readonly #stride: number

  /** `side` is that of the map in training, which decides whether a branch's map has more than one pixel. */
  constructor(inChannels: number, planes: number, stride: number, channels: readonly number[], side: number) {
    super()
    this.downsample =
      stride === 1 && inChannels === planes * 4
        ? null
        : new Sequential(new Conv2d(inChannels, planes * 4, 1, { bias: false }), new BatchNorm2d(planes * 4))
    this.conv1 = new Conv2d(inChannels, planes, 1, { bias: false })
    this.bn1 = new BatchNorm2d(planes)
    const present = [...channels.entries()].filter(([, count]) => count > 0)
    this.conv2 = new ModuleDict(
      present.map(([i, count]): [string, Module] => {
        const kernel = side / 2 ** i > 1 ? 3 : 1
        return [String(i), new Conv2d(planes, count, kernel, { padding: (kernel - 1) / 2, bias: false })]
      }),
    )
    this.bn2 = new ModuleDict(
      present.map(([i, count]): [string, Module] => [String(i), new BatchNorm2d(count)]),
    )
    const total = channels.reduce((a, b) => a + b)
    this.conv3 = new Conv2d(total, planes * 4, 1, { bias: false })
    this.bn3 = new BatchNorm2d(planes * 4)
    this.#stride = stride
  }

  #branch(name: string, y: Tensor): Tensor {
    const scale = scales[Number(name)]!
    const seen = scale === 1 ? y : F.maxPool2d(y, scale)
    const convolved: Tensor = this.conv2.get(name).forward(seen)
    return this.bn2.get(name).forward(scale === 1 ? convolved : resized(convolved, y.shape.slice(2)))
  }

  override forward(x: Tensor): Tensor {
    const pooled = this.#stride === 1 ? x : F.maxPool2d(x, this.#stride)
    const shortcut: Tensor = this.downsample === null ? pooled : this.downsample.forward(pooled)
    const reduced = this.bn1.forward(this.conv1.forward(pooled)).relu()
    const branches = this.conv2.keys().map((name) => this.#branch(name, reduced))
    const expanded = this.bn3.forward(this.conv3.forward(concat(branches, 1).relu()))
    return expanded.add(shortcut).relu()
  }
}

/** To a multiple of the size by repetition, otherwise bilinearly. */
function resized(x: Tensor, size: readonly number[]): Tensor {
  const whole = size.every((side, axis) => side % x.shape[axis + 2]! === 0)
  return F.interpolate(x, { size, mode: whole ? 'nearest' : 'bilinear' })
}

/** ScaleNet (Li et al. 2019). */
export class ScaleNet extends Network {
  conv1: Conv2d
  bn1: BatchNorm2d
  layer1: Sequential
  layer2: Sequential
  layer3: Sequential
  layer4: Sequential
  fc: Linear
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[]

  constructor(allocation: Allocation, { numClasses = 1000, inChannels = 3 }: NetworkOptions = {}) {
    super()
    this.numClasses = numClasses
    this.conv1 = new Conv2d(inChannels, 64, 7, { stride: 2, padding: 3, bias: false })
    this.bn1 = new BatchNorm2d(64)
    const stage = (index: 0 | 1 | 2 | 3): Sequential => {
      const planes = 64 * 2 ** index
      const flat = allocation[index]!
      return new Sequential(
        ...Array.from({ length: flat.length / 4 }, (_, i) => {
          const first = i === 0
          const from = first ? (index === 0 ? 64 : planes * 2) : planes * 4
          const stride = first && index > 0 ? 2 : 1
          return new ScaleAggregation(from, planes, stride, flat.slice(4 * i, 4 * i + 4), 56 / 2 ** index)
        }),
      )
    }
    this.layer1 = stage(0)
    this.layer2 = stage(1)
    this.layer3 = stage(2)
    this.layer4 = stage(3)
    this.fc = new Linear(2048, numClasses)
    this.featureInfo = [0, 1, 2, 3].map((i) => ({
      name: `layer${i + 1}`,
      channels: 256 * 2 ** i,
      stride: 4 * 2 ** i,
    }))
    for (const module of this.modules()) {
      if (module instanceof Conv2d) init.kaimingNormal(module.weight, { mode: 'fanOut' })
    }
  }

  forwardFeatures(x: Tensor): Tensor {
    const stem = this.bn1.forward(this.conv1.forward(x)).relu()
    const pooled = F.maxPool2d(stem, 3, { stride: 2, padding: 1 })
    return [this.layer1, this.layer2, this.layer3, this.layer4].reduce(
      (y, layer) => this.stage(layer, y),
      pooled,
    )
  }

  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const descriptor = x.mean([2, 3])
    return preLogits ? descriptor : this.fc.forward(descriptor)
  }

  classifierNames(): readonly string[] {
    return ['fc']
  }
}

const variant = (name: ScaleNetName): Variant<NetworkOptions> => ({
  options: networkOptions,
  create: (options) => new ScaleNet(allocations[name], options),
})

export const variants: Readonly<Record<ScaleNetName, Variant<NetworkOptions>>> = {
  scalenet50_light: variant('scalenet50_light'),
  scalenet50: variant('scalenet50'),
  scalenet101: variant('scalenet101'),
  scalenet152: variant('scalenet152'),
}
