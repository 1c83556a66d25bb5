import { formatShape } from '../graph/shape.ts'
import { Tensor } from '../tensor/index.ts'

/** A tensor [samples, classes], or its values row by row. */
export type Scores = Tensor | ArrayLike<number>

/** Class indices, one a sample: a tensor [samples], or an array. */
export type Labels = Tensor | ArrayLike<number>

/** Scores and labels as numbers. */
export interface Rows {
  readonly scores: ArrayLike<number>
  readonly labels: ArrayLike<number>
  readonly samples: number
  readonly classes: number
}

/** Reads and checks scores and labels; throws a RangeError where they do not fit together. */
export async function readRows(what: string, scores: Scores, labels: Labels): Promise<Rows> {
  const samples = labels instanceof Tensor ? labels.size : labels.length
  if (scores instanceof Tensor && (scores.rank !== 2 || scores.shape[0] !== samples)) {
    throw new RangeError(
      `${what}: scores ${formatShape(scores.shape)} and ${samples} labels do not fit; scores are [samples, classes]`,
    )
  }
  const values = scores instanceof Tensor ? await scores.data() : scores
  const classes = samples === 0 ? 0 : values.length / samples
  if (!Number.isInteger(classes) || (samples === 0 && values.length > 0)) {
    throw new RangeError(`${what}: ${values.length} scores do not divide evenly among ${samples} labels`)
  }
  const indices = labels instanceof Tensor ? await labels.data() : labels
  for (let i = 0; i < samples; i++) checkClass(what, indices[i]!, classes, i)
  return { scores: values, labels: indices, samples, classes }
}

export function checkClass(what: string, label: number, classes: number, sample: number): void {
  if (!Number.isInteger(label) || label < 0 || label >= classes) {
    throw new RangeError(`${what}: label ${label} of sample ${sample} is not one of the ${classes} classes`)
  }
}

/** How many classes of a row score above `label`, ties going to the lower class. Throws where the row holds NaN. */
export function rankOf(what: string, { scores, classes }: Rows, sample: number, label: number): number {
  const start = sample * classes
  const own = scores[start + label]!
  let rank = 0
  for (let c = 0; c < classes; c++) {
    const score = scores[start + c]!
    if (Number.isNaN(score)) throw nanError(what, sample, c)
    if (score > own || (score === own && c < label)) rank++
  }
  return rank
}

/** The class of the highest score, the lower one where two are equal. Throws where the row holds NaN. */
export function bestClass(what: string, { scores, classes }: Rows, sample: number): number {
  const start = sample * classes
  let best = 0
  for (let c = 0; c < classes; c++) {
    const score = scores[start + c]!
    if (Number.isNaN(score)) throw nanError(what, sample, c)
    if (score > scores[start + best]!) best = c
  }
  return best
}

function nanError(what: string, sample: number, label: number): Error {
  return new RangeError(
    `${what}: the score of sample ${sample} for class ${label} is NaN, so it predicts no class; look for NaN in the input ` +
      'and the parameters',
  )
}
