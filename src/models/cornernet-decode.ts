/** What the heads say about one kind of corners in one image, over maps of `height` x `width` cells. */
export interface CornerMaps {
  /** [classes, height, width], before the sigmoid. */
  readonly heat: ArrayLike<number>
  /** [height, width], corners with like tags belong together. */
  readonly tags: ArrayLike<number>
  /** [2, height, width], how far a corner is right of and below its cell, in cells. */
  readonly offsets: ArrayLike<number>
}

/** An object, in cells of the maps. */
export interface CornerDetection {
  readonly x1: number
  readonly y1: number
  readonly x2: number
  readonly y2: number
  /** The mean of its corners' scores, in 0..1. */
  readonly score: number
  readonly topLeftScore: number
  readonly bottomRightScore: number
  readonly classIndex: number
}

export interface DecodeCornersOptions {
  /** How many corners of each kind are tried, the highest first; 100 unless given, the authors' 20 for CornerNet-Squeeze. */
  readonly topK?: number
  /** Corners whose tags differ by more do not belong together; 0.5 unless given. */
  readonly tagThreshold?: number
  /** A corner is the highest of its class in a window of so many cells; odd, 3 unless given. */
  readonly kernelSize?: number
  /** The most objects given, the best first; 1000 unless given. */
  readonly maxDetections?: number
}

interface Corner {
  readonly x: number
  readonly y: number
  readonly tag: number
  readonly score: number
  readonly classIndex: number
}

/** The highest corners of local maxima, with their offsets added. */
function highest(
  { heat, tags, offsets }: CornerMaps,
  height: number,
  width: number,
  topK: number,
  kernelSize: number,
): Corner[] {
  const cells = height * width
  const reach = (kernelSize - 1) / 2
  const isPeak = (place: number): boolean => {
    const plane = place - (place % cells)
    const [row, column] = [Math.floor((place % cells) / width), place % width]
    for (let y = Math.max(row - reach, 0); y <= Math.min(row + reach, height - 1); y++) {
      for (let x = Math.max(column - reach, 0); x <= Math.min(column + reach, width - 1); x++) {
        if (heat[plane + y * width + x]! > heat[place]!) return false
      }
    }
    return true
  }
  const peaks = Array.from({ length: heat.length }, (_, place) => place).filter(isPeak)
  peaks.sort((a, b) => heat[b]! - heat[a]! || a - b)
  return peaks.slice(0, topK).map((place) => {
    const cell = place % cells
    return {
      x: (cell % width) + offsets[cell]!,
      y: Math.floor(cell / width) + offsets[cells + cell]!,
      tag: tags[cell]!,
      score: 1 / (1 + Math.exp(-heat[place]!)),
      classIndex: Math.floor(place / cells),
    }
  })
}

function checkMaps(kind: string, { heat, tags, offsets }: CornerMaps, cells: number): void {
  if (
    heat.length === 0 ||
    heat.length % cells !== 0 ||
    tags.length !== cells ||
    offsets.length !== 2 * cells
  ) {
    throw new RangeError(
      `decodeCorners: ${kind} must have classes * ${cells} heat, ${cells} tags and ${2 * cells} offsets, got ` +
        `${heat.length}, ${tags.length} and ${offsets.length}`,
    )
  }
}

/**
 * The objects in one image from the maps of their corners (Law and Deng 2018, section 4.3): pairs of a top left and a
 * bottom right corner of one class that have like tags and lie the right way round, best first. Throws a RangeError for maps
 * or options that do not fit.
 */
export function decodeCorners(
  topLeft: CornerMaps,
  bottomRight: CornerMaps,
  [height, width]: readonly [height: number, width: number],
  options: DecodeCornersOptions = {},
): CornerDetection[] {
  const { topK = 100, tagThreshold = 0.5, kernelSize = 3, maxDetections = 1000 } = options
  if (kernelSize < 1 || kernelSize % 2 !== 1) {
    throw new RangeError(`decodeCorners: kernelSize must be odd and positive, got ${kernelSize}`)
  }
  checkMaps('topLeft', topLeft, height * width)
  checkMaps('bottomRight', bottomRight, height * width)
  const starts = highest(topLeft, height, width, topK, kernelSize)
  const ends = highest(bottomRight, height, width, topK, kernelSize)
  const found = starts.flatMap((start) =>
    ends
      .filter(
        (end) =>
          end.classIndex === start.classIndex &&
          Math.abs(end.tag - start.tag) <= tagThreshold &&
          end.x >= start.x &&
          end.y >= start.y,
      )
      .map((end) => ({
        x1: start.x,
        y1: start.y,
        x2: end.x,
        y2: end.y,
        score: (start.score + end.score) / 2,
        topLeftScore: start.score,
        bottomRightScore: end.score,
        classIndex: start.classIndex,
      })),
  )
  return found.sort((a, b) => b.score - a.score).slice(0, maxDetections)
}
