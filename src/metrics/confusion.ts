import { bestClass, checkClass, type Labels, readRows, type Scores } from './predictions.ts'
import { formatTable } from './text-table.ts'

/** How often each class was taken for each: counted over many batches. */
export class ConfusionMatrix {
  readonly classes: readonly string[]
  /** Row by row: true class, then predicted class. */
  readonly counts: Float64Array

  /** @param classes The classes' names, or their number. */
  constructor(classes: number | readonly string[]) {
    const count = typeof classes === 'number' ? classes : classes.length
    if (!Number.isInteger(count) || count < 1) {
      throw new RangeError(`ConfusionMatrix: needs at least one class, got ${count}`)
    }
    this.classes =
      typeof classes === 'number' ? Array.from({ length: count }, (_, i) => String(i)) : [...classes]
    this.counts = new Float64Array(count * count)
  }

  get size(): number {
    return this.classes.length
  }

  /** @param scores [samples, classes]: logits or probabilities. */
  async update(scores: Scores, labels: Labels): Promise<void> {
    const rows = await readRows('ConfusionMatrix', scores, labels)
    if (rows.samples > 0 && rows.classes !== this.size) {
      throw new RangeError(
        `ConfusionMatrix: scores for ${rows.classes} classes, but the matrix has ${this.size}`,
      )
    }
    const predicted = Int32Array.from({ length: rows.samples }, (_, i) =>
      bestClass('ConfusionMatrix', rows, i),
    )
    this.updatePredicted(predicted, rows.labels)
  }

  /** The same from predicted classes in place of scores. */
  updatePredicted(predicted: ArrayLike<number>, labels: ArrayLike<number>): void {
    if (predicted.length !== labels.length) {
      throw new RangeError(`ConfusionMatrix: ${predicted.length} predictions for ${labels.length} labels`)
    }
    for (let i = 0; i < labels.length; i++) {
      checkClass('ConfusionMatrix', labels[i]!, this.size, i)
      checkClass('ConfusionMatrix', predicted[i]!, this.size, i)
    }
    for (let i = 0; i < labels.length; i++) this.counts[labels[i]! * this.size + predicted[i]!]!++
  }

  /** How many samples of the class `actual` were taken for `predicted`. */
  count(actual: number, predicted: number): number {
    return this.counts[actual * this.size + predicted] ?? 0
  }

  reset(): void {
    this.counts.fill(0)
  }

  /** A table as text; see formatConfusionMatrix. */
  toString(): string {
    return formatConfusionMatrix(this)
  }
}

/** The confusion matrix of one batch. */
export async function confusionMatrix(
  scores: Scores,
  labels: Labels,
  classes: number | readonly string[],
): Promise<ConfusionMatrix> {
  const matrix = new ConfusionMatrix(classes)
  await matrix.update(scores, labels)
  return matrix
}

/** A table with a row for each true class and a column for each predicted one; `·` stands for none, `recall` ends a row. */
export function formatConfusionMatrix(matrix: ConfusionMatrix): string {
  const { classes } = matrix
  const rows = classes.map((name, actual) => {
    const counts = classes.map((_, predicted) => matrix.count(actual, predicted))
    const total = counts.reduce((sum, count) => sum + count, 0)
    const recall = total === 0 ? '-' : `${((100 * counts[actual]!) / total).toFixed(1)} %`
    return [name, ...counts.map((count) => (count === 0 ? '·' : String(count))), recall]
  })
  return formatTable([['true \\ predicted', ...classes, 'recall'], ...rows])
}
