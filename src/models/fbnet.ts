import { Conv2d, Identity, init, Module, Sequential } from '../nn/index.ts'
import type { Tensor } from '../tensor/index.ts'
import { ConvNormAct } from './blocks/index.ts'
import { type TimmArchitecture, type TimmEfficientNetOptions, timmVariant } from './efficientnet-timm.ts'
import type { FbnetName, TimmFbnetName } from './fbnet.metadata.ts'
import {
  type FeatureInfo,
  type HeadOptions,
  makeDivisible,
  Network,
  type NetworkOptions,
  networkOptions,
  type Variant,
} from './network.ts'

/**
 * A block of the search space: kernel size and expansion; 'shuffled' ones have a projection of two groups, whose halves
 * take turns among the channels before; 'skip' is the identity.
 */
type Choice = 'skip' | readonly [kernel: number, expansion: number] | readonly [number, number, 'shuffled']

class FbnetBlock extends Module {
  pw: ConvNormAct | null
  dw: ConvNormAct
  pwl: ConvNormAct
  readonly #shuffled: boolean
  readonly #residual: boolean

  constructor(
    inChannels: number,
    outChannels: number,
    stride: number,
    [kernel, expansion, shuffled]: Exclude<Choice, 'skip'>,
  ) {
    super()
    const hidden = makeDivisible(inChannels * expansion)
    const groups = shuffled ? 2 : 1
    this.pw = hidden === inChannels ? null : new ConvNormAct(inChannels, hidden, 1, { bias: true })
    this.dw = new ConvNormAct(hidden, hidden, kernel, { stride, groups: hidden, bias: true })
    this.pwl = new ConvNormAct(hidden, outChannels, 1, { groups, bias: true, activation: null })
    this.#shuffled = shuffled !== undefined
    this.#residual = stride === 1 && inChannels === outChannels
  }

