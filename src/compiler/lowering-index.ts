import type { OpAttrs } from '../graph/node.ts'
import { type Shape, sizeOf, stridesOf } from '../graph/shape.ts'

/**
 * Where a loop reads a value: the position along each of the value's dimensions is
 * offsets[j] + sum over loop dimensions d of coefficients[j][d] * i_d.
 */
export interface Index {
  readonly offsets: readonly number[]
  readonly coefficients: readonly (readonly number[])[]
}

/** Thrown inside the building of a loop: loop dimension `dim` must be walked as [size / inner, inner]. */
export class SplitRequest {
  readonly dim: number
  readonly inner: number

  constructor(dim: number, inner: number) {
    this.dim = dim
    this.inner = inner
  }
}

function zeros(length: number): number[] {
  return new Array<number>(length).fill(0)
}

/** One loop dimension for each dimension of the value, some of them walked in parts: parts[j] are the sizes. */
export function rootIndex(parts: readonly (readonly number[])[]): Index {
  const rank = parts.reduce((sum, sizes) => sum + sizes.length, 0)
  let at = 0
  const coefficients = parts.map((sizes) => {
    const row = zeros(rank)
    for (const [p, stride] of stridesOf(sizes).entries()) row[at + p] = stride
    at += sizes.length
    return row
  })
  return { offsets: zeros(parts.length), coefficients }
}

export function sameIndex(a: Index, b: Index): boolean {
  return (
    a === b ||
    (a.offsets.length === b.offsets.length &&
      a.offsets.every((offset, j) => offset === b.offsets[j]) &&
      a.coefficients.every((row, j) => row.every((c, d) => c === b.coefficients[j]![d])))
  )
}

/** Where an operand of shape `from` is read, broadcast to a value of shape `to` that is read at `index`. */
export function broadcastIndex(index: Index, from: Shape, to: Shape): Index {
  const extra = to.length - from.length
  if (extra === 0 && from.every((size, j) => size === to[j])) return index
  const rank = index.coefficients[0]?.length ?? 0
  const zero = zeros(rank)
  const repeated = (j: number): boolean => from[j] === 1 && to[j + extra] !== 1
  return {
    offsets: from.map((_, j) => (repeated(j) ? 0 : index.offsets[j + extra]!)),
    coefficients: from.map((_, j) => (repeated(j) ? zero : index.coefficients[j + extra]!)),
  }
}

export function permuteIndex(index: Index, axes: readonly number[]): Index {
  const offsets = zeros(axes.length)
  const coefficients = new Array<readonly number[]>(axes.length)
  for (const [i, axis] of axes.entries()) {
    offsets[axis] = index.offsets[i]!
    coefficients[axis] = index.coefficients[i]!
  }
  return { offsets, coefficients }
}

export function sliceIndex(index: Index, { starts, steps }: OpAttrs['slice']): Index {
  return {
    offsets: index.offsets.map((offset, j) => starts[j]! + offset * steps[j]!),
    coefficients: index.coefficients.map((row, j) => row.map((c) => c * steps[j]!)),
  }
}

export function flipIndex(index: Index, axes: readonly number[], shape: Shape): Index {
  const flipped = new Set(axes)
  return {
    offsets: index.offsets.map((offset, j) => (flipped.has(j) ? shape[j]! - 1 - offset : offset)),
    coefficients: index.coefficients.map((row, j) => (flipped.has(j) ? row.map((c) => 0 - c) : row)),
  }
}

/** An index as one affine function over the elements of a strided value: offset and one stride a loop dimension. */
export function flatIndex(
  index: Index,
  strides: readonly number[],
  dims: readonly number[],
): { offset: number; strides: number[] } {
  const out = zeros(dims.length)
  let offset = 0
  for (const [j, stride] of strides.entries()) {
    offset += index.offsets[j]! * stride
    const row = index.coefficients[j]!
    for (let d = 0; d < dims.length; d++) out[d]! += row[d]! * stride
  }
  return { offset, strides: out }
}

/**
 * The index into the operand (of shape `from`) of a reshape whose result (of shape `to`) is read at `index`; null where
 * no such index is affine. Throws a SplitRequest where it becomes affine once a loop dimension is split.
 */
export function reshapeIndex(index: Index, from: Shape, to: Shape, dims: readonly number[]): Index | null {
  if (sizeOf(to) === 0) return null
  const offsets = zeros(from.length)
  const coefficients = from.map(() => zeros(dims.length))
  let i = 0
  let j = 0
  while (i < from.length || j < to.length) {
    const [firstFrom, firstTo] = [i, j]
    let [sizeFrom, sizeTo] = [1, 1]
    do {
      if (sizeFrom <= sizeTo && i < from.length) sizeFrom *= from[i++]!
      else if (j < to.length) sizeTo *= to[j++]!
      else sizeFrom *= from[i++]!
    } while (sizeFrom !== sizeTo)
    const sub: Index = {
      offsets: index.offsets.slice(firstTo, j),
      coefficients: index.coefficients.slice(firstTo, j),
    }
    const flat = flatIndex(sub, stridesOf(to.slice(firstTo, j)), dims)
    if (!digits(flat, from, firstFrom, i, dims, offsets, coefficients)) return null
  }
  return { offsets, coefficients }
}

/** Writes a flat position among the dimensions first .. last - 1 as one position for each; false if that is not affine. */
function digits(
  flat: { offset: number; strides: number[] },
  shape: Shape,
  first: number,
  last: number,
  dims: readonly number[],
  offsets: number[],
  coefficients: number[][],
): boolean {
  const strides = stridesOf(shape.slice(first, last))
  const largest = zeros(last - first)
  for (const [p, stride] of strides.entries()) {
    offsets[first + p] = Math.floor(flat.offset / stride) % shape[first + p]!
    largest[p] = offsets[first + p]!
  }
  for (const [d, size] of dims.entries()) {
    const c = flat.strides[d]!
    if (c === 0 || size === 1) continue
    if (c < 0) return false
    let p = 0
    while (p < strides.length && (shape[first + p] === 1 || strides[p]! > c)) p++
    if (p === strides.length || c % strides[p]! !== 0) return false
    const parent = strides[p]! * shape[first + p]!
    if (c * (size - 1) >= parent) {
      const inner = parent / c
      if (!Number.isInteger(inner) || size % inner !== 0) return false
      throw new SplitRequest(d, inner)
    }
    coefficients[first + p]![d] = c / strides[p]!
    largest[p]! += (c / strides[p]!) * (size - 1)
  }
  return largest.every((value, p) => value < shape[first + p]!)
}
