import { float, int, ints } from '../../onnx/model.ts'
import type { Blob, Layer } from './graph.ts'
import { binary, elementwise, power } from './operators.ts'

/** Local response normalization over channels; alpha is over the size of the window. */
export function responseNormalization(
  layer: Layer,
  x: Blob,
  size: number,
  alpha: number,
  beta: number,
  bias: number,
): Blob {
  if (!(Number.isInteger(size) && size >= 1 && size % 2 === 1 && size < 2 ** 16)) {
    layer.fail(`normalizes over ${size} channels; it must be an odd number`)
  }
  return elementwise(layer, 'LRN', x, {
    size: int(size),
    alpha: float(alpha),
    beta: float(beta),
    bias: float(bias),
  })
}

/** Local response normalization over a square of each channel: x (bias + alpha mean(x²)) ** -beta, zeros beyond the edge. */
export function responseNormalizationWithin(
  layer: Layer,
  x: Blob,
  size: number,
  alpha: number,
  beta: number,
  bias: number,
): Blob {
  if (!(Number.isInteger(size) && size >= 1 && size < 2 ** 16)) layer.fail(`has windows of ${size}`)
  const before = Math.floor(size / 2)
  const pads = [before, before, size - before - 1, size - before - 1]
  const squares = binary(layer, 'Mul', x, x)
  const mean = elementwise(layer, 'AveragePool', squares, {
    kernel_shape: ints([size, size]),
    strides: ints([1, 1]),
    pads: ints(pads),
    count_include_pad: int(1),
  })
  return binary(layer, 'Mul', x, power(layer, mean, -beta, alpha, bias))
}

/** A blob without its mean, and divided by its deviation (plus epsilon) if wanted, over the axes given. */
export function meanVarianceNormalization(
  layer: Layer,
  x: Blob,
  axes: readonly number[],
  variance: boolean,
  epsilon: number,
): Blob {
  const reduced = x.shape.map((extent, i) => (axes.includes(i) ? 1 : extent))
  const mean = (of: Blob): Blob =>
    layer.add('ReduceMean', [of], reduced, { axes: ints(axes), keepdims: int(1) })
  const centred = binary(layer, 'Sub', x, mean(x))
  if (!variance) return centred
  const deviation = elementwise(layer, 'Sqrt', mean(binary(layer, 'Mul', centred, centred)))
  return binary(layer, 'Div', centred, binary(layer, 'Add', deviation, layer.scalar(epsilon)))
}

/** How the norm that a blob is divided by is kept from zero: under the root, after it, or the larger of squares and epsilon. */
export type NormGuard = 'add' | 'clampNorm' | 'clampSquares'

/** A blob over its Euclidean norm along the axes given. */
export function euclideanNormalization(
  layer: Layer,
  x: Blob,
  axes: readonly number[],
  epsilon: number,
  guard: NormGuard,
): Blob {
  const reduced = x.shape.map((extent, i) => (axes.includes(i) ? 1 : extent))
  const squares = layer.add('ReduceSum', [binary(layer, 'Mul', x, x), layer.list(axes)], reduced, {
    keepdims: int(1),
  })
  const most = (of: Blob): Blob => binary(layer, 'Max', of, layer.scalar(epsilon))
  const root = (of: Blob): Blob => elementwise(layer, 'Sqrt', of)
  if (guard === 'add') return binary(layer, 'Div', x, root(power(layer, squares, 1, 1, epsilon)))
  return binary(layer, 'Div', x, guard === 'clampNorm' ? most(root(squares)) : root(most(squares)))
}
