import {
  AvgPool2d,
  Conv2d,
  Dropout,
  F,
  Identity,
  init,
  Linear,
  MaxPool2d,
  Module,
  Sequential,
} from '../nn/index.ts'
import type { Tensor } from '../tensor/index.ts'
import type { OptionKinds } from '../tensor/options.ts'
import {
  type Activation,
  type Attention,
  activationLayer,
  BlurPool2d,
  batchNorm,
  type NormLayer,
  zeroWeight,
} from './blocks/index.ts'
import {
  type FeatureInfo,
  type HeadOptions,
  Network,
  type NetworkOptions,
  networkOptions,
} from './network.ts'
import type { ResidualBlock, ResidualBlockKind } from './resnet-timm-blocks.ts'

export interface TimmResNetOptions extends NetworkOptions {
  /** Input pixels to one of the last map's; layers beyond it dilate instead of striding. 32 unless given. */
  readonly outputStride?: 8 | 16 | 32
  /** Groups of the 3x3 convolutions of bottlenecks. */
  readonly cardinality?: number
  /** Channels of a group for every 64 planes. */
  readonly baseWidth?: number
  /** Of the 7x7 convolution, or of the first 3x3 ones of a deep stem. */
  readonly stemWidth?: number
  /** One 7x7 convolution, three 3x3 ones, or three that widen step by step. */
  readonly stem?: 'plain' | 'deep' | 'tiered'
  /** A 3x3 convolution with stride 2 in place of the max-pooling. */
  readonly replaceStemPool?: boolean
  /** Divides the width of the first convolution of every block. */
  readonly blockReduceFirst?: number
  /** The window of the projections of shortcuts that change the size. */
  readonly downKernelSize?: number
  /** Shortcuts that change the size average before a 1x1 projection. */
  readonly avgDown?: boolean
  readonly activation?: Activation
  readonly normLayer?: NormLayer
  /** A layer at the end of every residual branch, under the name `se`. */
  readonly attention?: Attention
  /** What takes the place of strides: a blur (Zhang 2019) or means. */
  readonly antiAlias?: 'blur' | 'avg'
  /** Dropout before the classifier. */
  readonly dropRate?: number
  /** Stochastic depth of the last block; that of the others grows linearly from 0. */
  readonly dropPathRate?: number
  /** Starts every residual branch at zero (Goyal et al. 2017). */
  readonly zeroInitLast?: boolean
}

export const timmResNetOptions: OptionKinds<TimmResNetOptions> = {
  ...networkOptions,
  outputStride: 'any',
  cardinality: 'count',
  baseWidth: 'count',
  stemWidth: 'count',
  stem: ['plain', 'deep', 'tiered'],
  replaceStemPool: 'flag',
  blockReduceFirst: 'count',
  downKernelSize: 'count',
  avgDown: 'flag',
  activation: 'any',
  normLayer: 'function',
  attention: 'any',
  antiAlias: ['blur', 'avg'],
  dropRate: 'probability',
  dropPathRate: 'probability',
  zeroInitLast: 'flag',
}

/** Means over 2x2 windows at stride 1, with zeros beyond the far sides so that the size stays. */
class SameAvgPool extends Module {
  override forward(x: Tensor): Tensor {
    return F.avgPool2d(F.pad(x, [0, 1, 0, 1]), 2, { stride: 1 })
  }
}

export interface TimmResNetSpec {
  readonly block: ResidualBlockKind
  readonly depths: readonly number[]
}

const stageWidths = [64, 128, 256, 512]

/**
 * timm's ResNet: deep stems and averaging shortcuts (He et al. 2018, "bag of tricks"), attention at the end of branches, dilation
 * and anti-aliasing, over any kind of block. Takes images [batch, inChannels, height, width].
 */
export class TimmResNet extends Network {
  conv1: Conv2d | Sequential
  bn1: Module
  act1: Module
  maxpool: Module
  layer1: Sequential
  layer2: Sequential
  layer3: Sequential
  layer4: Sequential
  drop: Dropout
  fc: Linear
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[]

  constructor(spec: TimmResNetSpec, options: TimmResNetOptions = {}) {
    super()
    const { numClasses = 1000, inChannels = 3, normLayer = batchNorm(), activation = 'relu' } = options
    const { stemWidth = 64, stem = 'plain', outputStride = 32, antiAlias = null } = options
    if (![8, 16, 32].includes(outputStride)) {
      throw new TypeError(`TimmResNet: outputStride must be 8, 16 or 32, got ${outputStride}`)
    }
    const width = stem === 'plain' ? 64 : 2 * stemWidth
    this.numClasses = numClasses
    this.conv1 =
      stem === 'plain'
        ? new Conv2d(inChannels, width, 7, { stride: 2, padding: 3, bias: false })
        : deepStem(inChannels, stemWidth, stem === 'tiered', normLayer, activation)
    this.bn1 = normLayer(width)
    this.act1 = activationLayer(activation, width)
    this.maxpool = options.replaceStemPool
      ? stemConvolution(width, antiAlias, normLayer, activation)
      : stemPool(width, antiAlias)
    const { stages, featureInfo } = makeStages(spec, options, width)
    this.featureInfo = featureInfo
    const [layer1, layer2, layer3, layer4] = stages as [Sequential, Sequential, Sequential, Sequential]
    this.layer1 = layer1
    this.layer2 = layer2
    this.layer3 = layer3
    this.layer4 = layer4
    this.drop = new Dropout(options.dropRate ?? 0)
    this.fc = new Linear(featureInfo.at(-1)!.channels, numClasses)
    this.#initialize(options.zeroInitLast ?? true)
  }

