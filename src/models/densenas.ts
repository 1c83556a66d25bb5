import { Conv2d, init, Linear, Module, ModuleList, Sequential } from '../nn/index.ts'
import type { Tensor } from '../tensor/index.ts'
import type { OptionKinds } from '../tensor/options.ts'
import {
  batchNorm,
  ConvNormActSequence,
  type MobileLayer,
  type MobileStage,
  mobileLayers,
  type NormLayer,
} from './blocks/index.ts'
import type { DenseNASName } from './densenas.metadata.ts'
import {
  type FeatureInfo,
  type HeadOptions,
  Network,
  type NetworkOptions,
  networkOptions,
  type Variant,
} from './network.ts'

export interface DenseNASOptions extends NetworkOptions {
  /** Of batch normalization; 1e-3 unless given. */
  readonly normEps?: number
}

class MBConv extends Module {
  _expand_conv: ConvNormActSequence | null
  _depthwise_conv: ConvNormActSequence
  _project_conv: ConvNormActSequence
  readonly #shortcut: boolean

  constructor({ choice, inChannels, outChannels, stride }: MobileLayer, norm: NormLayer) {
    super()
    const { kernel, expansion } = choice!
    const hidden = inChannels * expansion
    const common = { norm, activation: 'relu6' } as const
    this._expand_conv = expansion > 1 ? new ConvNormActSequence(inChannels, hidden, 1, common) : null
    this._depthwise_conv = new ConvNormActSequence(hidden, hidden, kernel, {
      ...common,
      stride,
      groups: hidden,
    })
    this._project_conv = new ConvNormActSequence(hidden, outChannels, 1, { norm, activation: null })
    this.#shortcut = stride === 1 && inChannels === outChannels
  }

  override forward(x: Tensor): Tensor {
    const expanded = this._expand_conv ? this._expand_conv.forward(x) : x
    const y: Tensor = this._project_conv.forward(this._depthwise_conv.forward(expanded))
    return this.#shortcut ? x.add(y) : y
  }
}

/** A routing block: its head changes channels and size, the rest keep them. */
class Block extends Module {
  head_layer: MBConv
  stack_layers: Sequential

  constructor([head, ...stack]: readonly MobileLayer[], norm: NormLayer) {
    super()
    this.head_layer = new MBConv(head!, norm)
    this.stack_layers = new Sequential(...stack.map((layer) => new MBConv(layer, norm)))
  }

  override forward(x: Tensor): Tensor {
    return this.stack_layers.forward(this.head_layer.forward(x))
  }
}

/** The last convolution, in a module of its own as in the reference. */
class Conv11Block extends Module {
  conv1_1: ConvNormActSequence

  constructor(inChannels: number, outChannels: number, norm: NormLayer) {
    super()
    this.conv1_1 = new ConvNormActSequence(inChannels, outChannels, 1, { norm, activation: 'relu6' })
  }

  override forward(x: Tensor): Tensor {
    return this.conv1_1.forward(x)
  }
}

/** DenseNAS of the search space of MobileNetV2 (Fang et al. 2020), with the authors' names. */
export class DenseNAS extends Network {
  input_block: ConvNormActSequence
  blocks: ModuleList
  conv1_1_block: Conv11Block
  classifier: Linear
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[]

  constructor(stages: readonly MobileStage[], genotype: string, options: DenseNASOptions = {}) {
    super()
    const { numClasses = 1000, inChannels = 3, normEps = 1e-3 } = options
    const norm = batchNorm(normEps)
    this.numClasses = numClasses
    this.input_block = new ConvNormActSequence(inChannels, 16, 3, { stride: 2, norm, activation: 'relu6' })
    const layers = mobileLayers(16, stages, genotype)
    const starts = layers.flatMap(({ firstOfStage }, i) => (firstOfStage ? [i] : []))
    this.blocks = new ModuleList(
      starts.map((start, i) => new Block(layers.slice(start, starts[i + 1]), norm)),
    )
    this.conv1_1_block = new Conv11Block(stages.at(-1)![0], lastChannels, norm)
    this.classifier = new Linear(lastChannels, numClasses)
    let stride = 2
    this.featureInfo = stages.flatMap(([channels, step], i) => {
      stride *= step
      const next = stages[i + 1]
      return next && next[1] === 1 ? [] : [{ name: `blocks.${i}`, channels, stride }]
    })
    for (const module of this.modules()) {
      if (module instanceof Conv2d) initialize(module)
    }
    init.zeros(this.classifier.bias!)
  }

  forwardFeatures(x: Tensor): Tensor {
    const stem: Tensor = this.input_block.forward(x)
    const y = [...this.blocks].reduce((z, block) => this.stage(block, z), stem)
    return this.conv1_1_block.forward(y)
  }

  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const descriptor = x.mean([2, 3])
    return preLogits ? descriptor : this.classifier.forward(descriptor)
  }

  classifierNames(): readonly string[] {
    return ['classifier']
  }

  override headNames(): readonly string[] {
    return ['conv1_1_block', 'classifier']
  }

  protected override initializeClassifier(layer: Linear): void {
    init.zeros(layer.bias!)
  }
}

/** By the fan-out of one group. */
function initialize({ weight, kernelSize, outChannels, groups }: Conv2d): void {
  init.normal(weight, 0, Math.sqrt((2 * groups) / (kernelSize[0] * kernelSize[1] * outChannels)))
}

const lastChannels = 1984

const options: OptionKinds<DenseNASOptions> = { ...networkOptions, normEps: 'number' }

const variant = (stages: readonly MobileStage[], genotype: string): Variant<DenseNASOptions> => ({
  options,
  create: (given) => new DenseNAS(stages, genotype, given),
})

const begin: readonly MobileStage[] = [
  [16, 1],
  [24, 2],
  [48, 2],
  [72, 2],
  [128, 1],
]
const end: readonly MobileStage[] = [
  [160, 2],
  [176, 1],
  [384, 1],
]

export const variants: Readonly<Record<DenseNASName, Variant<DenseNASOptions>>> = {
  densenas_a: variant(
    [...begin, [176, 2], [384, 1]],
    'k3e1 | k3e3 | k7e6 k7e3 | k5e6 k3e3 k5e3 | k3e3 k3e3 | k3e3 k3e6 k3e3 k3e6 | k5e6',
  ),
  densenas_b: variant(
    [...begin, ...end],
    'k3e1 | k3e6 | k5e3 k3e3 k3e3 | k3e6 k3e3 k5e3 | k3e6 k3e3 | k3e6 k3e3 k5e6 k5e3 | k3e3 k3e6 k3e6 | k7e6',
  ),
  densenas_c: variant(
    [...begin, ...end],
    'k3e1 | k3e6 | k7e6 k3e3 | k5e6 k3e6 k3e3 | k3e6 k3e3 k3e3 | k3e6 k7e3 k5e6 k7e3 | k3e3 k3e6 k3e6 k3e6 | k7e6',
  ),
}
