/** A receiver operating characteristic: one point for each threshold, from none taken as positive to all. */
export interface RocCurve {
  readonly falsePositiveRate: Float64Array
  readonly truePositiveRate: Float64Array
  /** Scores from these up are taken as positive; the first is infinite. */
  readonly thresholds: Float64Array
  /** The area under the curve: the chance that a positive sample scores above a negative one, ties counting half. */
  readonly auc: number
}

/** Precision and recall by threshold, from the highest recall to none. */
export interface PrecisionRecallCurve {
  readonly precision: Float64Array
  readonly recall: Float64Array
  /** One less than the points: the last point, recall 0 and precision 1, has none. */
  readonly thresholds: Float64Array
  /** Sum over thresholds of (change of recall) times precision. */
  readonly averagePrecision: number
}

/** Counts of true and false positives at each distinct score, from the highest down. */
function countsByThreshold(
  what: string,
  scores: ArrayLike<number>,
  positive: ArrayLike<boolean>,
): { thresholds: number[]; truePositives: number[]; falsePositives: number[] } {
  if (scores.length !== positive.length) {
    throw new RangeError(`${what}: ${scores.length} scores for ${positive.length} labels`)
  }
  for (let i = 0; i < scores.length; i++) {
    if (Number.isNaN(scores[i])) throw new RangeError(`${what}: the score of sample ${i} is NaN`)
  }
  const order = Array.from({ length: scores.length }, (_, i) => i).sort((a, b) => scores[b]! - scores[a]!)
  const [thresholds, truePositives, falsePositives]: [number[], number[], number[]] = [[], [], []]
  let [hits, misses] = [0, 0]
  for (const [i, sample] of order.entries()) {
    if (positive[sample]) hits++
    else misses++
    const next = order[i + 1]
    if (next !== undefined && scores[next] === scores[sample]) continue
    thresholds.push(scores[sample]!)
    truePositives.push(hits)
    falsePositives.push(misses)
  }
  if (hits === 0 || misses === 0) {
    throw new RangeError(
      `${what}: all ${scores.length} samples are ${hits === 0 ? 'negative' : 'positive'}; it needs both`,
    )
  }
  return { thresholds, truePositives, falsePositives }
}

/**
 * The receiver operating characteristic of scores, the higher the more positive.
 * @param positive Whether each sample is of the positive class. Throws a RangeError where all are, or none.
 */
export function rocCurve(scores: ArrayLike<number>, positive: ArrayLike<boolean>): RocCurve {
  const counts = countsByThreshold('rocCurve', scores, positive)
  const [hits, misses] = [counts.truePositives.at(-1)!, counts.falsePositives.at(-1)!]
  const falsePositiveRate = Float64Array.from([0, ...counts.falsePositives], (count) => count / misses)
  const truePositiveRate = Float64Array.from([0, ...counts.truePositives], (count) => count / hits)
  let auc = 0
  for (let i = 1; i < falsePositiveRate.length; i++) {
    const width = falsePositiveRate[i]! - falsePositiveRate[i - 1]!
    auc += (width * (truePositiveRate[i]! + truePositiveRate[i - 1]!)) / 2
  }
  const thresholds = Float64Array.from([Number.POSITIVE_INFINITY, ...counts.thresholds])
  return { falsePositiveRate, truePositiveRate, thresholds, auc }
}

/** Precision and recall of scores, the higher the more positive; as scikit-learn's, all thresholds kept. */
export function precisionRecallCurve(
  scores: ArrayLike<number>,
  positive: ArrayLike<boolean>,
): PrecisionRecallCurve {
  const { thresholds, truePositives, falsePositives } = countsByThreshold(
    'precisionRecallCurve',
    scores,
    positive,
  )
  const hits = truePositives.at(-1)!
  const precisions = truePositives.map((count, i) => count / (count + falsePositives[i]!))
  const recalls = truePositives.map((count) => count / hits)
  let averagePrecision = 0
  for (const [i, recall] of recalls.entries())
    averagePrecision += (recall - (recalls[i - 1] ?? 0)) * precisions[i]!
  return {
    precision: Float64Array.from([...precisions.reverse(), 1]),
    recall: Float64Array.from([...recalls.reverse(), 0]),
    thresholds: Float64Array.from(thresholds.reverse()),
    averagePrecision,
  }
}

/** Cohen's kappa of a confusion matrix: agreement beyond chance, 1 at best, 0 where chance explains it all. */
export function cohenKappa(matrix: {
  readonly size: number
  count(actual: number, predicted: number): number
}): number {
  const classes = Array.from({ length: matrix.size }, (_, i) => i)
  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0)
  const rows = classes.map((actual) => sum(classes.map((predicted) => matrix.count(actual, predicted))))
  const columns = classes.map((predicted) => sum(classes.map((actual) => matrix.count(actual, predicted))))
  const total = sum(rows)
  const observed = sum(classes.map((i) => matrix.count(i, i))) / total
  const expected = sum(classes.map((i) => (rows[i]! * columns[i]!) / total ** 2))
  return expected === 1 ? 1 : (observed - expected) / (1 - expected)
}
