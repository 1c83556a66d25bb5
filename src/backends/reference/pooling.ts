import type { Layout } from '../../graph/node.ts'
import { type ImageShape, imageShape } from '../../graph/ops/index.ts'
import { sizeOf } from '../../graph/shape.ts'
import type { KernelTable } from './kernel.ts'

/** The place of pixel p (row times width plus column) of a plane. */
function placeOf({ c, h, w }: ImageShape, layout: Layout, n: number, channel: number, pixel: number): number {
  return layout === 'nchw' ? (n * c + channel) * h * w + pixel : (n * h * w + pixel) * c + channel
}

export const poolingKernels: KernelTable<'maxPool2dIndices' | 'poolGather' | 'poolScatter'> = {
  maxPool2dIndices: (node, [x]) => {
    const { kernel, stride, padding, dilation, layout } = node.attrs
    const from = imageShape('maxPool2d', node.inputs[0]!.shape, layout)
    const to = imageShape('maxPool2d', node.shape, layout)
    const out = new Float64Array(sizeOf(node.shape))
    for (let n = 0; n < to.n; n++) {
      for (let c = 0; c < to.c; c++) {
        for (let oy = 0; oy < to.h; oy++) {
          for (let ox = 0; ox < to.w; ox++) {
            let best = Number.NEGATIVE_INFINITY
            let found = -1
            for (let ky = 0; ky < kernel[0]; ky++) {
              const iy = oy * stride[0] + ky * dilation[0] - padding[0]
              if (iy < 0 || iy >= from.h) continue
              for (let kx = 0; kx < kernel[1]; kx++) {
                const ix = ox * stride[1] + kx * dilation[1] - padding[2]
                if (ix < 0 || ix >= from.w) continue
                const value = x![placeOf(from, layout, n, c, iy * from.w + ix)]!
                const isLarger = value > best || (Number.isNaN(value) && !Number.isNaN(best))
                if (found < 0 || isLarger) {
                  best = value
                  found = iy * from.w + ix
                }
              }
            }
            out[placeOf(to, layout, n, c, oy * to.w + ox)] = found
          }
        }
      }
    }
    return out
  },
  poolGather: (node, [x, indices]) => {
    const { layout } = node.attrs
    const from = imageShape('poolGather', node.inputs[0]!.shape, layout)
    const to = imageShape('poolGather', node.shape, layout)
    const out = new Float64Array(sizeOf(node.shape))
    eachPixel(to, (n, c, pixel) => {
      const at = placeOf(to, layout, n, c, pixel)
      out[at] = x![placeOf(from, layout, n, c, indices![at]!)]!
    })
    return out
  },
  poolScatter: (node, [y, indices]) => {
    const { layout } = node.attrs
    const from = imageShape('poolScatter', node.inputs[0]!.shape, layout)
    const to = imageShape('poolScatter', node.shape, layout)
    const out = new Float64Array(sizeOf(node.shape))
    eachPixel(from, (n, c, pixel) => {
      const at = placeOf(from, layout, n, c, pixel)
      out[placeOf(to, layout, n, c, indices![at]!)]! += y![at]!
    })
    return out
  },
}

function eachPixel({ n, c, h, w }: ImageShape, fn: (n: number, c: number, pixel: number) => void): void {
  for (let i = 0; i < n; i++) for (let j = 0; j < c; j++) for (let p = 0; p < h * w; p++) fn(i, j, p)
}
