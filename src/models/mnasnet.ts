import { Conv2d, Dropout, init, Linear, Module, Sequential } from '../nn/index.ts'
import type { Tensor } from '../tensor/index.ts'
import type { OptionKinds } from '../tensor/options.ts'
import { batchNorm, ConvNormActSequence } from './blocks/index.ts'
import { type TimmArchitecture, type TimmEfficientNetOptions, timmVariant } from './efficientnet-timm.ts'
import type { MnasNetName, TimmMnasNetName } from './mnasnet.metadata.ts'
import {
  type FeatureInfo,
  type HeadOptions,
  makeDivisible,
  Network,
  type NetworkOptions,
  networkOptions,
  type Variant,
} from './network.ts'

export interface MnasNetOptions extends NetworkOptions {
  /** Multiplies the channels of every layer but the last convolution. */
  readonly alpha?: number
  /** Before the classifier; 0.2 unless given. */
  readonly dropout?: number
  /**
   * Of torchvision's definition, as its checkpoints note it; 2 unless given. Version 1 has the stem of alpha 1 for every
   * alpha.
   */
  readonly version?: number
}

const norm = batchNorm(1e-5, 3e-4)

class InvertedResidual extends Module {
  layers: Sequential
  readonly #residual: boolean

  constructor(inChannels: number, outChannels: number, kernel: number, stride: number, expansion: number) {
    super()
    const hidden = inChannels * expansion
    this.layers = new Sequential(
      ...new ConvNormActSequence(inChannels, hidden, 1, { norm }),
      ...new ConvNormActSequence(hidden, hidden, kernel, { stride, groups: hidden, norm }),
      ...new ConvNormActSequence(hidden, outChannels, 1, { norm, activation: null }),
    )
    this.#residual = stride === 1 && inChannels === outChannels
  }

  override forward(x: Tensor): Tensor {
    const y = this.layers.forward(x)
    return this.#residual ? x.add(y) : y
  }
}

/** Channels, kernel, stride of the first block, expansion, blocks. */
const stacks = [
  [24, 3, 2, 3, 3],
  [40, 5, 2, 3, 3],
  [80, 5, 2, 6, 3],
  [96, 3, 1, 6, 2],
  [192, 5, 2, 6, 4],
  [320, 3, 1, 6, 1],
] as const

const stem = [32, 16] as const
const last = 1280

/** Places in `layers` of the modules that end a stage: those before a stride of 2, and the last. */
const stageEnds = [7, 8, 9, 11, 16]

/** MnasNet-B1 (Tan et al. 2018) as torchvision has it. */
export class MnasNet extends Network {
  layers: Sequential
  classifier: Sequential
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[]

  constructor(options: MnasNetOptions = {}) {
    super()
    const { numClasses = 1000, inChannels = 3, alpha = 1, dropout = 0.2, version = 2 } = options
    if (!(alpha > 0)) throw new RangeError(`MnasNet: alpha must be above 0, got ${alpha}`)
    if (version !== 1 && version !== 2) {
      throw new RangeError(`MnasNet: there are versions 1 and 2 of the definition, got ${version}`)
    }
    this.numClasses = numClasses
    const [first, second] = stem.map((width) => (version === 1 ? width : makeDivisible(width * alpha)))
    const widths = stacks.map(([width]) => makeDivisible(width * alpha))
    const blocks = stacks.map(([, kernel, stride, expansion, repeats], i) => {
      const before = widths[i - 1] ?? second!
      return new Sequential(
        ...Array.from({ length: repeats }, (_, j) =>
          j === 0
            ? new InvertedResidual(before, widths[i]!, kernel, stride, expansion)
            : new InvertedResidual(widths[i]!, widths[i]!, kernel, 1, expansion),
        ),
      )
    })
    this.layers = new Sequential(
      ...new ConvNormActSequence(inChannels, first!, 3, { stride: 2, norm }),
      ...new ConvNormActSequence(first!, first!, 3, { groups: first!, norm }),
      ...new ConvNormActSequence(first!, second!, 1, { norm, activation: null }),
      ...blocks,
      ...new ConvNormActSequence(widths.at(-1)!, last, 1, { norm }),
    )
    this.classifier = new Sequential(new Dropout(dropout), new Linear(last, numClasses))
    const channels = [second!, widths[0]!, widths[1]!, widths[3]!, last]
    this.featureInfo = stageEnds.map((place, i) => ({
      name: `layers.${place}`,
      channels: channels[i]!,
      stride: 2 ** (i + 1),
    }))
    for (const module of this.modules()) {
      if (module instanceof Conv2d) init.kaimingNormal(module.weight, { mode: 'fanOut' })
      else if (module instanceof Linear) initializeLinear(module)
    }
  }

