import { noGrad, type Tensor } from '../tensor/index.ts'

/** Whether no element is NaN or infinite: a bool of rank 0. */
export function allFinite(tensor: Tensor): Tensor {
  // x - x is 0 for finite x alone.
  return noGrad(() => tensor.sub(tensor).eq(0).all())
}
