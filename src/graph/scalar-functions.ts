import type { DType } from './dtype.ts'
import { erf } from './erf.ts'
import type { BinaryOp, UnaryOp } from './ops/index.ts'

/** What storing a number in a dtype makes of it; float32 is not rounded. */
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

/** What a cast makes of a number held in double precision. */
export function castTo(dtype: DType): (x: number) => number {
  if (dtype === 'bool') return (x) => (x !== 0 ? 1 : 0)
  const wrap = wrapTo(dtype)
  return dtype === 'int32' || dtype === 'uint8' ? (x) => wrap(Math.trunc(x)) : wrap
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

/** Each element-wise op on one number, in double precision. */
export const unaryFunctions: { readonly [O in UnaryOp]: (x: number) => number } = {
  neg: (x) => -x,
  abs: Math.abs,
  sign: Math.sign,
  exp: Math.exp,
  expm1: Math.expm1,
  log: Math.log,
  log1p: Math.log1p,
  sqrt: Math.sqrt,
  sin: Math.sin,
  cos: Math.cos,
  tanh: Math.tanh,
  sigmoid: (x) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x))),
  erf,
  floor: Math.floor,
  round: roundHalfEven,
  relu: (x) => (x > 0 || Number.isNaN(x) ? x : 0),
}

/** Each element-wise op on two numbers of a dtype, in double precision or, of 'int32' and 'uint8', exactly. */
export const binaryFunctions: {
  readonly [O in BinaryOp]: (a: number, b: number, integer: boolean) => number
} = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b, integer) => (integer ? Math.imul(a, b) : a * b),
  div: (a, b) => a / b,
  pow: power,
  maximum: (a, b) => Math.max(a, b),
  minimum: (a, b) => Math.min(a, b),
  remainder: (a, b) => {
    const rest = a % b
    return rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest
  },
  equal: (a, b) => (a === b ? 1 : 0),
  less: (a, b) => (a < b ? 1 : 0),
  lessEqual: (a, b) => (a <= b ? 1 : 0),
}
