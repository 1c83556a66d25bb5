import type { DualOptions } from './dual-problem.ts'
import type { KernelRows } from './kernel-rows.ts'
import { fitSigmoid, type Sigmoid } from './platt.ts'
import { solveDual } from './smo.ts'

/** Two classes to tell apart: samples with their labels and costs. */
export interface Pair {
  readonly kernel: KernelRows
  /** 1 for the first class, -1 for the second. */
  readonly signs: Int8Array
  /** What each sample costs on the wrong side of the margin. */
  readonly costs: Float64Array
}

/** The separation: a sample's decision value is the sum of coefficients times kernels, less rho. */
export interface PairSolution {
  readonly coefficients: Float64Array
  readonly rho: number
  readonly iterations: number
  readonly converged: boolean
}

/** Separates some of the samples. Coefficients are in their order. */
export async function solvePair(
  pair: Pair,
  options: DualOptions,
  chosen: Int32Array = Int32Array.from(pair.signs, (_, i) => i),
): Promise<PairSolution> {
  const signs = Int8Array.from(chosen, (i) => pair.signs[i]!)
  const { alpha, rho, iterations, converged } = await solveDual(
    {
      kernel: pair.kernel,
      index: chosen,
      signs,
      linear: new Float64Array(chosen.length).fill(-1),
      upper: Float64Array.from(chosen, (i) => pair.costs[i]!),
    },
    options,
  )
  return { coefficients: alpha.map((value, t) => value * signs[t]!), rho, iterations, converged }
}

const folds = 5

/** The sigmoid that turns decision values into probabilities, fitted to those of samples held out in 5-fold cross-validation. */
export async function fitPairSigmoid(
  pair: Pair,
  options: DualOptions,
  permutation: Int32Array,
): Promise<Sigmoid> {
  return fitSigmoid(await heldOutDecisions(pair, options, permutation), pair.signs)
}

async function heldOutDecisions(
  pair: Pair,
  options: DualOptions,
  permutation: Int32Array,
): Promise<Float64Array> {
  const count = permutation.length
  const decisions = new Float64Array(count)
  for (let fold = 0; fold < folds; fold++) {
    const begin = Math.floor((fold * count) / folds)
    const end = Math.floor(((fold + 1) * count) / folds)
    const held = permutation.subarray(begin, end)
    const kept = Int32Array.from([...permutation.subarray(0, begin), ...permutation.subarray(end)])
    const positive = kept.filter((i) => pair.signs[i]! > 0).length
    if (positive === 0 || positive === kept.length) {
      // With one class alone, all are of it; with none, nothing is known.
      for (const i of held) decisions[i] = kept.length === 0 ? 0 : positive > 0 ? 1 : -1
      continue
    }
    const { coefficients, rho } = await solvePair(pair, options, kept)
    for (const i of held) decisions[i] = -rho
    for (const [t, sample] of kept.entries()) {
      const coefficient = coefficients[t]!
      if (coefficient === 0) continue
      const row = pair.kernel.cached(sample) ?? (await pair.kernel.load(sample, () => []))
      for (const i of held) decisions[i]! += coefficient * row[i]!
    }
  }
  return decisions
}
