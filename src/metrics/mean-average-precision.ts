import {
  type DetectionEvaluationOptions,
  type DetectionReport,
  evaluateDetections,
} from './coco-evaluation.ts'
import type { DetectedBox, GroundTruthBox } from './detection-matching.ts'

/** What one image holds, without naming it. */
export type ImageTruths = readonly Omit<GroundTruthBox, 'image'>[]

/** What was found in one image, without naming it. */
export type ImageDetections = readonly Omit<DetectedBox, 'image'>[]

/** COCO's mean average precision over many batches of images; see evaluateDetections. */
export class MeanAveragePrecision {
  readonly #options: DetectionEvaluationOptions
  readonly #truths: GroundTruthBox[] = []
  readonly #detections: DetectedBox[] = []
  #images = 0

  constructor(options: DetectionEvaluationOptions = {}) {
    this.#options = options
  }

  /** Adds images: of each what it holds and what was found in it. */
  update(truths: readonly ImageTruths[], detections: readonly ImageDetections[]): void {
    if (truths.length !== detections.length) {
      throw new RangeError(
        `MeanAveragePrecision: detections of ${detections.length} images for ${truths.length}`,
      )
    }
    for (const [i, own] of truths.entries()) {
      const image = this.#images++
      for (const truth of own) this.#truths.push({ ...truth, image })
      for (const detection of detections[i]!) this.#detections.push({ ...detection, image })
    }
  }

  get images(): number {
    return this.#images
  }

  compute(): DetectionReport {
    return evaluateDetections(this.#truths, this.#detections, this.#options)
  }

  reset(): void {
    this.#truths.length = 0
    this.#detections.length = 0
    this.#images = 0
  }
}
