import type { ImageDetections } from '../metrics/index.ts'
import { boxOverlap } from './boxes.ts'

/** Boxes of a batch as the network gives them, row by row of [batch, boxes, ...]; see DarknetBoxes. */
export interface BatchBoxes {
  readonly centers: ArrayLike<number>
  readonly sizes: ArrayLike<number>
  readonly scores: ArrayLike<number>
}

export interface FoundBoxesOptions {
  /** Scores below are left out: of the object times the class. 0.005 unless given, as for measuring. */
  readonly confidence?: number
  /** Of boxes of one class that overlap more, only the surest stays. 0.45 unless given. */
  readonly iouThreshold?: number
  /** The most boxes of an image; 300 unless given. */
  readonly most?: number
}

/**
 * What a detector found in each image of a batch, in pixels of the images' own sizes, the surest first: every class that is sure
 * enough of every box, without those that a surer one of the class overlaps.
 */
export function foundBoxes(
  { centers, sizes, scores }: BatchBoxes,
  images: readonly { readonly width: number; readonly height: number }[],
  classes: number,
  options: FoundBoxesOptions = {},
): ImageDetections[] {
  const { confidence = 0.005, iouThreshold = 0.45, most = 300 } = options
  const count = centers.length / 2 / images.length
  return images.map(({ width, height }, image) => {
    const byClass: { box: number; score: number }[][] = Array.from({ length: classes }, () => [])
    for (let i = 0; i < count; i++) {
      const at = (image * count + i) * (1 + classes)
      const object = scores[at]!
      if (!(object >= confidence)) continue
      for (let label = 0; label < classes; label++) {
        const score = object * scores[at + 1 + label]!
        if (score >= confidence) byClass[label]!.push({ box: image * count + i, score })
      }
    }
    const corners = (i: number) => {
      const [x, y, w, h] = [centers[2 * i]!, centers[2 * i + 1]!, sizes[2 * i]!, sizes[2 * i + 1]!]
      const cut = (value: number, limit: number): number => Math.min(Math.max(value * limit, 0), limit)
      return [
        cut(x - w / 2, width),
        cut(y - h / 2, height),
        cut(x + w / 2, width),
        cut(y + h / 2, height),
      ] as const
    }
    return byClass
      .flatMap((candidates, label) => {
        const kept: { box: readonly [number, number, number, number]; score: number; label: number }[] = []
        candidates.sort((a, b) => b.score - a.score || a.box - b.box)
        for (const { box: i, score } of candidates) {
          if (kept.length === most) break
          const box = corners(i)
          if (kept.every((other) => boxOverlap('iou', other.box, box) <= iouThreshold))
            kept.push({ box, score, label })
        }
        return kept
      })
      .sort((a, b) => b.score - a.score)
      .slice(0, most)
      .map(({ box: [x1, y1, x2, y2], score, label }) => ({
        label,
        score,
        box: [x1, y1, x2 - x1, y2 - y1] as const,
      }))
  })
}
