import { type Buffer, buffer, F, Linear, Module } from '../nn/index.ts'
import { concat, type Generator, getDefaultGenerator, type Tensor, tensor, zeros } from '../tensor/index.ts'
import type { OptionKinds } from '../tensor/options.ts'
import { walshHadamard } from './blocks/index.ts'
import type { McKernelName } from './mckernel.metadata.ts'
import {
  type FeatureInfo,
  type HeadOptions,
  Network,
  type NetworkOptions,
  networkOptions,
  type Variant,
} from './network.ts'

export interface McKernelFeatureOptions {
  /** 'matern' unless given. */
  readonly kernel?: 'gaussian' | 'matern'
  /** The distance at which the kernel falls off; 10 of the Gaussian and 1 of the Matérn kernel unless given. */
  readonly sigma?: number
  /** Of the Matérn kernel: how many vectors of the unit ball a frequency is the sum of. 40 unless given. */
  readonly degree?: number
}

export interface McKernelOptions extends NetworkOptions, McKernelFeatureOptions {
  /** How many random transforms there are, of n features each. */
  readonly expansions?: number
  /** Height and width of the images that the features see; [28, 28] unless given. */
  readonly imageSize?: readonly [height: number, width: number]
  /** Whether images of several channels are averaged to grey, as unless given, or all their values count. */
  readonly colour?: 'mean' | 'all'
}

/** A sample of the chi-square distribution (Marsaglia and Tsang 2000). */
function chiSquare(degrees: number, generator: Generator): number {
  if (degrees === 1) return generator.normal() ** 2
  const d = degrees / 2 - 1 / 3
  const c = 1 / Math.sqrt(9 * d)
  for (;;) {
    const normal = generator.normal()
    const v = (1 + c * normal) ** 3
    const u = generator.uniform()
    if (v > 0 && Math.log(u) < 0.5 * normal ** 2 + d - d * v + d * Math.log(v)) return 2 * d * v
  }
}

/**
 * The length of the sum of `count` vectors uniform in the unit ball of n dimensions. Only lengths and angles are drawn: the
 * cosine between a vector and a random direction is that of a normal vector's first element to its length.
 */
function lengthOfSum(count: number, n: number, generator: Generator): number {
  let square = 0
  for (let i = 0; i < count; i++) {
    const length = generator.uniform() ** (1 / n)
    const first = generator.normal()
    const cosine = first / Math.sqrt(first ** 2 + (n > 1 ? chiSquare(n - 1, generator) : 0))
    square += length ** 2 + 2 * Math.sqrt(square) * length * cosine
  }
  return Math.sqrt(Math.max(square, 0))
}

/**
 * Random features whose inner product, divided by n * expansions, approximates a kernel of the distance r of two images: with
 * 'gaussian' exp(-r ** 2 / (2 sigma ** 2)), with 'matern' the power of `degree` of Gamma(n / 2 + 1) (2 / s) ** (n / 2)
 * J_(n / 2)(s), s = r / sigma. In the manner of Fastfood (Le et al. 2013), frequencies are rows of C H G P H B, where H is the
 * Walsh-Hadamard transform, B random signs, P a permutation, G normal numbers and C lengths: [batch, channels, height, width]
 * to [batch, 2 n expansions, rows, columns], sines before cosines, one for each position of the window `size`, where n is the
 * next power of two of its values. The random parts are buffers, saved with the weights.
 */
export class McKernelFeatures extends Module {
  signs: Buffer
  /** Where each place of the concatenated transforms takes its value from, within its own. */
  permutation: Buffer
  gaussian: Buffer
  scales: Buffer
  readonly n: number
  readonly expansions: number
  readonly #size: readonly [number, number]
  readonly #offsets: Tensor

