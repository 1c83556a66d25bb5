import {
  BatchNorm2d,
  Conv2d,
  Dropout,
  Dropout2d,
  init,
  Linear,
  MaxPool2d,
  Module,
  ReLU,
  Sequential,
} from '../nn/index.ts'
import { arange, noGrad, rand, type Tensor } from '../tensor/index.ts'
import type { OptionKinds } from '../tensor/options.ts'
import { changeMode } from '../tensor/trace.ts'
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

interface Style {
  /** The authors' layers: a biased convolution, dropout, normalization without weights, ReLU; and pools before the last join. */
  readonly caffe: boolean
  /** The weights that pytorchcv's normalization has and the authors' has not. */
  readonly affine: boolean
  readonly bias: boolean
  /** A 7x7 convolution with stride 2 of so many channels before the first block. */
  readonly stem?: number
}

/** A convolution with what belongs to it, under pytorchcv's names. */
class FractalLayer extends Module {
  conv: Conv2d
  bn: BatchNorm2d
  activ: ReLU
  dropout: Dropout | Dropout2d | null
  readonly #dropsFirst: boolean

  constructor(from: number, to: number, dropout: number, { caffe, affine, bias }: Style, kernel = 3) {
    super()
    const stride = kernel === 3 ? 1 : 2
    this.conv = new Conv2d(from, to, kernel, { stride, padding: (kernel - 1) / 2, bias })
    this.bn = new BatchNorm2d(to, { affine })
    this.activ = new ReLU()
    this.dropout = dropout === 0 ? null : caffe ? new Dropout(dropout) : new Dropout2d(dropout)
    this.#dropsFirst = caffe
    if (caffe) init.xavierUniform(this.conv.weight)
    else init.kaimingUniform(this.conv.weight)
    if (this.conv.bias) init.zeros(this.conv.bias)
  }

  override forward(x: Tensor): Tensor {
    const drop = (y: Tensor): Tensor => (this.dropout ? this.dropout.forward(y) : y)
    const convolved = this.conv.forward(x)
    const normalized = this.bn.forward(this.#dropsFirst ? drop(convolved) : convolved)
    const activated = this.activ.forward(normalized)
    return this.#dropsFirst ? activated : drop(activated)
  }
}

/** How a training pass drops paths. */
export interface Paths {
  /** The only column that each of the first images sees, [batch]; of the others it means nothing. */
  readonly column: Tensor
  /** How many images, the first of the batch, see one column alone. */
  readonly images: number
  readonly localDropProb: number
}

/**
 * One fractal of `columns` columns between pools: column 0, the deepest, has a layer in each of its 2 ** (columns - 1) levels,
 * column j in every 2 ** j-th. Where columns end together, their mean goes on in all of them.
 */
export class FractalBlock extends Module {
  /** `block<level>.subblock<column>`, both counted from 1. */
  blocks: Sequential
  /** The columns that count in evaluation; all of them unless set. */
  columns: readonly number[]
  /** How the current training pass drops paths; undefined in evaluation. */
  paths: Paths | undefined
  readonly #count: number
  readonly #pool: MaxPool2d | null

  constructor(from: number, to: number, columns: number, dropout: number, style: Style) {
    super()
    this.#count = columns
    this.columns = Array.from({ length: columns }, (_, j) => j)
    this.#pool = style.caffe ? new MaxPool2d(2) : null
    const levels = Array.from({ length: 2 ** (columns - 1) }, (_, i): [string, Module] => {
      const ending = this.#ending(i + 1).map((j): [string, Module] => {
        const first = i + 1 === 2 ** j
        return [`subblock${j + 1}`, new FractalLayer(first ? from : to, to, dropout, style)]
      })
      return [`block${i + 1}`, new Sequential(...ending)]
    })
    this.blocks = new Sequential(...levels)
  }

  /** The columns that have a layer ending at a level, counted from 1. */
  #ending(level: number): number[] {
    return Array.from({ length: this.#count }, (_, j) => j).filter((j) => level % 2 ** j === 0)
  }

  override forward(x: Tensor): Tensor {
    const alive = this.training ? undefined : new Set(this.columns)
    const current = Array<Tensor>(this.#count).fill(x)
    for (const [i, level] of [...this.blocks].entries()) {
      const columns = this.#ending(i + 1)
      const layers = [...(level as Sequential)]
      const last = i + 1 === this.blocks.length
      const outputs = columns.map((j, at): Tensor | undefined => {
        if (alive && !alive.has(j)) return undefined
        const y: Tensor = layers[at]!.forward(current[j]!)
        return last && this.#pool ? this.#pool.forward(y) : y
      })
      const joined = this.#join(columns, outputs)
      if (joined) for (const j of columns) current[j] = joined
    }
    return current[0]!
  }

  /** The mean of the outputs there are, or of those that drop-path leaves of each image. */
  #join(columns: readonly number[], outputs: readonly (Tensor | undefined)[]): Tensor | undefined {
    const present = outputs.filter((output) => output !== undefined)
    const [first] = present
    if (first === undefined) return undefined
    const sum = (parts: readonly Tensor[]): Tensor => parts.reduce((a, b) => a.add(b))
    if (!this.training || this.paths === undefined) {
      return present.length === 1 ? first : sum(present).div(present.length)
    }
    const keeps = joinMask(columns.length, first.shape[0]!, this.paths)
    const weights = keeps.div(keeps.sum(0, true).maximum(1))
    return sum(present.map((output, at) => output.mul(weights.select(0, at).reshape(-1, 1, 1, 1))))
  }
}

/**
 * Which inputs of a join of the deepest `count` columns are kept, [count, batch] of ones and zeros: of the first images that of
 * their column, nothing where it does not end here (what then goes on is not of it); of each of the others some, but not none.
 */
export function joinMask(count: number, batch: number, { column, images, localDropProb }: Paths): Tensor {
  return noGrad(() => {
    const places = arange(count).float().reshape(count, 1)
    const spared = rand([batch]).mul(count).floor()
    const kept = rand([count, batch]).ge(localDropProb).float()
    const none = kept.sum(0, true).eq(0).float()
    const local = kept.add(none.mul(places.eq(spared).float()))
    return places.eq(column).where(arange(batch).lt(images), local.gt(0)).float()
  })
}

class FractalUnit extends Module {
  block: FractalBlock
  pool: MaxPool2d | null

  constructor(from: number, to: number, columns: number, dropout: number, style: Style) {
    super()
    this.block = new FractalBlock(from, to, columns, dropout, style)
    this.pool = style.caffe ? null : new MaxPool2d(2)
  }

  override forward(x: Tensor): Tensor {
    const y = this.block.forward(x)
    return this.pool ? this.pool.forward(y) : y
  }
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
