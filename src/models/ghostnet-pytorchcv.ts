import { Conv2d, Hardtanh, init, Module } from '../nn/index.ts'
import { concat, type Tensor } from '../tensor/index.ts'
import type { OptionKinds } from '../tensor/options.ts'
import { ConvNormAct, SqueezeExcite } from './blocks/index.ts'
import type { PytorchcvGhostNetName } from './ghostnet-pytorchcv.metadata.ts'
import {
  type HeadOptions,
  makeDivisible,
  type NetworkOptions,
  networkOptions,
  type Variant,
} from './network.ts'
import { type Part, PytorchcvNetwork, stageOf } from './pytorchcv-network.ts'

export interface PytorchcvGhostNetOptions extends NetworkOptions {
  /** Multiplies the channels of the blocks (those of the last convolution only when above 1). */
  readonly widthScale?: number
}

class GhostConvolution extends Module {
  main_conv: ConvNormAct
  cheap_conv: ConvNormAct

  constructor(inChannels: number, outChannels: number, activated: boolean) {
    super()
    const activation = activated ? 'relu' : null
    const main = Math.ceil(outChannels / 2)
    const cheap = outChannels - main
    this.main_conv = new ConvNormAct(inChannels, main, 1, { activation })
    this.cheap_conv = new ConvNormAct(main, cheap, 3, { groups: cheap, activation })
  }

  override forward(x: Tensor): Tensor {
    const main = this.main_conv.forward(x)
    return concat([main, this.cheap_conv.forward(main)], 1)
  }
}

/** Kernel, expansion, output channels, squeeze-and-excitation. */
type Setting = readonly [kernel: number, expansion: number, out: number, squeezed: boolean]

class Body extends Module {
  exp_conv: GhostConvolution
  dw_conv: ConvNormAct | null
  se: SqueezeExcite | null
  pw_conv: GhostConvolution

  constructor(inChannels: number, [kernel, expansion, outChannels, squeezed]: Setting, stride: number) {
    super()
    const hidden = Math.ceil(expansion * inChannels)
    this.exp_conv = new GhostConvolution(inChannels, hidden, true)
    this.dw_conv =
      stride === 1
        ? null
        : new ConvNormAct(hidden, hidden, kernel, { stride, groups: hidden, activation: null })
    this.se = squeezed
      ? new SqueezeExcite(hidden, Math.floor(hidden / 4), {
          gate: () => new Hardtanh(0, 1),
          names: ['conv1', 'conv2'],
        })
      : null
    this.pw_conv = new GhostConvolution(hidden, outChannels, false)
  }

  override forward(x: Tensor): Tensor {
    const expanded = this.exp_conv.forward(x)
    const filtered = this.dw_conv === null ? expanded : this.dw_conv.forward(expanded)
    return this.pw_conv.forward(this.se === null ? filtered : this.se.forward(filtered))
  }
}

/** The shortcut's depthwise convolution has 3x3 filters, whatever the block's, and an activation. */
class Shortcut extends Module {
  dw_conv: ConvNormAct
  pw_conv: ConvNormAct

  constructor(inChannels: number, outChannels: number, stride: number) {
    super()
    this.dw_conv = new ConvNormAct(inChannels, inChannels, 3, { stride, groups: inChannels })
    this.pw_conv = new ConvNormAct(inChannels, outChannels, 1, { activation: null })
  }

  override forward(x: Tensor): Tensor {
    return this.pw_conv.forward(this.dw_conv.forward(x))
  }
}

class GhostUnit extends Module {
  body: Body
  identity_conv: Shortcut | null

  constructor(inChannels: number, setting: Setting, stride: number) {
    super()
    const outChannels = setting[2]
    this.body = new Body(inChannels, setting, stride)
    this.identity_conv =
      inChannels === outChannels && stride === 1 ? null : new Shortcut(inChannels, outChannels, stride)
  }

