import {
  AvgPool2d,
  BatchNorm2d,
  Conv2d,
  Dropout,
  init,
  Linear,
  MaxPool2d,
  Module,
  Sequential,
} from '../nn/index.ts'
import type { Tensor } from '../tensor/index.ts'
import type { OptionKinds } from '../tensor/options.ts'
import { filtersFirst, HarmonicConv2d, SqueezeExcite } from './blocks/index.ts'
import type { HarmNetName } from './harmnet.metadata.ts'
import { type HarmonicReplacements, HarmonicVGG, type HarmonicVGGOptions } from './harmnet-vgg.ts'
import { HarmonicWideResNet, type HarmonicWideResNetOptions } from './harmnet-wrn.ts'
import {
  type FeatureInfo,
  type HeadOptions,
  Network,
  type NetworkOptions,
  networkOptions,
  type Variant,
} from './network.ts'

export interface HarmonicResNetOptions extends NetworkOptions, HarmonicReplacements {
  /** After the first convolution, which strides by 4 where there is none. */
  readonly pool?: 'avg' | 'max' | null
  /** For each stage the sum of frequencies below which filters are kept (the papers' lambda), or null for all. */
  readonly levels?: readonly (number | null)[]
  /** Before the classifier. */
  readonly dropRate?: number
}

interface ResNetSpec {
  readonly depths: readonly number[]
  /** The names of convolutions that may be harmonic. */
  readonly prefix: 'harm' | 'conv'
  readonly groups?: number
  readonly pool?: 'avg' | 'max' | null
}

interface BlockSpec {
  readonly prefix: 'harm' | 'conv'
  readonly harmonic: boolean
  readonly level: number | null
  readonly groups: number
  readonly stride: number
  readonly squeezeExcite: boolean
}

/** The bottleneck of ResNet with a harmonic convolution in its middle, or that of SE-ResNeXt with 4 channels a group. */
class Bottleneck extends Module {
  conv1: Conv2d
  bn1: BatchNorm2d
  harm2: HarmonicConv2d | null
  conv2: HarmonicConv2d | Conv2d | null
  bn2: BatchNorm2d
  conv3: Conv2d
  bn3: BatchNorm2d
  se: SqueezeExcite | null
  downsample: Sequential | null

  constructor(inChannels: number, planes: number, spec: BlockSpec, downsample: Sequential | null) {
    super()
    const { harmonic, level, groups, stride, prefix } = spec
    const width = groups === 1 ? planes : (planes / 16) * groups
    const options = { stride, padding: 1, groups, bias: false }
    const middle = harmonic
      ? new HarmonicConv2d(width, width, 3, { ...options, level })
      : new Conv2d(width, width, 3, options)
    const renamed = prefix === 'harm' && middle instanceof HarmonicConv2d
    this.conv1 = new Conv2d(inChannels, width, 1, { bias: false })
    this.bn1 = new BatchNorm2d(width)
    this.harm2 = renamed ? middle : null
    this.conv2 = renamed ? null : middle
    this.bn2 = new BatchNorm2d(width)
    this.conv3 = new Conv2d(width, planes * 4, 1, { bias: false })
    this.bn3 = new BatchNorm2d(planes * 4)
    this.se = spec.squeezeExcite ? new SqueezeExcite(planes * 4, planes / 4) : null
    this.downsample = downsample
  }

  override forward(x: Tensor): Tensor {
    const reduced = this.bn1.forward(this.conv1.forward(x)).relu()
    const convolved = (this.harm2 ?? this.conv2!).forward(reduced)
    const expanded = this.bn3.forward(this.conv3.forward(this.bn2.forward(convolved).relu()))
    const residual: Tensor = this.se ? this.se.forward(expanded) : expanded
    return residual.add(this.downsample ? this.downsample.forward(x) : x).relu()
  }
}

/** ResNet and SE-ResNeXt with harmonic convolutions (Ulicny et al. 2019 and 2022). */
export class HarmonicResNet extends Network {
  harm1: HarmonicConv2d | null
  conv1: HarmonicConv2d | Conv2d | null
  bn1: BatchNorm2d
  pool: MaxPool2d | AvgPool2d | null
  layer1: Sequential
  layer2: Sequential
  layer3: Sequential
  layer4: Sequential
  dropout: Dropout
  fc: Linear
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[]

