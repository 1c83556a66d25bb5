import {
  BatchNorm2d,
  Conv2d,
  ConvTranspose2d,
  Dropout,
  F,
  init,
  MaxPool2d,
  Module,
  ModuleList,
} from '../nn/index.ts'
import { concat, type Tensor } from '../tensor/index.ts'
import type { OptionKinds } from '../tensor/options.ts'
import { type Homography, HomographyWarp } from './blocks/index.ts'
import { type FeatureInfo, Network, type NetworkOptions, networkOptions, type Variant } from './network.ts'
import type { UNetXSTName } from './unetxst.metadata.ts'
import { cameraSetups } from './unetxst-cameras.ts'

export interface UNetXSTOptions extends NetworkOptions {
  /** One for each camera, from the picture seen from above to the camera's; those of the data set unless given. */
  readonly homographies?: readonly Homography[]
  /** Levels of the encoders; 5 unless given. */
  readonly depth?: number
  /** Channels of the finest level, doubled at each other; 16 unless given. */
  readonly baseWidth?: number
  readonly dropout?: number
  /** Whether the decoder sees the cameras' own maps too, besides those seen from above. */
  readonly doubleSkipConnection?: boolean
}

/** As Keras draws: Glorot's uniform weights, biases 0. */
function initialize(layer: Conv2d | ConvTranspose2d): void {
  init.xavierUniform(layer.weight)
  init.zeros(layer.bias!)
}

function convolution(from: number, to: number): Conv2d {
  const layer = new Conv2d(from, to, 3, { padding: 1 })
  initialize(layer)
  return layer
}

const norm = (channels: number): BatchNorm2d => new BatchNorm2d(channels, { eps: 1e-3, momentum: 0.01 })

/** Twice a 3x3 convolution, ReLU and batch normalization, in this order. */
class DoubleConvolution extends Module {
  conv1: Conv2d
  bn1: BatchNorm2d
  conv2: Conv2d
  bn2: BatchNorm2d

  constructor(from: number, to: number) {
    super()
    this.conv1 = convolution(from, to)
    this.bn1 = norm(to)
    this.conv2 = convolution(to, to)
    this.bn2 = norm(to)
  }

  override forward(x: Tensor): Tensor {
    const y = this.bn1.forward(F.relu(this.conv1.forward(x)))
    return this.bn2.forward(F.relu(this.conv2.forward(y)))
  }
}

/** One level's maps of all cameras, [batch, cameras * width, …], seen from above and joined to `width` channels. */
class Joiner extends Module {
  warped: DoubleConvolution
  own: DoubleConvolution | null
  both: DoubleConvolution | null
  readonly #warps: readonly HomographyWarp[]

  constructor(width: number, homographies: readonly Homography[], doubled: boolean) {
    super()
    this.#warps = homographies.map((homography) => new HomographyWarp(homography))
    this.warped = new DoubleConvolution(width * homographies.length, width)
    this.own = doubled ? new DoubleConvolution(width * homographies.length, width) : null
    this.both = doubled ? new DoubleConvolution(2 * width, width) : null
  }

