/** A point of the design space of Radosavovic et al. 2020: depth, initial width, slope, step and group width. */
export type RegNetDesign = readonly [
  depth: number,
  initialWidth: number,
  slope: number,
  step: number,
  groupWidth: number,
]

/** Blocks of the same width. */
export interface RegNetStage {
  readonly width: number
  readonly depth: number
  readonly groupWidth: number
}

/** Rounds halves to the even neighbour, as Python and PyTorch do. */
function roundHalfEven(value: number): number {
  const floor = Math.floor(value)
  const rest = value - floor
  return rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor
}

/** Rounds half-way between multiples to an even multiple, as the authors' code does. */
export function nearestMultiple(width: number, divisor: number): number {
  return roundHalfEven(width / divisor) * divisor
}

/**
 * The stages of a design (section 3.3 of the paper): widths that grow linearly from block to block, rounded to powers of the step,
 * then to multiples of 8 and, by `compatible`, of the group width.
 */
export function regnetStages(
  [depth, initialWidth, slope, step, groupWidth]: RegNetDesign,
  compatible: (width: number, divisor: number) => number,
): readonly RegNetStage[] {
  const widths = Array.from({ length: depth }, (_, j) => {
    const exponent = roundHalfEven(Math.log((initialWidth + slope * j) / initialWidth) / Math.log(step))
    return nearestMultiple(initialWidth * step ** exponent, 8)
  })
  const distinct = [...new Set(widths)]
  return distinct.map((width) => {
    const group = Math.min(groupWidth, width)
    return {
      width: compatible(width, group),
      depth: widths.filter((other) => other === width).length,
      groupWidth: group,
    }
  })
}

/** A quarter of the width that goes into a block: the hidden channels of RegNetY's squeeze-and-excitation. */
export function squeezeWidth(inWidth: number, ratio: number): number {
  return roundHalfEven(inWidth * ratio)
}

type RegNetSize =
  | 'x200mf'
  | 'x400mf'
  | 'x600mf'
  | 'x800mf'
  | 'x1600mf'
  | 'x3200mf'
  | 'x4000mf'
  | 'x6400mf'
  | 'x8000mf'
  | 'x12gf'
  | 'x16gf'
  | 'x32gf'
  | 'y200mf'
  | 'y400mf'
  | 'y600mf'
  | 'y800mf'
  | 'y1600mf'
  | 'y3200mf'
  | 'y4000mf'
  | 'y6400mf'
  | 'y8000mf'
  | 'y12gf'
  | 'y16gf'
  | 'y32gf'
  | 'y128gf'

/** The designs of the paper's appendix and torchvision's, by name; those with squeeze-and-excitation are RegNetY's. */
export const regnetDesigns: Readonly<Record<RegNetSize, RegNetDesign>> = {
  x200mf: [13, 24, 36.44, 2.49, 8],
  x400mf: [22, 24, 24.48, 2.54, 16],
  x600mf: [16, 48, 36.97, 2.24, 24],
  x800mf: [16, 56, 35.73, 2.28, 16],
  x1600mf: [18, 80, 34.01, 2.25, 24],
  x3200mf: [25, 88, 26.31, 2.25, 48],
  x4000mf: [23, 96, 38.65, 2.43, 40],
  x6400mf: [17, 184, 60.83, 2.07, 56],
  x8000mf: [23, 80, 49.56, 2.88, 120],
  x12gf: [19, 168, 73.36, 2.37, 112],
  x16gf: [22, 216, 55.59, 2.1, 128],
  x32gf: [23, 320, 69.86, 2, 168],
  y200mf: [13, 24, 36.44, 2.49, 8],
  y400mf: [16, 48, 27.89, 2.09, 8],
  y600mf: [15, 48, 32.54, 2.32, 16],
  y800mf: [14, 56, 38.84, 2.4, 16],
  y1600mf: [27, 48, 20.71, 2.65, 24],
  y3200mf: [21, 80, 42.63, 2.66, 24],
  y4000mf: [22, 96, 31.41, 2.24, 64],
  y6400mf: [25, 112, 33.22, 2.27, 72],
  y8000mf: [17, 192, 76.82, 2.19, 56],
  y12gf: [19, 168, 73.36, 2.37, 112],
  y16gf: [18, 200, 106.23, 2.48, 112],
  y32gf: [20, 232, 115.89, 2.53, 232],
  y128gf: [27, 456, 160.83, 2.52, 264],
}
