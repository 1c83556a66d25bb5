import { Generator } from '../tensor/index.ts'

export interface AnchorOptions {
  /** Decides where the search starts. 0 unless given. */
  readonly seed?: number
  /** Rounds at most; it ends sooner when no box changes its anchor. 1000 unless given. */
  readonly rounds?: number
}

export interface FoundAnchors {
  /** Width and height in the units of the sizes, by rising area. */
  readonly anchors: readonly (readonly [width: number, height: number])[]
  /** The mean over the boxes of the IoU with the anchor that fits best, both at one place; 0 to 1. */
  readonly meanIou: number
}

function shapeIou(width: number, height: number, otherWidth: number, otherHeight: number): number {
  const shared = Math.min(width, otherWidth) * Math.min(height, otherHeight)
  return shared / (width * height + otherWidth * otherHeight - shared)
}

/**
 * Anchors for boxes of the given sizes (in pixels of the network's input): k-means with the distance 1 - IoU (Redmon and Farhadi
 * 2017), begun with k-means++. Throws a RangeError for fewer different sizes than anchors, and for a size that is not above 0.
 */
export function findAnchors(
  sizes: readonly (readonly [width: number, height: number])[],
  count: number,
  options: AnchorOptions = {},
): FoundAnchors {
  const { seed = 0, rounds = 1000 } = options
  if (!Number.isInteger(count) || count < 1) {
    throw new RangeError(`findAnchors: the number of anchors must be an integer from 1, got ${count}`)
  }
  for (const [i, [width, height]] of sizes.entries()) {
    if (!(width > 0 && height > 0 && Number.isFinite(width) && Number.isFinite(height))) {
      throw new RangeError(
        `findAnchors: size ${i} must be two finite numbers above 0, got ${width} x ${height}`,
      )
    }
  }
  const widths = Float64Array.from(sizes, ([width]) => width)
  const heights = Float64Array.from(sizes, ([, height]) => height)
  const chosen = start(widths, heights, count, new Generator(seed))
  const anchorWidths = Float64Array.from(chosen, (i) => widths[i]!)
  const anchorHeights = Float64Array.from(chosen, (i) => heights[i]!)
  const nearest = new Int32Array(sizes.length).fill(-1)
  let total = 0
  for (let round = 0; round < rounds; round++) {
    let changed = false
    total = 0
    for (let i = 0; i < widths.length; i++) {
      let best = 0
      let bestIou = -1
      for (let k = 0; k < count; k++) {
        const iou = shapeIou(widths[i]!, heights[i]!, anchorWidths[k]!, anchorHeights[k]!)
        if (iou > bestIou) {
          best = k
          bestIou = iou
        }
      }
      total += bestIou
      if (nearest[i] !== best) changed = true
      nearest[i] = best
    }
    if (!changed) break
    moveToMeans(anchorWidths, widths, nearest)
    moveToMeans(anchorHeights, heights, nearest)
  }
  const anchors = Array.from(anchorWidths, (width, k) => [width, anchorHeights[k]!] as const)
  return { anchors: anchors.sort((a, b) => a[0] * a[1] - b[0] * b[1]), meanIou: total / sizes.length }
}

/** k-means++ (Arthur and Vassilvitskii 2007): each start is a box drawn by its squared distance from those before. */
function start(widths: Float64Array, heights: Float64Array, count: number, generator: Generator): number[] {
  const chosen = [generator.integer(Math.max(widths.length, 1))]
  const distances = new Float64Array(widths.length).fill(Number.POSITIVE_INFINITY)
  for (;;) {
    const last = chosen.at(-1)!
    let sum = 0
    for (let i = 0; i < widths.length; i++) {
      const far = 1 - shapeIou(widths[i]!, heights[i]!, widths[last]!, heights[last]!)
      distances[i] = Math.min(distances[i]!, far * far)
      sum += distances[i]!
    }
    if (sum === 0) {
      if (chosen.length === count && widths.length > 0) return chosen
      throw new RangeError(
        `findAnchors: boxes of ${widths.length > 0 ? chosen.length : 0} different sizes are too few for ${count} anchors`,
      )
    }
    if (chosen.length === count) return chosen
    let left = generator.uniform(0, sum)
    let next = distances.findIndex((distance) => {
      left -= distance
      return left < 0
    })
    if (next < 0) next = distances.findLastIndex((distance) => distance > 0)
    chosen.push(next)
  }
}

/** An anchor that no box is nearest to stays where it is. */
function moveToMeans(anchors: Float64Array, sides: Float64Array, nearest: Int32Array): void {
  const sums = new Float64Array(anchors.length)
  const counts = new Int32Array(anchors.length)
  for (let i = 0; i < sides.length; i++) {
    sums[nearest[i]!]! += sides[i]!
    counts[nearest[i]!]!++
  }
  for (let k = 0; k < anchors.length; k++) if (counts[k]! > 0) anchors[k] = sums[k]! / counts[k]!
}
