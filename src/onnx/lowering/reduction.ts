import type { Node, Op } from '../../graph/node.ts'
import { type Dimension, FixedBatchError, isFixed } from '../export-dimensions.ts'
import { since } from '../export-opset.ts'
import { int } from '../model.ts'
import type { Lowering, LoweringContext } from './context.ts'

type Table<O extends Op> = { readonly [K in O]: Lowering<K> }

/** ReduceSum takes its axes as an input in every operator set that is written. */
const always = 13

export const reductionLowerings: Table<
  'reduceSum' | 'reduceMax' | 'reduceProd' | 'argMax' | 'cumSum' | 'cumArgMax' | 'argSort'
> = {
  reduceSum: (node, context) => reduced('ReduceSum', node, context, always),
  reduceMax: (node, context) => reduced('ReduceMax', node, context, since.reductionAxesInput),
  reduceProd: (node, context) => reduced('ReduceProd', node, context, since.reductionAxesInput),
  argMax: (node, context) => {
    const found = context.emit('ArgMax', [widened(context, node.inputs[0]!)], {
      axis: int(node.attrs.axis),
      keepdims: int(0),
    })
    return context.cast(found, 'int32')
  },
  cumSum: (node, context) => {
    const [x] = node.inputs
    const sum = context.emit('CumSum', [widened(context, x!), context.integers(node.attrs.axis)])
    return node.dtype === 'uint8' || node.dtype === 'bool' ? context.cast(sum, node.dtype) : sum
  },
  cumArgMax: (node, context) => cumulative(context, node.inputs[0]!, node.attrs.axis).indices(),
  argSort: (node, context) => {
    const [x] = node.inputs
    const { axis, descending } = node.attrs
    const size = context.size(context.dimensions(x!)[axis]!)
    const { builder } = context
    const [, order] = builder.emitAll('TopK', [widened(context, x!), size], {
      attributes: { axis: int(axis), largest: int(descending ? 1 : 0), sorted: int(1) },
      outputs: 2,
    })
    return context.cast(order!, 'int32')
  },
}

/** Runtimes do not reduce bytes. */
function widened(context: LoweringContext, x: Node): string {
  const value = context.value(x)
  return x.dtype === 'bool' || x.dtype === 'uint8' ? context.cast(value, 'int32') : value
}

function reduced(
  op: string,
  node: Node<'reduceSum' | 'reduceMax' | 'reduceProd'>,
  context: LoweringContext,
  inputSince: number,
): string {
  const { axes, keepdim } = node.attrs
  const x = node.inputs[0]!
  if (axes.length === 0) {
    const value = context.value(x)
    return x.dtype === node.dtype ? value : context.cast(value, node.dtype)
  }
  const y = context.reduce(op, widened(context, x), axes, keepdim, inputSince)
  return node.dtype === 'bool' || node.dtype === 'uint8' ? context.cast(y, node.dtype) : y
}

interface Cumulative {
  readonly values: () => string
  readonly indices: () => string
}

/** Running maxima in steps of 1, 2, 4 …: each step looks as far back as those before it have seen. */
export function cumulative(context: LoweringContext, x: Node, axis: number): Cumulative {
  const size: Dimension = context.dimensions(x)[axis]!
  if (!isFixed(size)) throw new FixedBatchError('a running maximum goes along the batch')
  const steps: number[] = []
  for (let step = 1; step < size; step *= 2) steps.push(step)
  const rank = x.shape.length
  /** The values `step` places further on, filled up at the start. */
  const shifted = (value: string, step: number, fill: string): string => {
    const pads = Array.from({ length: 2 * rank }, (_, i) => (i === axis ? step : 0))
    const kept = context.slice(value, [axis], [0], [size - step])
    return context.emit('Pad', [kept, context.integers(pads), fill])
  }
  const integer = x.dtype === 'int32'
  const lowest = context.number(integer ? -(2 ** 31) : Number.NEGATIVE_INFINITY, x.dtype)
  return {
    values: () => {
      let value = context.value(x)
      for (const step of steps) value = context.emit('Max', [value, shifted(value, step, lowest)])
      return value
    },
    indices: () => {
      let value = context.value(x)
      const along = context.dimensions(x).map((_, i) => (i === axis ? size : 1))
      const count = context.emit('Range', [context.integers(0), context.integers(size), context.integers(1)])
      const column = context.cast(context.reshape(count, [size], along), 'int32')
      let index = context.expand(column, along, context.dimensions(x))
      for (const step of steps) {
        const [before, beforeIndex] = [
          shifted(value, step, lowest),
          shifted(index, step, context.number(0, 'int32')),
        ]
        // Of equals the later one is kept.
        const own = context.emit('GreaterOrEqual', [value, before])
        value = context.emit('Where', [own, value, before])
        index = context.emit('Where', [own, index, beforeIndex])
      }
      return index
    },
  }
}
