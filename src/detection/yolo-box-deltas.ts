import { type Tensor, where } from '../tensor/index.ts'
import { darknetOverlapGradient, type TensorBoxes } from './overlap-gradient.ts'
import type { completeOptions } from './yolo-options.ts'

/** The size of a box over the image's; none is that large, but Darknet's own exponential would be infinite. */
export function sizeOf(extent: Tensor, anchor: Tensor): Tensor {
  return extent.clamp(undefined, 80).exp().mul(anchor)
}

/** Boxes and the objects that they are to find, each [batch, entries] or broadcast to it. */
export interface Entries {
  readonly truth: TensorBoxes
  readonly box: TensorBoxes
  /** What the layer gives: the centre within the cell, and the logarithms of the size over the anchor's. */
  readonly outputs: readonly Tensor[]
  readonly cellX: Tensor
  readonly cellY: Tensor
  /** Over the image's sides. */
  readonly anchorWidth: Tensor
  readonly anchorHeight: Tensor
  readonly rows: number
  readonly columns: number
}

/** Where the four numbers of each box should go. */
export function boxDeltasOf(entry: Entries, options: ReturnType<typeof completeOptions>): Tensor[] {
  const { truth, box, outputs, columns, rows } = entry
  if (options.boxLoss === 'mse') {
    // Small boxes count more.
    const weight = truth.width.mul(truth.height).neg().add(2).mul(options.iouNormalizer)
    const wanted = [
      truth.x.mul(columns).sub(entry.cellX),
      truth.y.mul(rows).sub(entry.cellY),
      truth.width.div(entry.anchorWidth).log(),
      truth.height.div(entry.anchorHeight).log(),
    ]
    return wanted.map((value, i) => value.sub(outputs[i]!).mul(weight))
  }
  const nonzero = { ...box, width: whole(box.width), height: whole(box.height) }
  const { x, y, width, height } = darknetOverlapGradient(options.boxLoss, nonzero, truth)
  const growth = (i: number): Tensor => outputs[i]!.clamp(undefined, 80).exp()
  return [x, y, width.mul(growth(2)), height.mul(growth(3))].map((delta) => {
    const scaled = delta.mul(options.iouNormalizer)
    // NaN is below nothing.
    const finite = where(scaled.abs().lt(Number.POSITIVE_INFINITY), scaled, 0)
    const { maxDelta } = options
    return maxDelta === undefined ? finite : finite.clamp(-maxDelta, maxDelta)
  })
}

function whole(size: Tensor): Tensor {
  return where(size.gt(0), size, 1)
}
