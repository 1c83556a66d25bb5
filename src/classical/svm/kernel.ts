import type { Tensor } from '../../tensor/index.ts'
import { tensor } from '../../tensor/index.ts'
import type { FloatRows } from '../numerics/float-products.ts'
import type { Matrix } from '../tables/matrix.ts'

export type KernelName = 'linear' | 'poly' | 'rbf' | 'sigmoid'

export const kernelNames: readonly KernelName[] = ['linear', 'poly', 'rbf', 'sigmoid']

/** A kernel with its numbers: linear xy, poly (gamma xy + coef0)^degree, rbf exp(-gamma |x - y|^2), sigmoid tanh(gamma xy + coef0). */
export interface Kernel {
  readonly name: KernelName
  readonly gamma: number
  readonly coef0: number
  readonly degree: number
}

/** The number that 'scale' (1 / (features * the variance of all numbers), 1 where that is 0) or 'auto' (1 / features) stands for. */
export function resolveGamma(gamma: number | 'scale' | 'auto', { data, columns }: Matrix): number {
  if (typeof gamma === 'number') return gamma
  if (gamma === 'auto') return 1 / columns
  let mean = 0
  for (const value of data) mean += value / data.length
  let variance = 0
  for (const value of data) variance += (value - mean) ** 2 / data.length
  return variance > 0 ? 1 / (columns * variance) : 1
}

/** The kernel of the row of `a` that starts at `from` and the row of `b` that starts at `to`, in float64. */
export type KernelFunction = (
  a: Float64Array,
  from: number,
  b: Float64Array,
  to: number,
  width: number,
) => number

export function kernelFunction({ name, gamma, coef0, degree }: Kernel): KernelFunction {
  switch (name) {
    case 'linear':
      return product
    case 'poly':
      return (a, from, b, to, width) => (gamma * product(a, from, b, to, width) + coef0) ** degree
    case 'sigmoid':
      return (a, from, b, to, width) => Math.tanh(gamma * product(a, from, b, to, width) + coef0)
    case 'rbf':
      return (a, from, b, to, width) => {
        let sum = 0
        for (let c = 0; c < width; c++) {
          const difference = a[from + c]! - b[to + c]!
          sum += difference * difference
        }
        return Math.exp(-gamma * sum)
      }
  }
}

function product(a: Float64Array, from: number, b: Float64Array, to: number, width: number): number {
  let sum = 0
  for (let c = 0; c < width; c++) sum += a[from + c]! * b[to + c]!
  return sum
}

/** Whether moving all samples alike leaves the kernel as it is. */
export function ignoresPosition({ name }: Kernel): boolean {
  return name === 'rbf'
}

/**
 * The kernel of rows with all of `floats`, in float32 on the engine: a tensor [rows, floats.rows].
 * @param lengths The rows' lengths, moved and scaled.
 */
export function kernelOfProducts(
  kernel: Kernel,
  floats: FloatRows,
  rows: Tensor,
  lengths: ArrayLike<number>,
): Tensor {
  // Numbers that differ from fit to fit are inputs, not constants: these would make each fit a program of its own.
  const products = floats.productsWith(rows)
  const unit = floats.scale ** 2
  const { gamma, coef0, degree } = kernel
  switch (kernel.name) {
    case 'linear':
      return products.mul(tensor([1 / unit]))
    case 'poly': {
      const base = products.mul(tensor([gamma / unit])).add(tensor([coef0]))
      return integerPower(base, degree)
    }
    case 'sigmoid':
      return products
        .mul(tensor([gamma / unit]))
        .add(tensor([coef0]))
        .tanh()
    case 'rbf': {
      const square = (length: number) => (-gamma / unit) * length * length
      const left = tensor(Float32Array.from(lengths, square), [lengths.length, 1])
      const right = tensor(Float32Array.from(floats.lengths, square), [1, floats.rows])
      return products
        .mul(tensor([(2 * gamma) / unit]))
        .add(left)
        .add(right)
        .exp()
    }
  }
}

function integerPower(base: Tensor, exponent: number): Tensor {
  if (exponent === 0) return base.mul(0).add(1)
  let result = base
  for (let i = 1; i < exponent; i++) result = result.mul(base)
  return result
}

/** About how far off a kernel value in float32 is, as a standard deviation, for rows as long as these. */
export function floatError(kernel: Kernel, floats: FloatRows, longest: number): number {
  const product =
    (longest * floats.lengths.reduce((most, each) => Math.max(most, each), 0)) / floats.scale ** 2
  const { gamma, coef0, degree } = kernel
  const slope = {
    linear: product,
    poly: degree * (gamma * product + Math.abs(coef0)) ** degree,
    sigmoid: gamma * product,
    rbf: 2 * gamma * product,
  }[kernel.name]
  return slope * Math.sqrt(floats.width) * 2 ** -24
}
