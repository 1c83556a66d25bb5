import { isFloating } from '../dtype.ts'
import { make } from '../make.ts'
import type { Node, Op } from '../node.ts'
import { ShapeError } from '../shape.ts'
import { add, cast, div, less, mul, sub, where } from './binary.ts'
import { type OpDefinition, type OpTable, perElement } from './definition.ts'

export type UnaryOp =
  | 'neg'
  | 'abs'
  | 'sign'
  | 'exp'
  | 'expm1'
  | 'log'
  | 'log1p'
  | 'sqrt'
  | 'sin'
  | 'cos'
  | 'tanh'
  | 'sigmoid'
  | 'erf'
  | 'floor'
  | 'round'
  | 'relu'

/** Ops that keep integers as they are; the others take floats only. */
const integral: ReadonlySet<Op> = new Set<Op>(['neg', 'abs', 'sign', 'relu', 'floor', 'round'])

function unary<O extends UnaryOp>(
  op: O,
  onnx: string | null,
  gradient: (x: Node, y: Node, g: Node) => Node | null,
): OpDefinition<O> {
  return {
    infer: ([x]) => {
      if (x!.dtype === 'bool' || (!isFloating(x!.dtype) && !integral.has(op))) {
        throw new ShapeError(`${op}: needs a floating-point tensor, got ${x!.dtype}; cast it first`)
      }
      return { shape: x!.shape, dtype: x!.dtype }
    },
    gradient: (node, g) => [gradient(node.inputs[0]!, node, g)],
    cost: perElement,
    onnx,
  }
}

export const unaryOps: OpTable<UnaryOp> = {
  neg: unary('neg', 'Neg', (_x, _y, g) => neg(g)),
  abs: unary('abs', 'Abs', (x, _y, g) => mul(g, sign(x))),
  sign: unary('sign', 'Sign', () => null),
  exp: unary('exp', 'Exp', (_x, y, g) => mul(g, y)),
  expm1: unary('expm1', null, (_x, y, g) => mul(g, add(y, 1))),
  log: unary('log', 'Log', (x, _y, g) => div(g, x)),
  log1p: unary('log1p', null, (x, _y, g) => div(g, add(x, 1))),
  sqrt: unary('sqrt', 'Sqrt', (_x, y, g) => div(g, mul(y, 2))),
  sin: unary('sin', 'Sin', (x, _y, g) => mul(g, cos(x))),
  cos: unary('cos', 'Cos', (x, _y, g) => neg(mul(g, sin(x)))),
  tanh: unary('tanh', 'Tanh', (_x, y, g) => mul(g, sub(1, mul(y, y)))),
  sigmoid: unary('sigmoid', 'Sigmoid', (_x, y, g) => mul(g, mul(y, sub(1, y)))),
  erf: unary('erf', 'Erf', (x, _y, g) => mul(g, mul(exp(neg(mul(x, x))), 2 / Math.sqrt(Math.PI)))),
  floor: unary('floor', 'Floor', () => null),
  round: unary('round', 'Round', () => null),
  relu: unary('relu', 'Relu', (_x, y, g) => where(less(0, y), g, 0)),
}

function floating(x: Node): Node {
  return isFloating(x.dtype) ? x : cast(x, 'float32')
}

function arithmetic(x: Node): Node {
  return x.dtype === 'bool' ? cast(x, 'int32') : x
}

export const neg = (x: Node): Node => make('neg', [arithmetic(x)], {})
export const abs = (x: Node): Node => make('abs', [arithmetic(x)], {})
export const sign = (x: Node): Node => make('sign', [arithmetic(x)], {})
export const relu = (x: Node): Node => make('relu', [arithmetic(x)], {})
export const floor = (x: Node): Node => make('floor', [arithmetic(x)], {})
export const round = (x: Node): Node => make('round', [arithmetic(x)], {})
export const exp = (x: Node): Node => make('exp', [floating(x)], {})
export const expm1 = (x: Node): Node => make('expm1', [floating(x)], {})
export const log = (x: Node): Node => make('log', [floating(x)], {})
export const log1p = (x: Node): Node => make('log1p', [floating(x)], {})
export const sqrt = (x: Node): Node => make('sqrt', [floating(x)], {})
export const sin = (x: Node): Node => make('sin', [floating(x)], {})
export const cos = (x: Node): Node => make('cos', [floating(x)], {})
export const tanh = (x: Node): Node => make('tanh', [floating(x)], {})
export const sigmoid = (x: Node): Node => make('sigmoid', [floating(x)], {})
export const erf = (x: Node): Node => make('erf', [floating(x)], {})
