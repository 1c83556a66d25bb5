import { isFloating } from '../dtype.ts'
import { make } from '../make.ts'
import type { Node } from '../node.ts'
import { formatShape, type Shape, ShapeError, sizeOf } from '../shape.ts'
import { cast, div, equal, logicalNot, mul, sub } from './binary.ts'
import type { Cost, OpDefinition, OpTable, ValueType } from './definition.ts'
import { full } from './leaves.ts'
import {
  concat,
  expand,
  flip,
  inversePermutation,
  pad,
  permute,
  reshape,
  slice,
  sliceAxis,
} from './movement.ts'
import { neg } from './unary.ts'

type ReduceOp = 'reduceSum' | 'reduceMax' | 'reduceProd'

interface ReduceAttrs {
  readonly axes: readonly number[]
  readonly keepdim: boolean
}

function reducedShape(shape: Shape, { axes, keepdim }: ReduceAttrs): number[] {
  const reduced = new Set(axes)
  return keepdim ? shape.map((d, i) => (reduced.has(i) ? 1 : d)) : shape.filter((_, i) => !reduced.has(i))
}

const perInput = (node: Node): Cost => ({ macs: 0, flops: sizeOf(node.inputs[0]!.shape) })

function reduction<O extends ReduceOp>(
  op: O,
  onnx: string,
  gradient: (x: Node, y: Node, g: Node) => Node,
): OpDefinition<O> {
  return {
    infer: ([x], attrs) => {
      if (op === 'reduceMax' && attrs.axes.some((axis) => x!.shape[axis] === 0)) {
        throw new ShapeError(
          `${op}: the maximum over an empty axis of ${formatShape(x!.shape)} does not exist`,
        )
      }
      const widened = op !== 'reduceMax' && (x!.dtype === 'bool' || x!.dtype === 'uint8')
      return { shape: reducedShape(x!.shape, attrs), dtype: widened ? 'int32' : x!.dtype }
    },
    gradient: (node, g) => {
      const x = node.inputs[0]!
      const kept = reducedShape(x.shape, { axes: node.attrs.axes, keepdim: true })
      return [gradient(x, reshape(node, kept), reshape(g, kept))]
    },
    cost: perInput,
    onnx,
  }
}

/**
 * For each element the product of the others that are multiplied with it, the result being of shape `kept`. Without the
 * division of the whole by the element, it and its derivatives hold where elements are 0.
 */
function productOfOthers(x: Node, kept: Shape): Node {
  if (sizeOf(x.shape) === 0) return full(x.shape, 1, x.dtype)
  const axes = x.shape.map((_, i) => i)
  const order = [...axes.filter((i) => kept[i] === 1), ...axes.filter((i) => kept[i] !== 1)]
  const sorted = permute(x, order)
  const others = othersAlongFirst(reshape(sorted, [sizeOf(x.shape) / sizeOf(kept), sizeOf(kept)]))
  return permute(reshape(others, sorted.shape), inversePermutation(order))
}

/** Elements are paired; the others of an element are those of its pair and its partner. */
function othersAlongFirst(x: Node): Node {
  const [size, width] = x.shape as [number, number]
  if (size <= 1) return full(x.shape, 1, x.dtype)
  const half = Math.ceil(size / 2)
  const even = size % 2 === 0 ? x : pad(x, [0, 0], [1, 0], 1)
  const [a, b] = [sliceAxis(even, 0, 0, half), sliceAxis(even, 0, half, 2 * half)]
  const others = othersAlongFirst(mul(a, b))
  return slice(concat([mul(others, b), mul(others, a)], 0), [0, 0], [size, width])
}

function alongAxis(shape: Shape, axis: number): number[] {
  return shape.filter((_, i) => i !== axis)
}

