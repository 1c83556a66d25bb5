import type { BinaryOp, UnaryOp } from '../../graph/ops/index.ts'
import { binaryFunctions, castTo, unaryFunctions, wrapTo } from '../../graph/scalar-functions.ts'
import { broadcastStrides, type Shape, sizeOf } from '../../graph/shape.ts'
import type { KernelTable, ReferenceKernel } from './kernel.ts'

/** Runs fn over all positions of the shape, with each operand's offset under broadcasting. */
export function broadcast(
  shape: Shape,
  inputs: readonly Shape[],
  fn: (at: number, offsets: Int32Array) => void,
): void {
  const size = sizeOf(shape)
  const strides = inputs.map((input) => broadcastStrides(input, shape))
  const offsets = new Int32Array(inputs.length)
  const index = new Int32Array(shape.length)
  for (let at = 0; at < size; at++) {
    fn(at, offsets)
    for (let d = shape.length - 1; d >= 0; d--) {
      index[d]!++
      for (let i = 0; i < inputs.length; i++) offsets[i]! += strides[i]![d]!
      if (index[d]! < shape[d]!) break
      for (let i = 0; i < inputs.length; i++) offsets[i]! -= strides[i]![d]! * shape[d]!
      index[d] = 0
    }
  }
}

function unary<O extends UnaryOp>(f: (x: number) => number): ReferenceKernel<O> {
  return (node, [x]) => {
    const wrap = wrapTo(node.dtype)
    return x!.map((v) => wrap(f(v)))
  }
}

function binary<O extends BinaryOp>(
  f: (a: number, b: number, integer: boolean) => number,
): ReferenceKernel<O> {
  return (node, [a, b]) => {
    const out = new Float64Array(sizeOf(node.shape))
    const wrap = wrapTo(node.dtype)
    const integer = node.inputs[0]!.dtype === 'int32' || node.inputs[0]!.dtype === 'uint8'
    const shapes = node.inputs.map((input) => input.shape)
    broadcast(node.shape, shapes, (at, offsets) => {
      out[at] = wrap(f(a![offsets[0]!]!, b![offsets[1]!]!, integer))
    })
    return out
  }
}

function kernelsOf<O extends string, F, K>(
  functions: { readonly [P in O]: F },
  kernel: (f: F) => K,
): { readonly [P in O]: K } {
  const entries = Object.entries<F>(functions).map(([op, f]) => [op, kernel(f)])
  return Object.fromEntries(entries) as { readonly [P in O]: K }
}

export const elementwiseKernels: KernelTable<UnaryOp | BinaryOp | 'where' | 'cast'> = {
  ...(kernelsOf(unaryFunctions, unary) as KernelTable<UnaryOp>),
  ...(kernelsOf(binaryFunctions, binary) as KernelTable<BinaryOp>),
  where: (node, [condition, a, b]) => {
    const out = new Float64Array(sizeOf(node.shape))
    const shapes = node.inputs.map((input) => input.shape)
    broadcast(node.shape, shapes, (at, offsets) => {
      out[at] = condition![offsets[0]!] !== 0 ? a![offsets[1]!]! : b![offsets[2]!]!
    })
    return out
  },
  // A float64 cast to float32 keeps its digits, as everything here.
  cast: (node, [x]) => x!.map(castTo(node.attrs.dtype)),
}
