import { Conv2d, Dropout, init, Linear, type Module, Sequential } from '../nn/index.ts'
import type { Tensor } from '../tensor/index.ts'
import type { OptionKinds } from '../tensor/options.ts'
import {
  type ActivationName,
  activationLayer,
  activationNames,
  BatchNormAct2d,
  ConvBnAct,
  type ConvPadding,
  DepthwiseSeparable,
  InvertedResidual,
  type MobileBlockOptions,
  paddingOf,
  type SqueezeOptions,
} from './blocks/index.ts'
import { type BlockSpec, scaledStages } from './efficientnet-notation.ts'
import {
  type FeatureInfo,
  type HeadOptions,
  makeDivisible,
  Network,
  type NetworkOptions,
  networkOptions,
  type Variant,
} from './network.ts'

/** Options of timm's EfficientNet family. */
export interface TimmEfficientNetOptions extends NetworkOptions {
  /** Multiplies the channels of the layers that the architecture scales. */
  readonly widthMult?: number
  /** Multiplies the number of blocks of the stages that the architecture scales. */
  readonly depthMult?: number
  /** Dropout before the classifier. */
  readonly dropRate?: number
  /** Of the last block; earlier ones have less, in proportion to their place. */
  readonly dropPathRate?: number
  /** How many input pixels one of the last map's spans: 8 or 16 dilate the later stages instead of striding. */
  readonly outputStride?: number
  /** 'sameTensorFlow' for weights from TensorFlow, which puts the odd pixel of padding after the image. */
  readonly padding?: ConvPadding
  readonly activation?: ActivationName
  readonly normEps?: number
  readonly normMomentum?: number
}

export const timmEfficientNetOptions: OptionKinds<TimmEfficientNetOptions> = {
  ...networkOptions,
  widthMult: 'number',
  depthMult: 'number',
  dropRate: 'probability',
  dropPathRate: 'probability',
  outputStride: 'count',
  padding: ['symmetric', 'sameTensorFlow'],
  activation: activationNames,
  normEps: 'number',
  normMomentum: 'number',
}

/** What the architectures of the family differ in. */
export interface TimmArchitecture {
  /** The stages, each a list of blocks in timm's notation. */
  readonly stages: readonly (readonly string[])[]
  readonly stem: number
  /** Leaves the stem's channels as they are for every width; false unless given. */
  readonly fixedStem?: boolean
  /** Channels of the last convolution, before or after the pooling; null for none. */
  readonly head: number | null
  /** How the repeats of a stage times `depthMult` become an integer; 'ceil' unless given. */
  readonly depthRounding?: 'ceil' | 'round'
  /** Leaves the first and the last stage as deep as they are; false unless given. */
  readonly fixedFirstAndLast?: boolean
  /**
   * Squeeze-and-excitation: EfficientNet's squeezes to a share of the block's input channels, with the block's activation;
   * MobileNetV3's to a share of the expanded channels, with ReLU and the hard sigmoid. The former unless given.
   */
  readonly squeeze?: 'efficientNet' | 'mobileNetV3'
}

/** Stem and blocks, which both kinds of head follow. */
abstract class TimmMobileNetwork extends Network {
  conv_stem: Conv2d
  bn1: Module
  blocks: Sequential
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[]
  protected readonly lastChannels: number

