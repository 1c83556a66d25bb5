import { philox4x32, wordToUniform } from '../graph/philox.ts'

/** What a Generator needs to go on where it stopped; plain JSON. */
export interface GeneratorState {
  readonly seed: number
  readonly stream: number
  readonly position: number
}

/**
 * A stream of random numbers that depends on its seed, stream and position alone: the same on every backend and machine.
 * Seeds are non-negative integers below 2^53.
 */
export class Generator {
  readonly seed: number
  readonly stream: number
  #position = 0
  readonly #block = new Uint32Array(4)

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

  /** The next 32 random bits, as an integer from 0 to 2^32 - 1. */
  word(): number {
    const index = this.#position % 4
    const block = Math.floor(this.#position / 4)
    if (index === 0 || this.#blockOf !== block) {
      philox4x32(
        [
          block >>> 0,
          Math.floor(block / 0x100000000),
          this.stream >>> 0,
          Math.floor(this.stream / 0x100000000),
        ],
        [this.seed >>> 0, Math.floor(this.seed / 0x100000000)],
        this.#block,
      )
      this.#blockOf = block
    }
    this.#position++
    return this.#block[index]!
  }

  #blockOf = -1

  /** Uniform in [low, high). */
  uniform(low = 0, high = 1): number {
    return low + (high - low) * wordToUniform(this.word())
  }

  /** Normally distributed (Box and Muller 1958), two words each. */
  normal(mean = 0, std = 1): number {
    const u = (this.word() + 1) / 0x100000001
    const v = this.word() / 0x100000000
    return mean + std * Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * v)
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

let defaultGenerator = new Generator(0)

/** Restarts the generator that initialisation and dropout draw from unless given another. */
export function manualSeed(seed: number): Generator {
  defaultGenerator = new Generator(seed)
  return defaultGenerator
}

export function getDefaultGenerator(): Generator {
  return defaultGenerator
}
