import { Conv2d, Dropout, init, Linear, Module, ReLU6, Sequential } from '../nn/index.ts'
import type { Tensor } from '../tensor/index.ts'
import type { OptionKinds } from '../tensor/options.ts'
import {
  batchNorm,
  ConvNormAct,
  type ConvNormActOptions,
  type MobileLayer,
  type MobileStage,
  mobileFeatureInfo,
  mobileLayers,
  type NormLayer,
} from './blocks/index.ts'
import {
  type FeatureInfo,
  type HeadOptions,
  Network,
  type NetworkOptions,
  networkOptions,
  type Variant,
} from './network.ts'
import type { ProxylessNASName, ProxylessNASNetsName } from './proxylessnas.metadata.ts'

export interface ProxylessNASOptions extends NetworkOptions {
  /** Of batch normalization; 1e-3 unless given. */
  readonly normEps?: number
}

export interface ProxylessNASNetsOptions extends ProxylessNASOptions {
  /** Before the classifier; none unless given. */
  readonly dropout?: number
}

interface ProxylessSpec {
  readonly stem: number
  readonly stages: readonly MobileStage[]
  readonly genotype: string
  readonly last: number
}

const defaultEps = 1e-3

/** The three convolutions of an inverted residual, the first of which there is only where it expands. */
function convolutions(
  { choice, inChannels, outChannels, stride }: MobileLayer,
  norm: NormLayer,
): readonly [expand: ConvNormAct | null, depthwise: ConvNormAct, project: ConvNormAct] {
  const { kernel, expansion } = choice!
  const hidden = inChannels * expansion
  const common: ConvNormActOptions = { norm, activation: 'relu6' }
  return [
    expansion > 1 ? new ConvNormAct(inChannels, hidden, 1, common) : null,
    new ConvNormAct(hidden, hidden, kernel, { ...common, stride, groups: hidden }),
    new ConvNormAct(hidden, outChannels, 1, { norm, activation: null }),
  ]
}

class Body extends Module {
  bc_conv: ConvNormAct | null
  dw_conv: ConvNormAct
  pw_conv: ConvNormAct

  constructor(layer: MobileLayer, norm: NormLayer) {
    super()
    const [expand, depthwise, project] = convolutions(layer, norm)
    this.bc_conv = expand
    this.dw_conv = depthwise
    this.pw_conv = project
  }

  override forward(x: Tensor): Tensor {
    const expanded = this.bc_conv ? this.bc_conv.forward(x) : x
    return this.pw_conv.forward(this.dw_conv.forward(expanded))
  }
}

class Unit extends Module {
  body: Body | null
  readonly #shortcut: boolean

  constructor(layer: MobileLayer, norm: NormLayer) {
    super()
    this.body = layer.choice && new Body(layer, norm)
    this.#shortcut = !layer.firstOfStage
  }

  override forward(x: Tensor): Tensor {
    if (!this.body) return x
    const y = this.body.forward(x)
    return this.#shortcut ? x.add(y) : y
  }
}

/** ProxylessNAS (Cai et al. 2019) with the names of pytorchcv. */
export class ProxylessNAS extends Network {
  features: Sequential
  output: Linear
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[]

  constructor(spec: ProxylessSpec, options: ProxylessNASOptions = {}) {
    super()
    const { numClasses = 1000, inChannels = 3, normEps = defaultEps } = options
    const norm = batchNorm(normEps)
    this.numClasses = numClasses
    const stem = new ConvNormAct(inChannels, spec.stem, 3, { stride: 2, norm, activation: 'relu6' })
    const layers = mobileLayers(spec.stem, spec.stages, spec.genotype)
    const parts: [string, Module][] = [['init_block', stem]]
    const featureInfo: FeatureInfo[] = []
    let units: [string, Module][] = []
    let stride = 2
    for (const [i, layer] of layers.entries()) {
      stride *= layer.stride
      units.push([`unit${units.length + 1}`, new Unit(layer, norm)])
      if (layers[i + 1] && layers[i + 1]!.stride === 1) continue
      const name = `stage${featureInfo.length + 1}`
      featureInfo.push({ name: `features.${name}`, channels: layer.outChannels, stride })
      parts.push([name, new Sequential(...units)])
      units = []
    }
    const channels = layers.at(-1)!.outChannels
    parts.push(['final_block', new ConvNormAct(channels, spec.last, 1, { norm, activation: 'relu6' })])
    this.features = new Sequential(...parts)
    this.output = new Linear(spec.last, numClasses)
    this.featureInfo = featureInfo
    for (const module of this.modules()) {
      if (module instanceof Conv2d) init.kaimingUniform(module.weight)
    }
  }

