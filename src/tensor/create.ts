import { type DType, dtypeOfArray, dtypes, type TypedArray } from '../graph/dtype.ts'
import { inputNode } from '../graph/node.ts'
import * as g from '../graph/ops/index.ts'
import { calledAs, formatShape, normalizeAxis, type Shape, ShapeError, sizeOf } from '../graph/shape.ts'
import { HostStorage } from '../graph/storage.ts'
import { type Generator, getDefaultGenerator } from './generator.ts'
import { checkedIndex } from './indices.ts'
import { runtimeInput } from './runtime-input.ts'
import { type NestedArray, Tensor, wrap } from './tensor.ts'

export interface TensorOptions {
  readonly dtype?: DType
  readonly requiresGrad?: boolean
}

/**
 * A tensor from numbers: a typed array with a shape, or nested arrays. Numbers become float32 unless a dtype is given; a
 * typed array keeps its own (Uint8Array: uint8). The values are copied only when the dtype differs.
 */
export function tensor(
  data: TypedArray | NestedArray | readonly number[],
  shape?: Shape,
  options?: TensorOptions,
): Tensor
export function tensor(data: TypedArray | NestedArray | readonly number[], options?: TensorOptions): Tensor
export function tensor(
  data: TypedArray | NestedArray | readonly number[],
  second?: Shape | TensorOptions,
  third?: TensorOptions,
): Tensor {
  const shape = Array.isArray(second) ? (second as Shape) : undefined
  const options = third ?? (shape === undefined ? (second as TensorOptions | undefined) : undefined) ?? {}
  const typed = ArrayBuffer.isView(data)
  const actual = shape ?? (typed ? [data.length] : nestedShape(data as NestedArray))
  const flat: TypedArray | number[] = typed ? data : flattened(data as NestedArray)
  if (flat.length !== sizeOf(actual)) {
    throw new ShapeError(`tensor: ${flat.length} values do not fill the shape ${formatShape(actual)}`)
  }
  const dtype = options.dtype ?? (typed ? dtypeOfArray(data) : 'float32')
  return fromStorage(new HostStorage(dtype, converted(flat, dtype)), actual, options.requiresGrad)
}

function converted(values: TypedArray | number[], dtype: DType): TypedArray {
  if (!Array.isArray(values) && dtypeOfArray(values) === dtype) return values
  const array = dtypes[dtype].create(values.length)
  if (dtype === 'bool') for (let i = 0; i < array.length; i++) array[i] = values[i] ? 1 : 0
  else array.set(values)
  return array
}

function flattened(data: NestedArray): number[] {
  return typeof data === 'number' ? [data] : data.flatMap(flattened)
}

function nestedShape(data: NestedArray): number[] {
  if (typeof data === 'number') return []
  if (data.length === 0) return [0]
  const inner = nestedShape(data[0]!)
  for (const [i, part] of data.entries()) {
    if (formatShape(nestedShape(part)) !== formatShape(inner)) {
      throw new ShapeError(
        `tensor: nested arrays are uneven: element 0 has shape ${formatShape(inner)}, ` +
          `element ${i} ${formatShape(nestedShape(part))}`,
      )
    }
  }
  return [data.length, ...inner]
}

function fromStorage(storage: HostStorage, shape: Shape, requiresGrad = false): Tensor {
  return new Tensor(inputNode(storage, shape, { requiresGrad }))
}

/** A parameter or buffer holding a copy of nothing: the array itself becomes its memory and is updated in place. */
export function variable(data: TypedArray, shape: Shape, options: TensorOptions = {}): Tensor {
  const storage = new HostStorage(options.dtype ?? dtypeOfArray(data), data)
  return new Tensor(
    inputNode(storage, shape, { requiresGrad: options.requiresGrad ?? false, persistent: true }),
  )
}

export function full(shape: Shape, value: number, options: TensorOptions = {}): Tensor {
  if (options.requiresGrad) {
    const array = dtypes[options.dtype ?? 'float32'].create(sizeOf(shape)).fill(value)
    return tensor(array, shape, options)
  }
  return wrap(g.full(shape, value, options.dtype ?? 'float32'))
}

export function zeros(shape: Shape, options?: TensorOptions): Tensor {
  return full(shape, 0, options)
}

export function ones(shape: Shape, options?: TensorOptions): Tensor {
  return full(shape, 1, options)
}

export function zerosLike(x: Tensor): Tensor {
  return zeros(x.shape, { dtype: x.dtype })
}

