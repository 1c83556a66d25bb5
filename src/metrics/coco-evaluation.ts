import {
  checkBoxes,
  type DetectedBox,
  type GroundTruthBox,
  groupBoxes,
  type ImageBoxes,
  matchDetections,
  outcome,
  pairwiseIou,
} from './detection-matching.ts'
import { formatTable } from './text-table.ts'

export interface DetectionEvaluationOptions {
  /** Rising; COCO's ten from 0.5 to 0.95 unless given. */
  readonly iouThresholds?: readonly number[]
  /** Rising: the most detections of an image and class that count for `ar1`, `ar10` and `ar100`; [1, 10, 100] unless given. */
  readonly maxDetections?: readonly [number, number, number]
  /** The areas in pixels that end `small` and `medium`; [32², 96²] unless given. */
  readonly areaLimits?: readonly [small: number, medium: number]
  /** The classes' names, by label. */
  readonly classes?: readonly string[]
}

/** The scores of one class, 0 to 1. */
export interface ClassDetectionScores {
  readonly label: number
  readonly name: string
  /** Objects that count. */
  readonly objects: number
  /** Average precision over all IoU thresholds, and at 0.5 and 0.75. */
  readonly ap: number
  readonly ap50: number
  readonly ap75: number
  /** Recall with the most detections, over all IoU thresholds. */
  readonly ar: number
}

/** COCO's twelve figures, each 0 to 1, the mean over the classes; NaN where no object is of that kind. */
export interface DetectionReport {
  /** Mean average precision over the IoU thresholds 0.5 to 0.95: what COCO ranks by. */
  readonly ap: number
  /** At an IoU of 0.5. */
  readonly ap50: number
  readonly ap75: number
  /** Of objects of at most 32² pixels, up to 96², and above. */
  readonly apSmall: number
  readonly apMedium: number
  readonly apLarge: number
  /** Mean recall over the IoU thresholds with 1, 10 and 100 detections for each image and class. */
  readonly ar1: number
  readonly ar10: number
  readonly ar100: number
  readonly arSmall: number
  readonly arMedium: number
  readonly arLarge: number
  /** Of each class that has objects or names, by label. */
  readonly classes: readonly ClassDetectionScores[]
}

/** As numpy.linspace, so that thresholds are the same numbers. */
function linspace(from: number, to: number, count: number): number[] {
  const step = (to - from) / (count - 1)
  return Array.from({ length: count }, (_, i) => (i === count - 1 ? to : i * step + from))
}

const cocoThresholds: readonly number[] = linspace(0.5, 0.95, 10)
const recallLevels: readonly number[] = linspace(0, 1, 101)

/** Precision and recall of one class in one range of areas with one limit on detections, at each threshold. */
interface Curve {
  readonly objects: number
  /** The mean precision over the recall levels, by threshold. */
  readonly precision: Float64Array
  /** The highest recall reached, by threshold. */
  readonly recall: Float64Array
}

/** One class: the boxes of its images, their detections numbered from image to image. */
class ClassEvaluation {
  readonly #images: readonly ImageBoxes[]
  readonly #ious: readonly Float64Array[]
  readonly #starts: readonly number[]
  readonly #scores: Float64Array
  readonly #areas: Float64Array
  readonly #thresholds: readonly number[]

