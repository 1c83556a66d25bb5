import type { DType } from '../graph/dtype.ts'
import type { Layout } from '../graph/node.ts'
import { type Shape, sizeOf, stridesOf } from '../graph/shape.ts'
import type { Image, Matrix, SlotId } from './program.ts'

/** A value as it lies in memory: element i is at offset + sum of i_d * strides[d], counted in elements of the dtype. */
export interface View {
  readonly slot: SlotId
  readonly dtype: DType
  readonly offset: number
  readonly shape: Shape
  readonly strides: readonly number[]
}

export function denseView(slot: SlotId, dtype: DType, shape: Shape): View {
  return { slot, dtype, offset: 0, shape, strides: stridesOf(shape) }
}

/** Whether the elements follow one another in row-major order. */
export function isDense({ shape, strides }: Pick<View, 'shape' | 'strides'>): boolean {
  let expected = 1
  for (let d = shape.length - 1; d >= 0; d--) {
    if (shape[d] === 1) continue
    if (strides[d] !== expected) return sizeOf(shape) === 0
    expected *= shape[d]!
  }
  return true
}

/** The part [starts, starts + shape) of a view. */
export function partOfView(view: View, starts: readonly number[], shape: Shape): View {
  let offset = view.offset
  for (const [d, start] of starts.entries()) offset += start * view.strides[d]!
  return { ...view, offset, shape }
}

/** The view under another shape, if strides can say it; otherwise null. */
export function reshapedView(view: View, shape: Shape): View | null {
  if (isDense(view)) return { ...view, shape, strides: stridesOf(shape) }
  if (sizeOf(shape) === 0) return { ...view, shape, strides: stridesOf(shape) }
  const strides = new Array<number>(shape.length).fill(0)
  const old = view.shape.flatMap((size, d) => (size === 1 ? [] : [{ size, stride: view.strides[d]! }]))
  let from = 0
  let to = 0
  while (from < old.length) {
    let size = old[from]!.size
    let wanted = 1
    const first = to
    const start = from
    while (wanted !== size) {
      if (wanted < size) {
        if (to === shape.length) return null
        wanted *= shape[to++]!
      } else {
        from++
        if (from === old.length) return null
        size *= old[from]!.size
      }
    }
    for (let d = start; d < from; d++) {
      if (old[d]!.stride !== old[d + 1]!.stride * old[d + 1]!.size) return null
    }
    let stride = old[from]!.stride
    for (let d = to - 1; d >= first; d--) {
      strides[d] = stride
      stride *= shape[d]!
    }
    from++
  }
  return { ...view, shape, strides }
}

/** The view as an image of an instruction, if it is one: pixels apart by any distance in nhwc, dense in nchw. */
export function imageOfView(view: View, layout: Layout): Image | null {
  const { slot, offset, shape, strides } = view
  if (layout === 'nchw') {
    const [n, c, h, w] = shape as [number, number, number, number]
    return isDense(view) ? { slot, offset, n, c, h, w, pixelStride: c } : null
  }
  const [n, h, w, c] = shape as [number, number, number, number]
  if (c > 1 && strides[3] !== 1) return null
  const pixelStride = w > 1 ? strides[2]! : h > 1 ? strides[1]! : n > 1 ? strides[0]! : c
  const fits =
    pixelStride >= c &&
    (w === 1 || strides[2] === pixelStride) &&
    (h === 1 || strides[1] === w * pixelStride) &&
    (n === 1 || strides[0] === h * w * pixelStride)
  return fits ? { slot, offset, n, c, h, w, pixelStride } : null
}

export interface MatrixView {
  readonly matrix: Matrix
  readonly batchStride: number
  readonly transposed: boolean
}

/** The last two dimensions as a matrix or a transposed one, the others as evenly spaced batches; null if they are not. */
export function matrixOfView(view: View): MatrixView | null {
  const { slot, offset, shape, strides } = view
  const rank = shape.length
  const [rows, columns] = [shape[rank - 2]!, shape[rank - 1]!]
  const [rowStride, columnStride] = [strides[rank - 2]!, strides[rank - 1]!]
  let batchStride = 0
  let expected: number | null = null
  for (let d = rank - 3; d >= 0; d--) {
    if (shape[d] === 1) continue
    if (expected === null) batchStride = strides[d]!
    else if (strides[d] !== expected) return null
    expected = strides[d]! * shape[d]!
  }
  if (batchStride < 0) return null
  const matrix = (stride: number): Matrix => ({ slot, offset, stride })
  if ((columns === 1 || columnStride === 1) && (rows === 1 || rowStride >= columns)) {
    return { matrix: matrix(rows === 1 ? columns : rowStride), batchStride, transposed: false }
  }
  if ((rows === 1 || rowStride === 1) && (columns === 1 || columnStride >= rows)) {
    return { matrix: matrix(columns === 1 ? rows : columnStride), batchStride, transposed: true }
  }
  return null
}
