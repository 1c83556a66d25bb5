import { broadcastShapes, broadcastStrides, type Shape, sizeOf, stridesOf } from '../graph/shape.ts'
import { GraphError } from './errors.ts'
import type { ElementType } from './model.ts'
import { HostValue, toElement } from './value.ts'

/** What is known while a graph is recorded is small: shapes, indices, scales. */
const largestHost = 2 ** 24

function checkSize(size: number): number {
  if (size <= largestHost) return size
  throw new GraphError(`a constant of ${size} elements is more than what is computed before the network runs`)
}

/** A constant computed element by element; the result has the type of x unless one is given. */
export function mapHost(x: HostValue, fn: (value: number) => number, type: ElementType = x.type): HostValue {
  return new HostValue(
    x.shape,
    type,
    x.values.map((value) => toElement(fn(value), type)),
  )
}

/** As mapHost, of several constants that are broadcast to one shape. */
export function zipHost(
  operands: readonly HostValue[],
  fn: (...values: number[]) => number,
  type: ElementType,
): HostValue {
  const shape = operands.map((x) => x.shape).reduce((a, b) => broadcastShapes('broadcast', a, b))
  const positions = operands.map((x) => positionsOf(shape, broadcastStrides(x.shape, shape)))
  const values = Float64Array.from({ length: sizeOf(shape) }, (_, i) =>
    toElement(fn(...operands.map((x, k) => x.values[positions[k]![i]!]!)), type),
  )
  return new HostValue(shape, type, values)
}

/** Row-major elements of a shape at strides of another tensor: where each comes from. */
export function positionsOf(shape: Shape, strides: readonly number[], start = 0): Int32Array {
  const size = checkSize(sizeOf(shape))
  const positions = new Int32Array(size)
  const index = new Array<number>(shape.length).fill(0)
  let at = start
  for (let i = 0; i < size; i++) {
    positions[i] = at
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis]!++
      at += strides[axis]!
      if (index[axis]! < shape[axis]!) break
      at -= strides[axis]! * shape[axis]!
      index[axis] = 0
    }
  }
  return positions
}

/** The elements of x at strided positions, in a new shape: transposes, slices, broadcasts. */
export function viewHost(x: HostValue, shape: Shape, strides: readonly number[], start = 0): HostValue {
  return new HostValue(
    shape,
    x.type,
    Float64Array.from(positionsOf(shape, strides, start), (at) => x.values[at]!),
  )
}

/** The elements that `from` names by their position along an axis. */
export function pickHost(x: HostValue, axis: number, from: readonly number[]): HostValue {
  const outer = sizeOf(x.shape.slice(0, axis))
  const inner = sizeOf(x.shape.slice(axis + 1))
  const size = x.shape[axis]!
  const values = new Float64Array(checkSize(outer * from.length * inner))
  for (let o = 0; o < outer; o++) {
    for (const [i, at] of from.entries()) {
      const source = (o * size + at) * inner
      values.set(x.values.subarray(source, source + inner), (o * from.length + i) * inner)
    }
  }
  return new HostValue(
    x.shape.map((d, k) => (k === axis ? from.length : d)),
    x.type,
    values,
  )
}

export function concatHost(parts: readonly HostValue[], axis: number): HostValue {
  const [first] = parts as [HostValue]
  const outer = sizeOf(first.shape.slice(0, axis))
  const rows = parts.map((part) => part.size / outer)
  const total = rows.reduce((a, b) => a + b, 0)
  const values = new Float64Array(checkSize(outer * total))
  let column = 0
  for (const [k, part] of parts.entries()) {
    for (let o = 0; o < outer; o++) {
      values.set(part.values.subarray(o * rows[k]!, (o + 1) * rows[k]!), o * total + column)
    }
    column += rows[k]!
  }
  const size = parts.reduce((sum, part) => sum + part.shape[axis]!, 0)
  return new HostValue(
    first.shape.map((d, k) => (k === axis ? size : d)),
    first.type,
    values,
  )
}

/** Folds each group of elements along axes. */
export function reduceHost(
  x: HostValue,
  axes: readonly number[],
  keepdim: boolean,
  fold: (values: readonly number[]) => number,
): HostValue {
  const kept = x.shape.map((d, i) => (axes.includes(i) ? 1 : d))
  const strides = stridesOf(x.shape)
  const starts = positionsOf(kept, strides)
  const inside = positionsOf(
    axes.map((axis) => x.shape[axis]!),
    axes.map((axis) => strides[axis]!),
  )
  const values = Float64Array.from(starts, (start) =>
    toElement(fold(Array.from(inside, (offset) => x.values[start + offset]!)), x.type),
  )
  return new HostValue(keepdim ? kept : kept.filter((_, i) => !axes.includes(i)), x.type, values)
}
