import {
  BatchNorm2d,
  Conv2d,
  Dropout,
  DropPath,
  F,
  init,
  Linear,
  Module,
  ReLU,
  Sequential,
} from '../nn/index.ts'
import { concat, type Tensor } from '../tensor/index.ts'
import type { OptionKinds } from '../tensor/options.ts'
import type { AmoebaNetName } from './amoebanet.metadata.ts'
import { type CellSpec, cells, type Operand, type Operation } from './amoebanet-cells.ts'
import {
  type FeatureInfo,
  type HeadOptions,
  Network,
  type NetworkOptions,
  networkOptions,
  type Variant,
} from './network.ts'

export interface AmoebaNetOptions extends NetworkOptions {
  /** Normal cells. */
  readonly numCells?: number
  /** Channels of the operations in the first normal cells. */
  readonly filters?: number
  /** Before the classifier. */
  readonly dropRate?: number
  /** Of the operations in cells; 0 unless given. Training lets it grow linearly to 0.3 for A (`setDropPathRate`). */
  readonly dropPathRate?: number
  /** Adds the auxiliary classifier, whose scores `forwardAll` gives in training. */
  readonly auxLogits?: boolean
  /** The side of the images that the auxiliary classifier is made for. */
  readonly imageSize?: number
}

const same = 'sameTensorFlow'
const normOver = (channels: number): BatchNorm2d => new BatchNorm2d(channels, { eps: 1e-3, momentum: 0.0003 })

type Kernel = number | readonly [number, number]

function convolution(from: number, to: number, kernel: Kernel, stride: Kernel = 1, groups = 1): Conv2d {
  const layer = new Conv2d(from, to, kernel, { stride, padding: same, groups, bias: false })
  initialize(layer, (to / groups) * layer.kernelSize[0] * layer.kernelSize[1])
  return layer
}

function initialize(layer: Conv2d | Linear, fanOut: number): void {
  const std = Math.sqrt((1.3 * 2) / fanOut)
  init.truncNormal(layer.weight, { std, a: -2 * std, b: 2 * std })
  if (layer.bias) init.zeros(layer.bias)
}

class SeparableConv extends Module {
  depthwise: Conv2d
  pointwise: Conv2d

  constructor(from: number, to: number, kernel: number, stride: number) {
    super()
    this.depthwise = convolution(from, from, kernel, stride, from)
    this.pointwise = convolution(from, to, 1)
  }

  override forward(x: Tensor): Tensor {
    return this.pointwise.forward(this.depthwise.forward(x))
  }
}

class Pool extends Module {
  readonly #average: boolean
  readonly #size: number
  readonly #stride: number

  constructor(average: boolean, size: number, stride: number) {
    super()
    this.#average = average
    this.#size = size
    this.#stride = stride
  }

