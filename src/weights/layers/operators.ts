import { type Attributes, float, int, ints } from '../../onnx/model.ts'
import type { Blob, Extent, Layer } from './graph.ts'

/** An operator on each element alone. */
export function elementwise(layer: Layer, op: string, x: Blob, attributes: Attributes = {}): Blob {
  return layer.add(op, [x], x.shape, attributes)
}

/** An operator on two values of which the second broadcasts into the first. */
export function binary(layer: Layer, op: string, a: Blob, b: Blob | string): Blob {
  return layer.add(op, [a, b], a.shape)
}

/** x for x > 0, else slope x. */
export function relu(layer: Layer, x: Blob, slope = 0): Blob {
  return slope === 0
    ? elementwise(layer, 'Relu', x)
    : elementwise(layer, 'LeakyRelu', x, { alpha: float(slope) })
}

/** Between two bounds, of which an infinite one, or the largest 32-bit float, is none. */
export function clip(layer: Layer, x: Blob, low: number, high: number): Blob {
  const most = 3.4e38
  return layer.add(
    'Clip',
    [x, low > -most ? layer.scalar(low) : '', high < most ? layer.scalar(high) : ''],
    x.shape,
  )
}

/** min(max(alpha x + beta, 0), 1). */
export function hardSigmoid(layer: Layer, x: Blob, alpha: number, beta: number): Blob {
  return elementwise(layer, 'HardSigmoid', x, { alpha: float(alpha), beta: float(beta) })
}

/** x hardSigmoid(x). */
export function hardSwish(layer: Layer, x: Blob, alpha: number, beta: number): Blob {
  return binary(layer, 'Mul', x, hardSigmoid(layer, x, alpha, beta))
}

/** x sigmoid(beta x). */
export function swish(layer: Layer, x: Blob, beta = 1): Blob {
  const scaled = beta === 1 ? x : binary(layer, 'Mul', x, layer.scalar(beta))
  return binary(layer, 'Mul', x, elementwise(layer, 'Sigmoid', scaled))
}

/** x tanh(log(1 + exp x)). */
export function mish(layer: Layer, x: Blob): Blob {
  return binary(layer, 'Mul', x, elementwise(layer, 'Tanh', elementwise(layer, 'Softplus', x)))
}

/** (scale x + shift) ** power. */
export function power(layer: Layer, x: Blob, exponent: number, scale: number, shift: number): Blob {
  let out = scale === 1 ? x : binary(layer, 'Mul', x, layer.scalar(scale))
  if (shift !== 0) out = binary(layer, 'Add', out, layer.scalar(shift))
  return exponent === 1 ? out : binary(layer, 'Pow', out, layer.scalar(exponent))
}

/** base ** (scale x + shift); the base e where it is not positive. */
export function exponential(layer: Layer, x: Blob, base: number, scale: number, shift: number): Blob {
  const factor = base > 0 ? Math.log(base) : 1
  return elementwise(layer, 'Exp', power(layer, x, 1, scale * factor, shift * factor))
}

/** log of (scale x + shift) to the base; the base e where it is not positive. */
export function logarithm(layer: Layer, x: Blob, base: number, scale: number, shift: number): Blob {
  const log = elementwise(layer, 'Log', power(layer, x, 1, scale, shift))
  return base > 0 ? binary(layer, 'Mul', log, layer.scalar(1 / Math.log(base))) : log
}

/** Adds, multiplies or takes the largest of blobs of one shape; a sum can weigh them. */
export function combine(layer: Layer, how: 'Add' | 'Mul' | 'Max', coefficients: readonly number[]): Blob {
  const count = layer.inputs.length
  if (count < 2) layer.fail(`combines ${count} blobs; it takes two or more`)
  if (coefficients.length > 0 && coefficients.length !== count) {
    layer.fail(`has ${coefficients.length} coefficients for ${count} blobs`)
  }
  const terms = layer.inputs.map((input, i) => {
    const coefficient = how === 'Add' ? (coefficients[i] ?? 1) : 1
    return coefficient === 1 ? input : binary(layer, 'Mul', input, layer.scalar(coefficient))
  })
  return terms.reduce((sum, term) => binary(layer, how, sum, term))
}

export function concat(layer: Layer, axis: number): Blob {
  const first = layer.input()
  const at = layer.axis(axis, first.shape.length)
  let extent: Extent = 0
  for (const { shape } of layer.inputs) {
    if (shape.length !== first.shape.length) {
      layer.fail(`joins blobs of ${first.shape.length} and ${shape.length} dimensions`)
    }
    const more: Extent = shape[at]!
    extent = extent === null || more === null ? null : extent + more
  }
  return layer.add('Concat', layer.inputs, first.shape.with(at, extent), { axis: int(at) })
}