  override forward(x: Tensor): Tensor {
    const cameras = x.chunk(this.#warps.length, 1)
    const above = cameras.map((camera, i): Tensor => this.#warps[i]!.forward(camera))
    const joined = this.warped.forward(concat(above, 1))
    if (this.own === null || this.both === null) return joined
    return this.both.forward(concat([joined, this.own.forward(x)], 1))
  }
}

/** From a level to the finer one: [below, skip] to the shape of `skip`. */
class Decoder extends Module {
  up: ConvTranspose2d
  dropout: Dropout
  convolutions: DoubleConvolution

  constructor(width: number, dropout: number) {
    super()
    this.up = new ConvTranspose2d(2 * width, width, 3, { stride: 2 })
    initialize(this.up)
    this.dropout = new Dropout(dropout)
    this.convolutions = new DoubleConvolution(2 * width, width)
  }

  /** TensorFlow's 'same' leaves the last row and column of the transposed convolution away. */
  override forward(below: Tensor, skip: Tensor): Tensor {
    const [height, width] = below.shape.slice(2) as [number, number]
    const up = this.up
      .forward(below)
      .narrow(2, 0, 2 * height)
      .narrow(3, 0, 2 * width)
    return this.convolutions.forward(this.dropout.forward(concat([skip, up], 1)))
  }
}

/**
 * uNetXST (Reiher et al. 2020): a U-Net that sees one-hot segmentations of several cameras and says what is where seen from
 * above. Takes [batch, cameras * 10, height, width], camera by camera, and gives [batch, numClasses, height, width], logits for
 * each pixel, none below 0 as the reference rectifies them. Height and width are multiples of 16. `inChannels` is the number for
 * all cameras together; where they do not divide evenly, the first cameras have one more.
 */
export class UNetXST extends Network {
  drop: Dropout
  encoders: ModuleList
  joiners: ModuleList
  decoders: ModuleList
  prediction: Conv2d
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[]
  readonly #shares: readonly number[]
  readonly #pool: MaxPool2d = new MaxPool2d(2, { ceilMode: true })

  constructor(homographies: readonly Homography[], options: UNetXSTOptions = {}) {
    super()
    const cameras = homographies.length
    const { numClasses = 10, inChannels = 10 * cameras, depth = 5, baseWidth = 16, dropout = 0.1 } = options
    if (inChannels < cameras) {
      throw new RangeError(
        `UNetXST: inChannels is that of all ${cameras} cameras together, got ${inChannels}`,
      )
    }
    this.numClasses = numClasses
    const widths = Array.from({ length: depth }, (_, level) => baseWidth * 2 ** level)
    this.#shares = Array.from(
      { length: cameras },
      (_, i) => Math.floor(inChannels / cameras) + (i < inChannels % cameras ? 1 : 0),
    )
    this.drop = new Dropout(dropout)
    this.encoders = new ModuleList(
      this.#shares.map(
        (share) =>
          new ModuleList(
            widths.map((width, level) => new DoubleConvolution(level === 0 ? share : width / 2, width)),
          ),
      ),
    )
    const doubled = options.doubleSkipConnection ?? false
    this.joiners = new ModuleList(widths.map((width) => new Joiner(width, homographies, doubled)))
    this.decoders = new ModuleList(
      widths
        .slice(0, -1)
        .reverse()
        .map((width) => new Decoder(width, dropout)),
    )
    this.prediction = convolution(baseWidth, numClasses)
    this.featureInfo = widths.map((channels, level) => ({
      name: `joiners.${level}`,
      channels,
      stride: 2 ** level,
    }))
  }

  /** The decoder takes the maps of all levels. */
  override get separateHead(): boolean {
    return false
  }

  /** The joined maps of all levels, from fine to coarse. */
  #levels(x: Tensor): Tensor[] {
    const perCamera = x.split(this.#shares, 1).map((camera, i) => this.#encode(this.encoders.get(i), camera))
    return [...this.joiners].map((joiner, level) =>
      this.stage(
        joiner,
        concat(
          perCamera.map((maps) => maps[level]!),
          1,
        ),
      ),
    )
  }

  #encode(encoder: Module, camera: Tensor): Tensor[] {
    let y = camera
    return [...(encoder as ModuleList)].map((block, level) => {
      if (level > 0) y = this.drop.forward(this.#pool.forward(y))
      y = this.stage(block, y)
      return y
    })
  }

  /** The coarsest of the joined maps. */
  forwardFeatures(x: Tensor): Tensor {
    return this.#levels(x).at(-1)!
  }

  override forward(x: Tensor): Tensor {
    const levels = this.#levels(x)
    let y = levels.pop()!
    for (const decoder of this.decoders) {
      const skip = levels.pop()!
      y = this.stage({ forward: (below) => decoder.forward(below, skip) }, y)
    }
    return F.relu(this.prediction.forward(y))
  }

  forwardHead(): never {
    throw new Error('UNetXST: the decoder takes the maps of several levels; use forward or forwardAll')
  }

  classifierNames(): readonly string[] {
    return ['prediction']
  }

  override headNames(): readonly string[] {
    return ['decoders', 'prediction']
  }

  protected override initializeClassifier(layer: Conv2d): void {
    initialize(layer)
  }
}

const kinds: OptionKinds<UNetXSTOptions> = {
  ...networkOptions,
  homographies: 'any',
  depth: 'count',
  baseWidth: 'count',
  dropout: 'probability',
  doubleSkipConnection: 'flag',
}

const variant = (name: UNetXSTName): Variant<UNetXSTOptions> => ({
  options: kinds,
  create: (options) => {
    const { homographies, classes } = cameraSetups[name]
    return new UNetXST(options?.homographies ?? homographies, { numClasses: classes.length, ...options })
  },
})

export const variants: Readonly<Record<UNetXSTName, Variant<UNetXSTOptions>>> = {
  unetxst_frlr: variant('unetxst_frlr'),
  unetxst_f: variant('unetxst_f'),
}