  forwardFeatures(x: Tensor): Tensor {
    return [...this.features].reduce((y, stage) => this.stage(stage, y), x)
  }

  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const descriptor = x.mean([2, 3])
    return preLogits ? descriptor : this.output.forward(descriptor)
  }

  classifierNames(): readonly string[] {
    return ['output']
  }

  override headNames(): readonly string[] {
    return ['features.final_block', 'output']
  }
}

class MBInvertedConv extends Module {
  inverted_bottleneck: ConvNormAct | null
  depth_conv: ConvNormAct
  point_linear: ConvNormAct

  constructor(layer: MobileLayer, norm: NormLayer) {
    super()
    const [expand, depthwise, project] = convolutions(layer, norm)
    this.inverted_bottleneck = expand
    this.depth_conv = depthwise
    this.point_linear = project
  }

  override forward(x: Tensor): Tensor {
    const expanded = this.inverted_bottleneck ? this.inverted_bottleneck.forward(x) : x
    return this.point_linear.forward(this.depth_conv.forward(expanded))
  }
}

class Block extends Module {
  mobile_inverted_conv: MBInvertedConv | null
  readonly #shortcut: boolean

  constructor(layer: MobileLayer, norm: NormLayer) {
    super()
    this.mobile_inverted_conv = layer.choice && new MBInvertedConv(layer, norm)
    this.#shortcut = !layer.firstOfStage
  }

  override forward(x: Tensor): Tensor {
    if (!this.mobile_inverted_conv) return x
    const y = this.mobile_inverted_conv.forward(x)
    return this.#shortcut ? x.add(y) : y
  }
}

/** The normalization comes first in state dicts. */
class ConvLayer extends Module {
  bn: Module
  activation: ReLU6 = new ReLU6()
  conv: Conv2d

  constructor(inChannels: number, outChannels: number, kernel: number, stride: number, norm: NormLayer) {
    super()
    this.bn = norm(outChannels)
    const padding = (kernel - 1) / 2
    this.conv = new Conv2d(inChannels, outChannels, kernel, { stride, padding, bias: false })
  }

  override forward(x: Tensor): Tensor {
    return this.activation.forward(this.bn.forward(this.conv.forward(x)))
  }
}

class LinearLayer extends Module {
  dropout: Dropout
  linear: Linear

  constructor(inFeatures: number, outFeatures: number, dropout: number) {
    super()
    this.dropout = new Dropout(dropout)
    this.linear = new Linear(inFeatures, outFeatures)
    init.zeros(this.linear.bias!)
  }

  override forward(x: Tensor): Tensor {
    return this.linear.forward(this.dropout.forward(x))
  }
}

/** ProxylessNAS (Cai et al. 2019) with the authors' names; layers that the search left out keep their numbers. */
export class ProxylessNASNets extends Network {
  first_conv: ConvLayer
  blocks: Sequential
  feature_mix_layer: ConvLayer
  classifier: LinearLayer
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[]

  constructor(spec: ProxylessSpec, options: ProxylessNASNetsOptions = {}) {
    super()
    const { numClasses = 1000, inChannels = 3, normEps = defaultEps, dropout = 0 } = options
    const norm = batchNorm(normEps)
    this.numClasses = numClasses
    const layers = mobileLayers(spec.stem, spec.stages, spec.genotype)
    this.first_conv = new ConvLayer(inChannels, spec.stem, 3, 2, norm)
    this.blocks = new Sequential(...layers.map((layer) => new Block(layer, norm)))
    this.feature_mix_layer = new ConvLayer(layers.at(-1)!.outChannels, spec.last, 1, 1, norm)
    this.classifier = new LinearLayer(spec.last, numClasses, dropout)
    this.featureInfo = mobileFeatureInfo(layers, (i) => `blocks.${i}`)
    for (const module of this.modules()) {
      if (module instanceof Conv2d) init.kaimingNormal(module.weight, { mode: 'fanOut' })
    }
  }

