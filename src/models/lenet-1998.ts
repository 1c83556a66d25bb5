import { type Buffer, buffer, Conv2d, init, Linear, Module, type Parameter, parameter } from '../nn/index.ts'
import { concat, getDefaultGenerator, type Tensor, tensor, zeros } from '../tensor/index.ts'
import { digitCodes } from './lenet-digits.ts'
import { type FeatureInfo, type HeadOptions, Network, type NetworkOptions } from './network.ts'

/** The squashing function of appendix A: 1.7159 tanh(2 x / 3), which maps 1 and -1 to themselves. */
export function scaledTanh(x: Tensor): Tensor {
  return x
    .mul(2 / 3)
    .tanh()
    .mul(1.7159)
}

/** As section III.C draws all weights: uniform, as far as 2.4 divided by the number of inputs of a unit. */
function initialize(inputs: number, ...tensors: (Tensor | null)[]): void {
  for (const values of tensors) if (values) init.uniform(values, -2.4 / inputs, 2.4 / inputs)
}

function convolution(from: number, to: number): Conv2d {
  const layer = new Conv2d(from, to, 5)
  initialize(from * 25, layer.weight, layer.bias)
  return layer
}

/**
 * Subsampling with a trainable coefficient and a trainable bias for each map: the sum of each 2x2 window, scaled and shifted.
 * [batch, channels, height, width] to half the height and width.
 */
export class TrainableSubsampling extends Module {
  weight: Parameter
  bias: Parameter

  constructor(channels: number) {
    super()
    this.weight = parameter(zeros([channels]))
    this.bias = parameter(zeros([channels]))
    initialize(4, this.weight, this.bias)
  }

  override forward(x: Tensor): Tensor {
    const [n, c, h, w] = x.shape as [number, number, number, number]
    const [height, width] = [Math.floor(h / 2), Math.floor(w / 2)]
    const windows = x.narrow(2, 0, 2 * height).narrow(3, 0, 2 * width)
    const sums = windows.reshape(n, c, height, 2, width, 2).sum([3, 5])
    return sums.mul(this.weight.reshape(c, 1, 1)).add(this.bias.reshape(c, 1, 1))
  }
}

/** Table I of the paper: which of the six maps of S2 each of the sixteen maps of C3 sees. */
export const c3Connections: readonly (readonly number[])[] = [
  [0, 1, 2],
  [1, 2, 3],
  [2, 3, 4],
  [3, 4, 5],
  [0, 4, 5],
  [0, 1, 5],
  [0, 1, 2, 3],
  [1, 2, 3, 4],
  [2, 3, 4, 5],
  [0, 3, 4, 5],
  [0, 1, 4, 5],
  [0, 1, 2, 5],
  [0, 1, 3, 4],
  [1, 2, 4, 5],
  [0, 2, 3, 5],
  [0, 1, 2, 3, 4, 5],
]

/**
 * A 5x5 convolution whose maps each see some maps of the input only, given by a table in which maps with as many inputs stand
 * side by side. Each such run is a grouped convolution over the inputs picked for it: `run0`, `run1` …
 */
export class SparseConvolution extends Module {
  readonly #runs: readonly { readonly layer: Conv2d; readonly inputs: readonly number[] }[]

  constructor(connections: readonly (readonly number[])[]) {
    super()
    const lengths = [...new Set(connections.map(({ length }) => length))]
    this.#runs = lengths.map((length) => {
      const maps = connections.filter((inputs) => inputs.length === length)
      const layer = new Conv2d(maps.length * length, maps.length, 5, { groups: maps.length })
      initialize(length * 25, layer.weight, layer.bias)
      return { layer, inputs: maps.flat() }
    })
  }

  protected override *members(): Iterable<readonly [string, unknown]> {
    yield* super.members()
    for (const [i, { layer }] of this.#runs.entries()) yield [`run${i}`, layer]
  }

  override forward(x: Tensor): Tensor {
    const maps = this.#runs.map(({ layer, inputs }): Tensor => {
      const picked = inputs.map((input) => x.narrow(1, input, 1))
      return layer.forward(concat(picked, 1))
    })
    return concat(maps, 1)
  }
}

/**
 * Euclidean radial basis units: minus the squared distance of the features [batch, n] from each class's code, so that the
 * largest of [batch, classes] is the nearest. The codes of plus and minus one are a buffer: they are not trained.
 */
export class EuclideanRbf extends Module {
  codes: Buffer

  constructor(codes: Tensor) {
    super()
    this.codes = buffer(codes)
  }

  override forward(x: Tensor): Tensor {
    return x.unsqueeze(1).sub(this.codes).square().sum(2).neg()
  }
}

/**
 * LeNet-5 as LeCun et al. built it in 1998: sparse connections to C3, trainable subsampling, a scaled tanh after every layer up
 * to F6, and as output minus the distances from stylized pictures of the ten digits, 12 rows of 7. Other numbers of classes
 * get codes drawn at random, which the paper names as the alternative. Takes [batch, 1, 32, 32], background -0.1 and ink 1.175.
 * As in LeNet5, gradient checkpointing changes nothing.
 */
export class LeNet5Original extends Network {
  c1: Conv2d
  s2: TrainableSubsampling
  c3: SparseConvolution
  s4: TrainableSubsampling
  c5: Conv2d
  f6: Linear
  output: Module
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[] = [
    { name: 'c1', channels: 6, stride: 1 },
    { name: 'c3', channels: 16, stride: 2 },
    { name: 'c5', channels: 120, stride: 4 },
  ]

  constructor({ numClasses = 10, inChannels = 1 }: NetworkOptions = {}) {
    super()
    this.numClasses = numClasses
    this.c1 = convolution(inChannels, 6)
    this.s2 = new TrainableSubsampling(6)
    this.c3 = new SparseConvolution(c3Connections)
    this.s4 = new TrainableSubsampling(16)
    this.c5 = convolution(16, 120)
    this.f6 = new Linear(120, 84)
    initialize(120, this.f6.weight, this.f6.bias)
    this.output = outputOf(numClasses)
  }

  forwardFeatures(x: Tensor): Tensor {
    let y = x
    for (const layer of [this.c1, this.s2, this.c3, this.s4, this.c5]) y = scaledTanh(layer.forward(y))
    return y
  }

  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const descriptor = scaledTanh(this.f6.forward(x.flatten(1)))
    return preLogits ? descriptor : this.output.forward(descriptor)
  }

  classifierNames(): readonly string[] {
    return ['output']
  }

  override headNames(): readonly string[] {
    return ['f6', 'output']
  }

  override resetClassifier(numClasses: number): void {
    this.numClasses = numClasses
    this.setSubmodule('output', outputOf(numClasses))
  }
}

function outputOf(numClasses: number): EuclideanRbf {
  if (numClasses === 10) return new EuclideanRbf(tensor(digitCodes().flat(), [10, 84]))
  const output = new EuclideanRbf(zeros([numClasses, 84]))
  const own = getDefaultGenerator().split()
  output.codes.loadLazily((values) => {
    for (let i = 0; i < values.length; i++) values[i] = own.uniform() < 0.5 ? -1 : 1
  })
  return output
}
