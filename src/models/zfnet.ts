import {
  Conv2d,
  Dropout,
  init,
  Linear,
  LocalResponseNorm,
  MaxPool2d,
  Module,
  ReLU,
  Sequential,
} from '../nn/index.ts'
import type { Tensor } from '../tensor/index.ts'
import type { OptionKinds } from '../tensor/options.ts'
import { ConvNormAct } from './blocks/index.ts'
import {
  type FeatureInfo,
  type HeadOptions,
  Network,
  type NetworkOptions,
  networkOptions,
  type Variant,
} from './network.ts'
import type { ZFNetName } from './zfnet.metadata.ts'

export interface ZFNetOptions extends NetworkOptions {
  readonly dropout?: number
}

interface Shape {
  readonly stride?: number
  readonly padding: number
}

/** A biased convolution and ReLU, followed by response normalization in the first two stages. */
class Unit extends ConvNormAct {
  readonly #norm: LocalResponseNorm | null

  constructor(from: number, to: number, kernel: number, shape: Shape, normalized: boolean) {
    super(from, to, kernel, { ...shape, norm: null })
    this.#norm = normalized ? new LocalResponseNorm(5, { k: 2 }) : null
  }

  override forward(x: Tensor): Tensor {
    const y = super.forward(x)
    return this.#norm ? this.#norm.forward(y) : y
  }
}

/** A linear layer, ReLU and dropout. */
class Dense extends Module {
  fc: Linear
  activ: ReLU
  dropout: Dropout

  constructor(from: number, to: number, dropout: number) {
    super()
    this.fc = new Linear(from, to)
    this.activ = new ReLU()
    this.dropout = new Dropout(dropout)
  }

  override forward(x: Tensor): Tensor {
    return this.dropout.forward(this.activ.forward(this.fc.forward(x)))
  }
}

const pool = (): MaxPool2d => new MaxPool2d(3, { stride: 2, ceilMode: true })

/**
 * ZFNet (Zeiler and Fergus 2013), AlexNet with smaller windows and strides at its beginning, as pytorchcv has it. Images of
 * 207 to 238 pixels: the linear layers need maps of 6x6.
 */
export class ZFNet extends Network {
  features: Sequential
  output: Sequential
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[]

  /** `widths` are those of the third to fifth convolution. */
  constructor(
    widths: readonly [number, number, number],
    { numClasses = 1000, inChannels = 3, dropout = 0.5 }: ZFNetOptions = {},
  ) {
    super()
    this.numClasses = numClasses
    const [third, fourth, fifth] = widths
    this.features = new Sequential({
      stage1: new Sequential({
        unit1: new Unit(inChannels, 96, 7, { stride: 2, padding: 1 }, true),
        pool1: pool(),
      }),
      stage2: new Sequential({ unit1: new Unit(96, 256, 5, { stride: 2, padding: 0 }, true), pool2: pool() }),
      stage3: new Sequential({
        unit1: new Unit(256, third, 3, { padding: 1 }, false),
        unit2: new Unit(third, fourth, 3, { padding: 1 }, false),
        unit3: new Unit(fourth, fifth, 3, { padding: 1 }, false),
        pool3: pool(),
      }),
    })
    this.output = new Sequential({
      fc1: new Dense(fifth * 6 * 6, 4096, dropout),
      fc2: new Dense(4096, 4096, dropout),
      fc3: new Linear(4096, numClasses),
    })
    this.featureInfo = [
      { name: 'features.stage1.unit1', channels: 96, stride: 2 },
      { name: 'features.stage2.unit1', channels: 256, stride: 8 },
      { name: 'features.stage3.unit3', channels: fifth, stride: 16 },
    ]
    for (const module of this.features.modules()) {
      if (!(module instanceof Conv2d)) continue
      init.kaimingUniform(module.weight)
      init.zeros(module.bias!)
    }
  }

  forwardFeatures(x: Tensor): Tensor {
    return this.stagesOf(this.features, x, [1, 2, 3])
  }

  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const flat = x.flatten(1)
    return preLogits ? this.output.forwardRange(flat, 0, 2) : this.output.forward(flat)
  }

  classifierNames(): readonly string[] {
    return ['output.fc3']
  }

  override headNames(): readonly string[] {
    return ['output']
  }
}

const options: OptionKinds<ZFNetOptions> = { ...networkOptions, dropout: 'probability' }

export const variants: Readonly<Record<ZFNetName, Variant<ZFNetOptions>>> = {
  zfnet: { options, create: (given) => new ZFNet([384, 384, 256], given) },
  zfnetb: { options, create: (given) => new ZFNet([512, 1024, 512], given) },
}