/** Cuts into parts of the given sizes, null standing for equal shares of what is left. */
export function split(layer: Layer, axis: number, sizes: readonly Extent[]): Blob[] {
  const x = layer.input()
  const at = layer.axis(axis)
  const whole = x.shape[at]!
  const open = sizes.filter((size) => size === null).length
  const fixed = sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0)
  if (whole === null) {
    if (open !== sizes.length) layer.fail('cuts a blob whose size the file does not say')
    return layer.graph.addMany(
      'Split',
      [x],
      sizes.map(() => x.shape),
      { axis: int(at) },
      layer.name,
    )
  }
  const share = open === 0 ? 0 : (whole - fixed) / open
  const known = sizes.map((size) => size ?? share)
  if (known.some((size) => !Number.isInteger(size) || size < 1) || fixed + share * open !== whole) {
    layer.fail(`cuts ${whole} into ${sizes.length} parts that do not make it up`)
  }
  const shapes = known.map((size) => x.shape.with(at, size))
  return layer.graph.addMany('Split', [x, layer.list(known)], shapes, { axis: int(at) }, layer.name)
}

export function softmax(layer: Layer, x: Blob, axis: number): Blob {
  return elementwise(layer, 'Softmax', x, { axis: int(layer.axis(axis, x.shape.length)) })
}

export function transpose(layer: Layer, x: Blob, order: readonly number[]): Blob {
  const rank = x.shape.length
  if (order.length !== rank || new Set(order).size !== rank || order.some((at) => !(at >= 0 && at < rank))) {
    layer.fail(`permutes ${rank} dimensions by [${order.join(', ')}]`)
  }
  return layer.add(
    'Transpose',
    [x],
    order.map((at) => x.shape[at]!),
    { perm: ints(order) },
  )
}

/** The number of elements past the batch; null where a size is not known. */
export function itemSize(shape: readonly Extent[]): Extent {
  return shape.slice(1).reduce((size, extent) => (size === null || extent === null ? null : size * extent), 1)
}

/** [n, everything else]. */
export function flatten(layer: Layer, x: Blob): Blob {
  return layer.add('Flatten', [x], [x.shape[0]!, itemSize(x.shape)], { axis: int(1) })
}

/**
 * A blob in another shape: sizes as in ONNX's Reshape, 0 keeping the one at its place and -1 taking what is left.
 * @param shape What is known of the result.
 */
export function reshape(layer: Layer, x: Blob, sizes: readonly number[], shape: readonly Extent[]): Blob {
  return layer.add('Reshape', [x, layer.list(sizes)], shape)
}

/** Images times weights [c] along an axis, or plus them, as a node that broadcasts. */
export function alongAxis(
  layer: Layer,
  op: 'Mul' | 'Add',
  x: Blob,
  operand: string,
  extents: readonly number[],
  axis: number,
): Blob {
  const trailing = x.shape.length - axis - extents.length
  if (trailing < 0)
    layer.fail(`has ${extents.length} dimensions of weights from axis ${axis} of ${x.shape.length}`)
  extents.forEach((extent, i) => {
    const has = x.shape[axis + i]
    if (has !== null && has !== extent) layer.fail(`has ${extent} weights for ${has} channels`)
  })
  if (trailing === 0) return binary(layer, op, x, operand)
  const spread = [...extents, ...Array<number>(trailing).fill(1)]
  return binary(layer, op, x, layer.add('Reshape', [operand, layer.list(spread)], spread))
}

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

/** The part of a blob that each range says: its axis, from where to where. Ends may be negative or beyond the blob's. */
export function slice(
  layer: Layer,
  x: Blob,
  ranges: readonly (readonly [axis: number, start: number, end: number])[],
): Blob {
  let shape: readonly Extent[] = x.shape
  for (const [axis, start, end] of ranges) {
    const whole = x.shape[axis]!
    if (whole === null) {
      shape = shape.with(axis, start >= 0 && end > start && end < open ? end - start : null)
      continue
    }
    const [from, until] = [start, end].map((at) => Math.min(at < 0 ? at + whole : at, whole)) as [
      number,
      number,
    ]
    if (from < 0 || until <= from) layer.fail(`takes [${start}, ${end}) of ${whole}`)
    shape = shape.with(axis, until - from)
  }
  const operands = [1, 2, 0].map((column) => layer.list(ranges.map((range) => range[column]!)))
  return layer.add('Slice', [x, ...operands], shape)
}

/** An end of a slice that stands for that of the blob. */
export const open: number = 2 ** 31 - 1

/** Channels in groups [g, c / g] become [c / g, g]. */
export function shuffleChannels(layer: Layer, x: Blob, groups: number): Blob {
  const channels = x.shape[1]!
  if (channels === null) return layer.fail('shuffles channels of which the file gives no number')
  const perGroup = channels / groups
  if (!Number.isInteger(perGroup) || groups < 1)
    layer.fail(`shuffles ${channels} channels in ${groups} groups`)
  const rest = x.shape.slice(2)
  const grouped = [x.shape[0]!, groups, perGroup, itemSize([null, ...rest])]
  const cut = reshape(layer, x, [0, groups, perGroup, -1], grouped)
  const turned = transpose(layer, cut, [0, 2, 1, 3])
  if (rest.filter((extent) => extent === null).length <= 1) {
    return reshape(layer, turned, [0, channels, ...rest.map((extent) => extent ?? -1)], x.shape)
  }
  return layer.add('Reshape', [turned, layer.add('Shape', [x], [x.shape.length])], x.shape)
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
