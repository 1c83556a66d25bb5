import {
  Conv2d,
  Dropout,
  F,
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
import { SpatialPyramidPool2d } from './blocks/index.ts'
import {
  type FeatureInfo,
  type HeadOptions,
  Network,
  type NetworkOptions,
  networkOptions,
  type Variant,
} from './network.ts'
import type { SPPNetName } from './sppnet.metadata.ts'

export interface SPPNetOptions extends NetworkOptions {
  readonly dropout?: number
}

/**
 * Response normalization within each channel, as Caffe has it: x / (1 + alpha * mean of the squares of the 3x3 pixels around)
 * ** beta, where pixels beyond the map count as zeros.
 */
class WithinChannelNorm extends Module {
  override forward(x: Tensor): Tensor {
    const mean = F.avgPool2d(x.square(), 3, { stride: 1, padding: 1, countIncludePad: true })
    return x.div(mean.mul(5e-5).add(1).pow(0.75))
  }
}

const within = (): Module => new WithinChannelNorm()
const across = (): Module => new LocalResponseNorm(5, { alpha: 1e-4, beta: 0.75, k: 2 })
const pool = (size: number, stride: number, ceilMode = true): Module =>
  new MaxPool2d(size, { stride, ceilMode })

interface Stage {
  readonly out: number
  readonly kernel: number
  readonly stride?: number
  readonly padding: number
  /** What follows the rectifier. */
  readonly after?: readonly (() => Module)[]
}

interface SPPNetSpec {
  readonly stages: readonly Stage[]
  /** Pyramid levels, or the pool to 6x6 of the networks without pyramid. */
  readonly bins: readonly number[] | (() => Module)
}

/**
 * The networks of "Spatial Pyramid Pooling" (He et al. 2014): ZF-5, Convnet*-5 and Overfeat-5 and -7 with a pyramid between the
 * convolutions and the linear layers, so that images may have any size; those without it want 224 pixels or a little more or
 * less. The names are those of Caffe's layers.
 */
export class SPPNet extends Network {
  features: Sequential
  pool5: Module
  fc6: Linear
  drop6: Dropout
  fc7: Linear
  drop7: Dropout
  fc8: Linear
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[]
  readonly #ends: readonly number[]

  constructor(
    { stages, bins }: SPPNetSpec,
    { numClasses = 1000, inChannels = 3, dropout = 0.5 }: SPPNetOptions = {},
  ) {
    super()
    this.numClasses = numClasses
    const layers: [string, Module][] = []
    const featureInfo: FeatureInfo[] = []
    const ends: number[] = []
    let channels = inChannels
    let stride = 1
    for (const [i, { out, kernel, after = [], ...shape }] of stages.entries()) {
      const convolution = new Conv2d(channels, out, kernel, shape)
      layers.push([`conv${i + 1}`, convolution], [`relu${i + 1}`, new ReLU()])
      channels = out
      stride *= shape.stride ?? 1
      const added = after.map((make) => make())
      if (added.length > 0 || i === stages.length - 1) {
        featureInfo.push({ name: `features.relu${i + 1}`, channels, stride })
        ends.push(layers.length)
      }
      for (const module of added) {
        const pools = module instanceof MaxPool2d
        layers.push([`${pools ? 'pool' : 'norm'}${i + 1}`, module])
        if (pools) stride *= module.options.stride as number
      }
    }
    this.features = new Sequential(...layers)
    this.pool5 = typeof bins === 'function' ? bins() : new SpatialPyramidPool2d(bins)
    const perChannel = this.pool5 instanceof SpatialPyramidPool2d ? this.pool5.binsPerChannel : 36
    this.fc6 = new Linear(channels * perChannel, 4096)
    this.drop6 = new Dropout(dropout)
    this.fc7 = new Linear(4096, 4096)
    this.drop7 = new Dropout(dropout)
    this.fc8 = new Linear(4096, numClasses)
    this.featureInfo = featureInfo
    this.#ends = ends
    this.#initialize()
  }

  /** As the released file: N(0, 0.01), biases 1 in conv2, conv4, conv5 and the hidden layers, else 0. */
  #initialize(): void {
    const biasOne = new Set(['features.conv2', 'features.conv4', 'features.conv5', 'fc6', 'fc7'])
    for (const [name, module] of this.namedModules()) {
      if (!(module instanceof Conv2d || module instanceof Linear)) continue
      init.normal(module.weight, 0, 0.01)
      init.constant(module.bias!, biasOne.has(name) ? 1 : 0)
    }
  }

  forwardFeatures(x: Tensor): Tensor {
    return this.stagesOf(this.features, x, this.#ends)
  }

  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const pooled = (this.pool5.forward(x) as Tensor).flatten(1)
    const hidden = this.drop6.forward(F.relu(this.fc6.forward(pooled)))
    const descriptor = this.drop7.forward(F.relu(this.fc7.forward(hidden)))
    return preLogits ? descriptor : this.fc8.forward(descriptor)
  }

  classifierNames(): readonly string[] {
    return ['fc8']
  }

  override headNames(): readonly string[] {
    return ['pool5', 'fc6', 'fc7', 'fc8']
  }
}

const three = (out: number, ...after: (() => Module)[]): Stage => ({ out, kernel: 3, padding: 1, after })

const zf5: readonly Stage[] = [
  { out: 96, kernel: 7, stride: 2, padding: 1, after: [within, () => pool(3, 2)] },
  { out: 256, kernel: 5, stride: 2, padding: 0, after: [within, () => pool(3, 2)] },
  three(384),
  three(384),
  three(256),
]

const convnet5: readonly Stage[] = [
  { out: 96, kernel: 11, stride: 4, padding: 2, after: [across] },
  { out: 256, kernel: 5, padding: 2, after: [across, () => pool(3, 2)] },
  three(384, () => pool(3, 2)),
  three(384),
  three(256),
]

const overfeat5: readonly Stage[] = [
  { out: 96, kernel: 7, stride: 2, padding: 0, after: [() => pool(3, 3, false), across] },
  { out: 256, kernel: 5, padding: 2, after: [() => pool(2, 2)] },
  three(512),
  three(512),
  three(512),
]

const overfeat7: readonly Stage[] = [...overfeat5, three(512), three(512)]

const pyramid = [1, 2, 3, 6]
const from13 = (): Module => pool(3, 2)
const from18 = (): Module => pool(3, 3)

const options: OptionKinds<SPPNetOptions> = { ...networkOptions, dropout: 'probability' }

const variant = (stages: readonly Stage[], bins: SPPNetSpec['bins']): Variant<SPPNetOptions> => ({
  options,
  create: (given) => new SPPNet({ stages, bins }, given),
})

export const variants: Readonly<Record<SPPNetName, Variant<SPPNetOptions>>> = {
  sppnet_zf5: variant(zf5, pyramid),
  sppnet_convnet5: variant(convnet5, pyramid),
  sppnet_overfeat5: variant(overfeat5, pyramid),
  sppnet_overfeat7: variant(overfeat7, pyramid),
  sppnet_zf5_nospp: variant(zf5, from13),
  sppnet_convnet5_nospp: variant(convnet5, from13),
  sppnet_overfeat5_nospp: variant(overfeat5, from18),
  sppnet_overfeat7_nospp: variant(overfeat7, from18),
  sppnet_zf5_30bin: variant(zf5, [1, 2, 3, 4]),
}
