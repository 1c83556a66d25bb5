import type { DType } from '../../graph/dtype.ts'
import { isOp, type Node } from '../../graph/node.ts'
import { full, iota } from '../../graph/ops/index.ts'
import type { Shape } from '../../graph/shape.ts'
import type { Rule, RuleTable } from './rules.ts'
import { uniformValue } from './uniform.ts'

/** Up to which size a dtype holds every whole number exactly. */
const exact: { readonly [D in DType]: number } = {
  bool: 0,
  uint8: 0,
  int32: 2 ** 31 - 1,
  float32: 2 ** 24,
  float64: 2 ** 53,
}

/** Start + step * index along an axis, if all of these are whole numbers that the dtype holds. */
function line(shape: Shape, axis: number, dtype: DType, start: number, step: number): Node | null {
  const last = start + step * Math.max(shape[axis]! - 1, 0)
  const fits = [start, step, last].every((x) => Number.isInteger(x) && Math.abs(x) <= exact[dtype])
  return fits ? iota(shape, axis, dtype, start, step) : null
}

/** The iota that is the node's only operand or one of its two. */
function operandLine(node: Node, at = 0): Node<'iota'> | null {
  const operand = node.inputs[at]
  return operand !== undefined && isOp(operand, 'iota') ? operand : null
}

/** A line combined with a whole number: start and step of the result. */
function combined(
  combine: (value: number, line: number, atStart: boolean) => number,
  swapped: typeof combine = combine,
): Rule {
  return (node) => {
    for (const [at, rule] of [combine, swapped].entries()) {
      const x = operandLine(node, at)
      const value = uniformValue(node.inputs[1 - at]!)
      if (!x || value === undefined || x.shape.join() !== node.shape.join()) continue
      const { axis, start, step } = x.attrs
      if (!line(x.shape, axis, x.dtype, start, step)) continue
      return line(node.shape, axis, node.dtype, rule(value, start, true), rule(value, step, false))
    }
    return null
  }
}

/** Positions along an axis, moved with the axis or computed now. */
export const iotaRules: RuleTable = {
  iota: (node) => (node.shape[node.attrs.axis] === 1 ? full(node.shape, node.attrs.start, node.dtype) : null),
  add: combined((value, x, atStart) => (atStart ? x + value : x)),
  sub: combined(
    (value, x, atStart) => (atStart ? x - value : x),
    (value, x, atStart) => (atStart ? value - x : -x),
  ),
  mul: combined((value, x) => x * value),
  cast: (node) => {
    const x = operandLine(node)
    if (!x) return null
    const { axis, start, step } = x.attrs
    return line(x.shape, axis, x.dtype, start, step) && line(x.shape, axis, node.dtype, start, step)
  },
  permute: (node) => {
    const x = operandLine(node)
    if (!x) return null
    const { axis, start, step } = x.attrs
    return iota(node.shape, node.attrs.axes.indexOf(axis), x.dtype, start, step)
  },
  expand: (node) => {
    const x = operandLine(node)
    if (!x) return null
    const { axis, start, step } = x.attrs
    return iota(node.shape, axis + node.shape.length - x.shape.length, x.dtype, start, step)
  },
  reshape: (node) => {
    const x = operandLine(node)
    if (!x) return null
    const { axis, start, step } = x.attrs
    const from = x.shape.flatMap((size, i) => (size === 1 ? [] : [i]))
    const to = node.shape.flatMap((size, i) => (size === 1 ? [] : [i]))
    const same = from.length === to.length && from.every((i, k) => x.shape[i] === node.shape[to[k]!])
    return same ? iota(node.shape, to[from.indexOf(axis)]!, x.dtype, start, step) : null
  },
  slice: (node) => {
    const x = operandLine(node)
    if (!x) return null
    const { axis, start, step } = x.attrs
    const { starts, steps } = node.attrs
    if (!line(x.shape, axis, x.dtype, start, step)) return null
    return line(node.shape, axis, x.dtype, start + step * starts[axis]!, step * steps[axis]!)
  },
  flip: (node) => {
    const x = operandLine(node)
    if (!x) return null
    const { axis, start, step } = x.attrs
    if (!node.attrs.axes.includes(axis)) return x
    if (!line(x.shape, axis, x.dtype, start, step)) return null
    return line(x.shape, axis, x.dtype, start + step * (x.shape[axis]! - 1), -step)
  },
}
