import { isFloating } from '../../graph/dtype.ts'
import type { Node, Op } from '../../graph/node.ts'
import { type BinaryOp, binaryOps, full, type UnaryOp, unaryOps } from '../../graph/ops/index.ts'
import { binaryFunctions, castTo, constant, unaryFunctions } from '../../graph/scalar-functions.ts'
import { sizeOf } from '../../graph/shape.ts'
import type { Rule, RuleTable } from './rules.ts'
import { uniformValue } from './uniform.ts'

function fullLike(node: Node, value: number): Node {
  return full(node.shape, constant(value, node.dtype), node.dtype)
}

const unary: Rule = (node) => {
  const x = uniformValue(node.inputs[0]!)
  return x === undefined ? null : fullLike(node, unaryFunctions[node.op as UnaryOp](x))
}

const binary: Rule = (node) => {
  const [a, b] = node.inputs.map(uniformValue)
  if (a === undefined || b === undefined) return null
  const { dtype } = node.inputs[0]!
  return fullLike(node, binaryFunctions[node.op as BinaryOp](a, b, !isFloating(dtype)))
}

/** Of ops whose result holds nothing but elements of the first operand. */
const picked: Rule = (node) => {
  const value = uniformValue(node.inputs[0]!)
  return value === undefined ? null : fullLike(node, value)
}

function forEach(ops: readonly string[], rule: Rule): RuleTable {
  return Object.fromEntries(ops.map((op) => [op, rule]))
}

const binaryNames = Object.keys(binaryOps).filter((op) => op !== 'where' && op !== 'cast')
const picking: readonly Op[] = ['reshape', 'permute', 'expand', 'slice', 'flip', 'reduceMax', 'poolGather']

/** Constants computed now; in float32 every step is rounded, as it would be at run time. */
export const constantRules: RuleTable = {
  ...forEach(Object.keys(unaryOps), unary),
  ...forEach(binaryNames, binary),
  ...forEach(picking, picked),
  where: (node) => {
    const [condition, a, b] = node.inputs.map(uniformValue)
    if (condition === undefined || a === undefined || b === undefined) return null
    return fullLike(node, condition !== 0 ? a : b)
  },
  cast: (node) => {
    const value = uniformValue(node.inputs[0]!)
    if (value === undefined) return null
    // What becomes of numbers that no int32 holds is the machine's business.
    const integer = node.dtype === 'int32' || node.dtype === 'uint8'
    if (integer && !(Math.abs(value) < 2 ** 31)) return null
    return fullLike(node, castTo(node.dtype)(value))
  },
  pad: (node) => {
    const value = uniformValue(node.inputs[0]!)
    return value !== undefined && Object.is(value, constant(node.attrs.value, node.dtype))
      ? fullLike(node, value)
      : null
  },
  concat: (node) => {
    const [first, ...others] = node.inputs.map(uniformValue)
    return first !== undefined && others.every((value) => Object.is(value, first))
      ? fullLike(node, first)
      : null
  },
  reduceSum: (node) => {
    const value = uniformValue(node.inputs[0]!)
    if (value === undefined) return null
    const count = sizeOf(node.inputs[0]!.shape) / Math.max(sizeOf(node.shape), 1)
    return fullLike(node, count === 0 ? 0 : binaryFunctions.mul(value, count, !isFloating(node.dtype)))
  },
  argMax: (node) => (uniformValue(node.inputs[0]!) === undefined ? null : full(node.shape, 0, 'int32')),
}
