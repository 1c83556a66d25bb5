import { Conv2d, init, Linear, Module, Sequential } from '../nn/index.ts'
import type { Tensor } from '../tensor/index.ts'
import type { OptionKinds } from '../tensor/options.ts'
import {
  batchNorm,
  ConvNormAct,
  type ConvNormActOptions,
  type MobileLayer,
  type MobileStage,
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
import type { ProxylessNASName } from './proxylessnas.metadata.ts'

export interface ProxylessNASOptions extends NetworkOptions {
  /** Of batch normalization; 1e-3 unless given. */
  readonly normEps?: number
}

export interface ProxylessSpec {
  readonly stem: number
  readonly stages: readonly MobileStage[]
  readonly genotype: string
  readonly last: number
}

/** Of batch normalization. */
export const proxylessEps = 1e-3

/** The three convolutions of an inverted residual, the first of which there is only where it expands. */
export function proxylessConvolutions(
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
    const [expand, depthwise, project] = proxylessConvolutions(layer, norm)
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
    const { numClasses = 1000, inChannels = 3, normEps = proxylessEps } = options
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

export const proxylessSpecs: Readonly<
  Record<'gpu' | 'mobile' | 'mobile14' | 'cpu' | 'quarter' | 'third', ProxylessSpec>
> = {
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
}

export const proxylessOptions: OptionKinds<ProxylessNASOptions> = { ...networkOptions, normEps: 'number' }

const variant = (given: ProxylessSpec): Variant<ProxylessNASOptions> => ({
  options: proxylessOptions,
  create: (options) => new ProxylessNAS(given, options),
})

export const variants: Readonly<Record<ProxylessNASName, Variant<ProxylessNASOptions>>> = {
  proxylessnas_gpu: variant(proxylessSpecs.gpu),
  proxylessnas_mobile: variant(proxylessSpecs.mobile),
  proxylessnas_mobile14: variant(proxylessSpecs.mobile14),
  proxylessnas_cpu: variant(proxylessSpecs.cpu),
}
