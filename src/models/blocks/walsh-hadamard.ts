import { ShapeError } from '../../graph/shape.ts'
import { stack, type Tensor } from '../../tensor/index.ts'

/**
 * The Walsh-Hadamard transform of the last axis, whose length n is a power of two: the product with the matrix whose element
 * i, j is minus one to the number of bits that i and j share. Not normalized: twice the transform is n times the input. By
 * log2(n) rounds of sums and differences, n log2(n) additions in all.
 */
export function walshHadamard(x: Tensor): Tensor {
  const length = x.shape.at(-1) ?? 0
  if (length < 1 || (length & (length - 1)) !== 0) {
    throw new ShapeError(`walshHadamard: the last axis must have a power of two elements, got ${length}`)
  }
  const rows = x.size / length
  let y = x
  for (let half = 1; half < length; half *= 2) {
    const pairs = y.reshape(rows, length / (2 * half), 2, half)
    const [a, b] = [pairs.select(2, 0), pairs.select(2, 1)]
    y = stack([a.add(b), a.sub(b)], 2)
  }
  return y.reshape(x.shape)
}
