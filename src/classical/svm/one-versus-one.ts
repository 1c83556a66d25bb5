import { Matrix } from '../tables/matrix.ts'

/** How many pairs of classes there are, in the order (0, 1), (0, 2), … (1, 2), … */
export function pairCount(classes: number): number {
  return (classes * (classes - 1)) / 2
}

/** Calls `use` for each pair of classes, i before j. */
export function forEachPair(classes: number, use: (i: number, j: number, position: number) => void): void {
  let position = 0
  for (let i = 0; i < classes; i++) for (let j = i + 1; j < classes; j++) use(i, j, position++)
}

/**
 * Support vectors of all classes, class after class, with their coefficients: a matrix [classes - 1, vectors]. A vector of
 * class i has its coefficient against class j in row j - 1 where i < j, and in row j otherwise.
 */
export interface PairCoefficients {
  readonly coefficients: Matrix
  /** Where each class's vectors start, and the end of the last. */
  readonly starts: Int32Array
}

/** The decision values of all pairs, intercepts included, into `out`; positive ones speak for the first class. */
export function pairDecisions(
  { coefficients, starts }: PairCoefficients,
  intercept: Float64Array,
  kernels: ArrayLike<number>,
  out: Float64Array,
): void {
  const classes = starts.length - 1
  const { data, columns } = coefficients
  forEachPair(classes, (i, j, position) => {
    let sum = intercept[position]!
    const [ofI, ofJ] = [(j - 1) * columns, i * columns]
    for (let s = starts[i]!; s < starts[i + 1]!; s++) sum += data[ofI + s]! * kernels[s]!
    for (let s = starts[j]!; s < starts[j + 1]!; s++) sum += data[ofJ + s]! * kernels[s]!
    out[position] = sum
  })
}

/** The length of the longest vector of a pair's coefficients. */
export function longestPair({ coefficients, starts }: PairCoefficients): number {
  const classes = starts.length - 1
  const squares = (row: number, c: number): number => {
    let sum = 0
    for (let s = starts[c]!; s < starts[c + 1]!; s++) sum += coefficients.get(row, s) ** 2
    return sum
  }
  let most = 0
  forEachPair(classes, (i, j) => {
    most = Math.max(most, squares(j - 1, i) + squares(i, j))
  })
  return Math.sqrt(most)
}

/** The coefficients of all pairs in the space of features: a matrix [pairs, features]. */
export function pairPrimal({ coefficients, starts }: PairCoefficients, vectors: Matrix): Matrix {
  const classes = starts.length - 1
  const result = new Matrix(pairCount(classes), vectors.columns)
  const add = (sum: Float64Array, row: number, c: number): void => {
    for (let s = starts[c]!; s < starts[c + 1]!; s++) {
      const coefficient = coefficients.get(row, s)
      if (coefficient === 0) continue
      for (let f = 0; f < sum.length; f++) sum[f]! += coefficient * vectors.get(s, f)
    }
  }
  forEachPair(classes, (i, j, position) => {
    add(result.row(position), j - 1, i)
    add(result.row(position), i, j)
  })
  return result
}

/** The class with the most votes, the first of equal ones. */
export function vote(decisions: Float64Array, classes: number): number {
  const votes = new Int32Array(classes)
  forEachPair(classes, (i, j, position) => {
    votes[decisions[position]! > 0 ? i : j]!++
  })
  return votes.indexOf(Math.max(...votes))
}

/**
 * Decision values of classes from those of pairs, as scikit-learn has them: the votes, and sums of decision values brought
 * into -1/3..1/3, which decide between equal votes.
 */
export function decisionsByClass(decisions: Float64Array, classes: number): Float64Array {
  const votes = new Float64Array(classes)
  const sums = new Float64Array(classes)
  forEachPair(classes, (i, j, position) => {
    const value = decisions[position]!
    sums[i]! += value
    sums[j]! -= value
    votes[value < 0 ? j : i]!++
  })
  return votes.map((count, c) => count + sums[c]! / (3 * (Math.abs(sums[c]!) + 1)))
}
