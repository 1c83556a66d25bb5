import { Generator } from '../../tensor/index.ts'
import { InputError } from '../errors.ts'
import type { Label } from '../input.ts'
import { Matrix } from '../tables/matrix.ts'
import type { DualOptions } from './dual-problem.ts'
import type { Kernel } from './kernel.ts'
import { KernelRows } from './kernel-rows.ts'
import { forEachPair, pairCount } from './one-versus-one.ts'
import { fitPairSigmoid, type PairSolution, solvePair } from './pair.ts'
import type { Sigmoid } from './platt.ts'

export interface TrainOptions extends DualOptions {
  readonly cacheSize: number
  readonly probability: boolean
  readonly seed: number
}

/** All pairs of classes, separated. */
export interface TrainedPairs {
  /** The rows of the support vectors, class by class. */
  readonly support: Int32Array
  readonly nSupport: Int32Array
  /** [classes - 1, support vectors], positive for the first class of a pair. */
  readonly coefficients: Matrix
  readonly rho: Float64Array
  /** One a pair, or none. */
  readonly sigmoids: readonly Sigmoid[]
  readonly iterations: Int32Array
  readonly converged: boolean
}

/** Separates each pair of classes. Samples that cost nothing are left out. */
export async function trainPairs(
  what: string,
  x: Matrix,
  codes: Int32Array,
  costs: Float64Array,
  classes: readonly Label[],
  kernel: Kernel,
  options: TrainOptions,
): Promise<TrainedPairs> {
  const members = membersOf(what, codes, costs, classes)
  const generator = new Generator(options.seed)
  const solutions: PairSolution[] = []
  const sigmoids: Sigmoid[] = []
  for (const [i, first] of members.entries()) {
    for (const second of members.slice(i + 1)) {
      const rows = [...first, ...second]
      const pair = {
        kernel: await KernelRows.of(x.take(rows), kernel, options.cacheSize),
        signs: Int8Array.from(rows, (_, t) => (t < first.length ? 1 : -1)),
        costs: Float64Array.from(rows, (row) => costs[row]!),
      }
      if (options.probability) {
        sigmoids.push(await fitPairSigmoid(pair, options, generator.permutation(rows.length)))
      }
      solutions.push(await solvePair(pair, options))
    }
  }
  return {
    ...collect(members, solutions),
    rho: Float64Array.from(solutions, ({ rho }) => rho),
    sigmoids,
    iterations: Int32Array.from(solutions, ({ iterations }) => iterations),
    converged: solutions.every(({ converged }) => converged),
  }
}

/** The rows of each class that cost something. */
function membersOf(
  what: string,
  codes: Int32Array,
  costs: Float64Array,
  classes: readonly Label[],
): number[][] {
  const members: number[][] = classes.map(() => [])
  for (const [row, code] of codes.entries()) if (costs[row]! > 0) members[code]!.push(row)
  const empty = members.findIndex((rows) => rows.length === 0)
  if (empty >= 0) {
    throw new InputError(`${what}: all samples of class '${classes[empty]}' weigh 0; leave the class out`)
  }
  return members
}

function collect(
  members: readonly (readonly number[])[],
  solutions: readonly PairSolution[],
): Pick<TrainedPairs, 'support' | 'nSupport' | 'coefficients'> {
  const k = members.length
  // The coefficients of each class's samples in its k - 1 pairs, in the order of rows of `coefficients`.
  const byClass = members.map((rows) => new Matrix(k - 1, rows.length))
  if (solutions.length !== pairCount(k)) throw new Error('a pair of classes was not separated')
  forEachPair(k, (i, j, position) => {
    const { coefficients } = solutions[position]!
    const count = members[i]!.length
    byClass[i]!.row(j - 1).set(coefficients.subarray(0, count))
    byClass[j]!.row(i).set(coefficients.subarray(count))
  })
  const kept = byClass.map((matrix) =>
    Array.from({ length: matrix.columns }, (_, s) => s).filter((s) =>
      Array.from({ length: k - 1 }, (_, r) => matrix.get(r, s)).some((value) => value !== 0),
    ),
  )
  const support = Int32Array.from(kept.flatMap((positions, c) => positions.map((s) => members[c]![s]!)))
  const coefficients = new Matrix(k - 1, support.length)
  let column = 0
  for (const [c, positions] of kept.entries()) {
    for (const s of positions) {
      for (let r = 0; r < k - 1; r++) coefficients.set(r, column, byClass[c]!.get(r, s))
      column++
    }
  }
  return { support, nSupport: Int32Array.from(kept, (positions) => positions.length), coefficients }
}
