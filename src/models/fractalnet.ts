import { Linear, type Module, Sequential } from '../nn/index.ts'
import { noGrad, rand, type Tensor } from '../tensor/index.ts'
import type { OptionKinds } from '../tensor/options.ts'
import { changeMode } from '../tensor/trace.ts'
import { FractalBlock, FractalLayer, FractalUnit, type Paths, type Style } from './fractal-block.ts'
import type { FractalNetName } from './fractalnet.metadata.ts'
import {
  type FeatureInfo,
  type HeadOptions,
  Network,
  type NetworkOptions,
  networkOptions,
  type Variant,
} from './network.ts'

export interface FractalNetOptions extends NetworkOptions {
  /** Each block has this many columns, the deepest of 2 ** (numColumns - 1) layers. */
  readonly numColumns?: number
  /** Channels of each block. */
  readonly widths?: readonly number[]
  /** Probability that dropout has in each block. */
  readonly dropouts?: readonly number[]
  /** Probability of an input of a join being dropped in training, one at least being kept. */
  readonly localDropProb?: number
  /** The share of a batch whose images see one column alone in training, drawn for each; the others see local drop-path. */
  readonly globalDropRatio?: number
}

/**
 * FractalNet (Larsson et al. 2016): five blocks of columns of unequal depth that are joined by their mean, trained with
 * drop-path so that each column works alone too. `setColumns` makes evaluation use some of them only: the shallowest first
 * gives a quick answer, more of them a better one.
 */
export class FractalNet extends Network {
  features: Sequential
  output: Linear
  numClasses: number
  readonly numColumns: number
  readonly featureInfo: readonly FeatureInfo[]
  readonly #localDropProb: number
  readonly #globalDropRatio: number

  constructor(style: Style, options: FractalNetOptions = {}) {
    super()
    const {
      numClasses = 10,
      inChannels = 3,
      numColumns = 3,
      localDropProb = 0.15,
      globalDropRatio = 0.5,
    } = options
    const { widths = [64, 128, 256, 512, 512], dropouts = [0, 0.1, 0.2, 0.3, 0.4] } = options
    this.numClasses = numClasses
    this.numColumns = numColumns
    this.#localDropProb = localDropProb
    this.#globalDropRatio = globalDropRatio
    const { stem } = style
    const modules: [string, Module][] = []
    if (stem !== undefined) modules.push(['stem', new FractalLayer(inChannels, stem, 0, style, 7)])
    const stride = stem === undefined ? 2 : 4
    let channels = stem ?? inChannels
    for (const [i, width] of widths.entries()) {
      modules.push([`unit${i + 1}`, new FractalUnit(channels, width, numColumns, dropouts[i] ?? 0, style)])
      channels = width
    }
    this.features = new Sequential(...modules)
    this.output = new Linear(channels, numClasses)
    this.featureInfo = widths.map((width, i) => ({
      name: `features.unit${i + 1}`,
      channels: width,
      stride: stride * 2 ** i,
    }))
  }

  /**
   * The columns that count in evaluation, 0 being the deepest and numColumns - 1 the one with a single layer a block. Throws a
   * RangeError for a list that is empty or holds others.
   */
  setColumns(columns: readonly number[]): void {
    const fits = columns.every(
      (column) => Number.isInteger(column) && column >= 0 && column < this.numColumns,
    )
    if (columns.length === 0 || !fits) {
      throw new RangeError(
        `setColumns: columns are among 0..${this.numColumns - 1}, got [${columns.join(', ')}]`,
      )
    }
    for (const block of this.#blocks()) block.columns = [...columns]
    changeMode()
  }

  #blocks(): FractalBlock[] {
    return this.features.modules().filter((module) => module instanceof FractalBlock)
  }

  forwardFeatures(x: Tensor): Tensor {
    const [batch] = x.shape as [number]
    const paths: Paths | undefined = this.training
      ? {
          column: noGrad(() => rand([batch]).mul(this.numColumns).floor()),
          images: Math.floor(batch * this.#globalDropRatio),
          localDropProb: this.#localDropProb,
        }
      : undefined
    for (const block of this.#blocks()) block.paths = paths
    const first = this.features.length - this.featureInfo.length
    return this.stagesOf(
      this.features,
      x,
      this.featureInfo.map((_, i) => first + i + 1),
    )
  }

  /** The mean over the map, which is one pixel for images of the usual size. */
  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const descriptor = x.mean([2, 3])
    return preLogits ? descriptor : this.output.forward(descriptor)
  }

  classifierNames(): readonly string[] {
    return ['output']
  }
}

const kinds: OptionKinds<FractalNetOptions> = {
  ...networkOptions,
  numColumns: 'count',
  widths: 'any',
  dropouts: 'any',
  localDropProb: 'probability',
  globalDropRatio: 'probability',
}

const variant = (style: Style, fixed: FractalNetOptions = {}): Variant<FractalNetOptions> => ({
  options: kinds,
  create: (options) => new FractalNet(style, { ...fixed, ...options }),
})

const pytorchcv: Style = { caffe: false, affine: true, bias: false }
const caffe: Style = { caffe: true, affine: false, bias: true }

export const variants: Readonly<Record<FractalNetName, Variant<FractalNetOptions>>> = {
  fractalnet_cifar10: variant(pytorchcv),
  fractalnet_cifar100: variant(pytorchcv, { numClasses: 100 }),
  fractalnet20_caffe_cifar10: variant(caffe),
  fractalnet40_caffe_cifar10: variant(caffe, { numColumns: 4 }),
  fractalnet34_imagenet: variant(
    { caffe: true, affine: true, bias: true, stem: 64 },
    { numClasses: 1000, numColumns: 4, widths: [128, 256, 512, 1024], dropouts: [] },
  ),
}
