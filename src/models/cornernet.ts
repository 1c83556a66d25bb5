import { BatchNorm2d, Conv2d, init, Module, ModuleList, Sequential } from '../nn/index.ts'
import type { Tensor } from '../tensor/index.ts'
import { BottomPool, ConvNormAct, LeftPool, RightPool, TopPool } from './blocks/index.ts'
import type { CornerNetName } from './cornernet.metadata.ts'
import { FireModule, HourglassResidual, type HourglassSpec, StackedHourglass } from './hourglass.ts'
import { type FeatureInfo, Network, type NetworkOptions, networkOptions, type Variant } from './network.ts'

export interface CornerNetOptions extends NetworkOptions {
  /** Leaves the heads of the first hourglass, which are for training, out in evaluation. */
  readonly lastHeadsOnly?: boolean
}

interface CornerNetSpec {
  readonly hourglass: HourglassSpec
  /** Residual blocks that halve the size before the first hourglass. */
  readonly reductions: number
  /** Of the convolution before each prediction. */
  readonly predictionKernel: number
}

/** Corner pooling in two directions between convolutions (Law and Deng 2018, figure 7). */
export class CornerPooling extends Module {
  p1_conv1: ConvNormAct
  p2_conv1: ConvNormAct
  p_conv1: Conv2d
  p_bn1: BatchNorm2d
  conv1: Conv2d
  bn1: BatchNorm2d
  conv2: ConvNormAct
  pool1: Module
  pool2: Module

  constructor(channels: number, pool1: Module, pool2: Module) {
    super()
    this.p1_conv1 = new ConvNormAct(channels, 128, 3)
    this.p2_conv1 = new ConvNormAct(channels, 128, 3)
    this.p_conv1 = new Conv2d(128, channels, 3, { padding: 1, bias: false })
    this.p_bn1 = new BatchNorm2d(channels)
    this.conv1 = new Conv2d(channels, channels, 1, { bias: false })
    this.bn1 = new BatchNorm2d(channels)
    this.conv2 = new ConvNormAct(channels, channels, 3)
    this.pool1 = pool1
    this.pool2 = pool2
  }

  override forward(x: Tensor): Tensor {
    const first: Tensor = this.pool1.forward(this.p1_conv1.forward(x))
    const second: Tensor = this.pool2.forward(this.p2_conv1.forward(x))
    const pooled = this.p_bn1.forward(this.p_conv1.forward(first.add(second)))
    return this.conv2.forward(pooled.add(this.bn1.forward(this.conv1.forward(x))).relu())
  }
}

const stacks = [0, 1]
const channels = 256

/**
 * CornerNet (Law and Deng 2018) and CornerNet-Squeeze (Law et al. 2019): objects as pairs of corners, found on the maps of
 * two stacked hourglasses. Images whose sides divided by 128 and rounded up fit: 121 to 128 pixels, 249 to 256, … for
 * CornerNet-Squeeze, 125 to 128, 253 to 256, … for CornerNet.
 */
export class CornerNet extends Network {
  hg: StackedHourglass
  tl_modules: ModuleList
  br_modules: ModuleList
  tl_heats: ModuleList
  br_heats: ModuleList
  tl_tags: ModuleList
  br_tags: ModuleList
  tl_offs: ModuleList
  br_offs: ModuleList
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[]
  readonly #lastHeadsOnly: boolean

  constructor(spec: CornerNetSpec, options: CornerNetOptions = {}) {
    super()
    const { numClasses = 80, inChannels = 3, lastHeadsOnly = false } = options
    const { hourglass, reductions, predictionKernel } = spec
    const predictions = (outputs: number): ModuleList =>
      new ModuleList(
        stacks.map(
          () =>
            new Sequential(
              new ConvNormAct(channels, channels, predictionKernel, { norm: null }),
              new Conv2d(channels, outputs, 1),
            ),
        ),
      )
    this.numClasses = numClasses
    this.#lastHeadsOnly = lastHeadsOnly
    this.hg = new StackedHourglass(hourglass, inChannels, reductions)
    this.tl_modules = new ModuleList(
      stacks.map(() => new CornerPooling(channels, new TopPool(), new LeftPool())),
    )
    this.br_modules = new ModuleList(
      stacks.map(() => new CornerPooling(channels, new BottomPool(), new RightPool())),
    )
    this.tl_heats = predictions(numClasses)
    this.br_heats = predictions(numClasses)
    this.tl_tags = predictions(1)
    this.br_tags = predictions(1)
    this.tl_offs = predictions(2)
    this.br_offs = predictions(2)
    for (const name of this.classifierNames()) initializeHeat(this.getSubmodule(name) as Conv2d)
    const stride = 2 ** (1 + reductions)
    const scales = hourglass.scales.slice(1)
    this.featureInfo = [
      { name: 'hg.pre.0', channels: channels / 2, stride: 2 },
      ...Array.from({ length: reductions - 1 }, (_, i) => ({
        name: `hg.pre.${i + 1}`,
        channels,
        stride: 4 * 2 ** i,
      })),
      { name: 'hg.cnvs.1', channels, stride },
      ...scales.map(([width], i) => ({
        name: `hg.hgs.1${'.low2'.repeat(i + 1)}`,
        channels: width,
        stride: stride * 2 ** (i + 1),
      })),
    ]
  }

