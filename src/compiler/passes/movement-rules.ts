import { make } from '../../graph/make.ts'
import { isOp, type Node } from '../../graph/node.ts'
import { cast, expand, flip, full, pad, reshape, slice } from '../../graph/ops/index.ts'
import { type Shape, sameShape, sizeOf } from '../../graph/shape.ts'
import { attrsKey } from '../graph.ts'
import { permuted } from './moved.ts'
import type { Rule, RuleTable } from './rules.ts'

function changed(node: Node, result: Node): Node | null {
  const same = result.op === node.op && result.inputs.every((input, i) => input === node.inputs[i])
  return same ? null : result
}

/** Axes of one element need no reduction. */
const singleElements: Rule<'reduceSum' | 'reduceMax' | 'reduceProd'> = (node) => {
  const x = node.inputs[0]!
  const axes = node.attrs.axes.filter((axis) => x.shape[axis] !== 1)
  if (axes.length === 0) return reshape(cast(x, node.dtype), node.shape)
  if (axes.length === node.attrs.axes.length) return null
  return reshape(make(node.op, [x], { axes, keepdim: true }), node.shape)
}

const ofOneElement: Rule = (node) => {
  const { axis } = node.attrs as { axis: number }
  return node.inputs[0]!.shape[axis] === 1 ? cast(node.inputs[0]!, node.dtype) : null
}

/** One slice for two. */
function sliceOfSlice(outer: Node<'slice'>, inner: Node<'slice'>): Node {
  const steps = outer.attrs.steps.map((step, i) => step * inner.attrs.steps[i]!)
  const starts = outer.attrs.starts.map((start, i) => inner.attrs.starts[i]! + start * inner.attrs.steps[i]!)
  return spanning(inner.inputs[0]!, outer.shape, starts, steps)
}

/** The slice with these starts, steps and lengths, in one form: stops lie just behind the last element. */
function spanning(x: Node, lengths: Shape, starts: readonly number[], steps: readonly number[]): Node {
  const from = starts.map((start, i) => (lengths[i] === 0 ? 0 : start))
  const tidy = steps.map((step, i) => (lengths[i]! <= 1 ? 1 : step))
  const stops = lengths.map((length, i) => (length === 0 ? 0 : from[i]! + (length - 1) * tidy[i]! + 1))
  return slice(x, from, stops, tidy)
}

/** A slice of a padded value as the padded slice of the value; null where it takes every other element of padding. */
function sliceOfPad(node: Node<'slice'>, padded: Node<'pad'>): Node | null {
  const x = padded.inputs[0]!
  const { starts, steps } = node.attrs
  const { value } = padded.attrs
  const parts = node.shape.map((length, i) => {
    const [before, after, interior] = [
      padded.attrs.before[i]!,
      padded.attrs.after[i]!,
      padded.attrs.interior[i]!,
    ]
    const size = x.shape[i]!
    if (length === padded.shape[i]) return { before, after, interior, start: 0, length: size, step: 1 }
    if (before === 0 && after === 0 && interior === 0) {
      return { before, after, interior, start: starts[i]!, length, step: steps[i]! }
    }
    if (interior !== 0 || steps[i] !== 1) return null
    const start = Math.max(starts[i]! - before, 0)
    const stop = Math.min(starts[i]! + length - before, size)
    const first = Math.min(Math.max(before - starts[i]!, 0), length)
    const kept = Math.max(stop - start, 0)
    return { before: first, after: length - first - kept, interior, start, length: kept, step: 1 }
  })
  if (parts.includes(null)) return null
  const all = parts.map((part) => part!)
  if (all.some(({ length }) => length === 0)) return full(node.shape, value, node.dtype)
  const inner = spanning(
    x,
    all.map((part) => part.length),
    all.map((part) => part.start),
    all.map((part) => part.step),
  )
  return pad(
    inner,
    all.map((part) => part.before),
    all.map((part) => part.after),
    value,
    all.map((part) => part.interior),
  )
}

