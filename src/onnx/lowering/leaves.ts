import type { Op } from '../../graph/node.ts'
import { isFixed } from '../export-dimensions.ts'
import { float, int } from '../model.ts'
import type { Lowering } from './context.ts'

type Table<O extends Op> = { readonly [K in O]: Lowering<K> }

export const leafLowerings: Table<'input' | 'full' | 'iota' | 'random'> = {
  input: (node, context) => context.value(node),
  full: (node, context) => context.value(node),
  iota: (node, context) => {
    const { axis, start, step, dtype } = node.attrs
    const dimensions = context.dimensions(node)
    const size = dimensions[axis]!
    const limit = isFixed(size)
      ? context.integers(size)
      : context.emit('Squeeze', [context.size(size), context.integers([0])])
    const count = context.emit('Range', [context.integers(0), limit, context.integers(1)])
    let value = context.cast(count, dtype)
    if (step !== 1) value = context.emit('Mul', [value, context.number(step, dtype)])
    if (start !== 0) value = context.emit('Add', [value, context.number(start, dtype)])
    const along = dimensions.map((d, i) => (i === axis ? d : 1))
    return context.expand(context.reshape(value, [size], along), along, dimensions)
  },
  random: (node, context) => {
    const zeros = context.emit('Expand', [
      context.number(0, 'float32'),
      context.shape(context.dimensions(node)),
    ])
    return context.emit('RandomUniformLike', [zeros], { low: float(0), high: float(1), dtype: int(1) })
  },
}
