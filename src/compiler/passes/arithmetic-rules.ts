import { isFloating } from '../../graph/dtype.ts'
import { make } from '../../graph/make.ts'
import { isOp, type Node, type Op } from '../../graph/node.ts'
import { abs, add, cast, div, expand, full, mul, neg, relu, scalar, sub } from '../../graph/ops/index.ts'
import type { Rule, RuleTable } from './rules.ts'
import { uniformValue } from './uniform.ts'

/** The operand in the shape and with the repetitions of the node it stands for. */
function standingFor(node: Node, operand: Node): Node {
  return expand(operand, node.shape)
}

/** The operand and the constant of a commutative op; undefined where neither is constant. */
function withConstant({ inputs: [a, b] }: Node): { x: Node; value: number } | undefined {
  const [valueA, valueB] = [uniformValue(a!), uniformValue(b!)]
  if (valueB !== undefined) return { x: a!, value: valueB }
  return valueA === undefined ? undefined : { x: b!, value: valueA }
}

function negated(node: Node): Node | null {
  return isOp(node, 'neg') ? node.inputs[0]! : null
}

function innermost(node: Node, ops: readonly Op[]): Node | null {
  const x = node.inputs[0]!
  return ops.includes(x.op) ? x : null
}

/** Powers of two whose reciprocal is a normal float32: dividing by them and multiplying by that are the same. */
function exactReciprocal(value: number): number | null {
  const mantissa = Math.abs(value) / 2 ** Math.floor(Math.log2(Math.abs(value)))
  return mantissa === 1 && Math.abs(value) <= 2 ** 126 && Math.abs(value) >= 2 ** -126 ? 1 / value : null
}

/** Whether (x * a) * b is x * (a * b), to the last bit wherever x * a neither overflows nor underflows. */
function exactProduct(a: number, b: number): number | null {
  const product = a * b
  const normal = Math.abs(product) >= 2 ** -126 && Math.abs(product) <= 2 ** 127
  const powers = exactReciprocal(a) !== null || exactReciprocal(b) !== null
  return normal && powers && Math.fround(product) === product ? product : null
}

const times: Rule<'mul'> = (node) => {
  const [a, b] = [node.inputs[0]!, node.inputs[1]!]
  const [positiveA, positiveB] = [negated(a), negated(b)]
  if (positiveA && positiveB) return mul(positiveA, positiveB)
  const found = withConstant(node)
  if (!found) return null
  const { x, value } = found
  if (value === 1) return standingFor(node, x)
  if (!isFloating(node.dtype)) return value === 0 ? full(node.shape, 0, node.dtype) : null
  if (value === -1) return standingFor(node, neg(x))
  const positive = negated(x)
  if (positive) return mul(positive, scalar(-value, node.dtype))
  const inner = isOp(x, 'mul') ? withConstant(x) : undefined
  const product = inner ? exactProduct(inner.value, value) : null
  return product === null ? null : mul(inner!.x, scalar(product, node.dtype))
}

const extremum = (op: 'maximum' | 'minimum'): Rule => {
  const limit = op === 'maximum' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  return (node) => {
    if (node.inputs[0] === node.inputs[1]) return node.inputs[0]!
    const found = withConstant(node)
    if (!found) return null
    const { x, value } = found
    if (node.dtype === 'bool') {
      const neutral = op === 'maximum' ? 0 : 1
      return value === neutral ? standingFor(node, x) : full(node.shape, value, 'bool')
    }
    if (value === limit) return standingFor(node, x)
    return op === 'maximum' && value === 0 && isFloating(node.dtype) ? standingFor(node, relu(x)) : null
  }
}

/** What `not` was applied to. */
function complement(node: Node): Node | null {
  if (!isOp(node, 'equal') || node.inputs[0]!.dtype !== 'bool') return null
  const found = withConstant(node)
  return found?.value === 0 ? found.x : null
}

function chosen(node: Node, condition: Node, a: Node, b: Node): Node {
  return standingFor(node, make('where', [condition, a, b], {}))
}

/** Whether a value survives the cast to the dtype of `through`. */
function keepsValues(from: Node, through: Node): boolean {
  if (from.dtype === 'bool' || from.dtype === 'uint8')
    return through.dtype !== 'bool' || from.dtype === 'bool'
  return through.dtype === 'float64' || from.dtype === through.dtype
}

