import { Generator } from '../tensor/generator.ts'
import { checkIndex, type Dataset } from './dataset.ts'
import { maxEpochs, repeatStream } from './streams.ts'

export interface RepeatedAugmentationOptions {
  /** How often each sample comes, one time after the other; 3 unless given. */
  readonly repetitions?: number
  /** The samples of an epoch, as a multiple of the data set's; 1 unless given. */
  readonly lengthFactor?: number
  /** Another random order in every epoch; true unless given. */
  readonly shuffle?: boolean
  readonly seed?: number
}

/**
 * A data set that gives each of its samples several times in a row, for batches that hold several augmentations of the same
 * image (Berman et al. 2019; Hoffer et al. 2019). For a DataLoader without `shuffle`, as the order is random here; call
 * `setEpoch` of both. The loader gives every repetition random numbers of its own.
 */
export class RepeatedAugmentation<T> implements Dataset<T> {
  readonly length: number
  readonly classes?: readonly string[]
  readonly #dataset: Dataset<T>
  readonly #repetitions: number
  readonly #shuffle: boolean
  readonly #root: Generator
  readonly #orders = new Map<number, Int32Array>()
  #epoch = 0

  constructor(dataset: Dataset<T>, options: RepeatedAugmentationOptions = {}) {
    const { repetitions = 3, lengthFactor = 1, shuffle = true, seed = 0 } = options
    if (!Number.isInteger(repetitions) || repetitions < 1) {
      throw new RangeError(`RepeatedAugmentation: repetitions must be an integer >= 1, got ${repetitions}`)
    }
    if (!(lengthFactor > 0)) {
      throw new RangeError(`RepeatedAugmentation: lengthFactor must be above 0, got ${lengthFactor}`)
    }
    this.length = Math.floor(dataset.length * lengthFactor)
    if (dataset.classes) this.classes = dataset.classes
    this.#dataset = dataset
    this.#repetitions = repetitions
    this.#shuffle = shuffle
    this.#root = new Generator(seed)
  }

  /** Decides the order, together with the seed. */
  setEpoch(epoch: number): void {
    if (!Number.isInteger(epoch) || epoch < 0 || epoch >= maxEpochs) {
      throw new RangeError(
        `RepeatedAugmentation: epoch must be an integer from 0 to ${maxEpochs - 1}, got ${epoch}`,
      )
    }
    this.#epoch = epoch
    this.#orders.clear()
  }

  /** Which sample of the data set is at `index` in this epoch; the same one for all its repetitions. */
  instance(index: number): number {
    checkIndex('RepeatedAugmentation', index, this.length)
    const place = Math.floor(index / this.#repetitions)
    const round = Math.floor(place / this.#dataset.length)
    return this.#order(round)[place % this.#dataset.length]!
  }

  get(index: number, generator?: Generator): T | Promise<T> {
    return this.#dataset.get(this.instance(index), generator)
  }

  #order(round: number): Int32Array {
    const known = this.#orders.get(round)
    if (known) return known
    const { length } = this.#dataset
    const order = this.#shuffle
      ? this.#root.fork(repeatStream(this.#epoch, round)).permutation(length)
      : Int32Array.from({ length }, (_, i) => i)
    this.#orders.set(round, order)
    return order
  }
}
