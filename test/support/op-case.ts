import type { DType, TypedArray } from '../../src/graph/dtype.ts'
import { dtypes } from '../../src/graph/dtype.ts'
import type { Node } from '../../src/graph/node.ts'
import { type Shape, sizeOf } from '../../src/graph/shape.ts'
import { Generator } from '../../src/tensor/generator.ts'

/** A value handed to an op, drawn at random. */
export interface Operand {
  readonly shape: Shape
  readonly dtype: DType
  readonly values: TypedArray
}

/** One op on one set of operands. `build` records it from nodes that hold them, in float32 or in float64. */
export interface Trial {
  readonly operands: readonly Operand[]
  readonly build: (inputs: readonly Node[]) => Node | readonly Node[]
}

export interface OpCase {
  readonly name: string
  readonly draw: (random: CaseRandom) => Trial
  /** Largest error allowed, relative to the largest magnitude of the result; 1e-5 if not given. Integers are exact. */
  readonly tolerance?: number
  /** Errors are relative to each element instead: for results of very different magnitudes. */
  readonly elementwise?: boolean
  /** Whether the gradient rule is compared with central differences; not at kinks and jumps. */
  readonly gradient?: boolean
}

export type CaseSize = 'tiny' | 'small' | 'large'

const largestDimension = { tiny: 4, small: 9, large: 33 } as const

/** Random shapes, attributes and values; the same for the same seed. */
export class CaseRandom {
  readonly size: CaseSize
  readonly #generator: Generator

  constructor(seed: number, size: CaseSize) {
    this.size = size
    this.#generator = new Generator(seed)
  }

  integer(low: number, high: number): number {
    return low + this.#generator.integer(high - low + 1)
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

  /** 1 to `high`, or to what the trial's size allows. */
  dimension(high: number = largestDimension[this.size]): number {
    return this.integer(1, high)
  }

  shape(minRank = 0, maxRank = 4): number[] {
    const rank = this.integer(minRank, maxRank)
    const high = rank > 3 ? Math.min(largestDimension[this.size], 13) : largestDimension[this.size]
    return Array.from({ length: rank }, () => this.dimension(high))
  }

  /** Another shape that broadcasts with this one: some dimensions 1, some leading ones absent. */
  broadcastable(shape: Shape): number[] {
    if (this.chance(0.4)) return [...shape]
    const from = this.integer(0, shape.length)
    const kept = this.chance() ? shape : shape.slice(from)
    return kept.map((d) => (this.chance(0.3) ? 1 : d))
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
    return this.#operand(shape, 'float32', () => this.#generator.uniform(low, high))
  }

  normals(shape: Shape): Operand {
    return this.#operand(shape, 'float32', () => this.#generator.normal())
  }

  /** All different, and so far apart that a central difference does not reorder them. */
  distinct(shape: Shape): Operand {
    const order = this.#generator.permutation(sizeOf(shape))
    let i = 0
    return this.#operand(shape, 'float32', () => (order[i++]! - order.length / 2) / 16)
  }

  /** Small integers, so that many are equal. */
  ties(shape: Shape, dtype: DType = 'float32'): Operand {
    return this.#operand(shape, dtype, () => this.integer(dtype === 'uint8' || dtype === 'bool' ? 0 : -3, 3))
  }

  /** Zero, one, infinities, NaN, numbers with magnitudes up to `largest`. */
  specials(shape: Shape, largest = 3e38): Operand {
    const list = [0, -0, 1, -1, 0.5, -0.5, 1.5, 2.5, 1e-30, -1e-30, 7, -7, 88, -88, largest, -largest]
    const special = [...list, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN]
    return this.#operand(shape, 'float32', () => this.pick(special))
  }

  integers(shape: Shape, low: number, high: number, dtype: DType = 'int32'): Operand {
    return this.#operand(shape, dtype, () => this.integer(low, high))
  }

  /** Anything the dtype holds; floats between -2 and 2. */
  any(shape: Shape, dtype: DType): Operand {
    switch (dtype) {
      case 'bool':
        return this.integers(shape, 0, 1, dtype)
      case 'uint8':
        return this.integers(shape, 0, 255, dtype)
      case 'int32':
        return this.#operand(shape, dtype, () => this.#generator.word() | 0)
      default:
        return this.floats(shape)
    }
  }

  #operand(shape: Shape, dtype: DType, draw: () => number): Operand {
    const values = dtypes[dtype].create(sizeOf(shape))
    for (let i = 0; i < values.length; i++) values[i] = draw()
    if (dtype === 'bool') for (let i = 0; i < values.length; i++) values[i] = values[i] === 0 ? 0 : 1
    return { shape, dtype, values }
  }
}

