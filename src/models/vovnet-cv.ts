import { Conv2d, init, Linear, MaxPool2d, Module, Sequential } from '../nn/index.ts'
import type { Tensor } from '../tensor/index.ts'
import { ConvNormAct, OneShotAggregation } from './blocks/index.ts'
import {
  type FeatureInfo,
  type HeadOptions,
  Network,
  type NetworkOptions,
  networkOptions,
  type Variant,
} from './network.ts'
import type { PytorchcvVoVNetName } from './vovnet-cv.metadata.ts'

/** A block that pools first, where it begins a stage other than the first. */
class Unit extends OneShotAggregation {
  readonly #pool: MaxPool2d | null

  constructor(inChannels: number, width: number, outChannels: number, pool: boolean, residual: boolean) {
    super(inChannels, width, outChannels, 5, {
      residual,
      names: { chain: 'branches', layer: (position) => `branch${position}`, aggregation: 'concat_conv' },
    })
    this.#pool = pool ? new MaxPool2d(3, { stride: 2, ceilMode: true }) : null
  }

  override forward(x: Tensor): Tensor {
    return super.forward(this.#pool ? this.#pool.forward(x) : x)
  }
}

class Stem extends Module {
  conv1: ConvNormAct
  conv2: ConvNormAct
  conv3: ConvNormAct

  constructor(inChannels: number) {
    super()
    this.conv1 = new ConvNormAct(inChannels, 64, 3, { stride: 2 })
    this.conv2 = new ConvNormAct(64, 64, 3)
    this.conv3 = new ConvNormAct(64, 128, 3, { stride: 2 })
  }

  override forward(x: Tensor): Tensor {
    return this.conv3.forward(this.conv2.forward(this.conv1.forward(x)))
  }
}

interface PytorchcvVoVNetSpec {
  readonly blocks: readonly number[]
  /** Halves the channels of all stages. */
  readonly slim: boolean
}

/**
 * VoVNet as its authors and pytorchcv have it (Lee et al. 2019): blocks add their input, but for the first of each stage.
 * Images of 29 pixels at least.
 */
export class PytorchcvVoVNet extends Network {
  features: Sequential
  output: Linear
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[]

  constructor(
    { blocks, slim }: PytorchcvVoVNetSpec,
    { numClasses = 1000, inChannels = 3 }: NetworkOptions = {},
  ) {
    super()
    const scale = slim ? 0.5 : 1
    const [widths, outputs] = [
      [128, 160, 192, 224],
      [256, 512, 768, 1024],
    ]
    const layers: [string, Module][] = [['init_block', new Stem(inChannels)]]
    const featureInfo: FeatureInfo[] = []
    let channels = 128
    for (const [i, count] of blocks.entries()) {
      const [width, out] = [widths![i]! * scale, outputs![i]! * scale]
      const units = Array.from({ length: count }, (_, j) => {
        const unit = new Unit(channels, width, out, i > 0 && j === 0, j > 0)
        channels = out
        return [`unit${j + 1}`, unit] as const
      })
      layers.push([`stage${i + 1}`, new Sequential(...units)])
      featureInfo.push({ name: `features.stage${i + 1}`, channels: out, stride: 4 * 2 ** i })
    }
    this.numClasses = numClasses
    this.features = new Sequential(...layers)
    this.output = new Linear(channels, numClasses)
    this.featureInfo = featureInfo
    for (const module of this.modules()) {
      if (module instanceof Conv2d)
        init.kaimingUniform(module.weight, { mode: 'fanOut', nonlinearity: 'relu' })
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

  /** Knows the names of the authors' files, such as 'stage3.OSA3_2.layers.0.OSA3_2_0/conv.weight'. */
  override renameKey(name: string): string {
    const [, place, part = '', last] = /^(.*)\/(conv|norm)\.(\w+)$/.exec(name) ?? []
    if (place === undefined) return name.replace(/^classifier\./, 'output.')
    const own = part === 'norm' ? 'bn' : 'conv'
    const stem = /^stem\.stem_(\d)$/.exec(place)
    if (stem) return `features.init_block.conv${stem[1]}.${own}.${last}`
    const block = /^stage(\d)\.OSA\d_(\d+)\.(?:layers\.(\d+)|concat)\./.exec(place)
    if (!block) return name
    const [, stage, unit, layer] = block
    const inner = layer === undefined ? 'concat_conv' : `branches.branch${Number(layer) + 1}`
    return `features.stage${Number(stage) - 1}.unit${unit}.${inner}.${own}.${last}`
  }
}

const variant = (blocks: readonly number[], slim = false): Variant<NetworkOptions> => ({
  options: networkOptions,
  create: (options) => new PytorchcvVoVNet({ blocks, slim }, options),
})

export const variants: Readonly<Record<PytorchcvVoVNetName, Variant<NetworkOptions>>> = {
  vovnet27s: variant([1, 1, 1, 1], true),
  vovnet39: variant([1, 1, 2, 2]),
  vovnet57: variant([1, 1, 4, 3]),
}
