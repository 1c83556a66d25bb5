import { Conv2d, Dropout, Hardswish, Module } from '../nn/index.ts'
import type { Tensor } from '../tensor/index.ts'
import type { OptionKinds } from '../tensor/options.ts'
import { type ActivationName, ConvNormAct, SqueezeExcite } from './blocks/index.ts'
import type { PytorchcvMobileNetV3Name } from './mobilenet-v3-pytorchcv.metadata.ts'
import {
  type HeadOptions,
  makeDivisible,
  type NetworkOptions,
  networkOptions,
  type Variant,
} from './network.ts'
import {
  initializeConvolution,
  initializeConvolutions,
  type Part,
  PytorchcvNetwork,
  stageOf,
} from './pytorchcv-network.ts'

export interface PytorchcvMobileNetV3Options extends NetworkOptions {
  /** Multiplies the channels of the blocks (that of the last convolution only when above 1). */
  readonly widthMult?: number
  /** Before the classifier; 0.2 unless given. */
  readonly dropRate?: number
}

/** Kernel, expanded channels, output channels, squeeze-and-excitation. */
type Setting = readonly [kernel: number, expanded: number, out: number, squeezed: boolean]

interface Stage {
  readonly stride: number
  readonly activation: ActivationName
  readonly units: readonly Setting[]
}

class MobileNetV3Unit extends Module {
  exp_conv: ConvNormAct | null
  conv1: ConvNormAct
  se: SqueezeExcite | null
  conv2: ConvNormAct
  readonly #residual: boolean

  constructor(
    inChannels: number,
    [kernel, expanded, outChannels, squeezed]: Setting,
    stride: number,
    activation: ActivationName,
  ) {
    super()
    this.exp_conv = expanded === outChannels ? null : new ConvNormAct(inChannels, expanded, 1, { activation })
    this.conv1 = new ConvNormAct(expanded, expanded, kernel, { stride, groups: expanded, activation })
    const names = ['conv1', 'conv2'] as const
    this.se = squeezed
      ? new SqueezeExcite(expanded, makeDivisible(expanded / 4), { gate: 'hardSigmoid', names })
      : null
    this.conv2 = new ConvNormAct(expanded, outChannels, 1, { activation: null })
    this.#residual = stride === 1 && inChannels === outChannels
  }

  override forward(x: Tensor): Tensor {
    const expanded: Tensor = this.exp_conv === null ? x : this.exp_conv.forward(x)
    const filtered = this.conv1.forward(expanded)
    const y = this.conv2.forward(this.se === null ? filtered : this.se.forward(filtered))
    return this.#residual ? y.add(x) : y
  }
}

class FinalBlock extends Module {
  conv: ConvNormAct

  constructor(inChannels: number, outChannels: number) {
    super()
    this.conv = new ConvNormAct(inChannels, outChannels, 1, { activation: 'hardSwish' })
  }

  override forward(x: Tensor): Tensor {
    return this.conv.forward(x)
  }
}

class Classifier extends Module {
  conv1: Conv2d
  activ: Hardswish
  dropout: Dropout
  conv2: Conv2d

  constructor(inChannels: number, hidden: number, numClasses: number, dropRate: number) {
    super()
    this.conv1 = new Conv2d(inChannels, hidden, 1, { bias: false })
    this.activ = new Hardswish()
    this.dropout = new Dropout(dropRate)
    this.conv2 = new Conv2d(hidden, numClasses, 1)
  }

  describe(pooled: Tensor): Tensor {
    return this.activ.forward(this.conv1.forward(pooled))
  }

  override forward(pooled: Tensor): Tensor {
    return this.conv2.forward(this.dropout.forward(this.describe(pooled)))
  }
}

interface MobileNetV3Spec {
  readonly stages: readonly Stage[]
  readonly last: number
}

/** MobileNetV3 (Howard et al. 2019) as pytorchcv has it: 1x1 convolutions for a head, the first without a bias. */
export class PytorchcvMobileNetV3 extends PytorchcvNetwork {
  output: Classifier