  #maps(x: Tensor): [Tensor, Tensor] {
    return this.hg.forward(x, (part, input) => this.stage(part, input))
  }

  /** The map of the second hourglass. */
  forwardFeatures(x: Tensor): Tensor {
    return this.#maps(x)[1]
  }

  override get separateHead(): boolean {
    return false
  }

  forwardHead(): never {
    throw new Error('CornerNet: the heads take the maps of several hourglasses; use forwardAll(images)')
  }

  /** No output is the scores of one class for the whole image. */
  override get lossWeights(): readonly number[] {
    return [0]
  }

  /** The top left corners' heat map, as the first output of `forwardAll`. */
  override forward(x: Tensor): Tensor {
    return this.forwardAll(x)[0]!
  }

  /**
   * Of the corners at the top left, then of those at the bottom right: heat maps [batch, classes, rows, columns] before the
   * sigmoid; then of both in the same way tags [batch, 1, rows, columns] and offsets [batch, 2, rows, columns] (x, y) in
   * cells. Each comes from the first hourglass, then from the second, or from the second alone with `lastHeadsOnly`.
   */
  override forwardAll(x: Tensor): readonly Tensor[] {
    const used = this.#lastHeadsOnly && !this.training ? [1] : stacks
    const maps = this.#maps(x)
    const pooled = (modules: ModuleList): Tensor[] =>
      used.map((stack) => this.stage(modules.get(stack), maps[stack]!))
    const [topLeft, bottomRight] = [pooled(this.tl_modules), pooled(this.br_modules)]
    return [
      [this.tl_heats, topLeft] as const,
      [this.br_heats, bottomRight] as const,
      [this.tl_tags, topLeft] as const,
      [this.br_tags, bottomRight] as const,
      [this.tl_offs, topLeft] as const,
      [this.br_offs, bottomRight] as const,
    ].flatMap(([heads, corners]) => used.map((stack, i) => heads.get(stack).forward(corners[i]!)))
  }

  classifierNames(): readonly string[] {
    return ['tl_heats', 'br_heats'].flatMap((heads) => stacks.map((stack) => `${heads}.${stack}.1`))
  }

  override headNames(): readonly string[] {
    return ['tl_modules', 'br_modules', 'tl_heats', 'br_heats', 'tl_tags', 'br_tags', 'tl_offs', 'br_offs']
  }

  protected override initializeClassifier(layer: Conv2d): void {
    initializeHeat(layer)
  }
}

/** Hardly any position is a corner: a tenth at the start. */
function initializeHeat(layer: Conv2d): void {
  init.constant(layer.bias!, -2.19)
}

const variant = (spec: CornerNetSpec): Variant<CornerNetOptions> => ({
  options: { ...networkOptions, lastHeadsOnly: 'flag' },
  create: (options) => new CornerNet(spec, options),
})

export const variants: Readonly<Record<CornerNetName, Variant<CornerNetOptions>>> = {
  cornernet_squeeze: variant({
    hourglass: {
      block: FireModule,
      scales: [
        [256, 2],
        [256, 2],
        [384, 2],
        [384, 2],
        [512, 4],
      ],
      upsampling: 'transposed',
    },
    reductions: 2,
    predictionKernel: 1,
  }),
  cornernet: variant({
    hourglass: {
      block: HourglassResidual,
      scales: [
        [256, 2],
        [256, 2],
        [384, 2],
        [384, 2],
        [384, 2],
        [512, 4],
      ],
      upsampling: 'nearest',
    },
    reductions: 1,
    predictionKernel: 3,
  }),
}
