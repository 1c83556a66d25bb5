import { type IndexError, indexError } from '../../graph/index-error.ts'
import type { Node } from '../../graph/node.ts'
import { wrapTo } from '../../graph/scalar-functions.ts'
import type { Shape } from '../../graph/shape.ts'
import { sizeOf, stridesOf } from '../../graph/shape.ts'
import type { KernelTable, Value } from './kernel.ts'

/** For each element of index (of shape `shape`): its place in a tensor of shape `of`, the axis' coordinate left out. */
function withoutAxis(shape: Shape, of: Shape, axis: number, fn: (at: number, base: number) => void): void {
  const strides = stridesOf(of).map((stride, i) => (i === axis ? 0 : stride))
  const index = new Int32Array(shape.length)
  const size = sizeOf(shape)
  let base = 0
  for (let at = 0; at < size; at++) {
    fn(at, base)
    for (let d = shape.length - 1; d >= 0; d--) {
      base += strides[d]!
      if (++index[d]! < shape[d]!) break
      base -= strides[d]! * shape[d]!
      index[d] = 0
    }
  }
}

/** The first of the indices that is out of range. */
export function indexFault(node: Node<'gather' | 'scatterAdd'>, index: Value): IndexError | undefined {
  const { axis, name } = node.attrs
  const size = node.inputs[0]!.shape[axis]!
  const outside = index.find((i) => i < 0 || i >= size)
  return outside === undefined ? undefined : indexError(name, outside, size)
}

export const indexingKernels: KernelTable<'gather' | 'scatterAdd' | 'resample'> = {
  gather: (node, [x, index]) => {
    const { axis } = node.attrs
    const of = node.inputs[0]!.shape
    const stride = stridesOf(of)[axis]!
    const outside = node.dtype === 'float32' || node.dtype === 'float64' ? Number.NaN : 0
    const out = new Float64Array(index!.length)
    withoutAxis(node.shape, of, axis, (at, base) => {
      const i = index![at]!
      out[at] = i >= 0 && i < of[axis]! ? x![base + i * stride]! : outside
    })
    return out
  },
  scatterAdd: (node, [base, index, source]) => {
    const { axis } = node.attrs
    const stride = stridesOf(node.shape)[axis]!
    const wrap = wrapTo(node.dtype)
    const out = base!.slice()
    withoutAxis(node.inputs[1]!.shape, node.shape, axis, (at, start) => {
      const i = index![at]!
      if (i < 0 || i >= node.shape[axis]!) return
      const to = start + i * stride
      out[to] = wrap(out[to]! + source![at]!)
    })
    return out
  },
  resample: (node, [x]) => {
    const { axis, taps } = node.attrs
    const inner = sizeOf(node.shape.slice(axis + 1))
    const outer = sizeOf(node.shape.slice(0, axis))
    const out: Value = new Float64Array(outer * taps.outSize * inner)
    for (let o = 0; o < outer; o++) {
      for (let j = 0; j < taps.outSize; j++) {
        const to = (o * taps.outSize + j) * inner
        for (let t = taps.offsets[j]!; t < taps.offsets[j + 1]!; t++) {
          const from = (o * taps.inSize + taps.indices[t]!) * inner
          const weight = taps.weights[t]!
          for (let i = 0; i < inner; i++) out[to + i]! += weight * x![from + i]!
        }
      }
    }
    return out
  },
}
