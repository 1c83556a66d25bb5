import { Generator } from '../tensor/generator.ts'
import { type Batch, collate, type TensorSample } from './collate.ts'
import type { Dataset, Sample } from './dataset.ts'
import { Slots } from './slots.ts'
import { maxEpochs, orderStream, sampleStream } from './streams.ts'

export interface DataLoaderOptions<T = Sample | TensorSample, B = Batch> {
  /** Samples in a batch; 1 unless given. */
  readonly batchSize?: number
  /** Another random order in every epoch; otherwise the data set's. */
  readonly shuffle?: boolean
  /** Leaves out a last batch that is not full. */
  readonly dropLast?: boolean
  /** Decides order and augmentation, together with the epoch. 0 unless given. */
  readonly seed?: number
  /** Batches prepared ahead while one is in use; 2 unless given. */
  readonly prefetch?: number
  /** Samples prepared at the same time; 8 unless given. What is loaded does not depend on it. */
  readonly parallel?: number
  /** Ends the iteration with the signal's reason. */
  readonly signal?: AbortSignal
  /** Makes a batch of samples and their indices; needed for samples that are neither images nor tensor rows. */
  readonly collate?: (samples: readonly T[], indices: Int32Array) => B
}

/**
 * Batches of a data set, as an async iterable. Every pass is an epoch: it continues the count that `setEpoch` sets. Order
 * and augmentation depend on the seed, the epoch and the sample alone, so any batch of any epoch can be had again.
 */
export class DataLoader<T = Sample | TensorSample, B = Batch> implements AsyncIterable<B> {
  readonly dataset: Dataset<T>
  readonly batchSize: number
  /** Batches in an epoch. */
  readonly length: number
  readonly #options: DataLoaderOptions<T, B>
  readonly #prefetch: number
  readonly #parallel: number
  readonly #root: Generator
  #epoch = 0
  #startBatch = 0

  constructor(dataset: Dataset<T>, options: DataLoaderOptions<T, B> = {}) {
    const { batchSize = 1, dropLast = false, seed = 0 } = options
    this.dataset = dataset
    this.batchSize = checkCount('batchSize', batchSize, 1)
    this.#prefetch = checkCount('prefetch', options.prefetch ?? 2, 0)
    this.#parallel = checkCount('parallel', options.parallel ?? 8, 1)
    this.#options = options
    this.#root = new Generator(seed)
    const batches = dataset.length / batchSize
    this.length = dropLast ? Math.floor(batches) : Math.ceil(batches)
    if (this.length === 0) {
      throw new RangeError(
        `DataLoader: ${dataset.length} samples make no batch of ${batchSize}` +
          (dataset.length > 0 ? '; without dropLast they would make one that is not full' : ''),
      )
    }
  }

  /**
   * Where the next pass starts: the epoch, which decides order and augmentation, and the first batch to yield, such as the
   * number of batches done before an interruption. The pass after that is the whole next epoch.
   */
  setEpoch(epoch: number, startBatch = 0): void {
    this.#epoch = checkCount('epoch', epoch, 0, maxEpochs - 1)
    this.#startBatch = checkCount('startBatch', startBatch, 0, this.length)
  }

  [Symbol.asyncIterator](): AsyncGenerator<B, void, undefined> {
    const batches = this.#pass(this.#epoch, this.#startBatch)
    this.#epoch = (this.#epoch + 1) % maxEpochs
    this.#startBatch = 0
    return batches
  }

  async *#pass(epoch: number, startBatch: number): AsyncGenerator<B, void, undefined> {
    const { signal, shuffle } = this.#options
    const { length } = this.dataset
    const order = shuffle
      ? this.#root.fork(orderStream(epoch)).permutation(length)
      : Int32Array.from({ length }, (_, i) => i)
    const slots = new Slots(this.#parallel)
    const ahead: Promise<B>[] = []
    let next = startBatch
    try {
      while (next < this.length || ahead.length > 0) {
        signal?.throwIfAborted()
        while (next < this.length && ahead.length <= this.#prefetch) {
          const indices = order.slice(next * this.batchSize, (next + 1) * this.batchSize)
          const batch = this.#load(indices, epoch, slots)
          // Whoever awaits the batch gets its error; until then it must not count as unhandled.
          batch.catch(() => undefined)
          ahead.push(batch)
          next++
        }
        yield await orAborted(ahead.shift()!, signal)
      }
    } finally {
      slots.close()
    }
  }

  async #load(indices: Int32Array, epoch: number, slots: Slots): Promise<B> {
    const settled = await Promise.allSettled(
      Array.from(indices, (index) =>
        slots.use(() => this.dataset.get(index, this.#root.fork(sampleStream(epoch, index)))),
      ),
    )
    // Of several errors the first sample's, whichever came first.
    const samples = settled.map((result) => {
      if (result.status === 'rejected') throw result.reason
      return result.value
    })
    const make =
      this.#options.collate ?? (collate as unknown as (samples: readonly T[], indices: Int32Array) => B)
    return make(samples, indices)
  }
}

function checkCount(
  name: string,
  value: number,
  least: number,
  most: number = Number.MAX_SAFE_INTEGER,
): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value
  const range = most === Number.MAX_SAFE_INTEGER ? `from ${least}` : `from ${least} to ${most}`
  throw new RangeError(`DataLoader: ${name} must be an integer ${range}, got ${value}`)
}

/** The promise's value, unless the signal comes first. */
async function orAborted<R>(promise: Promise<R>, signal: AbortSignal | undefined): Promise<R> {
  if (!signal) return promise
  let stop: (() => void) | undefined
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason)
    signal.addEventListener('abort', stop)
  })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    if (stop) signal.removeEventListener('abort', stop)
  }
}
