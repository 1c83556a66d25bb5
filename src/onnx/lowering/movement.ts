import type { Node, Op } from '../../graph/node.ts'
import { type Dimensions, FixedBatchError, isFixed, sameDimension } from '../export-dimensions.ts'
import { int } from '../model.ts'
import type { Lowering, LoweringContext } from './context.ts'

type Table<O extends Op> = { readonly [K in O]: Lowering<K> }

export const movementLowerings: Table<
  'reshape' | 'permute' | 'expand' | 'slice' | 'flip' | 'pad' | 'concat' | 'identity'
> = {
  reshape: (node, context) => {
    const [x] = node.inputs
    return context.reshape(context.value(x!), context.dimensions(x!), context.dimensions(node))
  },
  permute: (node, context) => context.transpose(context.value(node.inputs[0]!), node.attrs.axes),
  expand: (node, context) => {
    const [x] = node.inputs
    return context.expand(context.value(x!), context.dimensions(x!), context.dimensions(node))
  },
  slice: (node, context) => {
    const x = node.inputs[0]!
    const sizes = context.dimensions(x)
    const [starts, stops] = [
      context.listOf(node, ({ attrs }) => attrs.starts),
      context.listOf(node, ({ attrs }) => attrs.stops),
    ]
    const { steps } = node.attrs
    const axes = x.shape.flatMap((_, i) =>
      starts[i] === 0 && sameDimension(stops[i]!, sizes[i]!) && steps[i] === 1 ? [] : [i],
    )
    const pick = (list: Dimensions): Dimensions => axes.map((axis) => list[axis]!)
    const inputs = [
      context.value(x),
      context.shape(pick(starts)),
      context.shape(pick(stops)),
      context.integers(axes),
    ]
    const strides = axes.map((axis) => steps[axis]!)
    return context.emit(
      'Slice',
      strides.every((s) => s === 1) ? inputs : [...inputs, context.integers(strides)],
    )
  },
  flip: (node, context) => {
    const { axes } = node.attrs
    const all = (value: number): number[] => axes.map(() => value)
    return context.slice(context.value(node.inputs[0]!), axes, all(-1), all(-(2 ** 31)), all(-1))
  },
  pad: (node, context) => {
    const x = node.inputs[0]!
    const { before, after, interior, value } = node.attrs
    const inner = spread(context, node)
    if (before.every((n, i) => n === 0 && after[i] === 0)) return inner
    const bytes = x.dtype === 'bool'
    const given = bytes ? context.cast(inner, 'uint8') : inner
    const fill = context.number(value, bytes ? 'uint8' : x.dtype)
    const lists = [before, after].flatMap((_, side) =>
      context.listOf(node, ({ attrs }) => (side === 0 ? attrs.before : attrs.after)),
    )
    if (interior.length === 0) return inner
    const padded = context.emit('Pad', [given, context.shape(lists), fill])
    return bytes ? context.cast(padded, 'bool') : padded
  },
  concat: (node, context) =>
    context.emit(
      'Concat',
      node.inputs.map((input) => context.value(input)),
      { axis: int(node.attrs.axis) },
    ),
  identity: (node, context) => context.value(node.inputs[0]!),
}

/** Elements put between neighbours: each element gets a row of its own, which is padded and cut at the end. */
function spread(context: LoweringContext, node: Node<'pad'>): string {
  const x = node.inputs[0]!
  let value = context.value(x)
  let dimensions = context.dimensions(x)
  for (const [axis, between] of node.attrs.interior.entries()) {
    const size = dimensions[axis]!
    if (between === 0 || size === 0) continue
    if (!isFixed(size)) throw new FixedBatchError('elements are put between those of the batch')
    const open = [...dimensions.slice(0, axis + 1), 1, ...dimensions.slice(axis + 1)]
    const rows = open.map((d, i) => (i === axis + 1 ? 1 + between : d))
    const pads = [...open.map(() => 0), ...open.map((_, i) => (i === axis + 1 ? between : 0))]
    const fill = context.number(node.attrs.value, x.dtype)
    const padded = context.emit('Pad', [
      context.reshape(value, dimensions, open),
      context.integers(pads),
      fill,
    ])
    const wide = dimensions.map((d, i) => (i === axis ? size * (1 + between) : d))
    const flat = context.reshape(padded, rows, wide)
    const length = (size - 1) * (1 + between) + 1
    value = context.slice(flat, [axis], [0], [length])
    dimensions = dimensions.map((d, i) => (i === axis ? length : d))
  }
  return value
}
