import { composed } from '../../graph/composite.ts'
import { formatShape, type Shape, ShapeError } from '../../graph/shape.ts'
import { tensor, where } from '../../tensor/create.ts'
import { checkOptions } from '../../tensor/options.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import { affineGridKinds, gridSampleKinds } from './options.ts'

export interface GridOptions {
  /** Whether -1 and 1 are the centres of the corner pixels, rather than the corners of the image. Default false. */
  readonly alignCorners?: boolean
}

/**
 * The sampling grid [n, h, w, 2] (x, y in -1..1) of affine maps theta [n, 2, 3] for an output of the given size
 * [n, c, h, w] (Jaderberg et al., "Spatial Transformer Networks", 2015).
 */
export function affineGrid(theta: Tensor, size: Shape, options: GridOptions = {}): Tensor {
  checkOptions('affineGrid', options, affineGridKinds)
  const [n, , h, w] = size
  const fits = theta.rank === 3 && theta.shape[0] === n && theta.shape[1] === 2 && theta.shape[2] === 3
  if (!fits || size.length !== 4) {
    throw new ShapeError(
      `affineGrid: needs theta [n, 2, 3] and a size [n, c, h, w], got ${formatShape(theta.shape)} and ${formatShape(size)}`,
    )
  }
  const { alignCorners = false } = options
  const base = new Float64Array(h! * w! * 3)
  for (let y = 0; y < h!; y++) {
    for (let x = 0; x < w!; x++) {
      base.set([gridPosition(x, w!, alignCorners), gridPosition(y, h!, alignCorners), 1], (y * w! + x) * 3)
    }
  }
  const points = tensor(base, [1, h! * w!, 3], { dtype: theta.dtype }).expand(n!, h! * w!, 3)
  return points.matmul(theta.transpose(1, 2)).reshape(n!, h!, w!, 2)
}

function gridPosition(index: number, size: number, alignCorners: boolean): number {
  if (size <= 1) return 0
  return alignCorners ? (2 * index) / (size - 1) - 1 : (2 * index + 1) / size - 1
}

export interface GridSampleOptions extends GridOptions {
  readonly mode?: 'bilinear' | 'nearest' | 'bicubic'
  /** What lies beyond the image: zeros, its border, or its mirror image. */
  readonly paddingMode?: 'zeros' | 'border' | 'reflection'
}

/** Samples images [n, c, h, w] at the positions (x, y in -1..1) of a grid [n, height, width, 2]: [n, c, height, width]. */
export function gridSample(x: Tensor, grid: Tensor, options: GridSampleOptions = {}): Tensor {
  checkOptions('gridSample', options, gridSampleKinds)
  const { mode = 'bilinear', paddingMode = 'zeros', alignCorners = false } = options
  if (x.rank !== 4 || grid.rank !== 4 || grid.shape[3] !== 2 || grid.shape[0] !== x.shape[0]) {
    throw new ShapeError(
      `gridSample: needs images [n, c, h, w] and a grid [n, height, width, 2], got ${formatShape(x.shape)} ` +
        `and ${formatShape(grid.shape)}`,
    )
  }
  const [n, c, h, w] = x.shape as [number, number, number, number]
  const [, height, width] = grid.shape as [number, number, number]
  if (h < 1 || w < 1) throw new ShapeError(`gridSample: the images ${formatShape(x.shape)} are empty`)
  const pixels: Pixels = { values: x.reshape(n, c, h * w), h, w }
  const position = (axis: number, size: number): Tensor => {
    const at = grid.select(3, axis).reshape(n, 1, height * width)
    return alignCorners ? at.add(1).mul((size - 1) / 2) : at.add(1).mul(size).sub(1).mul(0.5)
  }
  const place = (at: Tensor, size: number): Tensor => {
    if (paddingMode === 'zeros') return at
    const folded = paddingMode === 'reflection' ? reflected(at, size, alignCorners) : at
    return clipped(folded, size)
  }
  const raw = { x: position(0, w), y: position(1, h) }
  const sample = (): Tensor => {
    switch (mode) {
      case 'nearest':
        return pick(pixels, place(raw.x, w).detach().round(), place(raw.y, h).detach().round())
      case 'bilinear':
        return bilinear(pixels, place(raw.x, w), place(raw.y, h))
      case 'bicubic':
        return bicubic(pixels, raw.x, raw.y, place)
    }
  }
  const y = sample().reshape(n, c, height, width)
  return composed(y, 'gridSample', [x, grid], { mode, paddingMode, alignCorners })
}