  override forward(x: Tensor): Tensor {
    const expanded: Tensor = this.pw === null ? x : this.pw.forward(x)
    const y = this.pwl.forward(this.dw.forward(this.#shuffled ? shuffledHalves(expanded) : expanded))
    return this.#residual ? y.add(x) : y
  }
}

/** The channels of both halves, alternating. */
function shuffledHalves(x: Tensor): Tensor {
  const [batch, channels, ...size] = x.shape
  const halves = x.reshape([batch!, 2, channels! / 2, ...size])
  return halves.permute([0, 2, 1, 3, 4]).reshape([...x.shape])
}

class Backbone extends Module {
  stages: Sequential

  constructor(stages: Sequential) {
    super()
    this.stages = stages
  }

  override forward(x: Tensor): Tensor {
    return this.stages.forward(x)
  }
}

class Head extends Module {
  conv: Conv2d

  constructor(inChannels: number, numClasses: number) {
    super()
    this.conv = new Conv2d(inChannels, numClasses, 1)
  }

  override forward(pooled: Tensor): Tensor {
    return this.conv.forward(pooled).flatten(1)
  }
}

interface FbnetSpec {
  /** For each block of stages 1 to 5. */
  readonly choices: readonly (readonly Choice[])[]
  readonly last: number
}

/** Stages 1 to 5: channels and stride of each block. */
const space: readonly (readonly (readonly [channels: number, stride: number])[])[] = [
  [[16, 1]],
  [[24, 2], ...Array.from({ length: 3 }, () => [24, 1] as const)],
  [[32, 2], ...Array.from({ length: 3 }, () => [32, 1] as const)],
  [
    [64, 2],
    ...Array.from({ length: 3 }, () => [64, 1] as const),
    ...Array.from({ length: 4 }, () => [112, 1] as const),
  ],
  [[184, 2], ...Array.from({ length: 3 }, () => [184, 1] as const), [352, 1]],
]

/** FBNet (Wu et al. 2018) as facebookresearch/mobile-vision has it: biases before normalisation, 1x1 convolution for a head. */
export class Fbnet extends Network {
  backbone: Backbone
  head: Head
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[]

  constructor(spec: FbnetSpec, { numClasses = 1000, inChannels = 3 }: NetworkOptions = {}) {
    super()
    this.numClasses = numClasses
    let channels = 16
    let reduction = 2
    const stem = new ConvNormAct(inChannels, channels, 3, { stride: 2, bias: true })
    const blocks: [string, Module][] = [['xif0_0', stem]]
    const featureInfo: FeatureInfo[] = []
    const endStage = (): void => {
      featureInfo.push({ name: `backbone.stages.${blocks.at(-1)![0]}`, channels, stride: reduction })
    }
    for (const [i, stage] of space.entries()) {
      for (const [j, [outChannels, stride]] of stage.entries()) {
        const choice = spec.choices[i]![j]!
        if (stride > 1) {
          endStage()
          reduction *= stride
        }
        const block =
          choice === 'skip' ? new Identity() : new FbnetBlock(channels, outChannels, stride, choice)
        blocks.push([`xif${i + 1}_${j}`, block])
        channels = outChannels
      }
    }
    blocks.push(['xif6_0', new ConvNormAct(channels, spec.last, 1, { bias: true })])
    channels = spec.last
    endStage()
    this.backbone = new Backbone(new Sequential(...blocks))
    this.head = new Head(channels, numClasses)
    this.featureInfo = featureInfo
    for (const module of this.backbone.modules()) {
      if (!(module instanceof Conv2d)) continue
      init.kaimingNormal(module.weight, { mode: 'fanOut' })
      init.zeros(module.bias!)
    }
  }

  forwardFeatures(x: Tensor): Tensor {
    return [...this.backbone.stages].reduce((y, block) => this.stage(block, y), x)
  }

  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const pooled = x.mean([2, 3], true)
    return preLogits ? pooled.flatten(1) : this.head.forward(pooled)
  }

  classifierNames(): readonly string[] {
    return ['head.conv']
  }
}

const specs: Readonly<Record<FbnetName, FbnetSpec>> = {
  fbnet_a: {
    choices: [
      ['skip'],
      [[3, 3], [3, 1], 'skip', 'skip'],
      [
        [5, 6],
        [3, 3],
        [5, 1],
        [3, 3],
      ],
      [
        [5, 6],
        [5, 3],
        [5, 1, 'shuffled'],
        [5, 6],
        [3, 6],
        [5, 1, 'shuffled'],
        [5, 3],
        [3, 1, 'shuffled'],
      ],
      [
        [5, 6],
        [5, 6],
        [5, 3],
        [5, 6],
        [5, 6],
      ],
    ],
    last: 1504,
  },
  fbnet_b: {
    choices: [
      [[3, 1]],
      [
        [3, 6],
        [5, 1],
        [3, 1],
        [3, 1],
      ],
      [
        [5, 6],
        [5, 3],
        [3, 6],
        [5, 6],
      ],
      [[5, 6], [5, 6], 'skip', [5, 3], [5, 6], [3, 1], [5, 1], [5, 3]],
      [
        [5, 6],
        [5, 1],
        [5, 6],
        [5, 6],
        [3, 6],
      ],
    ],
    last: 1984,
  },
  fbnet_c: {
    choices: [
      [[3, 1]],
      [[3, 6], 'skip', [3, 1], [3, 1]],
      [
        [5, 6],
        [5, 3],
        [5, 6],
        [3, 6],
      ],
      [
        [5, 6],
        [5, 3],
        [5, 6],
        [5, 6],
        [5, 6],
        [5, 6],
        [5, 6],
        [5, 3],
      ],
      [
        [5, 6],
        [5, 6],
        [5, 6],
        [5, 6],
        [3, 6],
      ],
    ],
    last: 1984,
  },
}

const variant = (name: FbnetName): Variant<NetworkOptions> => ({
  options: networkOptions,
  create: (options) => new Fbnet(specs[name], options),
})

/** timm's FBNet-C: no biases before normalisation, and a 1x1 convolution first in blocks that do not expand, too. */
const timm: TimmArchitecture = {
  stages: [
    ['ir_r1_k3_s1_e1_c16'],
    ['ir_r1_k3_s2_e6_c24', 'ir_r2_k3_s1_e1_c24'],
    ['ir_r1_k5_s2_e6_c32', 'ir_r1_k5_s1_e3_c32', 'ir_r1_k5_s1_e6_c32', 'ir_r1_k3_s1_e6_c32'],
    ['ir_r1_k5_s2_e6_c64', 'ir_r1_k5_s1_e3_c64', 'ir_r2_k5_s1_e6_c64'],
    ['ir_r3_k5_s1_e6_c112', 'ir_r1_k5_s1_e3_c112'],
    ['ir_r4_k5_s2_e6_c184'],
    ['ir_r1_k3_s1_e6_c352'],
  ],
  stem: 16,
  head: 1984,
}

export const variants: Readonly<
  Record<FbnetName, Variant<NetworkOptions>> & Record<TimmFbnetName, Variant<TimmEfficientNetOptions>>
> = {
  fbnet_a: variant('fbnet_a'),
  fbnet_b: variant('fbnet_b'),
  fbnet_c: variant('fbnet_c'),
  fbnetc_100: timmVariant(() => timm),
}
