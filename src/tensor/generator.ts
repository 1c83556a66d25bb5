import type { TypedArray } from '../graph/dtype.ts'
import { philox4x32, wordToUniform } from '../graph/philox.ts'
import { boxMuller } from './normal.ts'

/** Words made at once where many are needed, a multiple of 8; and where few are. */
const chunk = 4096
const few = 64

// Eight more, for a chunk that starts within a block.
const words = new Uint32Array(chunk + 8)
const normals = new Float64Array(chunk)

/** What a Generator needs to go on where it stopped; plain JSON. */
export interface GeneratorState {
  readonly seed: number
  readonly stream: number
  readonly position: number
}

/**
 * A stream of random numbers that depends on its seed, stream and position alone: the same on every backend and machine.
 * Seeds are non-negative integers below 2^53.
 *
 * Word p of the stream is word p % 4 of the Philox block with counter (floor(p / 4), stream) and key `seed`. The position
 * counts words: a uniform number takes one, a normal number two, an array of n uniform numbers n, an array of n normal
 * numbers n rounded up to an even number, a key or a split four.
 */
export class Generator {
  readonly seed: number
  readonly stream: number
  #position = 0
  /** The words from position `#start` on. */
  readonly #words = new Uint32Array(few)
  #start = -1

  constructor(seed: number, stream = 0) {
    if (!Number.isSafeInteger(seed) || seed < 0) {
      throw new RangeError(`Generator: the seed must be an integer from 0 to 2^53 - 1, got ${seed}`)
    }
    this.seed = seed
    this.stream = stream
  }

  static fromState(state: GeneratorState): Generator {
    const generator = new Generator(state.seed, state.stream)
    generator.#position = state.position
    return generator
  }

  state(): GeneratorState {
    return { seed: this.seed, stream: this.stream, position: this.#position }
  }

  /** Takes over another generator's state; the seed and stream must be this one's. */
  restore(state: GeneratorState): void {
    if (state.seed !== this.seed || state.stream !== this.stream) {
      throw new Error(
        `Generator: cannot restore the state of seed ${state.seed}, stream ${state.stream} ` +
          `into a generator of seed ${this.seed}, stream ${this.stream}`,
      )
    }
    this.#position = state.position
  }

  /** An independent generator with the same seed; equal streams give equal numbers. */
  fork(stream: number): Generator {
    return new Generator(this.seed, stream)
  }

  /** An independent generator with a seed and a stream drawn from this one. */
  split(): Generator {
    const [a, b, c, d] = [this.word(), this.word(), this.word(), this.word()]
    return new Generator(a + 0x100000000 * (b >>> 11), c + 0x100000000 * (d >>> 11))
  }

  /** The next 32 random bits, as an integer from 0 to 2^32 - 1. */
  word(): number {
    const index = this.#position % few
    if (this.#position - index !== this.#start) {
      this.#start = this.#position - index
      this.#make(this.#start / 4, this.#words)
    }
    this.#position++
    return this.#words[index]!
  }

  #make(block: number, out: Uint32Array): void {
    philox4x32([...halves(block), ...halves(this.stream)], halves(this.seed), out)
  }

  /** Calls `use` for the next `count` words in pieces: `length` of them lie in `words` from `from` on, after `done` others. */
  #pieces(count: number, use: (from: number, length: number, done: number) => void): void {
    const from = this.#position % 4
    for (let done = 0; done < count; done += chunk) {
      const length = Math.min(count - done, chunk)
      this.#make((this.#position - from) / 4, words.subarray(0, Math.ceil((from + length) / 8) * 8))
      use(from, length, done)
      this.#position += length
    }
  }

  /** Uniform in [low, high). */
  uniform(low = 0, high = 1): number {
    return low + (high - low) * wordToUniform(this.word())
  }

  /** Fills an array with numbers uniform in [low, high): those that as many calls of `uniform` would give. */
  fillUniform(values: TypedArray, low = 0, high = 1): void {
    this.#pieces(values.length, (from, length, done) => {
      for (let i = 0; i < length; i++) values[done + i] = low + (high - low) * wordToUniform(words[from + i]!)
    })
  }

  /** Normally distributed: the first number of a pair of words (see `boxMuller`). */
  normal(mean = 0, std = 1): number {
    words[0] = this.word()
    words[1] = this.word()
    boxMuller(words, 0, normals, 2)
    return mean + std * normals[0]!
  }

  /** Fills an array with normally distributed numbers: both of each pair of words, one of the last if their count is odd. */
  fillNormal(values: TypedArray, mean = 0, std = 1): void {
    const odd = values.length % 2
    this.#pieces(values.length - odd, (from, length, done) => {
      boxMuller(words, from, normals, length)
      for (let i = 0; i < length; i++) values[done + i] = mean + std * normals[i]!
    })
    if (odd) values[values.length - 1] = this.normal(mean, std)
  }

  /** An integer from 0 to bound - 1, without bias. */
  integer(bound: number): number {
    if (!Number.isInteger(bound) || bound < 1 || bound > 0x100000000) {
      throw new RangeError(`Generator.integer: the bound must be an integer from 1 to 2^32, got ${bound}`)
    }
    const limit = 0x100000000 - (0x100000000 % bound)
    let word = this.word()
    while (word >= limit) word = this.word()
    return word % bound
  }

  /** The numbers 0 to length - 1 in random order (Fisher and Yates). */
  permutation(length: number): Int32Array {
    const order = Int32Array.from({ length }, (_, i) => i)
    for (let i = length - 1; i > 0; i--) {
      const j = this.integer(i + 1)
      const swap = order[i]!
      order[i] = order[j]!
      order[j] = swap
    }
    return order
  }

  /** A fresh key for the `random` primitive: int32 [4]. */
  key(): Int32Array {
    return Int32Array.of(this.word() | 0, this.word() | 0, this.word() | 0, this.word() | 0)
  }
}

/** The lower and upper 32 bits. */
function halves(x: number): [number, number] {
  return [x >>> 0, Math.floor(x / 0x100000000)]
}

let defaultGenerator = new Generator(0)

/** Restarts the generator that initialisation and dropout draw from unless given another. */
export function manualSeed(seed: number): Generator {
  defaultGenerator = new Generator(seed)
  return defaultGenerator
}

export function getDefaultGenerator(): Generator {
  return defaultGenerator
}