  #initialize(zeroInitLast: boolean): void {
    for (const module of this.modules()) {
      if (module instanceof Conv2d)
        init.kaimingNormal(module.weight, { mode: 'fanOut', nonlinearity: 'relu' })
    }
    if (!zeroInitLast) return
    for (const stage of [this.layer1, this.layer2, this.layer3, this.layer4]) {
      for (const block of stage) zeroWeight((block as ResidualBlock).lastNorm())
    }
  }

  forwardFeatures(x: Tensor): Tensor {
    const stem = this.maxpool.forward(this.act1.forward(this.bn1.forward(this.conv1.forward(x))))
    return [this.layer1, this.layer2, this.layer3, this.layer4].reduce(
      (y, layer) => this.stage(layer, y),
      stem,
    )
  }

  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const descriptor = this.drop.forward(x.mean([2, 3]))
    return preLogits ? descriptor : this.fc.forward(descriptor)
  }

  classifierNames(): readonly string[] {
    return ['fc']
  }
}

function deepStem(
  inChannels: number,
  width: number,
  tiered: boolean,
  norm: NormLayer,
  activation: Activation,
): Sequential {
  const first = tiered ? 3 * Math.floor(width / 4) : width
  return new Sequential(
    new Conv2d(inChannels, first, 3, { stride: 2, padding: 1, bias: false }),
    norm(first),
    activationLayer(activation, first),
    new Conv2d(first, width, 3, { padding: 1, bias: false }),
    norm(width),
    activationLayer(activation, width),
    new Conv2d(width, 2 * width, 3, { padding: 1, bias: false }),
  )
}

function stemConvolution(
  width: number,
  antiAlias: 'blur' | 'avg' | null,
  norm: NormLayer,
  activation: Activation,
): Sequential {
  const pool = antiAlias === 'blur' ? new BlurPool2d(width) : antiAlias === 'avg' ? new AvgPool2d(2) : null
  return new Sequential(
    new Conv2d(width, width, 3, { stride: pool ? 1 : 2, padding: 1, bias: false }),
    ...(pool ? [pool] : []),
    norm(width),
    activationLayer(activation, width),
  )
}

function stemPool(width: number, antiAlias: 'blur' | 'avg' | null): Module {
  if (antiAlias === null) return new MaxPool2d(3, { stride: 2, padding: 1 })
  if (antiAlias === 'avg') return new AvgPool2d(2)
  return new Sequential(new MaxPool2d(3, { stride: 1, padding: 1 }), new BlurPool2d(width))
}

function makeStages(
  { block, depths }: TimmResNetSpec,
  options: TimmResNetOptions,
  stemWidth: number,
): { stages: Sequential[]; featureInfo: FeatureInfo[] } {
  const { outputStride = 32, dropPathRate = 0, normLayer = batchNorm() } = options
  const common = {
    cardinality: options.cardinality ?? 1,
    baseWidth: options.baseWidth ?? 64,
    reduceFirst: options.blockReduceFirst ?? 1,
    activation: options.activation ?? 'relu',
    norm: normLayer,
    attention: options.attention ?? null,
    antiAlias: options.antiAlias ?? null,
  }
  const total = depths.reduce((a, b) => a + b, 0)
  const featureInfo: FeatureInfo[] = []
  let [inplanes, reduction, dilation, previous, index] = [stemWidth, 4, 1, 1, 0]
  const stages = depths.map((depth, i) => {
    const planes = stageWidths[i]!
    const outplanes = planes * block.expansion
    let stride = i === 0 ? 1 : 2
    if (reduction >= outputStride) {
      dilation *= stride
      stride = 1
    } else reduction *= stride
    const blocks = Array.from({ length: depth }, (_, j) => {
      const shape = { inplanes, outplanes, stride, dilation, firstDilation: previous }
      const made = block.make({
        ...common,
        inplanes,
        planes,
        stride: j === 0 ? stride : 1,
        downsample:
          j === 0 && (stride !== 1 || inplanes !== outplanes)
            ? downsampleLayer(shape, options, normLayer)
            : null,
        dilation,
        firstDilation: previous,
        dropPath: (dropPathRate * index) / Math.max(1, total - 1),
      })
      inplanes = outplanes
      previous = dilation
      index++
      return made
    })
    featureInfo.push({ name: `layer${i + 1}`, channels: outplanes, stride: reduction })
    return new Sequential(...blocks)
  })
  return { stages, featureInfo }
}

interface DownsampleShape {
  readonly inplanes: number
  readonly outplanes: number
  readonly stride: number
  readonly dilation: number
  readonly firstDilation: number
}

function downsampleLayer(
  { inplanes, outplanes, stride, dilation, firstDilation }: DownsampleShape,
  { avgDown = false, downKernelSize = 1 }: TimmResNetOptions,
  norm: NormLayer,
): Sequential {
  const plain = stride === 1 && dilation === 1
  if (avgDown) {
    const averaged =
      dilation > 1 ? new SameAvgPool() : new AvgPool2d(2, { stride, ceilMode: true, countIncludePad: false })
    return new Sequential(
      plain ? new Identity() : averaged,
      new Conv2d(inplanes, outplanes, 1, { bias: false }),
      norm(outplanes),
    )
  }
  const kernel = plain ? 1 : downKernelSize
  const spread = kernel > 1 ? firstDilation : 1
  const padding = Math.floor((stride - 1 + spread * (kernel - 1)) / 2)
  return new Sequential(
    new Conv2d(inplanes, outplanes, kernel, { stride, padding, dilation: spread, bias: false }),
    norm(outplanes),
  )
}
