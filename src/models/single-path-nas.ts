import { Linear, Module } from '../nn/index.ts'
import type { Tensor } from '../tensor/index.ts'
import { ConvNormAct } from './blocks/index.ts'
import { type TimmArchitecture, type TimmEfficientNetOptions, timmVariant } from './efficientnet-timm.ts'
import { type HeadOptions, type NetworkOptions, networkOptions, type Variant } from './network.ts'
import { initializeConvolutions, type Part, PytorchcvNetwork, stageOf } from './pytorchcv-network.ts'

class SinglePathUnit extends Module {
  exp_conv: ConvNormAct | null
  conv1: ConvNormAct
  conv2: ConvNormAct
  readonly #residual: boolean

  constructor(
    inChannels: number,
    outChannels: number,
    [kernel, expansion]: Setting,
    { stride = 1, skip = true }: { readonly stride?: number; readonly skip?: boolean } = {},
  ) {
    super()
    const hidden = inChannels * expansion
    this.exp_conv = expansion === 1 ? null : new ConvNormAct(inChannels, hidden, 1)
    this.conv1 = new ConvNormAct(hidden, hidden, kernel, { stride, groups: hidden })
    this.conv2 = new ConvNormAct(hidden, outChannels, 1, { activation: null })
    this.#residual = skip && stride === 1 && inChannels === outChannels
  }

  override forward(x: Tensor): Tensor {
    const expanded: Tensor = this.exp_conv === null ? x : this.exp_conv.forward(x)
    const y = this.conv2.forward(this.conv1.forward(expanded))
    return this.#residual ? y.add(x) : y
  }
}

class InitBlock extends Module {
  conv1: ConvNormAct
  conv2: SinglePathUnit

  constructor(inChannels: number) {
    super()
    this.conv1 = new ConvNormAct(inChannels, 32, 3, { stride: 2 })
    this.conv2 = new SinglePathUnit(32, 16, [3, 1], { skip: false })
  }

  override forward(x: Tensor): Tensor {
    return this.conv2.forward(this.conv1.forward(x))
  }
}

class FinalBlock extends Module {
  conv1: SinglePathUnit
  conv2: ConvNormAct

  constructor(inChannels: number) {
    super()
    this.conv1 = new SinglePathUnit(inChannels, 320, [3, 6], { skip: false })
    this.conv2 = new ConvNormAct(320, 1280, 1)
  }

  override forward(x: Tensor): Tensor {
    return this.conv2.forward(this.conv1.forward(x))
  }
}

/** Kernel and expansion that the search found. */
type Setting = readonly [kernel: number, expansion: number]

/** Channels and blocks of each stage; the block that strides is the first unless `at` says otherwise. */
const stages: readonly {
  readonly units: readonly (readonly [channels: number, ...Setting])[]
  readonly at?: number
}[] = [
  {
    units: [
      [24, 3, 3],
      [24, 3, 3],
      [24, 3, 3],
    ],
  },
  {
    units: [
      [40, 5, 6],
      [40, 3, 3],
      [40, 3, 3],
      [40, 3, 3],
    ],
  },
  {
    units: [
      [80, 5, 6],
      [80, 3, 3],
      [80, 3, 3],
      [80, 3, 3],
    ],
  },
  {
    units: [
      [96, 5, 6],
      [96, 5, 3],
      [96, 5, 3],
      [96, 5, 3],
      [192, 5, 6],
      [192, 5, 6],
      [192, 5, 6],
      [192, 5, 6],
    ],
    at: 4,
  },
]

/** The network of Single-Path NAS (Stamoulis et al. 2019) with pytorchcv's names. */
export class SinglePathNet extends PytorchcvNetwork {
  output: Linear

  constructor(options: NetworkOptions = {}) {
    const { numClasses = 1000, inChannels = 3 } = options
    let channels = 16
    const parts: Part[] = [{ name: 'init_block', module: new InitBlock(inChannels), channels, stride: 2 }]
    for (const [i, { units, at = 0 }] of stages.entries()) {
      const modules = units.map(([outChannels, ...setting], j) => {
        const unit = new SinglePathUnit(channels, outChannels, setting, { stride: j === at ? 2 : 1 })
        channels = outChannels
        return unit
      })
      parts.push({ name: `stage${i + 1}`, module: stageOf(modules), channels, stride: 2 ** (i + 2) })
    }
    parts.push({ name: 'final_block', module: new FinalBlock(channels), channels: 1280, stride: 32 })
    super(parts, numClasses)
    this.output = new Linear(1280, numClasses)
    initializeConvolutions(this)
  }

  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const descriptor = x.mean([2, 3])
    return preLogits ? descriptor : this.output.forward(descriptor)
  }
}

const architecture: TimmArchitecture = {
  stages: [
    ['ds_r1_k3_s1_c16_noskip'],
    ['ir_r3_k3_s2_e3_c24'],
    ['ir_r1_k5_s2_e6_c40', 'ir_r3_k3_s1_e3_c40'],
    ['ir_r1_k5_s2_e6_c80', 'ir_r3_k3_s1_e3_c80'],
    ['ir_r1_k5_s1_e6_c96', 'ir_r3_k5_s1_e3_c96'],
    ['ir_r4_k5_s2_e6_c192'],
    ['ir_r1_k3_s1_e6_c320_noskip'],
  ],
  stem: 32,
  head: 1280,
}

export const variants: {
  readonly spnasnet_100: Variant<TimmEfficientNetOptions>
  readonly spnasnet: Variant<NetworkOptions>
} = {
  spnasnet_100: timmVariant(() => architecture),
  spnasnet: { options: networkOptions, create: (options) => new SinglePathNet(options) },
}
