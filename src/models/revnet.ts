import { type BatchNorm2d, type Conv2d, F, init, Linear, Module } from '../nn/index.ts'
import type { Tensor } from '../tensor/index.ts'
import type { OptionKinds } from '../tensor/options.ts'
import {
  type FeatureInfo,
  type HeadOptions,
  Network,
  type NetworkOptions,
  networkOptions,
  type Variant,
} from './network.ts'
import type { RevNetName } from './revnet.metadata.ts'
import { convolution, normOver, ReversibleStage, same, Unit } from './revnet-units.ts'

export interface RevNetOptions extends NetworkOptions {
  /**
   * Rebuilds activations for the gradient instead of keeping them, so that memory does not grow with depth; true unless
   * given. Rounding makes the gradients differ slightly, and second derivatives need false.
   */
  readonly reversible?: boolean
}

class Stem extends Module {
  init_conv: Conv2d
  init_bn: BatchNorm2d
  readonly #pooled: boolean

  constructor(inChannels: number, outChannels: number, large: boolean) {
    super()
    this.init_conv = convolution(inChannels, outChannels, large ? 7 : 3, large ? 2 : 1)
    this.init_bn = normOver(outChannels)
    this.#pooled = large
  }

  override forward(x: Tensor): Tensor {
    const y = this.init_bn.forward(this.init_conv.forward(x)).relu()
    return this.#pooled ? F.maxPool2d(y, 3, { stride: 2, padding: same }) : y
  }
}

class Last extends Module {
  final_bn: BatchNorm2d

  constructor(channels: number) {
    super()
    this.final_bn = normOver(channels)
  }

  override forward(x: Tensor): Tensor {
    return this.final_bn.forward(x).relu()
  }
}

export interface RevNetSpec {
  /** Channels of the stem and of each stage, both halves together; those of bottleneck stages count four times. */
  readonly filters: readonly number[]
  readonly units: readonly number[]
  readonly bottleneck: boolean
  /** For ImageNet: a stem that divides the size by four. */
  readonly large: boolean
  readonly numClasses: number
}

/** The reversible residual network (Gomez et al. 2017). Without a large stem, sides are multiples of four. */
export class RevNet extends Network {
  init: Stem
  unit_last: Last
  logit: Linear
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[]
  readonly #stages: readonly ReversibleStage[]

  constructor(spec: RevNetSpec, options: RevNetOptions = {}) {
    super()
    const { filters, units, bottleneck, large } = spec
    const { numClasses = spec.numClasses, inChannels = 3, reversible = true } = options
    this.numClasses = numClasses
    const widths = filters.map((width, i) => (i > 0 && bottleneck ? width * 4 : width))
    this.init = new Stem(inChannels, widths[0]!, large)
    this.#stages = units.map((count, stage) => {
      const list = Array.from({ length: count }, (_, i) => {
        const first = i === 0
        return new Unit(widths[first ? stage : stage + 1]!, widths[stage + 1]!, {
          stride: first && stage > 0 ? 2 : 1,
          bottleneck,
          activated: stage > 0 || !first,
        })
      })
      return new ReversibleStage(list, reversible)
    })
    this.unit_last = new Last(widths.at(-1)!)
    this.logit = new Linear(widths.at(-1)!, numClasses)
    this.initializeClassifier(this.logit)
    this.featureInfo = units.map((_, i) => ({
      name: `unit_${i + 1}`,
      channels: widths[i + 1]!,
      stride: (large ? 4 : 1) * 2 ** i,
    }))
  }

  /** The stages as `unit_1`, `unit_2` …, between the stem and the last normalization. */
  protected override *members(): Iterable<readonly [string, unknown]> {
    for (const [name, value] of super.members()) {
      if (name === 'unit_last') {
        for (const [i, stage] of this.#stages.entries()) yield [`unit_${i + 1}`, stage]
      }
      yield [name, value]
    }
  }

  forwardFeatures(x: Tensor): Tensor {
    return this.#stages.reduce((y, stage) => this.stage(stage, y), this.init.forward(x))
  }

  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const descriptor = this.unit_last.forward(x).mean([2, 3])
    return preLogits ? descriptor : this.logit.forward(descriptor)
  }

  classifierNames(): readonly string[] {
    return ['logit']
  }

  override headNames(): readonly string[] {
    return ['unit_last', 'logit']
  }

  protected override initializeClassifier(layer: Linear): void {
    const bound = Math.sqrt(3 / layer.inFeatures)
    init.uniform(layer.weight, -bound, bound)
    init.zeros(layer.bias!)
  }
}

const cifar = (filters: readonly number[], count: number, bottleneck = false) => ({
  filters,
  units: [count, count, count],
  bottleneck,
  large: false,
})

const specs = {
  38: cifar([32, 32, 64, 112], 3),
  110: cifar([32, 32, 64, 128], 9),
  164: cifar([32, 32, 64, 128], 9, true),
  56: { filters: [128, 128, 256, 512, 832], units: [2, 2, 3, 2], bottleneck: true, large: true },
  104: { filters: [128, 128, 256, 512, 832], units: [2, 2, 11, 2], bottleneck: true, large: true },
} as const

const revnetOptions: OptionKinds<RevNetOptions> = { ...networkOptions, reversible: 'flag' }

const variant = (depth: keyof typeof specs, numClasses: number): Variant<RevNetOptions> => ({
  options: revnetOptions,
  create: (options) => new RevNet({ ...specs[depth], numClasses }, options),
})

export const variants: Readonly<Record<RevNetName, Variant<RevNetOptions>>> = {
  revnet38_cifar10: variant(38, 10),
  revnet38_cifar100: variant(38, 100),
  revnet110_cifar10: variant(110, 10),
  revnet110_cifar100: variant(110, 100),
  revnet164_cifar10: variant(164, 10),
  revnet164_cifar100: variant(164, 100),
  revnet56: variant(56, 1000),
  revnet104: variant(104, 1000),
}