  override forward(x: Tensor): Tensor {
    const shortcut = this.identity_conv === null ? x : this.identity_conv.forward(x)
    return this.body.forward(x).add(shortcut)
  }
}

class Classifier extends Module {
  conv1: ConvNormAct
  conv2: Conv2d

  constructor(inChannels: number, hidden: number, numClasses: number) {
    super()
    this.conv1 = new ConvNormAct(inChannels, hidden, 1)
    this.conv2 = new Conv2d(hidden, numClasses, 1)
  }

  override forward(pooled: Tensor): Tensor {
    return this.conv2.forward(this.conv1.forward(pooled))
  }
}

/** Every stage but the first halves the size. */
const stages: readonly (readonly Setting[])[] = [
  [[3, 1, 16, false]],
  [
    [3, 3, 24, false],
    [3, 3, 24, false],
  ],
  [
    [5, 3, 40, true],
    [5, 3, 40, true],
  ],
  [
    [3, 6, 80, false],
    [3, 2.5, 80, false],
    [3, 2.3, 80, false],
    [3, 2.3, 80, false],
    [3, 6, 112, true],
    [3, 6, 112, true],
  ],
  [
    [5, 6, 160, true],
    [5, 6, 160, false],
    [5, 6, 160, true],
    [5, 6, 160, false],
    [5, 6, 160, true],
  ],
]

/**
 * GhostNet (Han et al. 2019) as pytorchcv has it, which is another network than the authors': 3x3 shortcuts with an
 * activation, gates limited to 0..1 without a slope of a sixth, normalisation in the head.
 */
export class PytorchcvGhostNet extends PytorchcvNetwork {
  output: Classifier

  constructor(options: PytorchcvGhostNetOptions = {}) {
    const { numClasses = 1000, inChannels = 3, widthScale = 1 } = options
    const scaled = (width: number): number =>
      widthScale === 1 ? width : makeDivisible(width * widthScale, 4)
    let channels = scaled(16)
    const stem = new ConvNormAct(inChannels, channels, 3, { stride: 2 })
    const parts: Part[] = [{ name: 'init_block', module: stem, channels, stride: 2 }]
    for (const [i, settings] of stages.entries()) {
      const units = settings.map(([kernel, expansion, out, squeezed], j) => {
        const setting = [kernel, expansion, scaled(out), squeezed] as const
        const unit = new GhostUnit(channels, setting, i > 0 && j === 0 ? 2 : 1)
        channels = scaled(out)
        return unit
      })
      parts.push({ name: `stage${i + 1}`, module: stageOf(units), channels, stride: 2 ** (i + 1) })
    }
    const last = widthScale > 1 ? scaled(960) : 960
    parts.push({
      name: 'final_block',
      module: new ConvNormAct(channels, last, 1),
      channels: last,
      stride: 32,
    })
    super(parts, numClasses)
    this.output = new Classifier(last, 1280, numClasses)
    for (const module of this.modules()) if (module instanceof Conv2d) initialize(module)
  }

  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const pooled = x.mean([2, 3], true)
    return (preLogits ? this.output.conv1.forward(pooled) : this.output.forward(pooled)).flatten(1)
  }

  override classifierNames(): readonly string[] {
    return ['output.conv2']
  }

  override headNames(): readonly string[] {
    return ['output']
  }

  protected override initializeClassifier(layer: Conv2d): void {
    initialize(layer)
  }
}

function initialize(layer: Conv2d): void {
  init.kaimingNormal(layer.weight, { mode: 'fanOut' })
  if (layer.bias) init.zeros(layer.bias)
}

const ghostnetOptions: OptionKinds<PytorchcvGhostNetOptions> = { ...networkOptions, widthScale: 'number' }

export const variants: Readonly<Record<PytorchcvGhostNetName, Variant<PytorchcvGhostNetOptions>>> = {
  ghostnet_pytorchcv: { options: ghostnetOptions, create: (options) => new PytorchcvGhostNet(options) },
}