  forwardFeatures(x: Tensor): Tensor {
    return this.feature_mix_layer.forward(this.stagesOf(this.blocks, this.first_conv.forward(x)))
  }

  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const descriptor = x.mean([2, 3])
    return preLogits ? descriptor : this.classifier.forward(descriptor)
  }

  classifierNames(): readonly string[] {
    return ['classifier.linear']
  }

  override headNames(): readonly string[] {
    return ['feature_mix_layer', 'classifier.linear']
  }

  protected override initializeClassifier(layer: Linear): void {
    init.zeros(layer.bias!)
  }
}

const strides = [1, 2, 2, 2, 1, 2, 1] as const

const spec = (
  [stem, ...widths]: readonly number[],
  last: number,
  genotype = 'k3e1 | k5e3 k3e3 - - | k7e3 k3e3 k5e3 k5e3 | k7e6 k5e3 k5e3 k5e3 | k5e6 k5e3 k5e3 k5e3 | ' +
    'k7e6 k7e6 k7e3 k7e3 | k7e6',
): ProxylessSpec => ({
  stem: stem!,
  stages: widths.map((width, i) => [width, strides[i]!]),
  genotype,
  last,
})

const specs = {
  gpu: spec(
    [40, 24, 32, 56, 112, 128, 256, 432],
    1728,
    'k3e1 | k5e3 - - - | k7e3 - - k3e3 | k7e6 - - k5e3 | k5e6 - k3e3 k5e3 | k7e6 k7e6 k7e6 k5e6 | k7e6',
  ),
  mobile: spec([32, 16, 32, 40, 80, 96, 192, 320], 1280),
  mobile14: spec([48, 24, 40, 56, 112, 136, 256, 448], 1792),
  cpu: spec(
    [40, 24, 32, 48, 88, 104, 216, 360],
    1432,
    'k3e1 | k3e6 k3e3 k3e3 k3e3 | k3e6 k3e3 k3e3 k5e3 | k3e6 - - k3e3 | k5e6 k3e3 k3e3 k3e3 | ' +
      'k5e6 k5e3 k5e3 k3e3 | k5e6',
  ),
  quarter: spec([8, 8, 8, 16, 24, 24, 48, 80], 320),
  third: spec([16, 8, 16, 16, 24, 32, 64, 96], 384),
} as const

const options: OptionKinds<ProxylessNASOptions> = { ...networkOptions, normEps: 'number' }

const pytorchcv = (given: ProxylessSpec): Variant<ProxylessNASOptions> => ({
  options,
  create: (own) => new ProxylessNAS(given, own),
})

const authors = (given: ProxylessSpec): Variant<ProxylessNASNetsOptions> => ({
  options: { ...options, dropout: 'probability' },
  create: (own) => new ProxylessNASNets(given, own),
})

export const variants: Readonly<
  Record<ProxylessNASName, Variant<ProxylessNASOptions>> &
    Record<ProxylessNASNetsName, Variant<ProxylessNASNetsOptions>>
> = {
  proxylessnas_gpu: pytorchcv(specs.gpu),
  proxylessnas_mobile: pytorchcv(specs.mobile),
  proxylessnas_mobile14: pytorchcv(specs.mobile14),
  proxylessnas_cpu: pytorchcv(specs.cpu),
  proxyless_gpu: authors(specs.gpu),
  proxyless_mobile: authors(specs.mobile),
  proxyless_mobile_14: authors(specs.mobile14),
  proxyless_cpu: authors(specs.cpu),
  'proxyless_mobile_w0.25_r112': authors(specs.quarter),
  'proxyless_mobile_w0.3_r176': authors(specs.third),
}
