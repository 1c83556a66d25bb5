/** Numbers counted in buckets, as TensorBoard's HistogramProto has them. */
export interface Histogram {
  readonly min: number
  readonly max: number
  readonly num: number
  readonly sum: number
  readonly sumSquares: number
  /** The upper ends of the buckets, rising; a bucket holds what is below its end and not below the one before. */
  readonly bucketLimit: readonly number[]
  readonly bucket: readonly number[]
}

const [smallest, largest, growth] = [1e-12, 1e20, 1.1] as const

/** Ends of the positive buckets, each a tenth beyond the one before (tensorflow/core/lib/histogram/histogram.cc). */
const ends: readonly number[] = positiveEnds()

function positiveEnds(): number[] {
  const all: number[] = []
  for (let end: number = smallest; end < largest; end *= growth) all.push(end)
  return [...all, Number.MAX_VALUE]
}

/** How many of the ends a positive number reaches: the place of its bucket. The logarithm may be off by one at an end. */
function reached(value: number): number {
  let place = Math.floor(Math.log(value / smallest) / Math.log(growth)) + 1
  place = Math.min(Math.max(place, 0), ends.length - 1)
  while (place < ends.length - 1 && ends[place]! <= value) place++
  while (place > 0 && ends[place - 1]! > value) place--
  return place
}

/**
 * Counts numbers in TensorBoard's buckets, which grow by a tenth from 1e-12 on to both sides of zero; runs of empty ones are one.
 * Throws a RangeError for no numbers, and for NaN and infinite ones.
 */
export function histogramOf(values: ArrayLike<number>): Histogram {
  if (values.length === 0) throw new RangeError('there are no numbers to count')
  const counts = new Float64Array(2 * ends.length + 1)
  const limits = [...ends.map((end) => -end).reverse(), 0, ...ends]
  const middle = ends.length
  let [min, max, sum, sumSquares, bad] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0, 0]
  for (let i = 0; i < values.length; i++) {
    const value = Number(values[i])
    if (!Number.isFinite(value)) {
      bad++
      continue
    }
    min = Math.min(min, value)
    max = Math.max(max, value)
    sum += value
    sumSquares += value * value
    counts[value >= 0 ? middle + 1 + (value === 0 ? 0 : reached(value)) : negativeBucket(value)]!++
  }
  if (bad > 0) throw new RangeError(`${bad} of ${values.length} numbers are NaN or infinite`)
  const bucketLimit: number[] = []
  const bucket: number[] = []
  for (const [i, count] of counts.entries()) {
    if (count === 0 && bucket.at(-1) === 0) bucketLimit[bucketLimit.length - 1] = limits[i]!
    else {
      bucketLimit.push(limits[i]!)
      bucket.push(count)
    }
  }
  return { min, max, num: values.length, sum, sumSquares, bucketLimit, bucket }
}

/** A bucket has its lower end in it and not its upper one, on the negative side too. */
function negativeBucket(value: number): number {
  let place = reached(-value)
  if (place > 0 && ends[place - 1] === -value) place--
  return ends.length - place
}