  forwardFeatures(x: Tensor): Tensor {
    return this.stagesOf(this.layers, x)
  }

  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const descriptor = x.mean([2, 3])
    return preLogits ? descriptor : this.classifier.forward(descriptor)
  }

  classifierNames(): readonly string[] {
    return ['classifier.1']
  }

  protected override initializeClassifier(layer: Linear): void {
    initializeLinear(layer)
  }
}

function initializeLinear(layer: Linear): void {
  init.kaimingUniform(layer.weight, { mode: 'fanOut', nonlinearity: 'sigmoid' })
  init.zeros(layer.bias!)
}

/** The paper's networks in timm's notation: A1 with squeeze-and-excitation, B1 without, and the small one. */
const architectures = {
  a1: {
    stages: [
      ['ds_r1_k3_s1_e1_c16_noskip'],
      ['ir_r2_k3_s2_e6_c24'],
      ['ir_r3_k5_s2_e3_c40_se0.25'],
      ['ir_r4_k3_s2_e6_c80'],
      ['ir_r2_k3_s1_e6_c112_se0.25'],
      ['ir_r3_k5_s2_e6_c160_se0.25'],
      ['ir_r1_k3_s1_e6_c320'],
    ],
    stem: 32,
    head: 1280,
  },
  b1: {
    stages: [
      ['ds_r1_k3_s1_c16_noskip'],
      ['ir_r3_k3_s2_e3_c24'],
      ['ir_r3_k5_s2_e3_c40'],
      ['ir_r3_k5_s2_e6_c80'],
      ['ir_r2_k3_s1_e6_c96'],
      ['ir_r4_k5_s2_e6_c192'],
      ['ir_r1_k3_s1_e6_c320_noskip'],
    ],
    stem: 32,
    head: 1280,
  },
  small: {
    stages: [
      ['ds_r1_k3_s1_c8'],
      ['ir_r1_k3_s2_e3_c16'],
      ['ir_r2_k3_s2_e6_c16'],
      ['ir_r4_k5_s2_e6_c32_se0.25'],
      ['ir_r3_k3_s1_e6_c32_se0.25'],
      ['ir_r3_k5_s2_e6_c88_se0.25'],
      ['ir_r1_k3_s1_e6_c144'],
    ],
    stem: 8,
    head: 1280,
  },
} satisfies Record<string, TimmArchitecture>

const timm = (architecture: keyof typeof architectures, widthMult = 1): Variant<TimmEfficientNetOptions> =>
  timmVariant(() => architectures[architecture], { widthMult })

const variant = (alpha: number): Variant<MnasNetOptions> => ({
  options: mnasnetOptions,
  create: (options) => new MnasNet({ alpha, ...options }),
})

const mnasnetOptions: OptionKinds<MnasNetOptions> = {
  ...networkOptions,
  alpha: 'number',
  dropout: 'probability',
  version: 'count',
}

export const variants: Readonly<
  Record<MnasNetName, Variant<MnasNetOptions>> & Record<TimmMnasNetName, Variant<TimmEfficientNetOptions>>
> = {
  mnasnet0_5: variant(0.5),
  mnasnet0_75: variant(0.75),
  mnasnet1_0: variant(1),
  mnasnet1_3: variant(1.3),
  mnasnet_050: timm('b1', 0.5),
  mnasnet_075: timm('b1', 0.75),
  mnasnet_100: timm('b1'),
  mnasnet_140: timm('b1', 1.4),
  mnasnet_small: timm('small'),
  semnasnet_050: timm('a1', 0.5),
  semnasnet_075: timm('a1', 0.75),
  semnasnet_100: timm('a1'),
  semnasnet_140: timm('a1', 1.4),
}
