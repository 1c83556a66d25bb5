import {
  BatchNorm2d,
  Conv2d,
  Dropout,
  F,
  init,
  Linear,
  MaxPool2d,
  Module,
  ReLU,
  Sequential,
} from '../nn/index.ts'
import type { Tensor } from '../tensor/index.ts'
import type { OptionKinds } from '../tensor/options.ts'
import { SqueezeExcite } from './blocks/index.ts'
import {
  type FeatureInfo,
  type HeadOptions,
  Network,
  type NetworkOptions,
  networkOptions,
  type Variant,
} from './network.ts'
import type { LegacySENetName } from './senet-legacy.metadata.ts'

export interface LegacySENetOptions extends NetworkOptions {
  /** Dropout before the classifier; 0.2 unless given. */
  readonly dropRate?: number
}

interface BlockSpec {
  readonly inplanes: number
  readonly planes: number
  readonly stride: number
  readonly downsample: Sequential | null
  readonly groups: number
}

const reduction = 16

/** Two 3x3 convolutions, a ReLU after the second too, and squeeze-and-excitation before the sum. */
export class SEBasicBlock extends Module {
  static readonly expansion = 1
  conv1: Conv2d
  bn1: BatchNorm2d
  conv2: Conv2d
  bn2: BatchNorm2d
  relu: ReLU
  se_module: SqueezeExcite
  downsample: Sequential | null

  constructor({ inplanes, planes, stride, downsample, groups }: BlockSpec) {
    super()
    this.conv1 = new Conv2d(inplanes, planes, 3, { stride, padding: 1, bias: false })
    this.bn1 = new BatchNorm2d(planes)
    this.conv2 = new Conv2d(planes, planes, 3, { padding: 1, groups, bias: false })
    this.bn2 = new BatchNorm2d(planes)
    this.relu = new ReLU()
    this.se_module = new SqueezeExcite(planes, planes / reduction)
    this.downsample = downsample
  }

  override forward(x: Tensor): Tensor {
    const hidden = this.relu.forward(this.bn1.forward(this.conv1.forward(x)))
    const branch = F.relu(this.bn2.forward(this.conv2.forward(hidden)))
    const shortcut = this.downsample ? this.downsample.forward(x) : x
    return F.relu(this.se_module.forward(branch).add(shortcut))
  }
}

/** The convolutions of a bottleneck: the channels between them and where the stride is. */
interface BottleneckShape {
  readonly first: number
  readonly width: number
  readonly strides: readonly [number, number]
}

abstract class LegacyBottleneck extends Module {
  static readonly expansion = 4
  conv1: Conv2d
  bn1: BatchNorm2d
  conv2: Conv2d
  bn2: BatchNorm2d
  conv3: Conv2d
  bn3: BatchNorm2d
  relu: ReLU
  se_module: SqueezeExcite
  downsample: Sequential | null

  constructor({ inplanes, planes, downsample, groups }: BlockSpec, shape: BottleneckShape) {
    super()
    const {
      first,
      width,
      strides: [stride1, stride2],
    } = shape
    const outplanes = 4 * planes
    this.conv1 = new Conv2d(inplanes, first, 1, { stride: stride1, bias: false })
    this.bn1 = new BatchNorm2d(first)
    this.conv2 = new Conv2d(first, width, 3, { stride: stride2, padding: 1, groups, bias: false })
    this.bn2 = new BatchNorm2d(width)
    this.conv3 = new Conv2d(width, outplanes, 1, { bias: false })
    this.bn3 = new BatchNorm2d(outplanes)
    this.relu = new ReLU()
    this.se_module = new SqueezeExcite(outplanes, outplanes / reduction)
    this.downsample = downsample
  }

  override forward(x: Tensor): Tensor {
    const reduced = this.relu.forward(this.bn1.forward(this.conv1.forward(x)))
    const hidden = F.relu(this.bn2.forward(this.conv2.forward(reduced)))
    const branch = this.bn3.forward(this.conv3.forward(hidden))
    const shortcut = this.downsample ? this.downsample.forward(x) : x
    return F.relu(this.se_module.forward(branch).add(shortcut))
  }
}

/** SENet-154's: twice the width, halved before the grouped 3x3 convolution. */
export class SEBottleneck extends LegacyBottleneck {
  constructor(spec: BlockSpec) {
    super(spec, { first: 2 * spec.planes, width: 4 * spec.planes, strides: [1, spec.stride] })
  }
}

/** SE-ResNet's, with the stride in the first convolution as the paper's Caffe networks have it. */
export class SEResNetBottleneck extends LegacyBottleneck {
  constructor(spec: BlockSpec) {
    super(spec, { first: spec.planes, width: spec.planes, strides: [spec.stride, 1] })
  }
}

/** SE-ResNeXt's, of groups of four channels for every 64 planes. */
export class SEResNeXtBottleneck extends LegacyBottleneck {
  constructor(spec: BlockSpec) {
    const width = Math.floor(spec.planes / 16) * spec.groups
    super(spec, { first: width, width, strides: [1, spec.stride] })
  }
}

interface LegacySENetSpec {
  readonly block: {
    new (spec: BlockSpec): Module
    readonly expansion: number
  }
  readonly depths: readonly [number, number, number, number]
  readonly groups?: number
  /** SENet-154's: three 3x3 convolutions in the stem, 3x3 projections of shortcuts. */
  readonly wide?: boolean
}

