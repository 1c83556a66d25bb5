import type { TypedArray } from '../graph/dtype.ts'
import { formatShape, ShapeError, sizeOf } from '../graph/shape.ts'
import { type Generator, getDefaultGenerator } from '../tensor/generator.ts'
import type { Tensor } from '../tensor/tensor.ts'
import { fillTruncated, orthonormalRows } from './init-numbers.ts'

/** Functions that the gain of an initialization may be fitted to. */
export type Nonlinearity = 'linear' | 'conv1d' | 'conv2d' | 'sigmoid' | 'tanh' | 'relu' | 'leakyRelu' | 'selu'

export interface RandomInitOptions {
  /** Draws from the default generator unless given. */
  readonly generator?: Generator
}

export interface XavierOptions extends RandomInitOptions {
  readonly gain?: number
}

export interface KaimingOptions extends RandomInitOptions {
  /** Slope of the leaky ReLU that follows; default 0. */
  readonly a?: number
  /** 'fanIn' (default) keeps the variance going forward, 'fanOut' going backward. */
  readonly mode?: 'fanIn' | 'fanOut'
  /** Default 'leakyRelu', which with a = 0 is ReLU. */
  readonly nonlinearity?: Nonlinearity
}

let skipping = false

/**
 * Runs fn (synchronous) leaving random initialization out, and the generator where it is. Values that are loaded over cost
 * nothing without this too: they are drawn when first needed.
 */
export function skipInit<T>(fn: () => T): T {
  const before = skipping
  skipping = true
  try {
    return fn()
  } finally {
    skipping = before
  }
}

/**
 * Gives the tensor values drawn when they are first needed, from a generator of their own that is split off now: they depend
 * on the seed and on the initializations before this one, not on when or whether any of them is used.
 */
function draw(
  tensor: Tensor,
  options: RandomInitOptions,
  write: (values: TypedArray, generator: Generator) => void,
): Tensor {
  if (skipping) return tensor
  const own = (options.generator ?? getDefaultGenerator()).split()
  return tensor.loadLazily((values) => write(values, own))
}

function fillByIndex(tensor: Tensor, valueAt: (index: number) => number): Tensor {
  return tensor.loadLazily((values) => {
    for (let i = 0; i < values.length; i++) values[i] = valueAt(i)
  })
}

/** Uniform in [low, high). */
export function uniform(tensor: Tensor, low = 0, high = 1, options: RandomInitOptions = {}): Tensor {
  return draw(tensor, options, (values, generator) => generator.fillUniform(values, low, high))
}

export function normal(tensor: Tensor, mean = 0, std = 1, options: RandomInitOptions = {}): Tensor {
  return draw(tensor, options, (values, generator) => generator.fillNormal(values, mean, std))
}

export interface TruncNormalOptions extends RandomInitOptions {
  readonly mean?: number
  readonly std?: number
  /** Lower bound; default -2, not in units of std. */
  readonly a?: number
  /** Upper bound; default 2. */
  readonly b?: number
}

/** Normally distributed, limited to a..b by drawing again. */
export function truncNormal(tensor: Tensor, options: TruncNormalOptions = {}): Tensor {
  const { mean = 0, std = 1, a = -2, b = 2 } = options
  if (!(a < b) || !(std > 0)) {
    throw new RangeError(`truncNormal: needs a < b and std > 0, got a = ${a}, b = ${b}, std = ${std}`)
  }
  return draw(tensor, options, (values, generator) => fillTruncated(generator, values, mean, std, a, b))
}

export function constant(tensor: Tensor, value: number): Tensor {
  return tensor.loadLazily((values) => void values.fill(value))
}

export function ones(tensor: Tensor): Tensor {
  return constant(tensor, 1)
}

export function zeros(tensor: Tensor): Tensor {
  return constant(tensor, 0)
}

/** 1 on the diagonal of a matrix. */
export function eye(tensor: Tensor): Tensor {
  const columns = matrixOf('eye', tensor)[1]
  return fillByIndex(tensor, (i) => (Math.floor(i / columns) === i % columns ? 1 : 0))
}

/** A convolution weight that passes as many channels through unchanged as it can, within each group. */
export function dirac(tensor: Tensor, groups = 1): Tensor {
  const [out, width, ...kernel] = tensor.shape
  if (out === undefined || width === undefined || kernel.length === 0 || out % groups !== 0) {
    throw new ShapeError(
      `dirac: needs a convolution weight [out, in, ...kernel] with out divisible by ${groups} groups, got ${formatShape(tensor.shape)}`,
    )
  }
  const area = sizeOf(kernel)
  const centre = kernel.reduce((at, size) => at * size + Math.floor(size / 2), 0)
  const perGroup = out / groups
  return fillByIndex(tensor, (i) => {
    const channel = Math.floor(i / area)
    const output = Math.floor(channel / width)
    return i % area === centre && channel % width === output % perGroup ? 1 : 0
  })
}

