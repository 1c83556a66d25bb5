import type { Conv2dAttrs, Layout } from '../../graph/node.ts'
import { type ImageShape, imageShape } from '../../graph/ops/index.ts'
import { type Shape, sizeOf } from '../../graph/shape.ts'
import type { KernelTable, Value } from './kernel.ts'

/** An image batch with its strides, whatever its layout. */
interface View extends ImageShape {
  readonly data: Value
  readonly batch: number
  readonly channel: number
  readonly row: number
  readonly column: number
}

function view(data: Value, shape: Shape, layout: Layout): View {
  const { n, c, h, w } = imageShape('convolution', shape, layout)
  return layout === 'nchw'
    ? { data, n, c, h, w, batch: c * h * w, channel: h * w, row: w, column: 1 }
    : { data, n, c, h, w, batch: h * w * c, channel: 1, row: w * c, column: c }
}

/**
 * Calls fn for each output row and weight that meet in some input row: with the places of the first output, of the input
 * it reads, and how many outputs of the row read inside the image, `stepY` and `stepX` apart.
 */
function taps(
  x: View,
  y: View,
  weight: Shape,
  attrs: Conv2dAttrs,
  fn: (w: number, xAt: number, yAt: number, count: number, stepX: number, stepY: number) => void,
): void {
  const [outChannels, perGroup, kh, kw] = weight as [number, number, number, number]
  const perGroupOut = outChannels / attrs.groups
  const [strideH, strideW] = attrs.stride
  const [dilationH, dilationW] = attrs.dilation
  const [top, , left] = attrs.padding
  for (let n = 0; n < y.n; n++) {
    for (let o = 0; o < outChannels; o++) {
      const firstChannel = Math.floor(o / perGroupOut) * perGroup
      for (let c = 0; c < perGroup; c++) {
        for (let ky = 0; ky < kh; ky++) {
          for (let kx = 0; kx < kw; kx++) {
            const shift = kx * dilationW - left
            const from = Math.max(0, Math.ceil(-shift / strideW))
            const to = Math.min(y.w - 1, Math.floor((x.w - 1 - shift) / strideW))
            if (to < from) continue
            const w = ((o * perGroup + c) * kh + ky) * kw + kx
            for (let oy = 0; oy < y.h; oy++) {
              const iy = oy * strideH + ky * dilationH - top
              if (iy < 0 || iy >= x.h) continue
              const xAt =
                n * x.batch +
                (firstChannel + c) * x.channel +
                iy * x.row +
                (from * strideW + shift) * x.column
              const yAt = n * y.batch + o * y.channel + oy * y.row + from * y.column
              fn(w, xAt, yAt, to - from + 1, strideW * x.column, y.column)
            }
          }
        }
      }
    }
  }
}

export const convolutionKernels: KernelTable<'conv2d' | 'conv2dInputGrad' | 'conv2dWeightGrad'> = {
  conv2d: (node, [xData, weight]) => {
    const out = new Float64Array(sizeOf(node.shape))
    const { layout } = node.attrs
    const x = view(xData!, node.inputs[0]!.shape, layout)
    const y = view(out, node.shape, layout)
    taps(x, y, node.inputs[1]!.shape, node.attrs, (w, xAt, yAt, count, stepX, stepY) => {
      const value = weight![w]!
      for (let i = 0; i < count; i++) out[yAt + i * stepY]! += value * x.data[xAt + i * stepX]!
    })
    return out
  },
  conv2dInputGrad: (node, [dyData, weight]) => {
    const out = new Float64Array(sizeOf(node.shape))
    const { layout } = node.attrs
    const x = view(out, node.shape, layout)
    const y = view(dyData!, node.inputs[0]!.shape, layout)
    taps(x, y, node.inputs[1]!.shape, node.attrs, (w, xAt, yAt, count, stepX, stepY) => {
      const value = weight![w]!
      for (let i = 0; i < count; i++) out[xAt + i * stepX]! += value * y.data[yAt + i * stepY]!
    })
    return out
  },
  conv2dWeightGrad: (node, [xData, dyData]) => {
    const out = new Float64Array(sizeOf(node.shape))
    const { layout } = node.attrs
    const x = view(xData!, node.inputs[0]!.shape, layout)
    const y = view(dyData!, node.inputs[1]!.shape, layout)
    taps(x, y, node.shape, node.attrs, (w, xAt, yAt, count, stepX, stepY) => {
      let sum = 0
      for (let i = 0; i < count; i++) sum += x.data[xAt + i * stepX]! * y.data[yAt + i * stepY]!
      out[w]! += sum
    })
    return out
  },
}
