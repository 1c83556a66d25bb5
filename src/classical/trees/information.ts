import { negligibleWeight, totalOf } from './multiway-tree.ts'

/** x log2 x. */
export function xLog2x(x: number): number {
  return x < negligibleWeight ? 0 : x * Math.log2(x)
}

/** The entropy of some counts, in bits, times their sum. */
export function scaledEntropy(counts: ArrayLike<number>): number {
  let sum = xLog2x(totalOf(counts))
  for (let i = 0; i < counts.length; i++) sum -= xLog2x(counts[i]!)
  return sum
}

/** What a division of samples into branches tells of their classes. */
export interface Information {
  /** Bits gained on each sample: entropy before less entropy after, times the share of the samples whose branch is known. */
  readonly gain: number
  /** The entropy of the branches' sizes; samples whose branch is missing are a branch of their own. */
  readonly splitInfo: number
  /** gain / splitInfo; 0 where there is but one branch. */
  readonly gainRatio: number
}

/**
 * Gain and gain ratio of a division. Source: Quinlan, C4.5: Programs for Machine Learning, 1993, chapters 2 and 3.
 * @param branches The weight of each class in each branch.
 * @param missing The weight of the samples whose branch is missing.
 * @param correction Taken from the gain.
 */
export function informationOf(
  branches: readonly ArrayLike<number>[],
  missing = 0,
  correction = 0,
): Information {
  const sizes = branches.map(totalOf)
  const known = totalOf(sizes)
  const total = known + missing
  const classes = Float64Array.from({ length: branches[0]?.length ?? 0 }, (_, c) =>
    branches.reduce((sum, counts) => sum + counts[c]!, 0),
  )
  const bits = scaledEntropy(classes) - branches.reduce((sum, counts) => sum + scaledEntropy(counts), 0)
  // All bits, by the known share, for each known sample: the same as for each sample.
  const gain = (Math.abs((bits * known) / total) < negligibleWeight ? 0 : bits / total) - correction
  const splitInfo = scaledEntropy([...sizes, missing]) / total
  return { gain, splitInfo, gainRatio: splitInfo < negligibleWeight ? 0 : gain / splitInfo }
}