  constructor(architecture: TimmArchitecture, options: TimmEfficientNetOptions) {
    super()
    const { numClasses = 1000, inChannels = 3, padding = 'symmetric' } = options
    const { widthMult = 1, depthMult = 1, outputStride = 32, dropPathRate = 0 } = options
    this.numClasses = numClasses
    let channels = architecture.fixedStem ? architecture.stem : makeDivisible(architecture.stem * widthMult)
    this.conv_stem = new Conv2d(inChannels, channels, 3, {
      stride: 2,
      padding: paddingOf(padding, 3),
      bias: false,
    })
    this.bn1 = this.norm(channels, options)
    const stages = scaledStages(architecture, depthMult)
    const total = stages.reduce((sum, { length }) => sum + length, 0)
    const modules: Sequential[] = []
    const featureInfo: FeatureInfo[] = []
    let [stride, dilation, at] = [2, 1, 0]
    for (const [i, stage] of stages.entries()) {
      if (stage[0]!.stride > 1) {
        featureInfo.push({ name: i === 0 ? 'bn1' : `blocks.${i - 1}`, channels, stride })
      }
      const blocks = stage.map((spec, j) => {
        const wanted = j === 0 ? spec.stride : 1
        const dilate = wanted > 1 && stride * wanted > outputStride
        const outChannels = makeDivisible(spec.channels * widthMult)
        const block = makeBlock(spec, channels, outChannels, architecture, options, {
          stride: dilate ? 1 : wanted,
          dilation,
          dropPath: (dropPathRate * at++) / total,
        })
        if (dilate) dilation *= wanted
        else stride *= wanted
        channels = outChannels
        return block
      })
      modules.push(new Sequential(...blocks))
    }
    featureInfo.push({ name: `blocks.${stages.length - 1}`, channels, stride })
    this.blocks = new Sequential(...modules)
    this.featureInfo = featureInfo
    this.lastChannels = channels
  }

  protected norm(channels: number, options: TimmEfficientNetOptions): BatchNormAct2d {
    const { activation = 'relu', normEps = 1e-5, normMomentum = 0.1 } = options
    return new BatchNormAct2d(channels, activation, { eps: normEps, momentum: normMomentum })
  }

  protected initialize(): void {
    for (const module of this.modules()) {
      if (module instanceof Conv2d) initializeConvolution(module)
      else if (module instanceof Linear) initializeLinear(module)
    }
  }

  forwardFeatures(x: Tensor): Tensor {
    const stem = this.bn1.forward(this.conv_stem.forward(x))
    return [...this.blocks].reduce((y, stage) => this.stage(stage, y), stem)
  }

  classifierNames(): readonly string[] {
    return ['classifier']
  }

  protected override initializeClassifier(layer: Linear): void {
    initializeLinear(layer)
  }
}

/** timm's EfficientNet: a 1x1 convolution, pooling and a classifier after the blocks. */
export class TimmEfficientNet extends TimmMobileNetwork {
  conv_head: Module | null
  bn2: Module | null
  drop: Dropout
  classifier: Linear

  constructor(architecture: TimmArchitecture, options: TimmEfficientNetOptions = {}) {
    super(architecture, options)
    const { head } = architecture
    const { dropRate = 0, padding = 'symmetric' } = options
    this.conv_head =
      head === null
        ? null
        : new Conv2d(this.lastChannels, head, 1, { padding: paddingOf(padding, 1), bias: false })
    this.bn2 = head === null ? null : this.norm(head, options)
    this.drop = new Dropout(dropRate)
    this.classifier = new Linear(head ?? this.lastChannels, this.numClasses)
    this.initialize()
  }

  override forwardFeatures(x: Tensor): Tensor {
    const last = super.forwardFeatures(x)
    return this.conv_head === null ? last : this.bn2!.forward(this.conv_head.forward(last))
  }

  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const descriptor = x.mean([2, 3])
    return preLogits ? descriptor : this.classifier.forward(this.drop.forward(descriptor))
  }

  override headNames(): readonly string[] {
    return this.conv_head === null ? ['classifier'] : ['conv_head', 'bn2', 'classifier']
  }
}

/** timm's MobileNetV3: the blocks' last map is pooled before a 1x1 convolution with a bias and no normalisation. */
export class TimmMobileNetV3 extends TimmMobileNetwork {
  conv_head: Module
  act2: Module
  drop: Dropout
  classifier: Linear

