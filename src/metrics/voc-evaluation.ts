import {
  checkBoxes,
  type DetectedBox,
  type GroundTruthBox,
  groupBoxes,
  pairwiseIou,
} from './detection-matching.ts'

export interface VocEvaluationOptions {
  /** Detections must overlap by more than this; 0.5 unless given. */
  readonly iouThreshold?: number
  /** `all` the area under the curve, as since VOC 2010; `11` the mean at recalls 0, 0.1, … 1, as in VOC 2007. `all` unless given. */
  readonly points?: 11 | 'all'
}

export interface VocReport {
  /** The mean over the classes that have objects, 0 to 1; NaN without any. */
  readonly map: number
  readonly classes: readonly { readonly label: number; readonly objects: number; readonly ap: number }[]
}

/**
 * Average precision as PASCAL VOC's development kit computes it: each detection is held against the object that it overlaps
 * most, found already or not; one of an object marked `ignore` (VOC's `difficult`) does not count. Boxes are those of
 * whole pixels: VOC's xmin..xmax is x = xmin - 1 with the width xmax - xmin + 1.
 */
export function evaluateVoc(
  groundTruth: readonly GroundTruthBox[],
  detections: readonly DetectedBox[],
  options: VocEvaluationOptions = {},
): VocReport {
  const { iouThreshold = 0.5, points = 'all' } = options
  if (points !== 11 && points !== 'all')
    throw new RangeError(`evaluateVoc: points is 11 or 'all', got ${points}`)
  checkBoxes(groundTruth, detections)
  const classes = [...groupBoxes(groundTruth, detections)].flatMap(([label, images]) => {
    const objects = images.reduce((sum, { truths }) => sum + truths.filter(({ ignore }) => !ignore).length, 0)
    if (objects === 0) return []
    const ranked = images
      .flatMap((boxes) => {
        const ious = pairwiseIou({
          ...boxes,
          truths: boxes.truths.map((truth) => ({ ...truth, crowd: false })),
        })
        const taken = new Set<number>()
        const { length } = boxes.truths
        return boxes.detections.map(({ score }, d) => {
          let best = -1
          for (let g = 0; g < length; g++) {
            if (best < 0 || ious[d * length + g]! > ious[d * length + best]!) best = g
          }
          if (best < 0 || !(ious[d * length + best]! > iouThreshold))
            return { score, right: false, counts: true }
          if (boxes.truths[best]!.ignore) return { score, right: false, counts: false }
          const right = !taken.has(best)
          taken.add(best)
          return { score, right, counts: true }
        })
      })
      .sort((a, b) => b.score - a.score)
    const precisions: number[] = []
    const recalls: number[] = []
    let [right, wrong] = [0, 0]
    for (const hit of ranked) {
      if (hit.counts) {
        if (hit.right) right++
        else wrong++
      }
      recalls.push(right / objects)
      precisions.push(right / Math.max(right + wrong, Number.EPSILON))
    }
    return [
      { label, objects, ap: points === 11 ? elevenPoints(precisions, recalls) : area(precisions, recalls) },
    ]
  })
  const sum = classes.reduce((total, { ap }) => total + ap, 0)
  return { map: sum / classes.length, classes }
}

function elevenPoints(precisions: readonly number[], recalls: readonly number[]): number {
  let sum = 0
  for (let i = 0; i <= 10; i++) {
    // numpy.arange(0, 1.1, 0.1), of which some are a little above the tenth: a recall of 0.3 is below its 0.30000000000000004.
    const level = i * 0.1
    sum += precisions.reduce((best, value, at) => (recalls[at]! >= level ? Math.max(best, value) : best), 0)
  }
  return sum / 11
}

function area(precisions: readonly number[], recalls: readonly number[]): number {
  let sum = 0
  let highest = 0
  for (let i = precisions.length - 1; i >= 0; i--) {
    highest = Math.max(highest, precisions[i]!)
    sum += highest * (recalls[i]! - (recalls[i - 1] ?? 0))
  }
  return sum
}
