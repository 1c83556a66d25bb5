import { isFloating } from '../../graph/dtype.ts'
import { isOp, type Node } from '../../graph/node.ts'
import { expand, full, mul, neg, reduceSum, reshape } from '../../graph/ops/index.ts'
import { type Shape, sizeOf } from '../../graph/shape.ts'
import type { Rule, RuleContext, RuleTable } from './rules.ts'
import { uniformValue } from './uniform.ts'

/** A sum of values broadcast to a shape over axes which stay with size 1. */
interface Sum {
  readonly shape: Shape
  readonly axes: readonly number[]
  readonly context: RuleContext
}

/** The value with all dimensions of the shape it is broadcast to. */
function aligned(value: Node, shape: Shape): Node {
  const extra = shape.length - value.shape.length
  return extra === 0 ? value : reshape(value, [...new Array<number>(extra).fill(1), ...value.shape])
}

function isRepeatedAlong(value: Node, { shape, axes }: Sum): boolean {
  const extra = shape.length - value.shape.length
  return axes.every((axis) => shape[axis] === 1 || (value.shape[axis - extra] ?? 1) === 1)
}

function summed(value: Node, { shape, axes }: Sum): Node {
  return reduceSum(expand(value, shape), axes, true)
}

/** Whether a value is something minus its own mean over some of the axes. */
function isCentred(value: Node, { shape, axes, context }: Sum): boolean {
  if (!isOp(value, 'sub') || value.shape.length !== shape.length) return false
  const [x, mean] = [value.inputs[0]!, value.inputs[1]!]
  if (!isOp(mean, 'mul') || x.shape.length !== mean.shape.length) return false
  const over = x.shape.flatMap((size, i) => (mean.shape[i] === 1 && size !== 1 ? [i] : []))
  if (over.length === 0 || over.some((axis) => !axes.includes(axis))) return false
  const share = 1 / sizeOf(over.map((axis) => x.shape[axis]!))
  const factor = mean.inputs.find((node) => Math.abs((uniformValue(node) ?? 0) / share - 1) < 1e-6)
  if (!factor) return false
  return context.simplified(mul(reduceSum(x, over, true), factor)) === mean
}

/** The operand of a product that is the same all along the axes, and the other one. */
function factorOf(value: Node<'mul'>, sum: Sum): [Node, Node] | null {
  const [a, b] = [value.inputs[0]!, value.inputs[1]!]
  if (isRepeatedAlong(a, sum)) return [a, b]
  return isRepeatedAlong(b, sum) ? [b, a] : null
}

/** How far down an expression is looked at. */
const depth = 6

/** Whether nothing but rounding errors keeps the sum from being zero. */
function vanishes(value: Node, sum: Sum, levels: number = depth): boolean {
  if (levels === 0) return false
  const all = (): boolean => value.inputs.every((x) => vanishes(x, sum, levels - 1))
  if (isOp(value, 'neg') || isOp(value, 'add')) return all()
  if (isOp(value, 'sub')) return isCentred(value, sum) || all()
  if (!isOp(value, 'mul')) return false
  const [, x] = factorOf(value, sum) ?? []
  return x !== undefined && vanishes(x, sum, levels - 1)
}

function ofExpanded(value: Node<'expand'>, { shape, axes }: Sum): Node | null {
  const inner = aligned(value.inputs[0]!, shape)
  const repeated = axes.filter((axis) => inner.shape[axis] !== shape[axis])
  if (repeated.length === 0) return null
  const kept = shape.map((size, i) => (axes.includes(i) ? 1 : size))
  const count = sizeOf(repeated.map((axis) => shape[axis]!))
  return expand(mul(reduceSum(inner, axes, true), count), kept)
}

function simplerSum(value: Node, sum: Sum): Node | null {
  if (isOp(value, 'expand')) return ofExpanded(value, sum)
  if (!isFloating(value.dtype)) return null
  if (isOp(value, 'neg')) return neg(summed(value.inputs[0]!, sum))
  if (isOp(value, 'mul')) {
    const [factor, x] = factorOf(value, sum) ?? []
    const gains = x !== undefined && sizeOf(x.shape) === sizeOf(value.shape)
    return gains ? mul(summed(x, sum), aligned(factor!, sum.shape)) : null
  }
  if (vanishes(value, sum)) {
    const kept = sum.shape.map((size, i) => (sum.axes.includes(i) ? 1 : size))
    return full(kept, 0, value.dtype)
  }
  if (!isOp(value, 'add') && !isOp(value, 'sub')) return null
  const [a, b] = [value.inputs[0]!, value.inputs[1]!]
  if (vanishes(b, sum)) return summed(a, sum)
  if (!vanishes(a, sum)) return null
  return isOp(value, 'add') ? summed(b, sum) : neg(summed(b, sum))
}

const ofLinear: Rule<'reduceSum'> = (node, context) => {
  const value = node.inputs[0]!
  if (sizeOf(value.shape) === 0) return null
  const result = simplerSum(value, { shape: value.shape, axes: node.attrs.axes, context })
  return result && reshape(result, node.shape)
}

/**
 * Sums drawn inside: factors left outside, sums of repeated elements as products, sums of differences from the mean as
 * zero, as the textbook gradient of batch normalization has them. Results differ by rounding; where the mean is infinite
 * or NaN, so are the other values that depend on it.
 */
export const sumRules: RuleTable = { reduceSum: ofLinear }