  constructor(spec: ResNetSpec, options: HarmonicResNetOptions = {}) {
    super()
    const { numClasses = 1000, inChannels = 3, harmRoot = true, harmResBlocks = true, dropRate = 0 } = options
    const { pool = spec.pool ?? null, levels = [null, null, null, null] } = options
    if (
      !Array.isArray(levels) ||
      levels.length !== 4 ||
      levels.some((level) => level !== null && !(level >= 1))
    ) {
      throw new TypeError(`HarmonicResNet: levels must be four of null or a number >= 1, got ${levels}`)
    }
    this.numClasses = numClasses
    const root = { stride: pool === null ? 4 : 2, padding: 3, bias: false }
    const first = harmRoot
      ? new HarmonicConv2d(inChannels, 64, 7, { ...root, norm: true })
      : new Conv2d(inChannels, 64, 7, root)
    const renamed = spec.prefix === 'harm' && first instanceof HarmonicConv2d
    this.harm1 = renamed ? first : null
    this.conv1 = renamed ? null : first
    this.bn1 = new BatchNorm2d(64)
    const window = { stride: 2, padding: 1 }
    this.pool = pool === null ? null : pool === 'max' ? new MaxPool2d(3, window) : new AvgPool2d(3, window)
    const stage = (index: number): Sequential => makeStage(spec, index, levels[index]!, harmResBlocks)
    this.layer1 = stage(0)
    this.layer2 = stage(1)
    this.layer3 = stage(2)
    this.layer4 = stage(3)
    this.dropout = new Dropout(dropRate)
    this.fc = new Linear(2048, numClasses)
    this.featureInfo = [0, 1, 2, 3].map((i) => ({
      name: `layer${i + 1}`,
      channels: 256 * 2 ** i,
      stride: 4 * 2 ** i,
    }))
    for (const module of this.modules()) {
      if (module instanceof Conv2d)
        init.kaimingNormal(module.weight, { mode: 'fanOut', nonlinearity: 'relu' })
      else if (spec.groups !== undefined && module instanceof Bottleneck) init.zeros(module.bn3.weight!)
    }
  }

  override stateDict(): Map<string, Tensor> {
    return filtersFirst(super.stateDict())
  }

  forwardFeatures(x: Tensor): Tensor {
    const root = this.bn1.forward((this.harm1 ?? this.conv1!).forward(x)).relu()
    const stem: Tensor = this.pool === null ? root : this.pool.forward(root)
    return [this.layer1, this.layer2, this.layer3, this.layer4].reduce(
      (y, layer) => this.stage(layer, y),
      stem,
    )
  }

  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const descriptor = x.mean([2, 3])
    return preLogits ? descriptor : this.fc.forward(this.dropout.forward(descriptor))
  }

  classifierNames(): readonly string[] {
    return ['fc']
  }
}

function makeStage(spec: ResNetSpec, index: number, level: number | null, harmonic: boolean): Sequential {
  const planes = 64 * 2 ** index
  const inChannels = index === 0 ? 64 : planes * 2
  const stride = index === 0 ? 1 : 2
  const { groups = 1, prefix } = spec
  const common = { prefix, harmonic, level, groups, squeezeExcite: spec.groups !== undefined }
  const norm = new BatchNorm2d(planes * 4)
  const downsample =
    spec.groups === undefined
      ? new Sequential(new Conv2d(inChannels, planes * 4, 1, { stride, bias: false }), norm)
      : new Sequential(
          new AvgPool2d(stride, { ceilMode: true, countIncludePad: false }),
          new Conv2d(inChannels, planes * 4, 1, { bias: false }),
          norm,
        )
  return new Sequential(
    new Bottleneck(inChannels, planes, { ...common, stride }, downsample),
    ...Array.from(
      { length: spec.depths[index]! - 1 },
      () => new Bottleneck(planes * 4, planes, { ...common, stride: 1 }, null),
    ),
  )
}

const replaced: OptionKinds<HarmonicReplacements> = { harmRoot: 'flag', harmResBlocks: 'flag' }

const resnet = (spec: ResNetSpec): Variant<HarmonicResNetOptions> => ({
  options: {
    ...networkOptions,
    ...replaced,
    pool: ['avg', 'max', null],
    levels: 'any',
    dropRate: 'probability',
  },
  create: (options) => new HarmonicResNet(spec, options),
})

const wide = (compression: 'level' | 'progressive' | 'root'): Variant<HarmonicWideResNetOptions> => ({
  options: {
    ...networkOptions,
    depth: 'count',
    width: 'count',
    level: 'any',
    dropout: 'probability',
  },
  create: (options) => new HarmonicWideResNet(compression, options),
})

export const variants: Readonly<
  Record<Extract<HarmNetName, `harm_${'res' | 'se'}${string}`>, Variant<HarmonicResNetOptions>> & {
    readonly harm_vgg16_bn: Variant<HarmonicVGGOptions>
  } & Record<Extract<HarmNetName, `${string}wrn${string}`>, Variant<HarmonicWideResNetOptions>>
> = {
  harm_resnet50: resnet({ depths: [3, 4, 6, 3], prefix: 'harm' }),
  harm_resnet101: resnet({ depths: [3, 4, 23, 3], prefix: 'harm' }),
  harm_se_resnext101_32x4d: resnet({ depths: [3, 4, 23, 3], prefix: 'conv', groups: 32, pool: 'max' }),
  harm_se_resnext101_64x4d: resnet({ depths: [3, 4, 23, 3], prefix: 'conv', groups: 64 }),
  harm_vgg16_bn: {
    options: { ...networkOptions, ...replaced, dropout: 'probability' },
    create: (options) => new HarmonicVGG(options),
  },
  harm_wrn28_10_cifar10: wide('level'),
  harm1_wrn28_10_cifar10: wide('root'),
  harm_wrn28_10_progressive_cifar10: wide('progressive'),
}
