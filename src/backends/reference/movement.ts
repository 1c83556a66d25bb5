import { philox4x32, wordToUniform } from '../../graph/philox.ts'
import { constant, wrapTo } from '../../graph/scalar-functions.ts'
import type { Shape } from '../../graph/shape.ts'
import { broadcastStrides, sizeOf, stridesOf } from '../../graph/shape.ts'
import type { KernelTable, Value } from './kernel.ts'

/** Reads x through a strided view: out[index] = x[offset + sum of index * strides]. */
function strided(x: Value, shape: Shape, offset: number, strides: readonly number[]): Value {
  const out = new Float64Array(sizeOf(shape))
  const index = new Int32Array(shape.length)
  let from = offset
  for (let at = 0; at < out.length; at++) {
    out[at] = x[from]!
    for (let d = shape.length - 1; d >= 0; d--) {
      from += strides[d]!
      if (++index[d]! < shape[d]!) break
      from -= strides[d]! * shape[d]!
      index[d] = 0
    }
  }
  return out
}

/** Writes x through a strided view of `out`. */
function place(out: Value, x: Value, shape: Shape, offset: number, strides: readonly number[]): void {
  const index = new Int32Array(shape.length)
  let to = offset
  for (let at = 0; at < x.length; at++) {
    out[to] = x[at]!
    for (let d = shape.length - 1; d >= 0; d--) {
      to += strides[d]!
      if (++index[d]! < shape[d]!) break
      to -= strides[d]! * shape[d]!
      index[d] = 0
    }
  }
}

type MovementOp =
  | 'full'
  | 'iota'
  | 'random'
  | 'reshape'
  | 'permute'
  | 'expand'
  | 'slice'
  | 'flip'
  | 'pad'
  | 'concat'
  | 'identity'

export const movementKernels: KernelTable<MovementOp> = {
  full: (node) => new Float64Array(sizeOf(node.shape)).fill(constant(node.attrs.value, node.dtype)),
  iota: (node) => {
    const { axis, start, step } = node.attrs
    const stride = stridesOf(node.shape)[axis]!
    const size = node.shape[axis]!
    const wrap = wrapTo(node.dtype)
    return new Float64Array(sizeOf(node.shape)).map((_, i) =>
      wrap(start + step * (Math.floor(i / stride) % size)),
    )
  },
  random: (node, [key]) => {
    const size = sizeOf(node.shape)
    const words = new Uint32Array(Math.ceil(size / 8) * 8)
    const [k0, k1, k2, k3] = key as unknown as [number, number, number, number]
    philox4x32([0, 0, k2, k3], [k0, k1], words)
    return Float64Array.from({ length: size }, (_, i) => wordToUniform(words[i]!))
  },
  reshape: (_, [x]) => x!,
  identity: (_, [x]) => x!,
  permute: (node, [x]) => {
    const strides = stridesOf(node.inputs[0]!.shape)
    return strided(
      x!,
      node.shape,
      0,
      node.attrs.axes.map((axis) => strides[axis]!),
    )
  },
  expand: (node, [x]) => strided(x!, node.shape, 0, broadcastStrides(node.inputs[0]!.shape, node.shape)),
  slice: (node, [x]) => {
    const strides = stridesOf(node.inputs[0]!.shape)
    const { starts, steps } = node.attrs
    const offset = starts.reduce((sum, start, i) => sum + start * strides[i]!, 0)
    return strided(
      x!,
      node.shape,
      offset,
      strides.map((stride, i) => stride * steps[i]!),
    )
  },
  flip: (node, [x]) => {
    const strides = stridesOf(node.shape)
    let offset = 0
    for (const axis of node.attrs.axes) {
      offset += strides[axis]! * (node.shape[axis]! - 1)
      strides[axis] = -strides[axis]!
    }
    return strided(x!, node.shape, offset, strides)
  },
  pad: (node, [x]) => {
    const { before, interior, value } = node.attrs
    const out = new Float64Array(sizeOf(node.shape)).fill(constant(value, node.dtype))
    const strides = stridesOf(node.shape)
    const offset = before.reduce((sum, n, i) => sum + n * strides[i]!, 0)
    place(
      out,
      x!,
      node.inputs[0]!.shape,
      offset,
      strides.map((stride, i) => stride * (interior[i]! + 1)),
    )
    return out
  },
  concat: (node, inputs) => {
    const out = new Float64Array(sizeOf(node.shape))
    const strides = stridesOf(node.shape)
    let start = 0
    for (const [i, input] of node.inputs.entries()) {
      place(out, inputs[i]!, input.shape, start * strides[node.attrs.axis]!, strides)
      start += input.shape[node.attrs.axis]!
    }
    return out
  },
}
