import { isFloating } from '../../graph/dtype.ts'
import { isOp, type Node, type Op } from '../../graph/node.ts'
import type { BinaryOp } from '../../graph/ops/binary.ts'
import type { UnaryOp } from '../../graph/ops/unary.ts'
import { int } from '../model.ts'
import type { Lowering, LoweringContext } from './context.ts'

type Table<O extends Op> = { readonly [K in O]: Lowering<K> }

/** Primitives that broadcast their operands as ONNX does. */
export const broadcasting: ReadonlySet<Op> = new Set<Op>([
  'add',
  'sub',
  'mul',
  'div',
  'pow',
  'maximum',
  'minimum',
  'remainder',
  'equal',
  'less',
  'lessEqual',
  'where',
])

const unary =
  (op: string): ((node: Node, context: LoweringContext) => string) =>
  (node, context) =>
    narrowed(node, context, (x) => context.emit(op, [x]))

/** Runtimes compute few operators on bytes: they are widened to int32 and brought back, which wraps around. */
function narrowed(node: Node, context: LoweringContext, write: (...values: string[]) => string): string {
  const values = context.operands(node).map((operand) => {
    const value = context.value(operand)
    return operand.dtype === 'uint8' || operand.dtype === 'bool' ? context.cast(value, 'int32') : value
  })
  const y = write(...values)
  const { dtype } = node
  const bytes = node.inputs[0]!.dtype === 'uint8' || node.inputs[0]!.dtype === 'bool'
  return bytes && (dtype === 'uint8' || dtype === 'bool') ? context.cast(y, dtype) : y
}

const binary =
  (op: string): ((node: Node, context: LoweringContext) => string) =>
  (node, context) =>
    narrowed(node, context, (...values) => context.emit(op, values))

/** A comparison of bytes gives truth values as they are. */
const comparison =
  (op: string): ((node: Node, context: LoweringContext) => string) =>
  (node, context) =>
    context.emit(
      op,
      context.operands(node).map((operand) => {
        const value = context.value(operand)
        return operand.dtype === 'uint8' || operand.dtype === 'bool' ? context.cast(value, 'int32') : value
      }),
    )

/** Logic on truth values, arithmetic on others. */
const logical =
  (truth: string, op: string): ((node: Node, context: LoweringContext) => string) =>
  (node, context) =>
    node.dtype === 'bool'
      ? context.emit(
          truth,
          context.operands(node).map((operand) => context.value(operand)),
        )
      : binary(op)(node, context)

export const elementwiseLowerings: Table<UnaryOp | BinaryOp | 'where' | 'cast'> = {
  neg: unary('Neg'),
  abs: unary('Abs'),
  sign: unary('Sign'),
  exp: unary('Exp'),
  log: unary('Log'),
  sqrt: unary('Sqrt'),
  sin: unary('Sin'),
  cos: unary('Cos'),
  tanh: unary('Tanh'),
  sigmoid: unary('Sigmoid'),
  erf: unary('Erf'),
  relu: unary('Relu'),
  floor: (node, context) =>
    isFloating(node.dtype) ? unary('Floor')(node, context) : context.value(node.inputs[0]!),
  round: (node, context) =>
    isFloating(node.dtype) ? unary('Round')(node, context) : context.value(node.inputs[0]!),
  // exp(x) - 1 = 2 sinh(x / 2) exp(x / 2), which is exact near 0.
  expm1: (node, context) => {
    const half = context.emit('Mul', [context.value(node.inputs[0]!), context.number(0.5, node.dtype)])
    const product = context.emit('Mul', [context.emit('Sinh', [half]), context.emit('Exp', [half])])
    return context.emit('Mul', [product, context.number(2, node.dtype)])
  },
  // Near 0 the rounding of 1 + x is made up for by dividing by what was added in fact (Kahan).
  log1p: (node, context) => {
    const x = context.value(node.inputs[0]!)
    const one = context.number(1, node.dtype)
    const sum = context.emit('Add', [x, one])
    const logarithm = context.emit('Log', [sum])
    const added = context.emit('Sub', [sum, one])
    const exact = context.emit('Div', [context.emit('Mul', [logarithm, x]), added])
    const tiny = context.emit('Equal', [sum, one])
    const large = context.emit('Less', [one, x])
    return context.emit('Where', [tiny, x, context.emit('Where', [large, logarithm, exact])])
  },

  add: binary('Add'),
  sub: binary('Sub'),
  mul: binary('Mul'),
  div: binary('Div'),
  pow: binary('Pow'),
  maximum: logical('Or', 'Max'),
  minimum: logical('And', 'Min'),
  remainder: (node, context) =>
    narrowed(node, context, (a, b) => {
      if (!isFloating(node.dtype)) return context.emit('Mod', [a!, b!])
      // ONNX's remainder of floats has the sign of the dividend.
      const rest = context.emit('Mod', [a!, b!], { fmod: int(1) })
      const zero = context.number(0, node.dtype)
      const [low, below] = [rest, b!].map((value) => context.emit('Less', [value, zero])) as [string, string]
      const other = context.emit('And', [
        context.emit('Xor', [low, below]),
        context.emit('Not', [context.emit('Equal', [rest, zero])]),
      ])
      return context.emit('Where', [other, context.emit('Add', [rest, b!]), rest])
    }),
  equal: (node, context) => {
    const [a, b] = context.operands(node) as [Node, Node]
    if (a.dtype === 'bool' && isOp(b, 'full') && b.attrs.value === 0)
      return context.emit('Not', [context.value(a)])
    return comparison('Equal')(node, context)
  },
  less: comparison('Less'),
  lessEqual: comparison('LessOrEqual'),

  where: (node, context) => {
    const [condition, a, b] = context.operands(node).map((operand) => context.value(operand)) as [
      string,
      string,
      string,
    ]
    if (node.dtype !== 'bool') return context.emit('Where', [condition, a, b])
    const chosen = context.emit('Where', [condition, context.cast(a, 'uint8'), context.cast(b, 'uint8')])
    return context.cast(chosen, 'bool')
  },
  cast: (node, context) => {
    const [x] = node.inputs
    const value = context.value(x!)
    return context.cast(value, node.dtype)
  },
}