  constructor(spec: MobileNetV3Spec, options: PytorchcvMobileNetV3Options = {}) {
    const { numClasses = 1000, inChannels = 3, widthMult = 1, dropRate = 0.2 } = options
    const scaled = (width: number): number => (widthMult === 1 ? width : makeDivisible(width * widthMult))
    let channels = scaled(16)
    let reduction = 2
    const stem = new ConvNormAct(inChannels, channels, 3, { stride: 2, activation: 'hardSwish' })
    const parts: Part[] = [{ name: 'init_block', module: stem, channels, stride: reduction }]
    for (const [i, stage] of spec.stages.entries()) {
      const units = stage.units.map(([kernel, expanded, out, squeezed], j) => {
        const setting = [kernel, scaled(expanded), scaled(out), squeezed] as const
        const unit = new MobileNetV3Unit(channels, setting, j === 0 ? stage.stride : 1, stage.activation)
        channels = scaled(out)
        return unit
      })
      reduction *= stage.stride
      parts.push({ name: `stage${i + 1}`, module: stageOf(units), channels, stride: reduction })
    }
    const last = widthMult > 1 ? scaled(spec.last) : spec.last
    const final = new FinalBlock(channels, last)
    parts.push({ name: 'final_block', module: final, channels: last, stride: reduction })
    super(parts, numClasses)
    this.output = new Classifier(last, 1280, numClasses, dropRate)
    initializeConvolutions(this)
  }

  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const pooled = x.mean([2, 3], true)
    return (preLogits ? this.output.describe(pooled) : this.output.forward(pooled)).flatten(1)
  }

  override classifierNames(): readonly string[] {
    return ['output.conv2']
  }

  override headNames(): readonly string[] {
    return ['output']
  }

  protected override initializeClassifier(layer: Conv2d): void {
    initializeConvolution(layer)
  }
}

const specs: Readonly<Record<PytorchcvMobileNetV3Name, MobileNetV3Spec>> = {
  mobilenetv3_large_w1: {
    stages: [
      { stride: 1, activation: 'relu', units: [[3, 16, 16, false]] },
      {
        stride: 2,
        activation: 'relu',
        units: [
          [3, 64, 24, false],
          [3, 72, 24, false],
        ],
      },
      {
        stride: 2,
        activation: 'relu',
        units: [
          [5, 72, 40, true],
          [5, 120, 40, true],
          [5, 120, 40, true],
        ],
      },
      {
        stride: 2,
        activation: 'hardSwish',
        units: [
          [3, 240, 80, false],
          [3, 200, 80, false],
          [3, 184, 80, false],
          [3, 184, 80, false],
          [3, 480, 112, true],
          [3, 672, 112, true],
        ],
      },
      {
        stride: 2,
        activation: 'hardSwish',
        units: [
          [5, 672, 160, true],
          [5, 960, 160, true],
          [5, 960, 160, true],
        ],
      },
    ],
    last: 960,
  },
  mobilenetv3_small_w1: {
    stages: [
      { stride: 2, activation: 'relu', units: [[3, 16, 16, true]] },
      {
        stride: 2,
        activation: 'relu',
        units: [
          [3, 72, 24, false],
          [3, 88, 24, false],
        ],
      },
      {
        stride: 2,
        activation: 'hardSwish',
        units: [
          [5, 96, 40, true],
          [5, 240, 40, true],
          [5, 240, 40, true],
          [5, 120, 48, true],
          [5, 144, 48, true],
        ],
      },
      {
        stride: 2,
        activation: 'hardSwish',
        units: [
          [5, 288, 96, true],
          [5, 576, 96, true],
          [5, 576, 96, true],
        ],
      },
    ],
    last: 576,
  },
}

const mobilenetOptions: OptionKinds<PytorchcvMobileNetV3Options> = {
  ...networkOptions,
  widthMult: 'number',
  dropRate: 'probability',
}

const variant = (spec: MobileNetV3Spec): Variant<PytorchcvMobileNetV3Options> => ({
  options: mobilenetOptions,
  create: (options) => new PytorchcvMobileNetV3(spec, options),
})

export const variants: Readonly<Record<PytorchcvMobileNetV3Name, Variant<PytorchcvMobileNetV3Options>>> = {
  mobilenetv3_large_w1: variant(specs.mobilenetv3_large_w1),
  mobilenetv3_small_w1: variant(specs.mobilenetv3_small_w1),
}
