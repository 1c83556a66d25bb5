import { Conv2d, init, LeakyReLU, MaxPool2d, Module, Sequential } from '../nn/index.ts'
import type { Tensor } from '../tensor/index.ts'
import type { OptionKinds } from '../tensor/options.ts'
import { ConvNormAct } from './blocks/index.ts'
import type { Darknet19Name } from './darknet19.metadata.ts'
import {
  type FeatureInfo,
  type HeadOptions,
  Network,
  type NetworkOptions,
  networkOptions,
  type Variant,
} from './network.ts'

export interface Darknet19Options extends NetworkOptions {
  /** Of every leaky rectifier; 0.1 unless given. */
  readonly negativeSlope?: number
}

interface Darknet19Spec {
  /** The channels of each convolution, by stage; all stages but the last end in a 2x2 max pool. */
  readonly stages: readonly (readonly number[])[]
  /** Whether it is the first, third, … of a stage's several convolutions that are 1x1, or the second, fourth, …. */
  readonly pointwise: 'odd' | 'even'
  /** Whether the map of class scores is rectified before it is pooled. */
  readonly classActivation: boolean
}

/** The convolutions of one scale, under pytorchcv's names, and the pool after them. */
class DarknetStage extends Module {
  readonly #units: readonly ConvNormAct[]
  readonly #pool: MaxPool2d | null

  constructor(units: readonly ConvNormAct[], pooled: boolean) {
    super()
    this.#units = units
    this.#pool = pooled ? new MaxPool2d(2) : null
  }

  protected override *members(): Iterable<readonly [string, unknown]> {
    yield* super.members()
    for (const [i, unit] of this.#units.entries()) yield [`unit${i + 1}`, unit]
    if (this.#pool) yield ['pool', this.#pool]
  }

  override forward(x: Tensor): Tensor {
    const y = this.#units.reduce((input, unit) => unit.forward(input), x)
    return this.#pool ? this.#pool.forward(y) : y
  }
}

/**
 * Darknet-19 (Redmon and Farhadi 2016) and its smaller siblings, which classify by pooling a map of class scores. Images of
 * 2^(stages - 1) pixels at least.
 */
export class Darknet19 extends Network {
  features: Sequential
  output: Sequential
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[]

  constructor(spec: Darknet19Spec, options: Darknet19Options = {}) {
    super()
    const { numClasses = 1000, inChannels = 3, negativeSlope = 0.1 } = options
    this.numClasses = numClasses
    const activation = (): Module => new LeakyReLU(negativeSlope)
    const odd = spec.pointwise === 'odd' ? 0 : 1
    let channels = inChannels
    const stages = spec.stages.map((widths, stage) => {
      const units = widths.map((width, i) => {
        const kernelSize = widths.length > 1 && i % 2 === odd ? 1 : 3
        const unit = new ConvNormAct(channels, width, kernelSize, { activation })
        channels = width
        return unit
      })
      return [`stage${stage + 1}`, new DarknetStage(units, stage < spec.stages.length - 1)] as const
    })
    this.features = new Sequential(...stages)
    const classes = new Conv2d(channels, numClasses, 1)
    this.output = spec.classActivation
      ? new Sequential(['final_conv', classes], ['final_activ', activation()])
      : new Sequential(['final_conv', classes])
    this.featureInfo = spec.stages.map((widths, i) => ({
      name: `features.stage${i + 1}.unit${widths.length}`,
      channels: widths.at(-1)!,
      stride: 2 ** i,
    }))
    for (const module of this.modules()) {
      if (module instanceof Conv2d) init.kaimingUniform(module.weight)
    }
    this.initializeClassifier(classes)
  }

  forwardFeatures(x: Tensor): Tensor {
    return [...this.features].reduce((y, stage) => this.stage(stage, y), x)
  }

  /** The descriptor is the last feature map pooled; the logits are the pooled map of class scores. */
  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    return (preLogits ? x : this.output.forward(x)).mean([2, 3])
  }

  classifierNames(): readonly string[] {
    return ['output.final_conv']
  }

  override headNames(): readonly string[] {
    return ['output']
  }

  protected override initializeClassifier(layer: Conv2d): void {
    init.normal(layer.weight, 0, 0.01)
    init.zeros(layer.bias!)
  }
}

const specs: Readonly<Record<Darknet19Name, Darknet19Spec>> = {
  darknet19: {
    stages: [
      [32],
      [64],
      [128, 64, 128],
      [256, 128, 256],
      [512, 256, 512, 256, 512],
      [1024, 512, 1024, 512, 1024],
    ],
    pointwise: 'even',
    classActivation: false,
  },
  darknet_tiny: {
    stages: [[16], [32], [16, 128, 16, 128], [32, 256, 32, 256], [64, 512, 64, 512, 128]],
    pointwise: 'odd',
    classActivation: false,
  },
  darknet_ref: {
    stages: [[16], [32], [64], [128], [256], [512], [1024]],
    pointwise: 'even',
    classActivation: true,
  },
}

const darknet19Options: OptionKinds<Darknet19Options> = {
  ...networkOptions,
  negativeSlope: 'number',
}

const variant = (spec: Darknet19Spec): Variant<Darknet19Options> => ({
  options: darknet19Options,
  create: (options) => new Darknet19(spec, options),
})

export const variants: Readonly<Record<Darknet19Name, Variant<Darknet19Options>>> = {
  darknet19: variant(specs.darknet19),
  darknet_tiny: variant(specs.darknet_tiny),
  darknet_ref: variant(specs.darknet_ref),
}