  override forward(x: Tensor): Tensor {
    const window = { stride: this.#stride, padding: same } as const
    return this.#average
      ? F.avgPool2d(x, this.#size, { ...window, countIncludePad: false })
      : F.maxPool2d(x, this.#size, window)
  }
}

/** The layers of an operation by the reference's names; none for one that keeps its input. */
function layersOf(operation: Operation, from: number, to: number, stride: number): Record<string, Module> {
  if (operation === 'none' || operation === '1x1') {
    if (operation === 'none' && stride === 1 && from === to) return {}
    return { relu: new ReLU(), '1x1': convolution(from, to, 1, stride), bn_1: normOver(to) }
  }
  const kernel = Number(/(\d)x/.exec(operation)![1])
  if (operation.includes('pool')) {
    const pool = new Pool(operation.startsWith('avg'), kernel, stride)
    return from === to ? { pool } : { pool, '1x1': convolution(from, to, 1), bn_1: normOver(to) }
  }
  if (operation.startsWith('separable')) {
    const name = `${kernel}x${kernel}`
    return {
      relu_1: new ReLU(),
      [`separable_${name}_1`]: new SeparableConv(from, to, kernel, stride),
      [`bn_sep_${name}_1`]: normOver(to),
      relu_2: new ReLU(),
      [`separable_${name}_2`]: new SeparableConv(to, to, kernel, 1),
      [`bn_sep_${name}_2`]: normOver(to),
    }
  }
  const hidden = Math.floor(to / 4)
  const middle =
    operation === '3x3'
      ? { '3x3': convolution(hidden, hidden, 3, stride) }
      : {
          '1x7': convolution(hidden, hidden, [1, 7], [1, stride]),
          bn_1x7_7x1: normOver(hidden),
          relu_3: new ReLU(),
          '7x1': convolution(hidden, hidden, [7, 1], [stride, 1]),
        }
  return {
    relu_1: new ReLU(),
    pre_1x1: convolution(from, hidden, 1),
    pre_bn: normOver(hidden),
    relu_2: new ReLU(),
    ...middle,
    bn: normOver(hidden),
    relu_4: new ReLU(),
    post_1x1: convolution(hidden, to, 1),
    post_bn: normOver(to),
  }
}

/**
 * Halves the size without skipping places: every other one, and every other one of the map moved by a pixel. Each gives half
 * of the channels; of an odd number, which the reference refuses, one is normalized with them but left out.
 */
class FactorizedReduction extends Module {
  path1_conv: Conv2d
  path2_conv: Conv2d
  final_path_bn: BatchNorm2d
  readonly outChannels: number

  constructor(from: number, to: number) {
    super()
    const half = Math.floor(to / 2)
    this.path1_conv = convolution(from, half, 1, 2)
    this.path2_conv = convolution(from, half, 1, 2)
    this.final_path_bn = normOver(to)
    this.outChannels = 2 * half
  }

  override forward(x: Tensor): Tensor {
    const [height, width] = x.shape.slice(2) as [number, number]
    const moved = F.pad(x, [0, 1, 0, 1]).narrow(2, 1, height).narrow(3, 1, width)
    const both = concat([this.path1_conv.forward(x), this.path2_conv.forward(moved)], 1)
    const missing = this.final_path_bn.numFeatures - this.outChannels
    if (missing === 0) return this.final_path_bn.forward(both)
    return this.final_path_bn.forward(F.pad(both, [0, 0, 0, 0, 0, missing])).narrow(1, 0, this.outChannels)
  }
}

/** A map that a cell takes: its channels, and how many input pixels one of its pixels spans. */
interface Extent {
  readonly channels: number
  readonly stride: number
}

interface CellOptions {
  readonly filters: number
  readonly stride: 1 | 2
  readonly dropPathRate: number
}

function operationOf([operation, state]: Operand, from: readonly number[], options: CellOptions): Sequential {
  const { filters, stride, dropPathRate } = options
  const layers = layersOf(operation, from[state]!, filters, state < 2 ? stride : 1)
  if (operation !== 'none') layers.drop_path = new DropPath(dropPathRate)
  return new Sequential(layers)
}

class Combination extends Module {
  left: Sequential
  right: Sequential
  readonly #states: readonly [number, number]

  constructor([left, right]: readonly [Operand, Operand], from: readonly number[], options: CellOptions) {
    super()
    this.left = operationOf(left, from, options)
    this.right = operationOf(right, from, options)
    this.#states = [left[1], right[1]]
  }

  override forward(states: readonly Tensor[]): Tensor {
    const [left, right] = this.#states
    return this.left.forward(states[left]!).add(this.right.forward(states[right]!))
  }
}

/** Five sums of operations on the maps of the two cells before, of which some are concatenated. */
class Cell extends Module {
  readonly #before: readonly [string, Module][]
  readonly #reduced: Module | null
  readonly #combinations: readonly [string, Combination][]
  readonly #output: readonly number[]
  readonly #reductions: ReadonlyMap<number, Module>
  readonly out: Extent

  constructor(spec: CellSpec, current: Extent, previous: Extent | null, options: CellOptions) {
    super()
    const { filters, stride } = options
    const before: [string, Module][] = []
    const projection = previous === null ? null : previousProjection(current, previous, filters)
    this.#reduced = projection?.layers ?? null
    if (this.#reduced !== null) before.push(['prev', this.#reduced])
    const base = {
      relu: new ReLU(),
      '1x1': convolution(current.channels, filters, 1),
      beginning_bn: normOver(filters),
    }
    before.push(['base', new Sequential(base)])
    const channels = [filters, projection?.channels ?? current.channels]
    const combinations: [string, Combination][] = []
    for (const [i, pair] of spec.pairs.entries()) {
      combinations.push([`comb_iter_${i}`, new Combination(pair, channels, options)])
      channels.push(filters)
    }
    const reductions = new Map<number, Module>()
    let outChannels = 0
    for (const state of spec.output) {
      outChannels += filters
      if (state < 2 && stride === 2) {
        const reduction = new FactorizedReduction(channels[state]!, filters)
        outChannels += reduction.outChannels - filters
        reductions.set(state, reduction)
      } else if (channels[state] !== filters) {
        const layers = { path_conv: convolution(channels[state]!, filters, 1), path_bn: normOver(filters) }
        reductions.set(state, new Sequential(layers))
      }
    }
    this.#before = before
    this.#combinations = combinations
    this.#output = spec.output
    this.#reductions = reductions
    this.out = { channels: outChannels, stride: current.stride * stride }
  }

  protected override *members(): Iterable<readonly [string, unknown]> {
    yield* super.members()
    yield* this.#before
    yield* this.#combinations
    for (const [state, reduction] of this.#reductions) yield [`reduction_${state}`, reduction]
  }

  override forward(current: Tensor, previous: Tensor | null): Tensor {
    const second = previous === null ? current : this.#reduced ? this.#reduced.forward(previous) : previous
    const states: Tensor[] = [this.#before.at(-1)![1].forward(current), second]
    for (const [, combination] of this.#combinations) states.push(combination.forward(states))
    const kept = this.#output.map((state): Tensor => {
      const reduction = this.#reductions.get(state)
      return reduction ? reduction.forward(states[state]) : states[state]!
    })
    return concat(kept, 1)
  }
}

/** What brings the map of the cell before the last to the size and channels of a cell, and the channels that it gives. */
function previousProjection(
  current: Extent,
  previous: Extent,
  filters: number,
): { readonly layers: Sequential | null; readonly channels: number } {
  if (current.stride !== previous.stride) {
    const reduction = new FactorizedReduction(previous.channels, filters)
    return { layers: new Sequential({ relu: new ReLU(), reduction }), channels: reduction.outChannels }
  }
  if (previous.channels === filters) return { layers: null, channels: filters }
  const layers = {
    relu: new ReLU(),
    prev_1x1: convolution(previous.channels, filters, 1),
    prev_bn: normOver(filters),
  }
  return { layers: new Sequential(layers), channels: filters }
}

class AuxiliaryHead extends Module {
  proj: Conv2d
  aux_bn0: BatchNorm2d
  conv: Conv2d
  aux_bn1: BatchNorm2d
  FC: Linear

  constructor(channels: number, numClasses: number, side: number) {
    super()
    const [narrow, wide] = [Math.floor(128 * 0.4), Math.floor(768 * 0.4)]
    const window = Math.floor((side - 5) / 3) + 1
    this.proj = convolution(channels, narrow, 1)
    this.aux_bn0 = normOver(narrow)
    this.conv = new Conv2d(narrow, wide, window, { bias: false })
    initialize(this.conv, wide * window ** 2)
    this.aux_bn1 = normOver(wide)
    this.FC = new Linear(wide, numClasses)
    initialize(this.FC, numClasses)
  }

  override forward(x: Tensor): Tensor {
    const pooled = F.avgPool2d(x.relu(), 5, { stride: 3 })
    const hidden = this.aux_bn0.forward(this.proj.forward(pooled)).relu()
    return this.FC.forward(this.aux_bn1.forward(this.conv.forward(hidden)).relu().flatten(1))
  }
}

class Stem extends Module {
  conv0: Conv2d
  conv0_bn: BatchNorm2d

  constructor(inChannels: number, outChannels: number, small: boolean) {
    super()
    this.conv0 = small
      ? convolution(inChannels, outChannels, 3)
      : new Conv2d(inChannels, outChannels, 3, { stride: 2, bias: false })
    initialize(this.conv0, outChannels * 9)
    this.conv0_bn = normOver(outChannels)
  }

  override forward(x: Tensor): Tensor {
    return this.conv0_bn.forward(this.conv0.forward(x))
  }
}

export interface AmoebaNetSpec {
  readonly cell: keyof typeof cells
  /** Normal cells; two reductions are among them, and two more before them in networks for ImageNet. */
  readonly cells: number
  readonly filters: number
  readonly imageSize: number
  readonly numClasses: number
}

/** AmoebaNet (Real et al. 2018): cells found by evolution, each of which takes the maps of the two before it. */
export class AmoebaNet extends Network {
  stem: Stem
  numClasses: number
  readonly featureInfo: readonly FeatureInfo[]
  readonly #cells: readonly [string, Cell][]
  readonly #auxiliary: AuxiliaryHead | null
  readonly #auxiliaryAfter: string
  readonly #final: Sequential

  constructor(spec: AmoebaNetSpec, options: AmoebaNetOptions = {}) {
    super()
    const { numClasses = spec.numClasses, inChannels = 3, auxLogits = false, dropRate = 0.5 } = options
    const { imageSize = spec.imageSize, dropPathRate = 0 } = options
    const { numCells = spec.cells, filters: width = spec.filters } = options
    this.numClasses = numClasses
    const small = spec.imageSize === 32
    const stemChannels = small ? 3 * width : 32
    this.stem = new Stem(inChannels, stemChannels, small)
    const maps: Extent[] = [{ channels: stemChannels, stride: small ? 1 : 2 }]
    const list: [string, Cell][] = []
    const add = (name: string, kind: 'normal' | 'reduction', filters: number): void => {
      const stride = kind === 'normal' ? 1 : 2
      const cell = new Cell(cells[spec.cell][kind], maps.at(-1)!, maps.at(-2) ?? null, {
        filters,
        stride,
        dropPathRate,
      })
      list.push([name, cell])
      maps.push(cell.out)
    }
    if (!small) {
      add('cell_stem_0', 'reduction', Math.floor(width / 4))
      add('cell_stem_1', 'reduction', Math.floor(width / 2))
    }
    const reductions = [Math.floor(numCells / 3), Math.floor((2 * numCells) / 3)]
    let filters = width
    for (let i = 0; i < numCells; i++) {
      const place = reductions.indexOf(i)
      if (place >= 0) {
        filters *= 2
        add(`reduction_cell_${place}`, 'reduction', filters)
      }
      add(`cell_${i}`, 'normal', filters)
    }
    const ends = [...reductions, numCells].map((end) => `cell_${end - 1}`)
    const stages = small ? ends : ['cell_stem_0', ...ends]
    const extents = new Map(list.map(([name, cell]) => [name, cell.out]))
    this.featureInfo = [
      ...(small ? [] : [{ name: 'stem', ...maps[0]! }]),
      ...stages.map((name) => ({ name, ...extents.get(name)! })),
    ]
    this.#cells = list
    this.#auxiliaryAfter = ends[1]!
    const { channels, stride } = extents.get(this.#auxiliaryAfter)!
    const side = mapSide(small ? imageSize : Math.floor((imageSize - 1) / 2), small ? stride : stride / 2)
    this.#auxiliary = auxLogits ? new AuxiliaryHead(channels, numClasses, side) : null
    const classifier = new Linear(maps.at(-1)!.channels, numClasses)
    this.#final = new Sequential({ dropout: new Dropout(dropRate), FC: classifier })
    this.initializeClassifier(classifier)
  }

  protected override *members(): Iterable<readonly [string, unknown]> {
    yield* super.members()
    yield* this.#cells
    if (this.#auxiliary) yield ['aux', this.#auxiliary]
    yield ['final_layer', this.#final]
  }

  /** Sets the rate of all operations' drop paths, which training lets grow from 0. */
  setDropPathRate(rate: number): void {
    for (const module of this.modules()) if (module instanceof DropPath) module.p = rate
  }

  #maps(x: Tensor): { readonly last: Tensor; readonly auxiliary: Tensor } {
    let [previous, current]: [Tensor | null, Tensor] = [null, this.stem.forward(x)]
    let auxiliary = current
    for (const [name, cell] of this.#cells) {
      const before = previous
      const next = this.stage({ forward: (y) => cell.forward(y, before) }, current)
      previous = current
      current = next
      if (name === this.#auxiliaryAfter) auxiliary = current
    }
    return { last: current, auxiliary }
  }

  forwardFeatures(x: Tensor): Tensor {
    return this.#maps(x).last
  }

  forwardHead(x: Tensor, { preLogits = false }: HeadOptions = {}): Tensor {
    const descriptor = x.relu().mean([2, 3])
    return preLogits ? descriptor : this.#final.forward(descriptor)
  }

  /** The scores, and in training those of the auxiliary classifier, if there is one. */
  override forwardAll(x: Tensor): readonly Tensor[] {
    const { last, auxiliary } = this.#maps(x)
    const scores = this.forwardHead(last)
    return this.#auxiliary && this.training ? [scores, this.#auxiliary.forward(auxiliary)] : [scores]
  }

  override get lossWeights(): readonly number[] {
    return [1, 0.4]
  }

  classifierNames(): readonly string[] {
    return this.#auxiliary ? ['aux.FC', 'final_layer.FC'] : ['final_layer.FC']
  }

  override headNames(): readonly string[] {
    return this.#auxiliary ? ['aux', 'final_layer'] : ['final_layer']
  }

  protected override initializeClassifier(layer: Linear): void {
    initialize(layer, layer.outFeatures)
  }
}

function mapSide(side: number, stride: number): number {
  let rest = side
  for (let by = stride; by > 1; by /= 2) rest = Math.ceil(rest / 2)
  return rest
}

const amoebaOptions: OptionKinds<AmoebaNetOptions> = {
  ...networkOptions,
  numCells: 'count',
  filters: 'count',
  dropRate: 'probability',
  dropPathRate: 'probability',
  auxLogits: 'flag',
  imageSize: 'count',
}

const variant = (
  cell: keyof typeof cells,
  count: number,
  filters: number,
  imageSize: number,
): Variant<AmoebaNetOptions> => ({
  options: amoebaOptions,
  create: (options) => {
    const numClasses = imageSize === 32 ? 10 : 1000
    return new AmoebaNet({ cell, cells: count, filters, imageSize, numClasses }, options)
  },
})

export const variants: Readonly<Record<AmoebaNetName, Variant<AmoebaNetOptions>>> = {
  amoebanet_a_n18_f190: variant('a', 18, 190, 331),
  amoebanet_a_n18_f448: variant('a', 18, 448, 331),
  amoebanet_a_mobile_n12_f50: variant('a', 12, 50, 224),
  amoebanet_b_mobile_n9_f62: variant('b', 9, 62, 224),
  amoebanet_b_n18_f190: variant('b', 18, 190, 331),
  amoebanet_c_mobile_n12_f44: variant('c', 12, 44, 224),
  amoebanet_c_mobile_n12_f50: variant('c', 12, 50, 224),
  amoebanet_c_n18_f228: variant('c', 18, 228, 331),
  amoebanet_d_n12_f256: variant('d', 12, 256, 299),
  amoebanet_d_n12_f256_224: variant('d', 12, 256, 224),
  amoebanet_d_n6_f256: variant('d', 6, 256, 224),
  amoebanet_a_cifar_n18_f32: variant('a', 18, 32, 32),
  amoebanet_a_cifar_n18_f36: variant('a', 18, 36, 32),
  amoebanet_b_cifar_n18_f36: variant('b', 18, 36, 32),
  amoebanet_b_cifar_n18_f128: variant('b', 18, 128, 32),
}
