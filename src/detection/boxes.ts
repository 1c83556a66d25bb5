/** A box as its corners [x1, y1, x2, y2], x to the right and y down, in any unit: pixels, or shares of the image's sides. */
export type Box = readonly [x1: number, y1: number, x2: number, y2: number]

/**
 * What the four numbers of a box are: `xyxy` the corners, `xywh` the top left corner with width and height, as in COCO,
 * `cxcywh` the centre with width and height, as in YOLO's label files.
 */
export type BoxFormat = 'xyxy' | 'xywh' | 'cxcywh'

/**
 * How much two boxes agree. `iou`: intersection over union, 0..1. The others subtract penalties, so that boxes apart can be
 * compared too: `giou` for the empty part of the enclosing box (Rezatofighi et al. 2019), -1..1; `diou` for the distance of
 * the centres over the enclosing diagonal, squared (Zheng et al. 2020), -1..1; `ciou` for another aspect ratio as well.
 */
export type BoxOverlap = 'iou' | 'giou' | 'diou' | 'ciou'

const boxFormats: readonly BoxFormat[] = ['xyxy', 'xywh', 'cxcywh']

function countOf(what: string, boxes: ArrayLike<number>): number {
  if (boxes.length % 4 === 0) return boxes.length / 4
  throw new RangeError(`${what}: boxes take four numbers each, got ${boxes.length} numbers`)
}

/**
 * Boxes, four numbers each one after the other, in another format. Gives a new array. Throws a RangeError for an unknown
 * format or a length that is no multiple of four.
 */
export function convertBoxes(
  boxes: ArrayLike<number>,
  from: BoxFormat,
  to: BoxFormat,
): Float64Array<ArrayBuffer> {
  for (const format of [from, to]) {
    if (!boxFormats.includes(format)) {
      throw new RangeError(`convertBoxes: there is no format '${format}'; there are ${boxFormats.join(', ')}`)
    }
  }
  countOf('convertBoxes', boxes)
  const out = Float64Array.from(boxes)
  if (from === to) return out
  for (let i = 0; i < out.length; i += 4) {
    const [a, b, c, d] = out.subarray(i, i + 4) as unknown as [number, number, number, number]
    const [width, height] = from === 'xyxy' ? [c - a, d - b] : [c, d]
    const [left, top] = from === 'cxcywh' ? [a - width / 2, b - height / 2] : [a, b]
    if (to === 'xyxy') out.set(from === 'xyxy' ? [a, b, c, d] : [left, top, left + width, top + height], i)
    else if (to === 'xywh') out.set([left, top, width, height], i)
    else out.set([left + width / 2, top + height / 2, width, height], i)
  }
  return out
}

/** Corners moved into an image of the given size; a box outside it becomes one without area at its edge. */
export function clipBox([x1, y1, x2, y2]: Box, width: number, height: number): Box {
  const within = (value: number, limit: number): number => Math.min(Math.max(value, 0), limit)
  return [within(x1, width), within(y1, height), within(x2, width), within(y2, height)]
}

/** The area of a box; 0 where its corners are the wrong way round. */
export function boxArea([x1, y1, x2, y2]: Box): number {
  return Math.max(x2 - x1, 0) * Math.max(y2 - y1, 0)
}

/** The share of an area that is not empty; 0 of an empty one, so that boxes without area never give NaN. */
const share = (part: number, whole: number): number => (whole > 0 ? part / whole : 0)

/** How much two boxes agree; see `BoxOverlap`. Boxes without area have an IoU of 0, with themselves too. */
export function boxOverlap(kind: BoxOverlap, a: Box, b: Box): number {
  const shared =
    Math.max(Math.min(a[2], b[2]) - Math.max(a[0], b[0]), 0) *
    Math.max(Math.min(a[3], b[3]) - Math.max(a[1], b[1]), 0)
  const union = boxArea(a) + boxArea(b) - shared
  const iou = share(shared, union)
  if (kind === 'iou') return iou
  const width = Math.max(a[2], b[2]) - Math.min(a[0], b[0])
  const height = Math.max(a[3], b[3]) - Math.min(a[1], b[1])
  if (kind === 'giou') return iou - share(width * height - union, width * height)
  const [dx, dy] = [(a[0] + a[2] - b[0] - b[2]) / 2, (a[1] + a[3] - b[1] - b[3]) / 2]
  const distanceIou = iou - share(dx * dx + dy * dy, width * width + height * height)
  if (kind === 'diou') return distanceIou
  const angle = (box: Box): number => Math.atan2(box[2] - box[0], box[3] - box[1])
  const aspect = (4 / Math.PI ** 2) * (angle(a) - angle(b)) ** 2
  return distanceIou - share(aspect * aspect, 1 - iou + aspect)
}

/** The overlap of each of n boxes with each of m, all as corners, four numbers each: [n, m] row by row. */
export function pairwiseOverlap(
  kind: BoxOverlap,
  a: ArrayLike<number>,
  b: ArrayLike<number>,
): Float64Array<ArrayBuffer> {
  const [n, m] = [countOf('pairwiseOverlap', a), countOf('pairwiseOverlap', b)]
  const box = (boxes: ArrayLike<number>, i: number): Box => [
    boxes[4 * i]!,
    boxes[4 * i + 1]!,
    boxes[4 * i + 2]!,
    boxes[4 * i + 3]!,
  ]
  const columns = Array.from({ length: m }, (_, j) => box(b, j))
  const out = new Float64Array(n * m)
  for (let i = 0; i < n; i++) {
    const row = box(a, i)
    for (let j = 0; j < m; j++) out[i * m + j] = boxOverlap(kind, row, columns[j]!)
  }
  return out
}
