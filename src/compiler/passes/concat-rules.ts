import { isOp, type Node } from '../../graph/node.ts'
import { concat, pad, slice } from '../../graph/ops/index.ts'
import type { RuleTable } from './rules.ts'

/** Operands of chained concatenations along one axis, neighbouring slices of one value joined, empty ones dropped. */
function joined(node: Node<'concat'>): Node | null {
  const { axis } = node.attrs
  const parts: Node[] = []
  for (const operand of node.inputs) {
    const flat = isOp(operand, 'concat') && operand.attrs.axis === axis ? operand.inputs : [operand]
    for (const part of flat) {
      if (part.shape[axis] === 0) continue
      const last = parts.at(-1)
      const whole = last && adjacentSlices(last, part, axis)
      if (whole) parts[parts.length - 1] = whole
      else parts.push(part)
    }
  }
  if (parts.length === 0) return node.inputs[0]!
  const same = parts.length === node.inputs.length && parts.every((part, i) => part === node.inputs[i])
  return same ? null : concat(parts, axis)
}

function adjacentSlices(a: Node, b: Node, axis: number): Node | null {
  if (!isOp(a, 'slice') || !isOp(b, 'slice') || a.inputs[0] !== b.inputs[0]) return null
  const fits = a.attrs.starts.every((start, i) =>
    i === axis
      ? a.attrs.stops[i] === b.attrs.starts[i] && a.attrs.steps[i] === 1 && b.attrs.steps[i] === 1
      : start === b.attrs.starts[i] && a.shape[i] === b.shape[i] && a.attrs.steps[i] === b.attrs.steps[i],
  )
  if (!fits) return null
  const stops = a.attrs.stops.map((stop, i) => (i === axis ? b.attrs.stops[i]! : stop))
  return slice(a.inputs[0]!, a.attrs.starts, stops, a.attrs.steps)
}

/** A slice of a concatenation that leaves some operands out: a slice of the others. */
function ofOperands(node: Node<'slice'>, whole: Node<'concat'>): Node | null {
  const { axis } = whole.attrs
  const { starts, stops, steps } = node.attrs
  const [start, stop] = [starts[axis]!, stops[axis]!]
  const kept: Node[] = []
  let first = 0
  let end = 0
  for (const operand of whole.inputs) {
    const from = end
    end += operand.shape[axis]!
    if (end <= start || from >= stop) continue
    if (kept.length === 0) first = from
    kept.push(operand)
  }
  if (kept.length === 0 || kept.length === whole.inputs.length) return null
  const shifted = (values: readonly number[]): number[] => values.map((v, i) => (i === axis ? v - first : v))
  return slice(concat(kept, axis), shifted(starts), shifted(stops), steps)
}

/** Where a value padded with zeros along one axis has its elements. */
interface Placed {
  readonly x: Node
  readonly axis: number
  readonly start: number
  readonly stop: number
}

function placed(node: Node): Placed | null {
  if (!isOp(node, 'pad') || node.attrs.value !== 0) return null
  const { before, interior } = node.attrs
  const x = node.inputs[0]!
  const grown = x.shape.flatMap((size, i) => (size === node.shape[i] ? [] : [i]))
  const [axis] = grown
  if (axis === undefined || grown.length > 1 || interior[axis] !== 0) return null
  return { x, axis, start: before[axis]!, stop: before[axis]! + x.shape[axis]! }
}

/** The sum of two values beside each other, as the gradient of a split has it. */
function besideEachOther(node: Node<'add'>): Node | null {
  const [a, b] = node.inputs.map(placed)
  if (!a || !b || a.axis !== b.axis) return null
  const [first, second] = a.start < b.start ? [a, b] : [b, a]
  const sameBase = first.x.shape.every((size, i) => i === a.axis || size === second.x.shape[i])
  if (first.stop !== second.start || !sameBase || node.inputs[0]!.shape.length !== node.shape.length)
    return null
  const { axis } = a
  const at = (value: number): number[] => node.shape.map((_, i) => (i === axis ? value : 0))
  return pad(concat([first.x, second.x], axis), at(first.start), at(node.shape[axis]! - second.stop))
}

/** Concatenations flattened, undone where only parts are read, and made of the sums that splits leave behind. */
export const concatRules: RuleTable = {
  concat: joined,
  slice: (node) => {
    const x = node.inputs[0]!
    return isOp(x, 'concat') ? ofOperands(node, x) : null
  },
  add: besideEachOther,
}
