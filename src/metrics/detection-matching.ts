/** An object that is there. */
export interface GroundTruthBox {
  /** The image that it is in: its number or its name. */
  readonly image: number | string
  /** Its class, an integer from 0 on. */
  readonly label: number
  /** The top left corner, width and height, in pixels: COCO's order. */
  readonly box: readonly [x: number, y: number, width: number, height: number]
  /** What decides whether it is small, medium or large, in pixels; width times height unless given (COCO's is the mask's). */
  readonly area?: number
  /** A region with many objects of the class (COCO's `iscrowd`): need not be found, and takes any number of detections. */
  readonly crowd?: boolean
  /** Need not be found, and a detection of it does not count (VOC's `difficult`). */
  readonly ignore?: boolean
}

/** An object that a detector found. */
export interface DetectedBox {
  readonly image: number | string
  readonly label: number
  /** The top left corner, width and height, in pixels. */
  readonly box: readonly [x: number, y: number, width: number, height: number]
  /** How sure the detector is; only the order counts. */
  readonly score: number
}

/** What there is of one class in one image. Detections are in falling order of their scores, equal ones as they were given. */
export interface ImageBoxes {
  readonly truths: readonly GroundTruthBox[]
  readonly detections: readonly DetectedBox[]
}

/** Numbers first, then names, each in rising order: what decides among equal scores of different images. */
function compareImages(a: number | string, b: number | string): number {
  if (typeof a !== typeof b) return typeof a === 'number' ? -1 : 1
  return a < b ? -1 : a > b ? 1 : 0
}

function checkBox(what: string, index: number, { label, box, image }: GroundTruthBox | DetectedBox): void {
  const where = `${what} ${index} (image ${image})`
  if (!Number.isInteger(label) || label < 0) {
    throw new RangeError(`${where}: the label must be an integer from 0, got ${label}`)
  }
  if (box.length !== 4 || !box.every(Number.isFinite) || box[2] < 0 || box[3] < 0) {
    throw new RangeError(
      `${where}: the box must be x, y, width and height, finite and no size negative: [${box}]`,
    )
  }
}

export function checkBoxes(truths: readonly GroundTruthBox[], detections: readonly DetectedBox[]): void {
  for (const [i, truth] of truths.entries()) {
    checkBox('ground truth', i, truth)
    if (truth.area !== undefined && !(truth.area >= 0)) {
      throw new RangeError(
        `ground truth ${i} (image ${truth.image}): the area must be 0 or more, got ${truth.area}`,
      )
    }
  }
  for (const [i, detection] of detections.entries()) {
    checkBox('detection', i, detection)
    if (Number.isNaN(detection.score))
      throw new RangeError(`detection ${i} (image ${detection.image}): its score is NaN`)
  }
}

interface Group {
  readonly truths: GroundTruthBox[]
  readonly detections: DetectedBox[]
}

/** The boxes by class, in rising order of the labels, and by image; the best `most` detections of each image and class. */
export function groupBoxes(
  truths: readonly GroundTruthBox[],
  detections: readonly DetectedBox[],
  most: number = Number.POSITIVE_INFINITY,
): Map<number, ImageBoxes[]> {
  const classes = new Map<number, Map<number | string, Group>>()
  const groupOf = (label: number, image: number | string): Group => {
    let images = classes.get(label)
    if (!images) {
      images = new Map()
      classes.set(label, images)
    }
    let group = images.get(image)
    if (!group) {
      group = { truths: [], detections: [] }
      images.set(image, group)
    }
    return group
  }
  for (const truth of truths) groupOf(truth.label, truth.image).truths.push(truth)
  for (const detection of detections) groupOf(detection.label, detection.image).detections.push(detection)
  const labels = [...classes.keys()].sort((a, b) => a - b)
  return new Map(
    labels.map((label) => {
      const images = [...classes.get(label)!].sort(([a], [b]) => compareImages(a, b))
      const boxes = images.map(([, group]): ImageBoxes => {
        const { truths, detections } = group
        if (detections.length > 1) detections.sort((a, b) => b.score - a.score)
        return { truths, detections: detections.length > most ? detections.slice(0, most) : detections }
      })
      return [label, boxes]
    }),
  )
}

// Most images lack most classes.
const nothing = new Float64Array(0)

/** Intersection over union of each detection with each truth, row by row; over the detection's own area for a crowd. */
export function pairwiseIou({ truths, detections }: ImageBoxes): Float64Array {
  if (truths.length === 0 || detections.length === 0) return nothing
  const out = new Float64Array(detections.length * truths.length)
  for (const [d, { box: own }] of detections.entries()) {
    const area = own[2] * own[3]
    for (const [g, { box: other, crowd }] of truths.entries()) {
      const width = Math.min(own[2] + own[0], other[2] + other[0]) - Math.max(own[0], other[0])
      if (width <= 0) continue
      const height = Math.min(own[3] + own[1], other[3] + other[1]) - Math.max(own[1], other[1])
      if (height <= 0) continue
      const shared = width * height
      out[d * truths.length + g] = shared / (crowd ? area : area + other[2] * other[3] - shared)
    }
  }
  return out
}

/** How detections fared: what became of each. */
export const outcome = { wrong: 0, right: 1, uncounted: 2 } as const

/**
 * Gives each detection, the surest first, the truth that it overlaps most and at least by `threshold`: one that counts if there
 * is such, else one that does not. A truth is given once, a crowd any number of times. Among equal overlaps the last truth wins.
 * Writes the outcome of each detection into `out` from `start` on.
 * @param ious Of `pairwiseIou`.
 * @param uncounted 1 for each truth that does not count.
 * @param order The truths' places, those that count first.
 */
export function matchDetections(
  { truths, detections }: ImageBoxes,
  ious: Float64Array,
  uncounted: Uint8Array,
  order: readonly number[],
  threshold: number,
  out: Uint8Array,
  start: number,
): void {
  const count = truths.length
  const taken = new Uint8Array(count)
  for (let d = 0; d < detections.length; d++) {
    let best = Math.min(threshold, 1 - 1e-10)
    let match = -1
    for (const g of order) {
      const iou = ious[d * count + g]!
      if (taken[g] && !truths[g]!.crowd) continue
      if (match >= 0 && !uncounted[match] && uncounted[g]) break
      if (iou < best) continue
      best = iou
      match = g
    }
    if (match < 0) continue
    taken[match] = 1
    out[start + d] = uncounted[match] ? outcome.uncounted : outcome.right
  }
}