/** A slice of repeated elements: what is left, repeated. */
function sliceOfExpand(node: Node<'slice'>, expanded: Node<'expand'>): Node {
  const x = expanded.inputs[0]!
  const extra = node.shape.length - x.shape.length
  const { starts, steps } = node.attrs
  const repeated = (axis: number): boolean => x.shape[axis] !== node.inputs[0]!.shape[axis + extra]
  const inner = spanning(
    x,
    x.shape.map((size, axis) => (repeated(axis) ? size : node.shape[axis + extra]!)),
    x.shape.map((_, axis) => (repeated(axis) ? 0 : starts[axis + extra]!)),
    x.shape.map((_, axis) => (repeated(axis) ? 1 : steps[axis + extra]!)),
  )
  return expand(inner, node.shape)
}

function padOfPad(outer: Node<'pad'>, inner: Node<'pad'>): Node | null {
  const simple = outer.attrs.interior.every((n) => n === 0) && Object.is(outer.attrs.value, inner.attrs.value)
  if (!simple) return null
  const { before, after, interior, value } = inner.attrs
  return pad(
    inner.inputs[0]!,
    before.map((n, i) => n + outer.attrs.before[i]!),
    after.map((n, i) => n + outer.attrs.after[i]!),
    value,
    interior,
  )
}

function swapsLastTwo(axes: readonly number[]): boolean {
  const rank = axes.length
  return axes.every((axis, i) => axis === (i < rank - 2 ? i : 2 * rank - 3 - i))
}

/** Chains of movements as one, movements of nothing dropped. */
export const movementRules: RuleTable = {
  reshape: (node) => {
    const x = node.inputs[0]!
    if (sameShape(x.shape, node.shape)) return x
    return isOp(x, 'reshape') ? reshape(x.inputs[0]!, node.shape) : null
  },
  permute: (node) => changed(node, permuted(node.inputs[0]!, node.attrs.axes)),
  expand: (node) => {
    const x = node.inputs[0]!
    if (sizeOf(x.shape) === sizeOf(node.shape) && sizeOf(x.shape) > 0) return reshape(x, node.shape)
    return isOp(x, 'expand') ? expand(x.inputs[0]!, node.shape) : null
  },
  slice: (node) => {
    const x = node.inputs[0]!
    const tidy = spanning(x, node.shape, node.attrs.starts, node.attrs.steps)
    const same = isOp(tidy, 'slice') && attrsKey(tidy) === attrsKey(node)
    if (!same) return tidy
    if (isOp(x, 'slice')) return sliceOfSlice(node, x)
    if (isOp(x, 'pad')) return sliceOfPad(node, x)
    return isOp(x, 'expand') ? sliceOfExpand(node, x) : null
  },
  flip: (node) => {
    const x = node.inputs[0]!
    const axes = node.attrs.axes.filter((axis) => x.shape[axis] !== 1).sort((a, b) => a - b)
    if (isOp(x, 'flip')) {
      const inner = x.attrs.axes
      const once = [...axes.filter((a) => !inner.includes(a)), ...inner.filter((a) => !axes.includes(a))]
      return flip(x.inputs[0]!, once)
    }
    return axes.length > 0 && sameShape(axes, node.attrs.axes) ? null : flip(x, axes)
  },
  pad: (node) => {
    const x = node.inputs[0]!
    const { before, after, interior, value } = node.attrs
    const between = interior.map((n, i) => (x.shape[i]! <= 1 ? 0 : n))
    if (!sameShape(between, interior)) return pad(x, before, after, value, between)
    if (sameShape(x.shape, node.shape)) return x
    return isOp(x, 'pad') ? padOfPad(node, x) : null
  },
  reduceSum: singleElements as Rule<'reduceSum'>,
  reduceMax: singleElements as Rule<'reduceMax'>,
  reduceProd: singleElements as Rule<'reduceProd'>,
  cumSum: ofOneElement as Rule<'cumSum'>,
  matmul: (node) => {
    const straight = node.inputs.map((x) =>
      isOp(x, 'permute') && swapsLastTwo(x.attrs.axes) ? x.inputs[0]! : x,
    )
    const [a, b] = node.inputs.map((x, i) => x !== straight[i])
    if (!a && !b) return null
    const { transposeA, transposeB } = node.attrs
    return make('matmul', straight, { transposeA: transposeA !== a, transposeB: transposeB !== b })
  },
}
