import { Generator } from '../tensor/generator.ts'
import type { Image } from '../transforms/image.ts'
import { splitStream } from './streams.ts'

/** An image and the index of its class. */
export interface Sample {
  readonly image: Image
  /** From 0; into the data set's `classes` where it has them. */
  readonly label: number
}

/** A list of samples, each made when it is asked for. */
export interface Dataset<T = Sample> {
  readonly length: number
  /** The classes' names in the order of the labels, where the set knows them. */
  readonly classes?: readonly string[]
  /** The samples' labels, where the set knows them without making the samples. */
  readonly labels?: ArrayLike<number>
  /**
   * The sample at `index`, from 0 to length - 1. Random transforms draw from `generator`; the same index and generator
   * state give the same sample.
   */
  get(index: number, generator?: Generator): T | Promise<T>
}

/** Throws a RangeError unless `index` is an integer from 0 to length - 1. */
export function checkIndex(what: string, index: number, length: number): void {
  if (!Number.isInteger(index) || index < 0 || index >= length) {
    throw new RangeError(`${what}: sample ${index} does not exist; there are ${length}, counted from 0`)
  }
}

/** The samples at the given indices, in that order. */
export function subset<T>(dataset: Dataset<T>, indices: ArrayLike<number>): Dataset<T> {
  const chosen = Int32Array.from(indices)
  for (const index of chosen) checkIndex('subset', index, dataset.length)
  const { classes, labels } = dataset
  return {
    length: chosen.length,
    ...(classes && { classes }),
    ...(labels && { labels: chosen.map((index) => labels[index]!) }),
    get: (index, generator) => {
      checkIndex('subset', index, chosen.length)
      return dataset.get(chosen[index]!, generator)
    },
  }
}

/**
 * Divides a data set at random into parts without common samples, such as one for training and one for validation.
 * @param sizes The parts' numbers of samples, together the data set's; or shares that add up to 1, of which the last part
 * takes what rounding leaves.
 */
export function randomSplit<T>(dataset: Dataset<T>, sizes: readonly number[], seed = 0): Dataset<T>[] {
  const counts = splitSizes(dataset.length, sizes)
  const order = new Generator(seed, splitStream).permutation(dataset.length)
  let start = 0
  return counts.map((count) => {
    const part = subset(dataset, order.subarray(start, start + count))
    start += count
    return part
  })
}

function splitSizes(length: number, sizes: readonly number[]): readonly number[] {
  const total = sizes.reduce((sum, size) => sum + size, 0)
  if (sizes.every((size) => Number.isInteger(size) && size >= 0) && total === length) return sizes
  if (!sizes.every((size) => size >= 0) || Math.abs(total - 1) > 1e-9) {
    throw new RangeError(
      `randomSplit: sizes [${sizes}] must be whole numbers adding up to ${length} samples, or shares adding up to 1`,
    )
  }
  const counts = sizes.map((share) => Math.floor(share * length + 1e-9))
  const given = counts.slice(0, -1).reduce((sum, count) => sum + count, 0)
  return [...counts.slice(0, -1), length - given]
}

/** The same data set with each sample passed through `change`, such as another transform. */
export function mapDataset<T, U>(
  dataset: Dataset<T>,
  change: (sample: T, generator?: Generator) => U | Promise<U>,
): Dataset<U> {
  return {
    length: dataset.length,
    ...(dataset.classes ? { classes: dataset.classes } : {}),
    get: (index, generator) => {
      const sample = dataset.get(index, generator)
      return sample instanceof Promise
        ? sample.then((value) => change(value, generator))
        : change(sample, generator)
    },
  }
}