/** Keeps the variance of activations and gradients alike (Glorot and Bengio, 2010). */
export function xavierUniform(tensor: Tensor, options: XavierOptions = {}): Tensor {
  const [fanIn, fanOut] = fansOf(tensor)
  const bound = (options.gain ?? 1) * Math.sqrt(6 / (fanIn + fanOut))
  return uniform(tensor, -bound, bound, options)
}

export function xavierNormal(tensor: Tensor, options: XavierOptions = {}): Tensor {
  const [fanIn, fanOut] = fansOf(tensor)
  return normal(tensor, 0, (options.gain ?? 1) * Math.sqrt(2 / (fanIn + fanOut)), options)
}

/** Keeps the variance through layers with rectifiers (He et al., 2015). */
export function kaimingUniform(tensor: Tensor, options: KaimingOptions = {}): Tensor {
  const bound = Math.sqrt(3) * kaimingStd(tensor, options)
  return uniform(tensor, -bound, bound, options)
}

export function kaimingNormal(tensor: Tensor, options: KaimingOptions = {}): Tensor {
  return normal(tensor, 0, kaimingStd(tensor, options), options)
}

function kaimingStd(tensor: Tensor, options: KaimingOptions): number {
  const { a = 0, mode = 'fanIn', nonlinearity = 'leakyRelu' } = options
  const [fanIn, fanOut] = fansOf(tensor)
  return calculateGain(nonlinearity, a) / Math.sqrt(mode === 'fanIn' ? fanIn : fanOut)
}

/** Orthonormal rows, or columns if there are fewer of them, of the weight as a matrix (Saxe et al., 2013). */
export function orthogonal(tensor: Tensor, options: XavierOptions = {}): Tensor {
  const { gain = 1 } = options
  if (tensor.rank < 2)
    throw new ShapeError(`orthogonal: needs rank 2 at least, got ${formatShape(tensor.shape)}`)
  if (tensor.size === 0) return tensor
  const rows = tensor.shape[0]!
  const columns = tensor.size / rows
  const [count, length] = rows < columns ? [rows, columns] : [columns, rows]
  return draw(tensor, options, (values, generator) => {
    const basis = orthonormalRows(generator, count, length)
    for (let i = 0; i < values.length; i++) {
      const [row, column] = [Math.floor(i / columns), i % columns]
      values[i] = gain * (rows < columns ? basis[row]![column]! : basis[column]![row]!)
    }
  })
}

export interface SparseOptions extends RandomInitOptions {
  readonly std?: number
}

/** A normally distributed matrix with a share of each column set to zero (Martens, 2010). */
export function sparse(tensor: Tensor, sparsity: number, options: SparseOptions = {}): Tensor {
  const { std = 0.01 } = options
  const [rows, columns] = matrixOf('sparse', tensor)
  const zeros = Math.ceil(sparsity * rows)
  return draw(tensor, options, (values, generator) => {
    generator.fillNormal(values, 0, std)
    for (let column = 0; column < columns; column++) {
      for (const row of generator.permutation(rows).subarray(0, zeros)) values[row * columns + column] = 0
    }
  })
}

/** The factor by which a nonlinearity shrinks the standard deviation, inverted; `slope` is that of a leaky ReLU. */
export function calculateGain(nonlinearity: Nonlinearity, slope = 0.01): number {
  switch (nonlinearity) {
    case 'tanh':
      return 5 / 3
    case 'relu':
      return Math.SQRT2
    case 'leakyRelu':
      return Math.sqrt(2 / (1 + slope ** 2))
    case 'selu':
      return 3 / 4
    default:
      return 1
  }
}

/** PyTorch's default for the weight and bias of linear and convolution layers. */
export function defaultInit(weight: Tensor, bias: Tensor | null): void {
  kaimingUniform(weight, { a: Math.sqrt(5) })
  if (bias === null) return
  const [fanIn] = fansOf(weight)
  const bound = fanIn > 0 ? 1 / Math.sqrt(fanIn) : 0
  uniform(bias, -bound, bound)
}

/** Inputs and outputs that each output and input of a weight [out, in, ...kernel] is connected to. */
export function fansOf(weight: Tensor): [fanIn: number, fanOut: number] {
  const [out, width, ...kernel] = weight.shape
  if (out === undefined || width === undefined) {
    throw new ShapeError(`init: fans need a weight of rank 2 at least, got ${formatShape(weight.shape)}`)
  }
  const area = sizeOf(kernel)
  return [width * area, out * area]
}

function matrixOf(what: string, tensor: Tensor): [number, number] {
  if (tensor.rank !== 2) throw new ShapeError(`${what}: needs a matrix, got ${formatShape(tensor.shape)}`)
  return [tensor.shape[0]!, tensor.shape[1]!]
}