/**
 * Arithmetic that changes no result but for the sign of a zero, and for products with two constants whose intermediate
 * value would have left the range of the dtype.
 */
export const arithmeticRules: RuleTable = {
  neg: (node) => {
    const x = node.inputs[0]!
    if (isOp(x, 'neg')) return x.inputs[0]!
    if (isOp(x, 'sub')) return sub(x.inputs[1]!, x.inputs[0]!)
    const found = isOp(x, 'mul') && isFloating(x.dtype) ? withConstant(x) : undefined
    return found ? mul(found.x, scalar(-found.value, x.dtype)) : null
  },
  abs: (node) => {
    const x = node.inputs[0]!
    if (x.dtype === 'uint8') return x
    return isOp(x, 'neg') ? abs(x.inputs[0]!) : innermost(node, ['abs', 'relu'])
  },
  relu: (node) =>
    node.dtype === 'uint8'
      ? node.inputs[0]!
      : innermost(node, isFloating(node.dtype) ? ['relu', 'abs'] : ['relu']),
  floor: (node) => (isFloating(node.dtype) ? innermost(node, ['floor', 'round']) : node.inputs[0]!),
  round: (node) => (isFloating(node.dtype) ? innermost(node, ['floor', 'round']) : node.inputs[0]!),

  add: (node) => {
    const [a, b] = [node.inputs[0]!, node.inputs[1]!]
    const [positiveA, positiveB] = [negated(a), negated(b)]
    if (positiveB) return sub(a, positiveB)
    if (positiveA) return sub(b, positiveA)
    const found = withConstant(node)
    return found?.value === 0 ? standingFor(node, found.x) : null
  },
  sub: (node) => {
    const [a, b] = [node.inputs[0]!, node.inputs[1]!]
    const positive = negated(b)
    if (positive) return add(a, positive)
    if (uniformValue(b) === 0) return standingFor(node, a)
    if (uniformValue(a) === 0) return standingFor(node, neg(b))
    return a === b && !isFloating(node.dtype) ? full(node.shape, 0, node.dtype) : null
  },
  mul: times,
  div: (node) => {
    const [a, b] = [node.inputs[0]!, node.inputs[1]!]
    const value = uniformValue(b)
    if (value === undefined) return null
    if (value === 1) return standingFor(node, a)
    if (value === -1) return standingFor(node, neg(a))
    const reciprocal = exactReciprocal(value)
    return reciprocal === null ? null : mul(a, scalar(reciprocal, node.dtype))
  },
  pow: (node) => {
    const [a, b] = [node.inputs[0]!, node.inputs[1]!]
    const exponent = uniformValue(b)
    if (exponent === 0 || uniformValue(a) === 1) return full(node.shape, 1, node.dtype)
    if (exponent === 1) return standingFor(node, a)
    if (exponent === 2) return standingFor(node, mul(a, a))
    return exponent === -1 ? standingFor(node, div(1, a)) : null
  },
  maximum: extremum('maximum'),
  minimum: extremum('minimum'),
  equal: (node) => {
    if (node.inputs[0]!.dtype !== 'bool') return null
    const found = withConstant(node)
    if (found?.value === 1) return standingFor(node, found.x)
    const inner = found && complement(found.x)
    return inner ? standingFor(node, inner) : null
  },
  where: (node) => {
    const [condition, a, b] = [node.inputs[0]!, node.inputs[1]!, node.inputs[2]!]
    const known = uniformValue(condition)
    if (a === b) return standingFor(node, a)
    if (known !== undefined) return standingFor(node, known !== 0 ? a : b)
    const opposite = complement(condition)
    if (opposite) return chosen(node, opposite, b, a)
    if (uniformValue(a) === 1 && uniformValue(b) === 0) return standingFor(node, cast(condition, node.dtype))
    if (isOp(a, 'where') && a.inputs[0] === condition) return chosen(node, condition, a.inputs[1]!, b)
    if (isOp(b, 'where') && b.inputs[0] === condition) return chosen(node, condition, a, b.inputs[2]!)
    return null
  },
  cast: (node) => {
    const x = node.inputs[0]!
    if (x.dtype === node.dtype) return x
    if (!isOp(x, 'cast')) return null
    const from = x.inputs[0]!
    return keepsValues(from, x) ? cast(from, node.dtype) : null
  },
  identity: (node) => (node.attrs.role === 'recompute' ? null : node.inputs[0]!),
}
