import type { ConfusionMatrix } from './confusion.ts'
import { formatTable } from './text-table.ts'

export interface ClassScores {
  /** Share of the samples predicted as the class that are of it, 0 to 1; 0 where none was predicted. */
  readonly precision: number
  /** Share of the class's samples that were predicted as it, 0 to 1; 0 where there is none. */
  readonly recall: number
  /** The harmonic mean of both; 0 where both are. */
  readonly f1: number
  /** Samples of the class. */
  readonly support: number
}

export interface ClassificationReport {
  readonly classes: readonly (ClassScores & { readonly name: string })[]
  /** The mean over the classes. */
  readonly macro: ClassScores
  /** Over all samples together; with one label a sample all three equal the accuracy. */
  readonly micro: ClassScores
  /** The mean over the classes, weighted by their samples. */
  readonly weighted: ClassScores
  readonly accuracy: number
}

/** Precision, recall and F1 of each class and their averages, as scikit-learn defines them with zero_division 0. */
export function classificationReport(matrix: ConfusionMatrix): ClassificationReport {
  const { classes: names, size } = matrix
  const classes = names.map((name, c) => {
    let actual = 0
    let predicted = 0
    for (let other = 0; other < size; other++) {
      actual += matrix.count(c, other)
      predicted += matrix.count(other, c)
    }
    return { name, ...scoresOf(matrix.count(c, c), predicted, actual) }
  })
  const total = classes.reduce((sum, { support }) => sum + support, 0)
  const correct = names.reduce((sum, _, c) => sum + matrix.count(c, c), 0)
  return {
    classes,
    macro: average(classes, () => 1 / size, total),
    micro: scoresOf(correct, total, total),
    weighted: average(classes, ({ support }) => ratio(support, total), total),
    accuracy: ratio(correct, total),
  }
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole
}

function scoresOf(correct: number, predicted: number, actual: number): ClassScores {
  return {
    precision: ratio(correct, predicted),
    recall: ratio(correct, actual),
    f1: ratio(2 * correct, predicted + actual),
    support: actual,
  }
}

function average(
  classes: readonly ClassScores[],
  weightOf: (scores: ClassScores) => number,
  support: number,
): ClassScores {
  const mean = (key: 'precision' | 'recall' | 'f1'): number =>
    classes.reduce((sum, scores) => sum + weightOf(scores) * scores[key], 0)
  return { precision: mean('precision'), recall: mean('recall'), f1: mean('f1'), support }
}

/** A table of text: one row a class, then the averages; three digits each. */
export function formatReport(report: ClassificationReport): string {
  const row = (name: string, { precision, recall, f1, support }: ClassScores): string[] => [
    name,
    ...[precision, recall, f1].map((value) => value.toFixed(3)),
    String(support),
  ]
  return formatTable([
    ['class', 'precision', 'recall', 'f1', 'support'],
    ...report.classes.map((scores) => row(scores.name, scores)),
    row('macro average', report.macro),
    row('weighted average', report.weighted),
    row('micro average', report.micro),
  ])
}
