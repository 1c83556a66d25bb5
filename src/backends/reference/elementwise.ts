import type { DType } from '../../graph/dtype.ts'
import type { BinaryOp, UnaryOp } from '../../graph/ops/index.ts'
import { broadcastStrides, type Shape, sizeOf } from '../../graph/shape.ts'
import { erf } from './erf.ts'
import type { KernelTable, ReferenceKernel, Value } from './kernel.ts'

/** What storing a number in a dtype makes of it; float32 is not rounded: this backend is the more precise one. */
export function wrapTo(dtype: DType): (x: number) => number {
  switch (dtype) {
    case 'int32':
      return (x) => x | 0
    case 'uint8':
      return (x) => x & 255
    default:
      return (x) => x
  }
}

/** A constant as a tensor of the dtype holds it. */
export function constant(value: number, dtype: DType): number {
  if (dtype === 'float32') return Math.fround(value)
  return dtype === 'bool' ? Number(value !== 0) : wrapTo(dtype)(value)
}

function unary<O extends UnaryOp>(f: (x: number) => number): ReferenceKernel<O> {
  return (node, [x]) => {
    const wrap = wrapTo(node.dtype)
    return x!.map((v) => wrap(f(v)))
  }
}

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

function roundHalfEven(x: number): number {
  const floor = Math.floor(x)
  const rest = x - floor
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1
  return floor % 2 === 0 ? floor : floor + 1
}

function power(a: number, b: number): number {
  // C's pow, unlike JavaScript's: 1 to any power, and -1 to an infinite one, are 1.
  if (a === 1 || (a === -1 && !Number.isFinite(b) && !Number.isNaN(b))) return 1
  return a ** b
}

export const elementwiseKernels: KernelTable<UnaryOp | BinaryOp | 'where' | 'cast'> = {
  neg: unary((x) => -x),
  abs: unary(Math.abs),
  sign: unary(Math.sign),
  exp: unary(Math.exp),
  expm1: unary(Math.expm1),
  log: unary(Math.log),
  log1p: unary(Math.log1p),
  sqrt: unary(Math.sqrt),
  sin: unary(Math.sin),
  cos: unary(Math.cos),
  tanh: unary(Math.tanh),
  sigmoid: unary((x) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)))),
  erf: unary(erf),
  floor: unary(Math.floor),
  round: unary(roundHalfEven),
  relu: unary((x) => (x > 0 || Number.isNaN(x) ? x : 0)),

  add: binary((a, b) => a + b),
  sub: binary((a, b) => a - b),
  mul: binary((a, b, integer) => (integer ? Math.imul(a, b) : a * b)),
  div: binary((a, b) => a / b),
  pow: binary(power),
  maximum: binary((a, b) => Math.max(a, b)),
  minimum: binary((a, b) => Math.min(a, b)),
  remainder: binary((a, b) => {
    const rest = a % b
    return rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest
  }),
  equal: binary((a, b) => (a === b ? 1 : 0)),
  less: binary((a, b) => (a < b ? 1 : 0)),
  lessEqual: binary((a, b) => (a <= b ? 1 : 0)),

  where: (node, [condition, a, b]) => {
    const out = new Float64Array(sizeOf(node.shape))
    const shapes = node.inputs.map((input) => input.shape)
    broadcast(node.shape, shapes, (at, offsets) => {
      out[at] = condition![offsets[0]!] !== 0 ? a![offsets[1]!]! : b![offsets[2]!]!
    })
    return out
  },
  cast: (node, [x]) => castValues(x!, node.inputs[0]!.dtype, node.attrs.dtype),
}

function castValues(x: Value, from: DType, to: DType): Value {
  if (to === 'bool') return x.map((v) => (v !== 0 ? 1 : 0))
  if (to === 'int32' || to === 'uint8') {
    const wrap = wrapTo(to)
    return x.map((v) => wrap(Math.trunc(v)))
  }
  // A float64 cast to float32 keeps its digits, as everything here.
  return from === to ? x : x.slice()
}