  constructor(images: readonly ImageBoxes[], thresholds: readonly number[]) {
    this.#images = images
    this.#thresholds = thresholds
    this.#ious = images.map(pairwiseIou)
    let count = 0
    this.#starts = images.map(({ detections }) => {
      count += detections.length
      return count - detections.length
    })
    const all = images.flatMap(({ detections }) => detections)
    this.#scores = Float64Array.from(all, ({ score }) => score)
    this.#areas = Float64Array.from(all, ({ box }) => box[2] * box[3])
  }

  /** The detections that are among the best `most` of their images, the surest first. */
  rank(most: number): Int32Array {
    const kept: number[] = []
    for (const [i, { detections }] of this.#images.entries()) {
      const count = Math.min(detections.length, most)
      for (let place = 0; place < count; place++) kept.push(this.#starts[i]! + place)
    }
    const scores = this.#scores
    return Int32Array.from(kept).sort((a, b) => scores[b]! - scores[a]! || a - b)
  }

  /** The curves in one range of areas for each of the rankings. */
  curves([low, high]: readonly [number, number], rankings: readonly Int32Array[]): Curve[] {
    const count = this.#scores.length
    const outcomes = this.#thresholds.map(() => new Uint8Array(count))
    let objects = 0
    for (const [i, boxes] of this.#images.entries()) {
      const { truths, detections } = boxes
      if (truths.length === 0) continue
      const uncounted = Uint8Array.from(truths, ({ box, area = box[2] * box[3], crowd, ignore }) =>
        crowd || ignore || area < low || area > high ? 1 : 0,
      )
      for (const bit of uncounted) objects += 1 - bit
      if (detections.length === 0) continue
      const order = [...truths.keys()].sort((a, b) => uncounted[a]! - uncounted[b]!)
      for (const [t, threshold] of this.#thresholds.entries()) {
        matchDetections(boxes, this.#ious[i]!, uncounted, order, threshold, outcomes[t]!, this.#starts[i]!)
      }
    }
    for (let d = 0; d < count; d++) {
      if (this.#areas[d]! >= low && this.#areas[d]! <= high) continue
      for (const of of outcomes) if (of[d] === outcome.wrong) of[d] = outcome.uncounted
    }
    return rankings.map((ranking) => curveOf(outcomes, objects, ranking))
  }
}

function curveOf(outcomes: readonly Uint8Array[], objects: number, ranking: Int32Array): Curve {
  const precision = new Float64Array(outcomes.length)
  const recall = new Float64Array(outcomes.length)
  if (objects === 0) return { objects, precision, recall }
  const count = ranking.length
  const precisions = new Float64Array(count)
  const recalls = new Float64Array(count)
  for (const [t, of] of outcomes.entries()) {
    let [right, wrong] = [0, 0]
    for (let i = 0; i < count; i++) {
      const what = of[ranking[i]!]
      if (what === outcome.right) right++
      else if (what === outcome.wrong) wrong++
      recalls[i] = right / objects
      precisions[i] = right / (wrong + right + Number.EPSILON)
    }
    for (let i = count - 1; i > 0; i--) {
      if (precisions[i]! > precisions[i - 1]!) precisions[i - 1] = precisions[i]!
    }
    recall[t] = count > 0 ? recalls[count - 1]! : 0
    let [sum, at] = [0, 0]
    for (const level of recallLevels) {
      while (at < count && recalls[at]! < level) at++
      if (at === count) break
      sum += precisions[at]!
    }
    precision[t] = sum / recallLevels.length
  }
  return { objects, precision, recall }
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? Number.NaN : values.reduce((sum, value) => sum + value, 0) / values.length
}

function checkOptions(thresholds: readonly number[], most: readonly number[]): void {
  const rising = (values: readonly number[]): boolean => values.every((v, i) => i === 0 || v > values[i - 1]!)
  if (thresholds.length === 0 || !thresholds.every((t) => t > 0 && t <= 1) || !rising(thresholds)) {
    throw new RangeError(`evaluateDetections: iouThresholds must rise within 0 to 1, got [${thresholds}]`)
  }
  if (most.length !== 3 || !most.every((m) => Number.isInteger(m) && m >= 1) || !rising(most)) {
    throw new RangeError(
      `evaluateDetections: maxDetections must be three rising integers from 1, got [${most}]`,
    )
  }
}

/**
 * Compares detections with what is there as COCO's own evaluator (`pycocotools.cocoeval` for boxes) does, to the last digits:
 * greedy matching by score, crowds, areas, the precision at 101 recall levels. Throws a RangeError for boxes that are not
 * finite and labels that are no integers.
 */
export function evaluateDetections(
  groundTruth: readonly GroundTruthBox[],
  detections: readonly DetectedBox[],
  options: DetectionEvaluationOptions = {},
): DetectionReport {
  const {
    iouThresholds = cocoThresholds,
    maxDetections = [1, 10, 100],
    areaLimits = [32 ** 2, 96 ** 2],
  } = options
  checkOptions(iouThresholds, maxDetections)
  checkBoxes(groundTruth, detections)
  const [small, medium] = areaLimits
  const ranges = [
    [0, 1e10],
    [0, small],
    [small, medium],
    [medium, 1e10],
  ] as const
  const groups = groupBoxes(groundTruth, detections, maxDetections[2])
  const scored = [...groups].map(([label, images]) => {
    const evaluation = new ClassEvaluation(images, iouThresholds)
    const rankings = maxDetections.map((most) => evaluation.rank(most))
    const [all, ...parts] = ranges
    // By area only the most detections are asked for.
    const curves = [
      evaluation.curves(all, rankings),
      ...parts.map((range) => evaluation.curves(range, rankings.slice(2))),
    ]
    return { label, curves }
  })
  const curvesOf = (range: number, most: number): Curve[] =>
    scored.map(({ curves }) => curves[range]!.at(most)!).filter(({ objects }) => objects > 0)
  const place = (threshold: number): number =>
    iouThresholds.findIndex((value) => Math.abs(value - threshold) < 1e-9)
  const at = (values: Float64Array, threshold: number): number => values[place(threshold)] ?? Number.NaN
  const precision = (range: number): number =>
    mean(curvesOf(range, -1).flatMap(({ precision }) => [...precision]))
  const recall = (range: number, most: number): number =>
    mean(curvesOf(range, most).flatMap(({ recall }) => [...recall]))
  const known = new Map(scored.map(({ label, curves }) => [label, curves[0]!.at(-1)!]))
  const labels = new Set([...known].filter(([, { objects }]) => objects > 0).map(([label]) => label))
  for (const label of options.classes?.keys() ?? []) labels.add(label)
  return {
    ap: precision(0),
    ap50: mean(curvesOf(0, -1).map(({ precision }) => at(precision, 0.5))),
    ap75: mean(curvesOf(0, -1).map(({ precision }) => at(precision, 0.75))),
    apSmall: precision(1),
    apMedium: precision(2),
    apLarge: precision(3),
    ar1: recall(0, 0),
    ar10: recall(0, 1),
    ar100: recall(0, -1),
    arSmall: recall(1, -1),
    arMedium: recall(2, -1),
    arLarge: recall(3, -1),
    classes: [...labels]
      .sort((a, b) => a - b)
      .map((label) => {
        const curve = known.get(label)
        const empty = curve === undefined || curve.objects === 0
        return {
          label,
          name: options.classes?.[label] ?? String(label),
          objects: curve?.objects ?? 0,
          ap: empty ? Number.NaN : mean([...curve.precision]),
          ap50: empty ? Number.NaN : at(curve.precision, 0.5),
          ap75: empty ? Number.NaN : at(curve.precision, 0.75),
          ar: empty ? Number.NaN : mean([...curve.recall]),
        }
      }),
  }
}

/** The twelve figures in percent, and a table of the classes that have objects. */
export function formatDetectionReport(report: DetectionReport): string {
  const percent = (share: number): string => (Number.isNaN(share) ? '-' : (100 * share).toFixed(2))
  const figures: readonly (readonly [string, number])[] = [
    ['AP    IoU 0.50:0.95', report.ap],
    ['AP50  IoU 0.50', report.ap50],
    ['AP75  IoU 0.75', report.ap75],
    ['AP    small', report.apSmall],
    ['AP    medium', report.apMedium],
    ['AP    large', report.apLarge],
    ['AR    1 detection', report.ar1],
    ['AR    10 detections', report.ar10],
    ['AR    100 detections', report.ar100],
    ['AR    small', report.arSmall],
    ['AR    medium', report.arMedium],
    ['AR    large', report.arLarge],
  ]
  const rows = report.classes
    .filter(({ objects }) => objects > 0)
    .map(({ name, objects, ap, ap50, ap75, ar }) => [
      name,
      String(objects),
      ...[ap, ap50, ap75, ar].map((value) => percent(value)),
    ])
  return [
    ...figures.map(([name, value]) => `${name.padEnd(20)} ${percent(value).padStart(6)}`),
    '',
    formatTable([['class', 'objects', 'AP', 'AP50', 'AP75', 'AR'], ...rows]),
  ].join('\n')
}