  constructor(
    channels: number,
    size: readonly [number, number],
    expansions: number,
    { kernel = 'matern', sigma = kernel === 'gaussian' ? 10 : 1, degree = 40 }: McKernelFeatureOptions = {},
  ) {
    super()
    if (!(sigma > 0)) throw new RangeError(`McKernelFeatures: sigma is above 0, got ${sigma}`)
    const n = 2 ** Math.ceil(Math.log2(channels * size[0] * size[1]))
    const shape = [expansions, n]
    this.n = n
    this.expansions = expansions
    this.#size = size
    this.#offsets = tensor(
      Int32Array.from({ length: expansions * n }, (_, i) => n * Math.floor(i / n)),
      [expansions * n],
    )
    this.signs = buffer(zeros(shape))
    this.permutation = buffer(zeros(shape, { dtype: 'int32' }))
    this.gaussian = buffer(zeros(shape))
    this.scales = buffer(zeros(shape))
    const own = getDefaultGenerator().split()
    this.signs.loadLazily((values) => {
      const generator = own.fork(0)
      for (let i = 0; i < values.length; i++) values[i] = generator.uniform() < 0.5 ? -1 : 1
    })
    this.permutation.loadLazily((values) => {
      const generator = own.fork(1)
      for (let i = 0; i < expansions; i++) values.set(generator.permutation(n), i * n)
    })
    this.gaussian.loadLazily((values) => own.fork(2).fillNormal(values))
    this.scales.loadLazily((values) => {
      const normals = new Float32Array(values.length)
      own.fork(2).fillNormal(normals)
      const generator = own.fork(3)
      for (let i = 0; i < values.length; i += n) {
        const norm = Math.sqrt(normals.subarray(i, i + n).reduce((sum, value) => sum + value ** 2, 0))
        for (let j = i; j < i + n; j++) {
          const length =
            kernel === 'gaussian' ? Math.sqrt(chiSquare(n, generator)) : lengthOfSum(degree, n, generator)
          values[j] = length / (sigma * Math.sqrt(n) * norm)
        }
      }
    })
  }

  override forward(x: Tensor): Tensor {
    const { n, expansions } = this
    const [batch, , height, width] = x.shape as [number, number, number, number]
    const windows = F.unfold(x, this.#size).transpose(1, 2)
    const [, count, values] = windows.shape as [number, number, number]
    const padded = concat([windows, zeros([batch, count, n - values])], 2).reshape(batch * count, 1, n)
    const order = this.permutation.reshape(-1).add(this.#offsets)
    const mixed = walshHadamard(padded.mul(this.signs)).reshape(batch * count, expansions * n)
    const permuted = mixed.indexSelect(1, order).reshape(batch * count, expansions, n)
    const angles = walshHadamard(permuted.mul(this.gaussian)).mul(this.scales)
    const flat = angles.reshape(batch, count, expansions * n)
    const [rows, columns] = [height - this.#size[0] + 1, width - this.#size[1] + 1]
    return concat([flat.sin(), flat.cos()], 2)
      .transpose(1, 2)
      .reshape(batch, 2 * expansions * n, rows, columns)
  }
}

/**
 * McKernel (Curtó et al. 2017): random features of a Gaussian or Matérn kernel, and a linear classifier that alone is trained.
 * Takes images of `imageSize`; of larger ones `forwardFeatures` gives the features of every window of that size, and the head
 * refuses them. There is nothing to gain from gradient checkpointing, which changes nothing.
 */
export class McKernel extends Network {
  features: McKernelFeatures
  classifier: Linear
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[]
  readonly #grey: boolean

  constructor(options: McKernelOptions = {}) {
    super()
    const { numClasses = 10, inChannels = 1, expansions = 1, imageSize = [28, 28], colour = 'mean' } = options
    const { kernel, sigma, degree } = options
    this.numClasses = numClasses
    this.#grey = colour === 'mean' && inChannels > 1
    this.features = new McKernelFeatures(colour === 'mean' ? 1 : inChannels, imageSize, expansions, {
      ...(kernel !== undefined && { kernel }),
      ...(sigma !== undefined && { sigma }),
      ...(degree !== undefined && { degree }),
    })
    const channels = 2 * expansions * this.features.n
    this.classifier = new Linear(channels, numClasses)
    this.featureInfo = [{ name: 'features', channels, stride: 1 }]
  }

  forwardFeatures(x: Tensor): Tensor {
    return this.features.forward(this.#grey ? x.mean(1, true) : x)
  }

  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const descriptor = x.flatten(1)
    return preLogits ? descriptor : this.classifier.forward(descriptor)
  }

  classifierNames(): readonly string[] {
    return ['classifier']
  }
}

const kinds: OptionKinds<McKernelOptions> = {
  ...networkOptions,
  kernel: ['gaussian', 'matern'],
  sigma: 'number',
  degree: 'count',
  expansions: 'count',
  imageSize: 'any',
  colour: ['mean', 'all'],
}

const variant = (expansions: number): Variant<McKernelOptions> => ({
  options: kinds,
  create: (options) => new McKernel({ expansions, ...options }),
})

export const variants: Readonly<Record<McKernelName, Variant<McKernelOptions>>> = {
  mckernel_mnist_e1: variant(1),
  mckernel_mnist_e3: variant(3),
}