  constructor(
    architecture: TimmArchitecture & { readonly head: number },
    options: TimmEfficientNetOptions = {},
  ) {
    super(architecture, options)
    const { dropRate = 0, activation = 'relu' } = options
    this.conv_head = new Conv2d(this.lastChannels, architecture.head, 1)
    this.act2 = activationLayer(activation, architecture.head)
    this.drop = new Dropout(dropRate)
    this.classifier = new Linear(architecture.head, this.numClasses)
    this.initialize()
  }

  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const convolved = this.conv_head.forward(x.mean([2, 3], true))
    const descriptor = this.act2.forward(convolved).flatten(1)
    return preLogits ? descriptor : this.classifier.forward(this.drop.forward(descriptor))
  }

  override headNames(): readonly string[] {
    return ['conv_head', 'act2', 'classifier']
  }
}

type Placement = Required<Pick<MobileBlockOptions, 'stride' | 'dilation' | 'dropPath'>>

function makeBlock(
  spec: BlockSpec,
  inChannels: number,
  outChannels: number,
  architecture: TimmArchitecture,
  options: TimmEfficientNetOptions,
  placement: Placement,
): Module {
  const { activation = 'relu', padding = 'symmetric', normEps = 1e-5, normMomentum = 0.1 } = options
  const hidden = spec.kind === 'ir' ? makeDivisible(inChannels * spec.expansion) : inChannels
  const shared = {
    ...placement,
    padding,
    normEps,
    normMomentum,
    activation: spec.activation ?? activation,
    squeeze: squeezeOf(spec, hidden, architecture),
    skip: spec.skip,
    kernelSize: spec.kernel,
  }
  switch (spec.kind) {
    case 'ir':
      return new InvertedResidual(inChannels, outChannels, {
        ...shared,
        expandKernelSize: spec.expandKernel,
        projectKernelSize: spec.projectKernel,
        expansion: spec.expansion,
      })
    case 'cn':
      return new ConvBnAct(inChannels, outChannels, shared)
    default:
      return new DepthwiseSeparable(inChannels, outChannels, {
        ...shared,
        pointwiseKernelSize: spec.projectKernel,
        pointwiseActivation: spec.kind === 'dsa',
        skip: spec.skip && spec.kind === 'ds',
      })
  }
}

function squeezeOf(spec: BlockSpec, hidden: number, { squeeze }: TimmArchitecture): SqueezeOptions | null {
  if (spec.squeeze === 0) return null
  return squeeze === 'mobileNetV3'
    ? { hidden: makeDivisible(hidden * spec.squeeze), activation: 'relu', gate: 'hardSigmoid' }
    : { hidden: Math.round((hidden * spec.squeeze) / spec.expansion) }
}

/** As TensorFlow's models are initialised: a filter's outputs in its own group count, and no channels beyond. */
function initializeConvolution(layer: Conv2d): void {
  const [height, width] = layer.kernelSize
  init.normal(layer.weight, 0, Math.sqrt((2 * layer.groups) / (height * width * layer.outChannels)))
  if (layer.bias) init.zeros(layer.bias)
}

function initializeLinear(layer: Linear): void {
  const bound = 1 / Math.sqrt(layer.outFeatures)
  init.uniform(layer.weight, -bound, bound)
  init.zeros(layer.bias!)
}

/** A variant with defaults of its own, of an architecture that may depend on the width. */
export function timmVariant(
  architecture: (widthMult: number) => TimmArchitecture,
  defaults: TimmEfficientNetOptions = {},
): Variant<TimmEfficientNetOptions> {
  return {
    options: timmEfficientNetOptions,
    create: (options) => {
      const all = { ...defaults, ...options }
      return new TimmEfficientNet(architecture(all.widthMult ?? 1), all)
    },
  }
}

/** Padding and normalisation of networks whose weights come from TensorFlow. */
export const tensorFlowDefaults: TimmEfficientNetOptions = { padding: 'sameTensorFlow', normEps: 1e-3 }
