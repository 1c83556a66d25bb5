import {
  BatchNorm2d,
  Conv2d,
  Dropout,
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

export type CaffeSimpleNetName =
  | 'simplenet_caffe_slim_mnist_ckpt'
  | 'simplenet_caffe_slim310k_svhn'
  | 'simplenet_caffe_5m_cifar10'

export interface CaffeSimpleNetOptions extends NetworkOptions {
  /** Of the dropout layers, which only the network of 5 million parameters has. */
  readonly dropout?: number
}

interface CaffeSimpleNetSpec {
  /** Widths of the thirteen convolutions. */
  readonly widths: readonly number[]
  /** Kernel sizes of the last three: cccp4, cccp5 and cccp6. */
  readonly kernels: readonly [number, number, number]
  readonly inChannels: number
  readonly dropout: number
}

const names = [
  ...['conv1', 'conv1_0', 'conv2', 'conv2_1', 'conv2_2', 'conv3', 'conv4', 'conv4_1', 'conv4_2', 'conv4_0'],
  ...['cccp4', 'cccp5', 'cccp6'],
]
/** The convolutions that a pool follows, and its name. */
const pools: Readonly<Record<string, string>> = {
  conv2_1: 'pool2_1',
  conv4: 'pool4',
  conv4_2: 'pool4_2',
  cccp5: 'poolcp5',
  cccp6: 'poolcp6',
}
const gaussian = new Set(['conv2', 'conv2_1', 'conv2_2'])

/**
 * SimpleNet as its authors first trained it in Caffe, with the names of that definition (`bn…` holds both its BatchNorm and
 * its Scale layers): the last three convolutions are not normalized, and conv4 is pooled before it is. Pools round up; images
 * have 32 pixels at most.
 */
export class CaffeSimpleNet extends Network {
  features: Sequential
  ip1: Linear
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[]
  readonly #ends: readonly number[]

  constructor(spec: CaffeSimpleNetSpec, options: CaffeSimpleNetOptions = {}) {
    super()
    const { numClasses = 10, inChannels = spec.inChannels, dropout = spec.dropout } = options
    this.numClasses = numClasses
    const layers: [string, Module][] = []
    const featureInfo: FeatureInfo[] = []
    const ends: number[] = []
    let channels = inChannels
    let drops = 0
    for (const [i, name] of names.entries()) {
      const out = spec.widths[i]!
      const kernel = i < 10 ? 3 : spec.kernels[i - 10]!
      const pool = pools[name]
      const suffix = name.slice(4)
      const convolution = new Conv2d(channels, out, kernel, { padding: (kernel - 1) / 2 })
      initialize(convolution, gaussian.has(name))
      channels = out
      const rectified: [string, Module][] = [
        ...(i < 10 ? [[`bn${suffix}`, new BatchNorm2d(out, { momentum: 0.05 })] as [string, Module]] : []),
        [i < 10 ? `relu${suffix}` : `relu_${name}`, new ReLU()],
      ]
      layers.push([name, convolution])
      if (name !== 'conv4') layers.push(...rectified)
      if (pool !== undefined) {
        const [last] = layers.at(-1)!
        featureInfo.push({ name: `features.${last}`, channels, stride: 2 ** featureInfo.length })
        ends.push(layers.length)
        layers.push([pool, new MaxPool2d(2, { ceilMode: true })])
      }
      if (name === 'conv4') layers.push(...rectified)
      if (dropout > 0 && name !== 'cccp6') layers.push([`drop${++drops}`, new Dropout(dropout)])
    }
    this.features = new Sequential(...layers)
    this.ip1 = new Linear(channels, numClasses)
    initialize(this.ip1, false)
    this.featureInfo = featureInfo
    this.#ends = ends
  }

  forwardFeatures(x: Tensor): Tensor {
    return this.stagesOf(this.features, x, this.#ends)
  }

  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const descriptor = x.flatten(1)
    return preLogits ? descriptor : this.ip1.forward(descriptor)
  }

  classifierNames(): readonly string[] {
    return ['ip1']
  }

  protected override initializeClassifier(layer: Linear): void {
    initialize(layer, false)
  }
}

/** Caffe's 'xavier' counts the inputs alone. */
function initialize(layer: Conv2d | Linear, normal: boolean): void {
  const bound = Math.sqrt((3 * layer.weight.shape[0]!) / layer.weight.size)
  if (normal) init.normal(layer.weight, 0, 0.01)
  else init.uniform(layer.weight, -bound, bound)
  init.zeros(layer.bias!)
}

const kinds: OptionKinds<CaffeSimpleNetOptions> = { ...networkOptions, dropout: 'probability' }

const variant = (spec: CaffeSimpleNetSpec): Variant<CaffeSimpleNetOptions> => ({
  options: kinds,
  create: (options) => new CaffeSimpleNet(spec, options),
})

export const caffeVariants: Readonly<Record<CaffeSimpleNetName, Variant<CaffeSimpleNetOptions>>> = {
  simplenet_caffe_slim_mnist_ckpt: variant({
    widths: [32, 32, 32, 32, 50, 64, 64, 64, 64, 64, 64, 64, 100],
    kernels: [3, 3, 1],
    inChannels: 1,
    dropout: 0,
  }),
  simplenet_caffe_slim310k_svhn: variant({
    widths: [64, 32, 32, 32, 32, 32, 64, 64, 64, 128, 256, 64, 64],
    kernels: [1, 1, 3],
    inChannels: 3,
    dropout: 0,
  }),
  simplenet_caffe_5m_cifar10: variant({
    widths: [64, 128, 128, 128, 128, 128, 256, 256, 256, 512, 2048, 256, 256],
    kernels: [1, 1, 3],
    inChannels: 3,
    dropout: 0.2,
  }),
}
