import {
  BatchNorm2d,
  Conv2d,
  Dropout2d,
  init,
  Linear,
  MaxPool2d,
  type Module,
  ReLU,
  Sequential,
} from '../nn/index.ts'
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
import type { SimpleNetName } from './simplenet.metadata.ts'
import { type CaffeSimpleNetName, caffeVariants } from './simplenet-caffe.ts'

export interface SimpleNetOptions extends NetworkOptions {
  /** Factor of all widths. */
  readonly scale?: number
  /** How soon the first layers shrink an image: 0 not at all, 1 (the fastest) to 4 by strides of 2 in ever later layers. */
  readonly mode?: 0 | 1 | 2 | 3 | 4
  /** Dropout probabilities by the places of layers, pools counted; place 15 is also that after the last pool. */
  readonly dropRates?: Readonly<Record<number, number>>
  /** Whether convolutions are followed by dropout layers, whose places count in the names. True unless given. */
  readonly convDropout?: boolean
}

/** A 3x3 convolution's channels, or a 2x2 pool; 'k1' for a 1x1 convolution, 'bare' where no dropout layer follows. */
type Layer = number | 'p' | readonly [channels: number, ...kinds: ('k1' | 'bare')[]]

const bare = (channels: number): Layer => [channels, 'bare']
const pointwise = (channels: number): Layer => [channels, 'k1']

/** Strides of the first layers by mode. */
const strides: readonly (readonly number[])[] = [
  [],
  [2, 2, 2],
  [2, 2, 1, 2],
  [2, 2, 1, 1, 2],
  [2, 1, 2, 1, 2, 1],
]

/** SimpleNet (Hasanpour et al. 2016), a plain stack of convolutions that ends in the maximum of each channel. */
export class SimpleNet extends Network {
  features: Sequential
  drop: Dropout2d
  classifier: Linear
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[]

  constructor(layers: readonly Layer[], options: SimpleNetOptions = {}) {
    super()
    const { numClasses = 1000, inChannels = 3, scale = 1, mode = 0, dropRates = {} } = options
    const { convDropout = true } = options
    const firstStrides = strides[mode]
    if (firstStrides === undefined) throw new RangeError(`SimpleNet: mode is 0, 1, 2, 3 or 4, got ${mode}`)
    this.numClasses = numClasses
    const modules: Module[] = []
    const featureInfo: FeatureInfo[] = []
    let channels = inChannels
    let stride = 1
    const endStage = (): void => {
      if (modules.length > 0) featureInfo.push({ name: `features.${modules.length - 1}`, channels, stride })
    }
    for (const [place, layer] of layers.entries()) {
      const rate = dropRates[place]
      if (layer === 'p') {
        endStage()
        modules.push(new MaxPool2d(2), new Dropout2d(rate ?? 0))
        stride *= 2
        continue
      }
      const [width, ...kinds] = typeof layer === 'number' ? [layer] : layer
      const own = firstStrides[place] ?? 1
      if (own > 1) endStage()
      stride *= own
      const out = roundHalfToEven(width * scale)
      const kernel = kinds.includes('k1') ? 1 : 3
      const convolution = new Conv2d(channels, out, kernel, { stride: own, padding: kernel === 1 ? 0 : 1 })
      init.xavierUniform(convolution.weight, { gain: Math.SQRT2 })
      modules.push(convolution, new BatchNorm2d(out, { momentum: 0.05 }), new ReLU())
      const drops = rate !== undefined || !kinds.includes('bare')
      if (convDropout && drops) modules.push(new Dropout2d(rate ?? 0))
      channels = out
    }
    endStage()
    this.features = new Sequential(...modules)
    this.drop = new Dropout2d(dropRates[15] ?? 0)
    this.classifier = new Linear(channels, numClasses)
    this.featureInfo = featureInfo
  }

  forwardFeatures(x: Tensor): Tensor {
    return this.stagesOf(this.features, x)
  }

  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const descriptor = this.drop.forward(x.amax([2, 3], true)).flatten(1)
    return preLogits ? descriptor : this.classifier.forward(descriptor)
  }

  classifierNames(): readonly string[] {
    return ['classifier']
  }
}

/** As the reference rounds: halves to the even neighbour. */
function roundHalfToEven(value: number): number {
  const floor = Math.floor(value)
  if (value - floor !== 0.5) return Math.round(value)
  return floor % 2 === 0 ? floor : floor + 1
}

const imagenet: readonly Layer[] = [
  ...[64, 128, 128, 128, 128, 128],
  'p',
  ...[256, 256, 256, 512],
  'p',
  pointwise(2048),
  pointwise(256),
  256,
]

const imagenet9m: readonly Layer[] = [
  ...[128, 192, 192, 192, 192, 192],
  'p',
  ...[320, 320, 320, 640],
  'p',
  pointwise(2560),
  pointwise(320),
  320,
]

/** The stacks for CIFAR: thirteen layers, the eleventh and twelfth 1x1, with `inner` after the tenth. */
function cifar(widths: readonly number[], ...inner: readonly Layer[]): Layer[] {
  const width = (place: number): number => widths[place]!
  return [
    ...[0, 1, 2].map(width),
    bare(width(3)),
    'p',
    ...[4, 5].map(width),
    bare(width(6)),
    'p',
    width(7),
    bare(width(8)),
    'p',
    width(9),
    ...inner,
    [width(10), 'k1'],
    [width(11), 'k1', 'bare'],
    'p',
    bare(width(12)),
  ]
}

const cifar5m = [64, 128, 128, 128, 128, 128, 256, 256, 256, 512, 2048, 256, 256]

const kinds: OptionKinds<SimpleNetOptions> = {
  ...networkOptions,
  scale: 'number',
  mode: 'number',
  dropRates: 'any',
  convDropout: 'flag',
}

const variant = (layers: readonly Layer[], fixed: SimpleNetOptions): Variant<SimpleNetOptions> => ({
  options: kinds,
  create: (options) => new SimpleNet(layers, { ...fixed, ...options }),
})

const ten = { numClasses: 10 }

export const variants: Readonly<
  Record<Exclude<SimpleNetName, CaffeSimpleNetName>, Variant<SimpleNetOptions>>
> &
  typeof caffeVariants = {
  simplenetv1_small_m1_05: variant(imagenet, { scale: 0.5, mode: 1 }),
  simplenetv1_small_m2_05: variant(imagenet, { scale: 0.5, mode: 2 }),
  simplenetv1_small_m1_075: variant(imagenet, { scale: 0.75, mode: 1 }),
  simplenetv1_small_m2_075: variant(imagenet, { scale: 0.75, mode: 2 }),
  simplenetv1_5m_m1: variant(imagenet, { mode: 1 }),
  simplenetv1_5m_m2: variant(imagenet, { mode: 2 }),
  simplenetv1_9m_m1: variant(imagenet9m, { mode: 1 }),
  simplenetv1_9m_m2: variant(imagenet9m, { mode: 2 }),
  simplenet_cifar_310k: variant(cifar([64, 32, 32, 32, 32, 32, 64, 64, 64, 128, 256, 64, 64]), ten),
  simplenet_cifar_460k: variant(cifar([32, 32, 32, 64, 64, 64, 64, 64, 64, 96, 96, 96, 100]), ten),
  simplenet_cifar_5m: variant(cifar(cifar5m), ten),
  simplenet_cifar_5m_extra_pool: variant(cifar(cifar5m, 'p'), ten),
  ...caffeVariants,
}
