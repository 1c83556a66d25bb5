import { Generator, Tensor, tensor } from '../../tensor/index.ts'
import { InputError } from '../errors.ts'
import { type Features, isColumn, type Labels, readLabels } from '../input.ts'
import { Matrix } from '../tables/matrix.ts'
import { columnLength, Table, takeRows } from '../tables/table.ts'

/** Which rows are learned from, and which are tested. */
export interface Split {
  readonly train: Int32Array
  readonly test: Int32Array
}

export function countSamples(x: Features): number {
  if (x instanceof Tensor) return x.shape[0] ?? 0
  return x instanceof Matrix ? x.rows : x.length
}

function countLabels(y: Labels): number {
  if (y instanceof Tensor) return y.size
  return isColumn(y) ? columnLength(y) : y.length
}

/** The samples at `rows`, of the kind that was given. */
export async function takeSamples<X extends Features>(x: X, rows: ArrayLike<number>): Promise<X> {
  if (x instanceof Table || x instanceof Matrix) return x.take(rows) as X
  if (x instanceof Tensor) return (await takeTensor(x, rows)) as unknown as X
  return Array.from(rows, (row) => x[row]!) as unknown as X
}

/** The labels at `rows`, of the kind that was given. */
export async function takeLabels<Y extends Labels>(y: Y, rows: ArrayLike<number>): Promise<Y> {
  if (y instanceof Tensor) return (await takeTensor(y, rows)) as unknown as Y
  if (isColumn(y)) return takeRows(y, rows) as unknown as Y
  return Array.from(rows, (row) => (y as ArrayLike<unknown>)[row]) as unknown as Y
}

async function takeTensor(x: Tensor, rows: ArrayLike<number>): Promise<Tensor> {
  const values = await x.data()
  const size = x.size / (x.shape[0] || 1)
  const taken = values.slice(0, rows.length * size)
  for (let i = 0; i < rows.length; i++) {
    taken.set(values.subarray(rows[i]! * size, (rows[i]! + 1) * size), i * size)
  }
  return tensor(taken, [rows.length, ...x.shape.slice(1)], { dtype: x.dtype })
}

export interface TrainTestSplitOptions {
  /** The share of the samples to test, or their number. */
  readonly testSize?: number
  readonly seed?: number
  /** Keeps the classes' shares in both parts. */
  readonly stratify?: boolean
}

export interface TrainTestSplit<X, Y> extends Split {
  readonly xTrain: X
  readonly xTest: X
  readonly yTrain: Y
  readonly yTest: Y
}

/** Divides samples at random into some to learn from and some to test. `train` and `test` are the row numbers. */
export async function trainTestSplit<X extends Features, Y extends Labels>(
  x: X,
  y: Y,
  { testSize = 0.25, seed = 0, stratify = false }: TrainTestSplitOptions = {},
): Promise<TrainTestSplit<X, Y>> {
  const count = countSamples(x)
  checkLengths(count, countLabels(y))
  const tested = testSize < 1 ? Math.ceil(testSize * count - 1e-9) : testSize
  if (!Number.isInteger(tested) || tested < 1 || tested >= count) {
    throw new InputError(
      `trainTestSplit: testSize ${testSize} leaves nothing to test or to learn of ${count} samples`,
    )
  }
  const order = new Generator(seed).permutation(count)
  const groups = stratify ? await rowsByClass(y, order) : [Array.from(order)]
  const test = Int32Array.from(shares(groups, tested).flat()).sort()
  const chosen = new Set(test)
  const train = Int32Array.from({ length: count }, (_, i) => i).filter((i) => !chosen.has(i))
  return {
    train,
    test,
    xTrain: await takeSamples(x, train),
    xTest: await takeSamples(x, test),
    yTrain: await takeLabels(y, train),
    yTest: await takeLabels(y, test),
  }
}

