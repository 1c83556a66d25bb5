import { type Box, boxOverlap } from './boxes.ts'

export interface SuppressionOptions {
  /** Boxes that agree more than this with a better one of their class are dropped; from 0 to 1, 0.45 unless given. */
  readonly iou?: number
  /** 'diou' takes off the distance of the centres, so that near objects which overlap both stay; 'iou' unless given. */
  readonly kind?: 'iou' | 'diou'
  /** The exponent of the distance, over the enclosing diagonal and squared, of 'diou' (beta_nms); Darknet's 0.6 unless given. */
  readonly beta?: number
  /** The most boxes kept; all unless given. */
  readonly maxDetections?: number
}

/** Side lengths of cells are powers of two: a box is kept in those of the size next above its longer side. */
const levelOf = (side: number): number => Math.ceil(Math.log2(side))

/** Kept boxes by the cells that they lie in. Cells of one hash are one: every candidate is compared anyway. */
class Cells {
  readonly all: Box[] = []
  readonly #cells = new Map<number, Box[]>()

  #hash(level: number, column: number, row: number): number {
    return (Math.imul(column, 73856093) ^ Math.imul(row, 19349663) ^ Math.imul(level, 83492791)) | 0
  }

  *#covered([x1, y1, x2, y2]: Box, level: number): Iterable<number> {
    const side = 2 ** level
    for (let row = Math.floor(y1 / side); row <= Math.floor(y2 / side); row++) {
      for (let column = Math.floor(x1 / side); column <= Math.floor(x2 / side); column++) {
        yield this.#hash(level, column, row)
      }
    }
  }

  add(box: Box, level: number): void {
    this.all.push(box)
    for (const hash of this.#covered(box, level)) {
      const cell = this.#cells.get(hash)
      if (cell === undefined) this.#cells.set(hash, [box])
      else cell.push(box)
    }
  }

  /** Whether one of the boxes kept in cells of a level that the box touches passes a test. */
  some(box: Box, level: number, test: (other: Box) => boolean): boolean {
    for (const hash of this.#covered(box, level)) {
      if (this.#cells.get(hash)?.some(test)) return true
    }
    return false
  }
}

/** The boxes of one class that were kept. */
interface Kept {
  readonly cells: Cells
  /** The levels of cells in use. */
  readonly levels: Set<number>
  /** Those that are in no cells. */
  readonly others: Box[]
}

/** Beyond it cells cannot be counted. */
const maxCell = 2 ** 31

/** Below it too many sizes may agree for cells to be worth it. */
const leastForCells = 0.1

/**
 * Which boxes to keep: the best first, and of every class none that agrees too much with a better one that was kept. Equal
 * scores go by place. Boxes without area suppress nothing; those of NaN are dropped. Takes seconds for 100 000 boxes.
 * @param boxes Corners, four numbers each.
 * @param scores One for each box.
 * @param classes One for each box; all are compared with one another where it is absent.
 * @returns The places of the boxes kept. Throws a RangeError for lengths or options that do not fit.
 */
export function nonMaximumSuppression(
  boxes: ArrayLike<number>,
  scores: ArrayLike<number>,
  classes?: ArrayLike<number>,
  options: SuppressionOptions = {},
): number[] {
  const { iou = 0.45, kind = 'iou', beta = 0.6, maxDetections = Number.POSITIVE_INFINITY } = options
  if (boxes.length !== 4 * scores.length || (classes !== undefined && classes.length !== scores.length)) {
    throw new RangeError(
      `nonMaximumSuppression: ${scores.length} scores need ${4 * scores.length} numbers of boxes and as many classes, got ` +
        `${boxes.length} and ${classes?.length ?? 'none'}`,
    )
  }
  if (!(iou >= 0 && iou <= 1)) throw new RangeError(`nonMaximumSuppression: iou is from 0 to 1, got ${iou}`)
  if (kind !== 'iou' && kind !== 'diou') {
    throw new RangeError(`nonMaximumSuppression: kind is iou or diou, got ${String(kind)}`)
  }
  const box = (i: number): Box => [boxes[4 * i]!, boxes[4 * i + 1]!, boxes[4 * i + 2]!, boxes[4 * i + 3]!]
  const agrees = (a: Box, b: Box): boolean =>
    (kind === 'iou' ? boxOverlap('iou', a, b) : overlapWithin(a, b, beta)) > iou
  const order = Array.from({ length: scores.length }, (_, i) => i).filter((i) => !Number.isNaN(scores[i]!))
  order.sort((a, b) => scores[b]! - scores[a]! || a - b)
  // Only boxes whose sides are within a factor of each other can agree more than that factor.
  const reach = Math.ceil(-Math.log2(Math.max(iou, leastForCells)))
  const keptOf = new Map<number, Kept>()
  const result: number[] = []
  for (const i of order) {
    if (result.length >= maxDetections) break
    const own = box(i)
    if (own.some(Number.isNaN)) continue
    const label = classes?.[i] ?? 0
    let kept = keptOf.get(label)
    if (kept === undefined) {
      kept = { cells: new Cells(), levels: new Set(), others: [] }
      keptOf.set(label, kept)
    }
    const { cells, levels, others } = kept
    const side = Math.max(own[2] - own[0], own[3] - own[1])
    const inCells = iou >= leastForCells && own.every((value) => Math.abs(value) / side < maxCell)
    const level = levelOf(side)
    const test = (other: Box): boolean => agrees(other, own)
    const near = [...levels].filter((each) => Math.abs(each - level) <= reach)
    const suppressed =
      side > 0 &&
      (others.some(test) ||
        (inCells ? near.some((each) => cells.some(own, each, test)) : cells.all.some(test)))
    if (suppressed) continue
    if (inCells) {
      cells.add(own, level)
      levels.add(level)
    } else if (side > 0) {
      others.push(own)
    }
    result.push(i)
  }
  return result
}

/** Intersection over union less the distance of the centres to the power of beta. */
function overlapWithin(a: Box, b: Box, beta: number): number {
  const iou = boxOverlap('iou', a, b)
  if (iou === 0) return 0
  const distance = iou - boxOverlap('diou', a, b)
  return iou - Math.max(distance, 0) ** beta
}