export const reductionOps: OpTable<ReduceOp | 'argMax' | 'cumSum' | 'cumArgMax' | 'argSort'> = {
  reduceSum: reduction('reduceSum', 'ReduceSum', (x, _y, g) => expand(g, x.shape)),
  reduceMax: reduction('reduceMax', 'ReduceMax', (x, y, g) => {
    const mask = cast(equal(x, y), g.dtype)
    const axes = y.shape.flatMap((d, i) => (d === 1 ? [i] : []))
    return mul(mask, div(g, reduceSum(mask, axes, true)))
  }),
  reduceProd: reduction('reduceProd', 'ReduceProd', (x, y, g) => mul(g, productOfOthers(x, y.shape))),
  argMax: {
    infer: ([x], { axis }): ValueType => {
      if (x!.shape[axis] === 0) {
        throw new ShapeError(`argMax: axis ${axis} of ${formatShape(x!.shape)} is empty`)
      }
      return { shape: alongAxis(x!.shape, axis), dtype: 'int32' }
    },
    gradient: () => [null],
    cost: perInput,
    onnx: 'ArgMax',
  },
  cumSum: {
    infer: ([x]): ValueType => {
      const widened = x!.dtype === 'bool' || x!.dtype === 'uint8'
      return { shape: x!.shape, dtype: widened ? 'int32' : x!.dtype }
    },
    gradient: (node, g) => [flip(cumSum(flip(g, [node.attrs.axis]), node.attrs.axis), [node.attrs.axis])],
    cost: perInput,
    onnx: 'CumSum',
  },
  cumArgMax: {
    infer: ([x]): ValueType => ({ shape: x!.shape, dtype: 'int32' }),
    gradient: () => [null],
    cost: perInput,
    onnx: null,
  },
  argSort: {
    infer: ([x]): ValueType => ({ shape: x!.shape, dtype: 'int32' }),
    gradient: () => [null],
    cost: (node) => ({
      macs: 0,
      flops: sizeOf(node.shape) * Math.ceil(Math.log2(Math.max(node.shape.at(-1) ?? 1, 2))),
    }),
    onnx: null,
  },
}

export function reduceSum(x: Node, axes: readonly number[], keepdim = false): Node {
  return make('reduceSum', [x], { axes, keepdim })
}

export function reduceMax(x: Node, axes: readonly number[], keepdim = false): Node {
  return make('reduceMax', [x], { axes, keepdim })
}

export function reduceMin(x: Node, axes: readonly number[], keepdim = false): Node {
  return reversed(reduceMax(reversed(x), axes, keepdim))
}

export function argMin(x: Node, axis: number): Node {
  return argMax(reversed(x), axis)
}

/** The values in reverse order; twice gives them back. The negative of an integer may not fit its dtype. */
function reversed(x: Node): Node {
  switch (x.dtype) {
    case 'bool':
      return logicalNot(x)
    case 'uint8':
      return sub(255, x)
    case 'int32':
      return sub(-1, x)
    default:
      return neg(x)
  }
}

export function reduceProd(x: Node, axes: readonly number[], keepdim = false): Node {
  return make('reduceProd', [x], { axes, keepdim })
}

export function reduceMean(x: Node, axes: readonly number[], keepdim = false): Node {
  const count = axes.reduce((product, axis) => product * x.shape[axis]!, 1)
  const values = isFloating(x.dtype) ? x : cast(x, 'float32')
  return mul(reduceSum(values, axes, keepdim), 1 / count)
}

/** Mean of squared deviations, divided by count - correction. */
export function reduceVar(x: Node, axes: readonly number[], correction: number, keepdim = false): Node {
  const count = axes.reduce((product, axis) => product * x.shape[axis]!, 1)
  const values = isFloating(x.dtype) ? x : cast(x, 'float32')
  const centred = sub(values, reduceMean(values, axes, true))
  return mul(reduceSum(mul(centred, centred), axes, keepdim), 1 / Math.max(count - correction, 0))
}

export function argMax(x: Node, axis: number): Node {
  return make('argMax', [x], { axis })
}

export function cumSum(x: Node, axis: number): Node {
  return make('cumSum', [x], { axis })
}

export function cumArgMax(x: Node, axis: number): Node {
  return make('cumArgMax', [x], { axis })
}

export function argSort(x: Node, axis: number, descending = false): Node {
  return make('argSort', [x], { axis, descending })
}

/** Sums the dimensions along which `shape` was broadcast, so that the result has that shape. */
export function sumTo(x: Node, shape: Shape): Node {
  const extra = x.shape.length - shape.length
  const axes = x.shape.flatMap((d, i) => (i < extra || (shape[i - extra] === 1 && d !== 1) ? [i] : []))
  return reshape(axes.length === 0 ? x : reduceSum(x, axes, true), shape)
}