/** `count` rows in all, from each group in proportion to its size: what is left of whole numbers goes to the largest remainders. */
function shares(groups: readonly (readonly number[])[], count: number): number[][] {
  const total = groups.reduce((sum, group) => sum + group.length, 0)
  const exact = groups.map((group) => (count * group.length) / total)
  const sizes = exact.map(Math.floor)
  const byRemainder = exact
    .map((share, i) => ({ i, rest: share - sizes[i]! }))
    .sort((a, b) => b.rest - a.rest)
  const missing = count - sizes.reduce((sum, size) => sum + size, 0)
  for (const { i } of byRemainder.slice(0, missing)) sizes[i]!++
  return groups.map((group, i) => group.slice(0, sizes[i]))
}

async function rowsByClass(y: Labels, order: ArrayLike<number>): Promise<number[][]> {
  const { classes, codes } = await readLabels('a stratified split', y)
  const groups: number[][] = classes.map(() => [])
  for (const row of Array.from(order)) {
    if (codes[row]! < 0) throw new InputError(`a stratified split needs a class for row ${row}`)
    groups[codes[row]!]!.push(row)
  }
  return groups
}

function checkLengths(samples: number, labels: number): void {
  if (samples !== labels) throw new InputError(`${labels} labels for ${samples} samples`)
}

export interface FoldOptions {
  readonly folds?: number
  readonly seed?: number
  /** Whether the rows are shuffled first; in their own order otherwise. */
  readonly shuffle?: boolean
}

/** `folds` splits of 0 to count - 1, each row tested once; fold sizes differ by one at most. */
export function kFold(count: number, { folds = 5, seed = 0, shuffle = true }: FoldOptions = {}): Split[] {
  checkFolds(folds, count)
  const order = shuffle
    ? new Generator(seed).permutation(count)
    : Int32Array.from({ length: count }, (_, i) => i)
  const fold = new Int32Array(count)
  // The first folds take one row more, as scikit-learn's do.
  for (let i = 0; i < count; i++) fold[order[i]!] = foldOf(i, count, folds)
  return splitsOf(fold, folds)
}

function foldOf(position: number, count: number, folds: number): number {
  const [size, extra] = [Math.floor(count / folds), count % folds]
  const long = extra * (size + 1)
  return position < long ? Math.floor(position / (size + 1)) : extra + Math.floor((position - long) / size)
}

/** The same with the classes' shares kept in every fold. Throws an InputError where each class has fewer rows than folds. */
export async function stratifiedKFold(
  y: Labels,
  { folds = 5, seed = 0, shuffle = true }: FoldOptions = {},
): Promise<Split[]> {
  const count = countLabels(y)
  checkFolds(folds, count)
  const order = shuffle
    ? new Generator(seed).permutation(count)
    : Int32Array.from({ length: count }, (_, i) => i)
  const groups = await rowsByClass(y, order)
  if (groups.every((group) => group.length < folds)) {
    throw new InputError(
      `stratifiedKFold: every class has fewer rows than there are folds, ${folds}; use fewer folds`,
    )
  }
  const fold = new Int32Array(count)
  // Rows are dealt out class by class, going on with the next fold, so that fold sizes stay even.
  for (const [i, row] of groups.flat().entries()) fold[row] = i % folds
  return splitsOf(fold, folds)
}

/** As many splits as samples, each testing one. */
export function leaveOneOut(count: number): Split[] {
  return kFold(count, { folds: count, shuffle: false })
}

function checkFolds(folds: number, count: number): void {
  if (!Number.isInteger(folds) || folds < 2 || folds > count) {
    throw new InputError(`folds must be an integer from 2 to the ${count} samples, got ${folds}`)
  }
}

function splitsOf(fold: Int32Array, folds: number): Split[] {
  const rows = Int32Array.from(fold, (_, i) => i)
  return Array.from({ length: folds }, (_, f) => ({
    train: rows.filter((i) => fold[i] !== f),
    test: rows.filter((i) => fold[i] === f),
  }))
}
