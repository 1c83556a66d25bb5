import { make } from '../make.ts'
import type { Node } from '../node.ts'
import {
  broadcastShapes,
  formatShape,
  normalizeAxis,
  type Shape,
  ShapeError,
  sameShape,
  sizeOf,
} from '../shape.ts'
import { noCost, type OpTable } from './definition.ts'
import { sumTo } from './reduction.ts'

export const movementOps: OpTable<'reshape' | 'permute' | 'expand' | 'slice' | 'flip' | 'pad' | 'concat'> = {
  reshape: {
    infer: ([x], { shape }) => {
      if (sizeOf(shape) !== sizeOf(x!.shape)) {
        throw new ShapeError(
          `reshape: ${formatShape(x!.shape)} has ${sizeOf(x!.shape)} elements, ` +
            `${formatShape(shape)} would have ${sizeOf(shape)}`,
        )
      }
      return { shape, dtype: x!.dtype }
    },
    gradient: (node, g) => [reshape(g, node.inputs[0]!.shape)],
    cost: noCost,
    onnx: 'Reshape',
  },
  permute: {
    infer: ([x], { axes }) => {
      const rank = x!.shape.length
      if (axes.length !== rank || new Set(axes).size !== rank || axes.some((a) => !(a >= 0 && a < rank))) {
        throw new ShapeError(
          `permute: axes ${formatShape(axes)} must name each axis of ${formatShape(x!.shape)} once`,
        )
      }
      return { shape: axes.map((a) => x!.shape[a]!), dtype: x!.dtype }
    },
    gradient: (node, g) => [permute(g, inversePermutation(node.attrs.axes))],
    cost: noCost,
    onnx: 'Transpose',
  },
  expand: {
    infer: ([x], { shape }) => {
      if (!sameShape(broadcastShapes('expand', x!.shape, shape), shape)) {
        throw new ShapeError(`expand: ${formatShape(x!.shape)} does not broadcast to ${formatShape(shape)}`)
      }
      return { shape, dtype: x!.dtype }
    },
    gradient: (node, g) => [sumTo(g, node.inputs[0]!.shape)],
    cost: noCost,
    onnx: 'Expand',
  },
  slice: {
    infer: ([x], { starts, stops, steps }) => {
      const shape = x!.shape.map((size, i) => {
        const [start, stop, step] = [starts[i]!, stops[i]!, steps[i]!]
        if (!(start >= 0 && start <= stop && stop <= size && step >= 1)) {
          throw new ShapeError(
            `slice: ${start} to ${stop} by ${step} does not fit axis ${i} of ${formatShape(x!.shape)}`,
          )
        }
        return Math.ceil((stop - start) / step)
      })
      return { shape, dtype: x!.dtype }
    },
    gradient: (node, g) => {
      const { starts, steps } = node.attrs
      const size = node.inputs[0]!.shape
      const after = node.shape.map((length, i) => {
        const used = length === 0 ? starts[i]! : starts[i]! + (length - 1) * steps[i]! + 1
        return size[i]! - used
      })
      return [
        pad(
          g,
          starts,
          after,
          0,
          steps.map((step) => step - 1),
        ),
      ]
    },
    cost: noCost,
    onnx: 'Slice',
  },
  flip: {
    infer: ([x]) => ({ shape: x!.shape, dtype: x!.dtype }),
    gradient: (node, g) => [flip(g, node.attrs.axes)],
    cost: noCost,
    onnx: null,
  },
  pad: {
    infer: ([x], { before, after, interior }) => {
      const shape = x!.shape.map((size, i) => {
        const [b, a, between] = [before[i]!, after[i]!, interior[i]!]
        if (!(b >= 0 && a >= 0 && between >= 0)) {
          throw new ShapeError(`pad: amounts must be >= 0, got ${b}, ${a}, ${between} for axis ${i}`)
        }
        return b + size + Math.max(size - 1, 0) * between + a
      })
      return { shape, dtype: x!.dtype }
    },
    gradient: (node, g) => {
      const { before, after, interior } = node.attrs
      const stops = node.shape.map((size, i) => size - after[i]!)
      return [
        slice(
          g,
          before,
          stops,
          interior.map((n) => n + 1),
        ),
      ]
    },
    cost: noCost,
    onnx: 'Pad',
  },
  concat: {
    infer: (inputs, { axis }) => {
      const first = inputs[0]!
      let total = 0
      for (const [i, x] of inputs.entries()) {
        const fits =
          x.shape.length === first.shape.length && x.shape.every((d, j) => j === axis || d === first.shape[j])
        if (!fits || x.dtype !== first.dtype) {
          throw new ShapeError(
            `concat along axis ${axis}: tensor ${i} is ${x.dtype} ${formatShape(x.shape)}, ` +
              `tensor 0 is ${first.dtype} ${formatShape(first.shape)}; all other dimensions and the dtype must agree`,
          )
        }
        total += x.shape[axis]!
      }
      return { shape: first.shape.map((d, j) => (j === axis ? total : d)), dtype: first.dtype }
    },
    gradient: (node, g) => {
      let start = 0
      return node.inputs.map((input) => {
        const size = input.shape[node.attrs.axis]!
        const part = input.requiresGrad ? sliceAxis(g, node.attrs.axis, start, start + size) : null
        start += size
        return part
      })
    },
    cost: noCost,
    onnx: 'Concat',
  },
}

export function reshape(x: Node, shape: Shape): Node {
  return sameShape(x.shape, shape) ? x : make('reshape', [x], { shape })
}

export function permute(x: Node, axes: readonly number[]): Node {
  const order = axes.map((axis) => normalizeAxis('permute', axis, x.shape.length))
  return order.length === x.shape.length && order.every((axis, i) => axis === i)
    ? x
    : make('permute', [x], { axes: order })
}

export function inversePermutation(axes: readonly number[]): number[] {
  const inverse = new Array<number>(axes.length)
  for (const [i, axis] of axes.entries()) inverse[axis] = i
  return inverse
}

export function expand(x: Node, shape: Shape): Node {
  return sameShape(x.shape, shape) ? x : make('expand', [x], { shape })
}

export function slice(
  x: Node,
  starts: readonly number[],
  stops: readonly number[],
  steps: readonly number[] = starts.map(() => 1),
): Node {
  const whole = x.shape.every((size, i) => starts[i] === 0 && stops[i] === size && steps[i] === 1)
  return whole ? x : make('slice', [x], { starts, stops, steps })
}

/** Elements start to stop - 1 along one axis. */
export function sliceAxis(x: Node, axis: number, start: number, stop: number, step = 1): Node {
  const at = <T>(value: T, other: (i: number) => T): T[] =>
    x.shape.map((_, i) => (i === axis ? value : other(i)))
  return slice(
    x,
    at(start, () => 0),
    at(stop, (i) => x.shape[i]!),
    at(step, () => 1),
  )
}

export function flip(x: Node, axes: readonly number[]): Node {
  return axes.length === 0 ? x : make('flip', [x], { axes })
}

export function pad(
  x: Node,
  before: readonly number[],
  after: readonly number[],
  value = 0,
  interior: readonly number[] = before.map(() => 0),
): Node {
  const nothing = before.every((n, i) => n === 0 && after[i] === 0 && interior[i] === 0)
  return nothing ? x : make('pad', [x], { before, after, interior, value })
}

export function concat(inputs: readonly Node[], axis: number): Node {
  if (inputs.length === 0) throw new ShapeError('concat: needs at least one tensor')
  return inputs.length === 1 ? inputs[0]! : make('concat', inputs, { axis })
}