interface Pixels {
  /** [n, c, h * w] */
  readonly values: Tensor
  readonly h: number
  readonly w: number
}

/** The pixels at whole positions [n, 1, m], zero outside: [n, c, m]. */
function pick({ values, h, w }: Pixels, column: Tensor, row: Tensor): Tensor {
  const inside = column
    .ge(0)
    .logicalAnd(column.le(w - 1))
    .logicalAnd(row.ge(0))
    .logicalAnd(row.le(h - 1))
  const safe = (at: Tensor): Tensor => where(inside, at, 0).to('int32')
  const index = safe(row).mul(w).add(safe(column))
  const [n, c] = values.shape as [number, number, number]
  const found = values.gather(2, index.expand(n, c, index.shape[2]!))
  return where(inside, found, 0)
}

function bilinear(pixels: Pixels, x: Tensor, y: Tensor): Tensor {
  const [left, top] = [x.detach().floor(), y.detach().floor()]
  const [right, bottom] = [x.sub(left), y.sub(top)]
  const corner = (dx: 0 | 1, dy: 0 | 1): Tensor => {
    const weight = (dx ? right : right.neg().add(1)).mul(dy ? bottom : bottom.neg().add(1))
    return pick(pixels, left.add(dx), top.add(dy)).mul(weight)
  }
  return corner(0, 0).add(corner(1, 0)).add(corner(0, 1)).add(corner(1, 1))
}

function bicubic(pixels: Pixels, x: Tensor, y: Tensor, place: (at: Tensor, size: number) => Tensor): Tensor {
  const [left, top] = [x.detach().floor(), y.detach().floor()]
  const [across, down] = [cubicWeights(x.sub(left)), cubicWeights(y.sub(top))]
  let total: Tensor | undefined
  for (const [j, vertical] of down.entries()) {
    const row = place(top.add(j - 1), pixels.h).round()
    let line: Tensor | undefined
    for (const [i, horizontal] of across.entries()) {
      const column = place(left.add(i - 1), pixels.w).round()
      const part = pick(pixels, column, row).mul(horizontal)
      line = line ? line.add(part) : part
    }
    const weighted = line!.mul(vertical)
    total = total ? total.add(weighted) : weighted
  }
  return total!
}

/** Weights of the four neighbours of a position `t` past the second; a = -0.75. */
function cubicWeights(t: Tensor): Tensor[] {
  const a = -0.75
  const near = (d: Tensor): Tensor =>
    d
      .mul(a + 2)
      .sub(a + 3)
      .mul(d)
      .mul(d)
      .add(1)
  const far = (d: Tensor): Tensor =>
    d
      .mul(a)
      .sub(5 * a)
      .mul(d)
      .add(8 * a)
      .mul(d)
      .sub(4 * a)
  const rest = t.neg().add(1)
  return [far(t.add(1)), near(t), near(rest), far(rest.add(1))]
}

/** Limits positions to 0..size - 1; no gradient flows at or beyond the ends. */
function clipped(at: Tensor, size: number): Tensor {
  return where(at.gt(0), where(at.ge(size - 1), size - 1, at), 0)
}

/** Folds positions at the centres (alignCorners) or the outer edges of the first and last pixels. */
function reflected(at: Tensor, size: number, alignCorners: boolean): Tensor {
  const low = alignCorners ? 0 : -0.5
  const span = alignCorners ? size - 1 : size
  if (span === 0) return at.mul(0)
  const distance = at.sub(low).abs()
  const extra = distance.remainder(span)
  const odd = distance.detach().div(span).floor().remainder(2).eq(1)
  return where(odd, extra.neg().add(span), extra).add(low)
}
