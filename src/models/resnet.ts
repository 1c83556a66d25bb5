import { Conv2d, F, init, Linear, MaxPool2d, Module, ReLU, Sequential } from '../nn/index.ts'
import type { Tensor } from '../tensor/index.ts'
import type { OptionKinds } from '../tensor/options.ts'
import { type Attention, attentionLayer, batchNorm, type NormLayer, zeroWeight } from './blocks/index.ts'
import {
  type FeatureInfo,
  type HeadOptions,
  Network,
  type NetworkOptions,
  networkOptions,
  type Variant,
} from './network.ts'
import type { ResNetName } from './resnet.metadata.ts'

export interface ResNetOptions extends NetworkOptions {
  readonly groups?: number
  readonly widthPerGroup?: number
  /** For the last three stages: dilates their convolutions instead of striding. */
  readonly replaceStrideWithDilation?: readonly [boolean, boolean, boolean]
  /** Starts every residual branch at zero (Goyal et al. 2017). */
  readonly zeroInitResidual?: boolean
  readonly normLayer?: NormLayer
  /** A layer at the end of every residual branch, under the name `se`. */
  readonly attention?: Attention
}

export interface BlockSpec {
  readonly inplanes: number
  readonly planes: number
  readonly stride: number
  readonly downsample: Sequential | null
  readonly groups: number
  readonly baseWidth: number
  readonly dilation: number
  readonly normLayer: NormLayer
  readonly strideInFirst: boolean
  readonly attention: Attention | null
  readonly attentionName: string
}

/** What both blocks have in common: the attention under the name that it has, before the shortcut as in checkpoints. */
abstract class ResidualBlock extends Module {
  abstract downsample: Sequential | null
  #attention: Module | null
  readonly #attentionName: string

  constructor({ attention, attentionName }: BlockSpec, outplanes: number) {
    super()
    this.#attention = attention === null ? null : attentionLayer(attention, outplanes)
    this.#attentionName = attentionName
  }

  /** The last normalisation of the residual branch. */
  abstract lastNorm(): Module

