import { type DType, dtypes } from '../../src/graph/dtype.ts'
import { type Shape, sizeOf } from '../../src/graph/shape.ts'
import { Generator } from '../../src/tensor/generator.ts'
import type { Operand } from './op-case.ts'

/** Large values are shared out between threads; huge ones fill several blocks of the kernels, too. */
export type CaseSize = 'tiny' | 'small' | 'large' | 'huge'

const largestDimension = { tiny: 4, small: 9, large: 33, huge: 48 } as const
const hugeSize = 60_000

/** Random shapes, attributes and values; the same for the same seed. */
export class CaseRandom {
  readonly size: CaseSize
  /** Values are for a gradient: nothing empty, no special values, and none near kinks or jumps. */
  readonly smooth: boolean
  readonly #generator: Generator

  constructor(seed: number, size: CaseSize, smooth = false) {
    this.size = size
    this.smooth = smooth
    this.#generator = new Generator(seed)
  }

  /** Whether every element costs runs of its own. */
  get tiny(): boolean {
    return this.size === 'tiny'
  }

  integer(low: number, high: number): number {
    return low + this.#generator.integer(high - low + 1)
  }

  uniform(low: number, high: number): number {
    return this.#generator.uniform(low, high)
  }

  chance(probability = 0.5): boolean {
    return this.#generator.uniform() < probability
  }

  pick<T>(list: readonly T[]): T {
    return list[this.#generator.integer(list.length)]!
  }

  permutation(length: number): number[] {
    return [...this.#generator.permutation(length)]
  }

  /** float32 where a gradient is wanted, else one of these. */
  dtype(list: readonly DType[] = ['float32', 'float32', 'int32', 'uint8', 'bool']): DType {
    return this.smooth ? 'float32' : this.pick(list)
  }

  /** 1 to `high`, and to what the trial's size allows. */
  dimension(high: number = largestDimension[this.size]): number {
    return this.integer(1, Math.min(high, largestDimension[this.size]))
  }

  /** Never empty. */
  solid(minRank = 0, maxRank = 4): number[] {
    const rank = this.integer(minRank, maxRank)
    const room = this.size === 'huge' ? Math.floor(hugeSize ** (1 / rank)) : largestDimension[this.size]
    const high = rank > 3 ? Math.min(room, 13) : room
    return Array.from({ length: rank }, () => (this.chance(0.1) ? 1 : this.integer(1, high)))
  }

  /** Now and then with dimensions of size 0. */
  shape(minRank = 0, maxRank = 4): number[] {
    const shape = this.solid(minRank, maxRank)
    if (shape.length > 0 && !this.smooth && this.chance(0.04)) shape[this.integer(0, shape.length - 1)] = 0
    return shape
  }

  /** Another shape that broadcasts with this one: some dimensions 1, some leading ones absent. */
  broadcastable(shape: Shape): number[] {
    if (this.chance(0.4)) return [...shape]
    const from = this.integer(0, shape.length)
    const kept = this.chance() ? shape : shape.slice(from)
    return kept.map((d) => (this.chance(0.3) ? 1 : d))
  }

  axis(rank: number): number {
    return this.integer(0, rank - 1)
  }

  /** Counted from either end. */
  signedAxis(rank: number): number {
    return this.integer(-rank, rank - 1)
  }

  /** A random non-empty choice of axes, sorted. */
  axes(rank: number): number[] {
    const chosen = this.permutation(rank).slice(0, this.integer(Math.min(rank, 1), rank))
    return chosen.sort((a, b) => a - b)
  }

  pair(low: number, high: number): [number, number] {
    return [this.integer(low, high), this.integer(low, high)]
  }

  floats(shape: Shape, low = -2, high = 2): Operand {
    return this.drawn(shape, 'float32', () => this.#generator.uniform(low, high))
  }

  normals(shape: Shape): Operand {
    return this.drawn(shape, 'float32', () => this.#generator.normal())
  }

  /** Of either sign, with magnitudes from 0.3 to 3. */
  awayFromZero(shape: Shape): Operand {
    return this.drawn(shape, 'float32', () => this.uniform(0.3, 3) * this.pick([-1, 1]))
  }

  /** All different, and so far apart that a central difference does not reorder them. */
  distinct(shape: Shape): Operand {
    const order = this.#generator.permutation(sizeOf(shape))
    let i = 0
    return this.drawn(shape, 'float32', () => (order[i++]! - order.length / 2) / 16)
  }

  /** Small integers, so that many are equal. */
  ties(shape: Shape, dtype: DType = 'float32'): Operand {
    const unsigned = dtype === 'uint8' || dtype === 'bool'
    return this.drawn(shape, dtype, () => this.integer(unsigned ? 0 : -3, 3))
  }

  /** Zero, one, infinities, NaN, numbers with magnitudes up to `largest`. */
  specials(shape: Shape, largest = 3e38): Operand {
    const list = [0, -0, 1, -1, 0.5, -0.5, 1.5, 2.5, 1e-30, -1e-30, 7, -7, 88, -88, largest, -largest]
    const special = [...list, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN]
    return this.drawn(shape, 'float32', () => this.pick(special))
  }

  integers(shape: Shape, low: number, high: number, dtype: DType = 'int32'): Operand {
    return this.drawn(shape, dtype, () => this.integer(low, high))
  }

  /** Anything the dtype holds; floats between -2 and 2. */
  any(shape: Shape, dtype: DType): Operand {
    switch (dtype) {
      case 'bool':
        return this.integers(shape, 0, 1, dtype)
      case 'uint8':
        return this.integers(shape, 0, 255, dtype)
      case 'int32':
        return this.drawn(shape, dtype, () => this.#generator.word() | 0)
      default:
        return this.floats(shape)
    }
  }

  drawn(shape: Shape, dtype: DType, draw: () => number): Operand {
    const values = dtypes[dtype].create(sizeOf(shape))
    for (let i = 0; i < values.length; i++) values[i] = draw()
    if (dtype === 'bool') for (let i = 0; i < values.length; i++) values[i] = values[i] === 0 ? 0 : 1
    return { shape, dtype, values }
  }
}
