import { type BatchNorm2d, Conv2d, DropPath, F, Linear, Module, ReLU, Sequential } from '../nn/index.ts'
import { concat, type Tensor } from '../tensor/index.ts'
import type { CellSpec, Operand } from './amoebanet-cells.ts'
import { convolution, FactorizedReduction, initialize, layersOf, normOver } from './amoebanet-operations.ts'

/** A map that a cell takes: its channels, and how many input pixels one of its pixels spans. */
export interface Extent {
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
export class Cell extends Module {
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

export class AuxiliaryHead extends Module {
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

export class Stem extends Module {
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