  protected override *members(): Iterable<readonly [string, unknown]> {
    for (const member of super.members()) {
      if (member[0] === 'downsample') yield [this.#attentionName, this.#attention]
      yield member
    }
  }

  protected override replaceChild(name: string, module: Module): void {
    if (name === this.#attentionName && this.#attention !== null) this.#attention = module
    else super.replaceChild(name, module)
  }

  protected join(branch: Tensor, x: Tensor): Tensor {
    const residual: Tensor = this.#attention === null ? branch : this.#attention.forward(branch)
    return F.relu(residual.add(this.downsample ? this.downsample.forward(x) : x))
  }
}

export class BasicBlock extends ResidualBlock {
  static readonly expansion = 1
  conv1: Conv2d
  bn1: Module
  relu: ReLU
  conv2: Conv2d
  bn2: Module
  downsample: Sequential | null

  constructor(spec: BlockSpec) {
    const { inplanes, planes, stride, groups, baseWidth, dilation, normLayer } = spec
    super(spec, planes)
    if (groups !== 1 || baseWidth !== 64 || dilation !== 1) {
      throw new RangeError(
        'BasicBlock: groups, widthPerGroup and dilation need a bottleneck network (depth 50 or more)',
      )
    }
    this.conv1 = new Conv2d(inplanes, planes, 3, { stride, padding: 1, bias: false })
    this.bn1 = normLayer(planes)
    this.relu = new ReLU()
    this.conv2 = new Conv2d(planes, planes, 3, { padding: 1, bias: false })
    this.bn2 = normLayer(planes)
    this.downsample = spec.downsample
  }

  override forward(x: Tensor): Tensor {
    const hidden = this.relu.forward(this.bn1.forward(this.conv1.forward(x)))
    return this.join(this.bn2.forward(this.conv2.forward(hidden)), x)
  }

  override lastNorm(): Module {
    return this.bn2
  }
}

/** With the stride in the 3x3 convolution ("v1.5"), or in the first 1x1 as the paper has it. */
export class Bottleneck extends ResidualBlock {
  static readonly expansion = 4
  conv1: Conv2d
  bn1: Module
  conv2: Conv2d
  bn2: Module
  conv3: Conv2d
  bn3: Module
  relu: ReLU
  downsample: Sequential | null

  constructor(spec: BlockSpec) {
    super(spec, spec.planes * Bottleneck.expansion)
    const { inplanes, planes, stride, groups, dilation, normLayer, strideInFirst } = spec
    const width = Math.floor((planes * spec.baseWidth) / 64) * groups
    const [stride1, stride2] = strideInFirst ? [stride, 1] : [1, stride]
    this.conv1 = new Conv2d(inplanes, width, 1, { stride: stride1, bias: false })
    this.bn1 = normLayer(width)
    this.conv2 = new Conv2d(width, width, 3, {
      stride: stride2,
      padding: dilation,
      dilation,
      groups,
      bias: false,
    })
    this.bn2 = normLayer(width)
    this.conv3 = new Conv2d(width, planes * Bottleneck.expansion, 1, { bias: false })
    this.bn3 = normLayer(planes * Bottleneck.expansion)
    this.relu = new ReLU()
    this.downsample = spec.downsample
  }

  override forward(x: Tensor): Tensor {
    const reduced = this.relu.forward(this.bn1.forward(this.conv1.forward(x)))
    const hidden = F.relu(this.bn2.forward(this.conv2.forward(reduced)))
    return this.join(this.bn3.forward(this.conv3.forward(hidden)), x)
  }

  override lastNorm(): Module {
    return this.bn3
  }
}

/** What tells the networks of this class from each other. */
export interface ResNetSpec {
  readonly block: typeof BasicBlock | typeof Bottleneck
  readonly depths: readonly [number, number, number, number]
  readonly strideInFirst?: boolean
  /** Of the first blocks of the stages; 1, 2, 2 and 2 unless given. */
  readonly strides?: readonly [number, number, number, number]
  /** Projects the shortcut of every block, not only where the shape changes. */
  readonly projectAll?: boolean
  /** Leaves out the padding of the first convolution, and pads the pooling as TensorFlow does. */
  readonly tightStem?: boolean
  /** Each stage's attention, under the name that it has in checkpoints. */
  readonly attention?: { readonly name: string; readonly layers: readonly Attention[] }
}

/**
 * ResNet, ResNeXt and Wide ResNet (He et al. 2015, Xie et al. 2016, Zagoruyko and Komodakis 2016). Takes images
 * [batch, inChannels, height, width].
 */
export class ResNet extends Network {
  conv1: Conv2d
  bn1: Module
  relu: ReLU
  maxpool: MaxPool2d
  layer1: Sequential
  layer2: Sequential
  layer3: Sequential
  layer4: Sequential
  fc: Linear
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[]
  #inplanes = 64
  #dilation = 1

  constructor(spec: ResNetSpec, options: ResNetOptions = {}) {
    super()
    const { numClasses = 1000, inChannels = 3, normLayer = batchNorm() } = options
    const { replaceStrideWithDilation: dilate = [false, false, false] } = options
    if (!Array.isArray(dilate) || dilate.length !== 3 || !dilate.every((d) => typeof d === 'boolean')) {
      throw new TypeError(
        `ResNet: replaceStrideWithDilation must be three of true or false, one for each of layer2 to layer4, got ${dilate}`,
      )
    }
    this.numClasses = numClasses
    const { strides = [1, 2, 2, 2], tightStem = false } = spec
    this.conv1 = new Conv2d(inChannels, 64, 7, { stride: 2, padding: tightStem ? 0 : 3, bias: false })
    this.bn1 = normLayer(64)
    this.relu = new ReLU()
    this.maxpool = new MaxPool2d(3, { stride: 2, padding: tightStem ? 'sameTensorFlow' : 1 })
    const stage = (index: 0 | 1 | 2 | 3): Sequential =>
      this.#makeStage(spec, options, normLayer, index, index > 0 && dilate[index - 1]!)
    this.layer1 = stage(0)
    this.layer2 = stage(1)
    this.layer3 = stage(2)
    this.layer4 = stage(3)
    this.fc = new Linear(512 * spec.block.expansion, numClasses)
    let stride = 4
    this.featureInfo = [64, 128, 256, 512].map((planes, i) => {
      if (i === 0 || !dilate[i - 1]) stride *= strides[i]!
      return { name: `layer${i + 1}`, channels: planes * spec.block.expansion, stride }
    })
    this.#initialize(options.zeroInitResidual ?? false)
  }

  #makeStage(
    spec: ResNetSpec,
    options: ResNetOptions,
    normLayer: NormLayer,
    index: number,
    dilate: boolean,
  ): Sequential {
    const { block } = spec
    const planes = 64 * 2 ** index
    const outplanes = planes * block.expansion
    const firstDilation = this.#dilation
    let stride = spec.strides?.[index] ?? (index === 0 ? 1 : 2)
    if (dilate) {
      this.#dilation *= stride
      stride = 1
    }
    const projection = (inplanes: number, stride: number): Sequential | null =>
      stride !== 1 || inplanes !== outplanes || spec.projectAll
        ? new Sequential(new Conv2d(inplanes, outplanes, 1, { stride, bias: false }), normLayer(outplanes))
        : null
    const common = {
      planes,
      groups: options.groups ?? 1,
      baseWidth: options.widthPerGroup ?? 64,
      normLayer,
      strideInFirst: spec.strideInFirst ?? false,
      attention: options.attention ?? spec.attention?.layers[index] ?? null,
      attentionName: options.attention === undefined ? (spec.attention?.name ?? 'se') : 'se',
    }
    const first = new block({
      ...common,
      inplanes: this.#inplanes,
      stride,
      downsample: projection(this.#inplanes, stride),
      dilation: firstDilation,
    })
    this.#inplanes = outplanes
    const rest = Array.from(
      { length: spec.depths[index]! - 1 },
      () =>
        new block({
          ...common,
          inplanes: outplanes,
          stride: 1,
          downsample: projection(outplanes, 1),
          dilation: this.#dilation,
        }),
    )
    return new Sequential(first, ...rest)
  }

  #initialize(zeroInitResidual: boolean): void {
    for (const module of this.modules()) {
      if (module instanceof Conv2d)
        init.kaimingNormal(module.weight, { mode: 'fanOut', nonlinearity: 'relu' })
    }
    if (!zeroInitResidual) return
    for (const module of this.modules()) {
      if (module instanceof ResidualBlock) zeroWeight(module.lastNorm())
    }
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
}

export const resnetSpecs: Readonly<Record<18 | 34 | 50 | 101 | 152, ResNetSpec>> = {
  18: { block: BasicBlock, depths: [2, 2, 2, 2] },
  34: { block: BasicBlock, depths: [3, 4, 6, 3] },
  50: { block: Bottleneck, depths: [3, 4, 6, 3] },
  101: { block: Bottleneck, depths: [3, 4, 23, 3] },
  152: { block: Bottleneck, depths: [3, 8, 36, 3] },
}

export const resnetOptions: OptionKinds<ResNetOptions> = {
  ...networkOptions,
  groups: 'count',
  widthPerGroup: 'count',
  replaceStrideWithDilation: 'any',
  zeroInitResidual: 'flag',
  normLayer: 'function',
  attention: 'any',
}

const variant = (spec: ResNetSpec, defaults: ResNetOptions = {}): Variant<ResNetOptions> => ({
  options: resnetOptions,
  create: (options) => new ResNet(spec, { ...defaults, ...options }),
})

const v1 = (spec: ResNetSpec): Variant<ResNetOptions> => variant({ ...spec, strideInFirst: true })

export const variants: Readonly<Record<ResNetName, Variant<ResNetOptions>>> = {
  resnet18: variant(resnetSpecs[18]),
  resnet34: variant(resnetSpecs[34]),
  resnet50: variant(resnetSpecs[50]),
  resnet101: variant(resnetSpecs[101]),
  resnet152: variant(resnetSpecs[152]),
  resnet50_v1: v1(resnetSpecs[50]),
  resnet101_v1: v1(resnetSpecs[101]),
  resnet152_v1: v1(resnetSpecs[152]),
  resnet50_32: variant(
    { ...resnetSpecs[50], strides: [1, 1, 1, 1], projectAll: true, tightStem: true },
    { numClasses: 10 },
  ),
  resnext50_32x4d: variant(resnetSpecs[50], { groups: 32, widthPerGroup: 4 }),
  resnext101_32x4d: variant(resnetSpecs[101], { groups: 32, widthPerGroup: 4 }),
  resnext101_32x8d: variant(resnetSpecs[101], { groups: 32, widthPerGroup: 8 }),
  resnext101_64x4d: variant(resnetSpecs[101], { groups: 64, widthPerGroup: 4 }),
  resnext101_32x16d: variant(resnetSpecs[101], { groups: 32, widthPerGroup: 16 }),
  resnext101_32x32d: variant(resnetSpecs[101], { groups: 32, widthPerGroup: 32 }),
  resnext152_32x4d: variant(resnetSpecs[152], { groups: 32, widthPerGroup: 4 }),
  wide_resnet50_2: variant(resnetSpecs[50], { widthPerGroup: 128 }),
  wide_resnet101_2: variant(resnetSpecs[101], { widthPerGroup: 128 }),
}
