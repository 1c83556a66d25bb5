import type { ImageDetections } from '../metrics/index.ts'
import { type Box, clipBox } from './boxes.ts'
import { nonMaximumSuppression } from './non-maximum-suppression.ts'

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
    const boxes: number[] = []
    const found: { score: number; label: number }[] = []
    for (let i = image * count; i < (image + 1) * count; i++) {
      const object = scores[i * (1 + classes)]!
      if (!(object >= confidence)) continue
      const box = cornersOf(centers, sizes, i)
      for (let label = 0; label < classes; label++) {
        const score = object * scores[i * (1 + classes) + 1 + label]!
        if (!(score >= confidence)) continue
        boxes.push(
          ...clipBox(
            box.map((value, axis) => value * (axis % 2 === 0 ? width : height)) as unknown as Box,
            width,
            height,
          ),
        )
        found.push({ score, label })
      }
    }
    const kept = nonMaximumSuppression(
      boxes,
      found.map(({ score }) => score),
      found.map(({ label }) => label),
      { iou: iouThreshold, maxDetections: most },
    )
    return kept.map((i) => {
      const [x1, y1, x2, y2] = boxes.slice(4 * i, 4 * i + 4) as [number, number, number, number]
      return { ...found[i]!, box: [x1, y1, x2 - x1, y2 - y1] as const }
    })
  })
}

function cornersOf(centers: ArrayLike<number>, sizes: ArrayLike<number>, i: number): Box {
  const [x, y, w, h] = [centers[2 * i]!, centers[2 * i + 1]!, sizes[2 * i]!, sizes[2 * i + 1]!]
  return [x - w / 2, y - h / 2, x + w / 2, y + h / 2]
}