export function onesLike(x: Tensor): Tensor {
  return ones(x.shape, { dtype: x.dtype })
}

/** start, start + step, … below stop (arange(stop) starts at 0); int32 unless a fraction is given. */
export function arange(start: number, stop?: number, step = 1, options: TensorOptions = {}): Tensor {
  const [from, to] = stop === undefined ? [0, start] : [start, stop]
  if (step === 0) throw new RangeError('arange: the step must not be 0')
  const length = Math.max(Math.ceil((to - from) / step), 0)
  const dtype = options.dtype ?? ([from, to, step].every(Number.isInteger) ? 'int32' : 'float32')
  return wrap(g.iota([length], 0, dtype, from, step))
}

/** `steps` values from start to stop, both included. */
export function linspace(start: number, stop: number, steps: number, options: TensorOptions = {}): Tensor {
  const step = steps > 1 ? (stop - start) / (steps - 1) : 0
  const values = Float64Array.from({ length: steps }, (_, i) =>
    i < steps / 2 ? start + step * i : stop - step * (steps - 1 - i),
  )
  return tensor(values, [steps], { dtype: 'float32', ...options })
}

export function eye(size: number, options: TensorOptions = {}): Tensor {
  const rows = g.iota([size, size], 0)
  const columns = g.iota([size, size], 1)
  return wrap(g.cast(g.equal(rows, columns), options.dtype ?? 'float32'))
}

export interface RandomOptions extends TensorOptions {
  /** Draws from the default generator unless given. */
  readonly generator?: Generator
}

/** Uniform in [0, 1), float32; the same numbers on every backend. */
export function rand(shape: Shape, options: RandomOptions = {}): Tensor {
  const key = drawn([4], { ...options, requiresGrad: false }, 'int32', (generator) => generator.key())
  const x = wrap(g.random(key.node, shape))
  return options.dtype ? x.to(options.dtype) : x
}

/** Normally distributed with mean 0 and standard deviation 1. */
export function randn(shape: Shape, options: RandomOptions = {}): Tensor {
  const { dtype = 'float32' } = options
  return drawn(shape, options, dtype, (generator) => {
    const values = dtypes[dtype].create(sizeOf(shape))
    generator.fillNormal(values)
    return values
  })
}

/** int32 from low to high - 1. */
export function randint(low: number, high: number, shape: Shape, options: RandomOptions = {}): Tensor {
  return drawn(shape, options, options.dtype ?? 'int32', (generator) =>
    Int32Array.from({ length: sizeOf(shape) }, () => low + generator.integer(high - low)),
  )
}

export function randperm(length: number, options: RandomOptions = {}): Tensor {
  return drawn([length], options, options.dtype ?? 'int32', (generator) => generator.permutation(length))
}

/** Random values, drawn anew at each call of a compiled function. */
function drawn(
  shape: Shape,
  { generator, requiresGrad }: RandomOptions,
  dtype: DType,
  draw: (generator: Generator) => TypedArray,
): Tensor {
  const read = (): TypedArray => converted(draw(generator ?? getDefaultGenerator()), dtype)
  const x = runtimeInput(read, shape, dtype)
  if (requiresGrad) x.requiresGrad = true
  return x
}

export function concat(tensors: readonly Tensor[], axis = 0): Tensor {
  const rank = tensors[0]?.rank ?? 0
  return wrap(
    g.concat(
      tensors.map((t) => t.node),
      normalizeAxis('concat', axis, rank),
    ),
  )
}

/** Along a new axis. */
export function stack(tensors: readonly Tensor[], axis = 0): Tensor {
  return calledAs('stack', () =>
    concat(
      tensors.map((t) => t.unsqueeze(axis)),
      axis,
    ),
  )
}

export function where(condition: Tensor, a: Tensor | number, b: Tensor | number): Tensor {
  const value = (x: Tensor | number): g.Scalar => (typeof x === 'number' ? x : x.node)
  return wrap(g.where(condition.node, value(a), value(b)))
}

/** 1 where the index equals the class, along a new last axis; int32. */
export function oneHot(index: Tensor, classes: number): Tensor {
  const shape = [...index.shape, classes]
  const known = g.reshape(checkedIndex('oneHot', index.to('int32').node, classes), [...index.shape, 1])
  return wrap(g.cast(g.equal(known, g.iota(shape, shape.length - 1)), 'int32'))
}
