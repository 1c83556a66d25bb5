import { F, Module } from '../../nn/index.ts'
import { concat, type Tensor } from '../../tensor/index.ts'

/**
 * Spatial pyramid pooling (He et al. 2014): the maxima of `bins` by `bins` windows for each level of the pyramid, so that maps
 * of any size give a vector of the same length. [batch, channels, height, width] to [batch, channels * sum of bins squared],
 * level by level in the order given, each in the order channels, rows, columns.
 *
 * Of a side of length a, n windows are ceil(a / n) wide and floor(a / n) apart (section 2.3) where that gives n of them, as it
 * does for maps of 13 and 14 in 1, 2, 3, 6 or 7; otherwise, such as for 10 in 6, window i spans floor(i a / n) to
 * ceil((i + 1) a / n), the rule of the paper's section on detection.
 */
export class SpatialPyramidPool2d extends Module {
  readonly bins: readonly number[]

  constructor(bins: readonly number[]) {
    super()
    if (bins.length === 0 || !bins.every((count) => Number.isInteger(count) && count >= 1)) {
      throw new RangeError(`SpatialPyramidPool2d: bins are integers >= 1, got [${bins.join(', ')}]`)
    }
    this.bins = [...bins]
  }

  /** The number of values that one channel gives. */
  get binsPerChannel(): number {
    return this.bins.reduce((sum, count) => sum + count * count, 0)
  }

  override forward(x: Tensor): Tensor {
    return concat(
      this.bins.map((count) => pooled(x, count).flatten(1)),
      1,
    )
  }

  override extraRepr(): string {
    return `[${this.bins.join(', ')}]`
  }
}

interface Windows {
  readonly size: number
  readonly stride: number
}

/** The windows of the first rule; undefined where it does not give as many as wanted. */
function windowsOf(side: number, count: number): Windows | undefined {
  const [size, stride] = [Math.ceil(side / count), Math.floor(side / count)]
  const fits = stride > 0 && Math.floor((side - size) / stride) + 1 === count
  return fits ? { size, stride } : undefined
}

function pooled(x: Tensor, count: number): Tensor {
  const [height, width] = x.shape.slice(2) as [number, number]
  const [rows, columns] = [windowsOf(height, count), windowsOf(width, count)]
  if (rows && columns) {
    return F.maxPool2d(x, [rows.size, columns.size], { stride: [rows.stride, columns.stride] })
  }
  const tall = rows
    ? F.maxPool2d(x, [rows.size, 1], { stride: [rows.stride, 1] })
    : F.adaptiveMaxPool2d(x, [count, width])
  return columns
    ? F.maxPool2d(tall, [1, columns.size], { stride: [1, columns.stride] })
    : F.adaptiveMaxPool2d(tall, [count, count])
}
