import { formatShape, ShapeError, sameShape } from '../../graph/shape.ts'
import type { Tensor } from '../../tensor/tensor.ts'

export type Reduction = 'none' | 'mean' | 'sum'

export interface LossOptions {
  /** Default 'mean'. */
  readonly reduction?: Reduction
}

export function reduced(loss: Tensor, reduction: Reduction): Tensor {
  switch (reduction) {
    case 'none':
      return loss
    case 'mean':
      return loss.mean()
    case 'sum':
      return loss.sum()
    default:
      throw new TypeError(
        `the reduction is '${reduction satisfies never}'; it must be 'none', 'mean' or 'sum'`,
      )
  }
}

/** Broadcasting a target over an input is nearly always a mistake, such as [n, 1] against [n]. */
export function checkSameShape(op: string, input: Tensor, target: Tensor): void {
  if (sameShape(input.shape, target.shape)) return
  throw new ShapeError(
    `${op}: the input is ${formatShape(input.shape)} but the target ${formatShape(target.shape)}; ` +
      'they must be equal (reshape or expand one)',
  )
}