/**
 * Hu et al. 2017's own SENets, with the names of timm's `legacy_` networks, which were Cadene's. Takes images
 * [batch, inChannels, height, width].
 */
export class LegacySENet extends Network {
  layer0: Sequential
  pool0: MaxPool2d
  layer1: Sequential
  layer2: Sequential
  layer3: Sequential
  layer4: Sequential
  drop: Dropout
  last_linear: Linear
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[]

  constructor(spec: LegacySENetSpec, options: LegacySENetOptions = {}) {
    super()
    const { numClasses = 1000, inChannels = 3, dropRate = 0.2 } = options
    const { expansion } = spec.block
    this.numClasses = numClasses
    this.layer0 = spec.wide ? wideStem(inChannels) : stem(inChannels)
    this.pool0 = new MaxPool2d(3, { stride: 2, ceilMode: true })
    this.layer1 = stage(spec, 0, spec.wide ? 128 : 64)
    this.layer2 = stage(spec, 1, 64 * expansion)
    this.layer3 = stage(spec, 2, 128 * expansion)
    this.layer4 = stage(spec, 3, 256 * expansion)
    this.drop = new Dropout(dropRate)
    this.last_linear = new Linear(512 * expansion, numClasses)
    this.featureInfo = [1, 2, 3, 4].map((i) => ({
      name: `layer${i}`,
      channels: 32 * 2 ** i * expansion,
      stride: 2 ** (i + 1),
    }))
    for (const module of this.modules()) {
      if (module instanceof Conv2d)
        init.kaimingNormal(module.weight, { mode: 'fanOut', nonlinearity: 'relu' })
    }
  }

  forwardFeatures(x: Tensor): Tensor {
    const pooled = this.pool0.forward(this.layer0.forward(x))
    return [this.layer1, this.layer2, this.layer3, this.layer4].reduce(
      (y, layer) => this.stage(layer, y),
      pooled,
    )
  }

  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const descriptor = this.drop.forward(x.mean([2, 3]))
    return preLogits ? descriptor : this.last_linear.forward(descriptor)
  }

  classifierNames(): readonly string[] {
    return ['last_linear']
  }
}

function stem(inChannels: number): Sequential {
  return new Sequential({
    conv1: new Conv2d(inChannels, 64, 7, { stride: 2, padding: 3, bias: false }),
    bn1: new BatchNorm2d(64),
    relu1: new ReLU(),
  })
}

function wideStem(inChannels: number): Sequential {
  return new Sequential({
    conv1: new Conv2d(inChannels, 64, 3, { stride: 2, padding: 1, bias: false }),
    bn1: new BatchNorm2d(64),
    relu1: new ReLU(),
    conv2: new Conv2d(64, 64, 3, { padding: 1, bias: false }),
    bn2: new BatchNorm2d(64),
    relu2: new ReLU(),
    conv3: new Conv2d(64, 128, 3, { padding: 1, bias: false }),
    bn3: new BatchNorm2d(128),
    relu3: new ReLU(),
  })
}

function stage(
  { block, depths, groups = 1, wide = false }: LegacySENetSpec,
  index: number,
  inplanes: number,
): Sequential {
  const planes = 64 * 2 ** index
  const outplanes = planes * block.expansion
  const stride = index === 0 ? 1 : 2
  const kernel = wide && index > 0 ? 3 : 1
  const downsample =
    stride !== 1 || inplanes !== outplanes
      ? new Sequential(
          new Conv2d(inplanes, outplanes, kernel, { stride, padding: (kernel - 1) / 2, bias: false }),
          new BatchNorm2d(outplanes),
        )
      : null
  const first = new block({ inplanes, planes, stride, downsample, groups })
  const rest = Array.from(
    { length: depths[index]! - 1 },
    () => new block({ inplanes: outplanes, planes, stride: 1, downsample: null, groups }),
  )
  return new Sequential(first, ...rest)
}

const variant = (spec: LegacySENetSpec): Variant<LegacySENetOptions> => ({
  options: { ...networkOptions, dropRate: 'probability' } satisfies OptionKinds<LegacySENetOptions>,
  create: (options) => new LegacySENet(spec, options),
})

export const variants: Readonly<Record<LegacySENetName, Variant<LegacySENetOptions>>> = {
  legacy_seresnet18: variant({ block: SEBasicBlock, depths: [2, 2, 2, 2] }),
  legacy_seresnet34: variant({ block: SEBasicBlock, depths: [3, 4, 6, 3] }),
  legacy_seresnet50: variant({ block: SEResNetBottleneck, depths: [3, 4, 6, 3] }),
  legacy_seresnet101: variant({ block: SEResNetBottleneck, depths: [3, 4, 23, 3] }),
  legacy_seresnet152: variant({ block: SEResNetBottleneck, depths: [3, 8, 36, 3] }),
  legacy_seresnext26_32x4d: variant({ block: SEResNeXtBottleneck, depths: [2, 2, 2, 2], groups: 32 }),
  legacy_seresnext50_32x4d: variant({ block: SEResNeXtBottleneck, depths: [3, 4, 6, 3], groups: 32 }),
  legacy_seresnext101_32x4d: variant({ block: SEResNeXtBottleneck, depths: [3, 4, 23, 3], groups: 32 }),
  legacy_senet154: variant({ block: SEBottleneck, depths: [3, 8, 36, 3], groups: 64, wide: true }),
}
