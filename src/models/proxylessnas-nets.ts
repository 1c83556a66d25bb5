import { Conv2d, Dropout, init, Linear, Module, ReLU6, Sequential } from '../nn/index.ts'
import type { Tensor } from '../tensor/index.ts'
import {
  batchNorm,
  type ConvNormAct,
  type MobileLayer,
  mobileFeatureInfo,
  mobileLayers,
  type NormLayer,
} from './blocks/index.ts'
import { type FeatureInfo, type HeadOptions, Network, type Variant } from './network.ts'
import type { ProxylessNASNetsName } from './proxylessnas.metadata.ts'
import {
  type ProxylessNASOptions,
  type ProxylessSpec,
  proxylessConvolutions,
  proxylessEps,
  proxylessOptions,
  proxylessSpecs,
} from './proxylessnas.ts'

export interface ProxylessNASNetsOptions extends ProxylessNASOptions {
  /** Before the classifier; none unless given. */
  readonly dropout?: number
}

class MBInvertedConv extends Module {
  inverted_bottleneck: ConvNormAct | null
  depth_conv: ConvNormAct
  point_linear: ConvNormAct

  constructor(layer: MobileLayer, norm: NormLayer) {
    super()
    const [expand, depthwise, project] = proxylessConvolutions(layer, norm)
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
    const { numClasses = 1000, inChannels = 3, normEps = proxylessEps, dropout = 0 } = options
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

const variant = (given: ProxylessSpec): Variant<ProxylessNASNetsOptions> => ({
  options: { ...proxylessOptions, dropout: 'probability' },
  create: (options) => new ProxylessNASNets(given, options),
})

export const variants: Readonly<Record<ProxylessNASNetsName, Variant<ProxylessNASNetsOptions>>> = {
  proxyless_gpu: variant(proxylessSpecs.gpu),
  proxyless_mobile: variant(proxylessSpecs.mobile),
  proxyless_mobile_14: variant(proxylessSpecs.mobile14),
  proxyless_cpu: variant(proxylessSpecs.cpu),
  'proxyless_mobile_w0.25_r112': variant(proxylessSpecs.quarter),
  'proxyless_mobile_w0.3_r176': variant(proxylessSpecs.third),
}
