import type { Node } from '../../graph/node.ts'
import { wrapTo } from '../../graph/scalar-functions.ts'
import { sizeOf, stridesOf } from '../../graph/shape.ts'
import type { KernelTable, ReferenceKernel, Value } from './kernel.ts'

type ReduceOp = 'reduceSum' | 'reduceMax' | 'reduceProd'

function reduce<O extends ReduceOp>(start: number, f: (a: number, b: number) => number): ReferenceKernel<O> {
  return (node, [x]) => {
    const { shape } = node.inputs[0]!
    const reduced = new Set(node.attrs.axes)
    const kept = stridesOf(shape.map((d, i) => (reduced.has(i) ? 1 : d)))
    const strides = kept.map((stride, i) => (reduced.has(i) ? 0 : stride))
    const out = new Float64Array(sizeOf(node.shape)).fill(start)
    const wrap = wrapTo(node.dtype)
    const index = new Int32Array(shape.length)
    let to = 0
    for (let at = 0; at < x!.length; at++) {
      out[to] = wrap(f(out[to]!, x![at]!))
      for (let d = shape.length - 1; d >= 0; d--) {
        to += strides[d]!
        if (++index[d]! < shape[d]!) break
        to -= strides[d]! * shape[d]!
        index[d] = 0
      }
    }
    return out
  }
}

/** Calls fn with the start and stride of every line along an axis. */
function lines(node: Node, axis: number, fn: (start: number, stride: number, line: number) => void): void {
  const { shape } = node
  const inner = sizeOf(shape.slice(axis + 1))
  const outer = sizeOf(shape.slice(0, axis))
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) fn(o * shape[axis]! * inner + i, inner, o * inner + i)
  }
}

/** Whether b comes after a when NaN counts as largest. */
const larger = (b: number, a: number): boolean => b > a || (Number.isNaN(b) && !Number.isNaN(a))

export const reductionKernels: KernelTable<ReduceOp | 'argMax' | 'cumSum' | 'cumArgMax' | 'argSort'> = {
  reduceSum: reduce(0, (a, b) => a + b),
  reduceMax: reduce(Number.NEGATIVE_INFINITY, (a, b) => (larger(b, a) ? b : a)),
  reduceProd: (node, inputs) =>
    reduce<'reduceProd'>(1, node.dtype === 'int32' ? Math.imul : (a, b) => a * b)(node, inputs),
  argMax: (node, [x]) => {
    const out = new Float64Array(sizeOf(node.shape))
    const size = node.inputs[0]!.shape[node.attrs.axis]!
    lines(node.inputs[0]!, node.attrs.axis, (start, stride, line) => {
      let best = 0
      for (let i = 1; i < size; i++) if (larger(x![start + i * stride]!, x![start + best * stride]!)) best = i
      out[line] = best
    })
    return out
  },
  cumSum: (node, [x]) => {
    const out = new Float64Array(x!.length)
    const wrap = wrapTo(node.dtype)
    const size = node.shape[node.attrs.axis]!
    lines(node, node.attrs.axis, (start, stride) => {
      let sum = 0
      for (let i = 0; i < size; i++) {
        sum = wrap(sum + x![start + i * stride]!)
        out[start + i * stride] = sum
      }
    })
    return out
  },
  cumArgMax: (node, [x]) => {
    const out = new Float64Array(x!.length)
    const size = node.shape[node.attrs.axis]!
    lines(node, node.attrs.axis, (start, stride) => {
      let best = 0
      for (let i = 0; i < size; i++) {
        if (!larger(x![start + best * stride]!, x![start + i * stride]!)) best = i
        out[start + i * stride] = best
      }
    })
    return out
  },
  argSort: (node, [x]) => {
    const { axis, descending } = node.attrs
    const out = new Float64Array(x!.length)
    const size = node.shape[axis]!
    lines(node, axis, (start, stride) => {
      const order = Array.from({ length: size }, (_, i) => i)
      order.sort((a, b) => compareLast(x!, start + a * stride, start + b * stride, descending))
      for (let i = 0; i < size; i++) out[start + i * stride] = order[i]!
    })
    return out
  },
}

function compareLast(x: Value, a: number, b: number, descending: boolean): number {
  const order = larger(x[a]!, x[b]!) ? 1 : larger(x[b]!, x[a]!) ? -1 : 0
  return descending ? -order : order
}
