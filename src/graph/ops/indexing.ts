import { make } from '../make.ts'
import type { Node, Taps } from '../node.ts'
import { formatShape, ShapeError, sizeOf } from '../shape.ts'
import { type OpTable, perElement } from './definition.ts'
import { full } from './leaves.ts'

export const indexingOps: OpTable<'gather' | 'scatterAdd' | 'resample'> = {
  gather: {
    infer: ([x, index], { axis }) => {
      checkIndex('gather', x!.shape, index!.shape, index!.dtype, axis)
      return { shape: index!.shape, dtype: x!.dtype }
    },
    gradient: (node, g) => {
      const [x, index] = [node.inputs[0]!, node.inputs[1]!]
      const { axis, name } = node.attrs
      return [scatterAdd(full(x.shape, 0, g.dtype), index, g, axis, name), null]
    },
    cost: perElement,
    onnx: 'GatherElements',
  },
  scatterAdd: {
    infer: ([base, index, source], { axis }) => {
      checkIndex('scatterAdd', base!.shape, index!.shape, index!.dtype, axis)
      if (formatShape(index!.shape) !== formatShape(source!.shape)) {
        throw new ShapeError(
          `scatterAdd: the index is ${formatShape(index!.shape)} but the source ${formatShape(source!.shape)}`,
        )
      }
      if (base!.dtype !== source!.dtype) {
        throw new ShapeError(`scatterAdd: dtypes ${base!.dtype} and ${source!.dtype} differ; cast one`)
      }
      return { shape: base!.shape, dtype: base!.dtype }
    },
    gradient: (node, g) => [g, null, gather(g, node.inputs[1]!, node.attrs.axis, node.attrs.name)],
    cost: (node) => ({ macs: 0, flops: sizeOf(node.inputs[1]!.shape) }),
    onnx: 'ScatterElements',
  },
  resample: {
    infer: ([x], { axis, taps }) => {
      if (x!.shape[axis] !== taps.inSize) {
        throw new ShapeError(
          `resample: axis ${axis} of ${formatShape(x!.shape)} has ${x!.shape[axis]} elements, the taps ${taps.inSize}`,
        )
      }
      if (x!.dtype !== 'float32' && x!.dtype !== 'float64') {
        throw new ShapeError(`resample: needs a floating-point tensor, got ${x!.dtype}; cast it first`)
      }
      return { shape: x!.shape.map((d, i) => (i === axis ? taps.outSize : d)), dtype: x!.dtype }
    },
    gradient: (node, g) => [resample(g, node.attrs.axis, transposedTaps(node.attrs.taps))],
    cost: (node) => {
      const { taps } = node.attrs
      const lines = sizeOf(node.shape) / Math.max(taps.outSize, 1)
      return { macs: 0, flops: 2 * lines * taps.indices.length }
    },
    onnx: null,
  },
}

function checkIndex(
  op: string,
  shape: readonly number[],
  index: readonly number[],
  dtype: string,
  axis: number,
): void {
  if (dtype !== 'int32') throw new ShapeError(`${op}: the index must be int32, got ${dtype}`)
  const fits = index.length === shape.length && index.every((d, i) => i === axis || d <= shape[i]!)
  if (!fits) {
    throw new ShapeError(
      `${op} along axis ${axis}: the index ${formatShape(index)} must have the rank of ${formatShape(shape)} ` +
        'and be no larger in the other dimensions',
    )
  }
}

export function gather(x: Node, index: Node, axis: number, name = 'gather'): Node {
  return make('gather', [x, index], { axis, name })
}

export function scatterAdd(base: Node, index: Node, source: Node, axis: number, name = 'scatterAdd'): Node {
  return make('scatterAdd', [base, index, source], { axis, name })
}

export function resample(x: Node, axis: number, taps: Taps): Node {
  return make('resample', [x], { axis, taps })
}

/** One output of a resampling: which inputs it sums, and with what weight. */
export interface TapRow {
  readonly indices: readonly number[]
  readonly weights: readonly number[]
}

let customTaps = 0

/** `key` must name the matrix uniquely (its parameters); without one, the taps equal nothing but themselves. */
export function makeTaps(inSize: number, rows: readonly TapRow[], key?: string): Taps {
  const offsets = new Int32Array(rows.length + 1)
  for (const [i, row] of rows.entries()) offsets[i + 1] = offsets[i]! + row.indices.length
  const indices = new Int32Array(offsets[rows.length]!)
  const weights = new Float64Array(offsets[rows.length]!)
  for (const [i, row] of rows.entries()) {
    for (const index of row.indices) {
      if (!(index >= 0 && index < inSize))
        throw new RangeError(`makeTaps: index ${index} is not in 0..${inSize - 1}`)
    }
    indices.set(row.indices, offsets[i])
    weights.set(row.weights, offsets[i])
  }
  const uniqueKey = `${key ?? `custom${customTaps++}`}:${inSize}>${rows.length}`
  return { inSize, outSize: rows.length, offsets, indices, weights, key: uniqueKey }
}

const transposes = new WeakMap<Taps, Taps>()

export function transposedTaps(taps: Taps): Taps {
  const known = transposes.get(taps)
  if (known) return known
  const rows = Array.from({ length: taps.inSize }, () => ({
    indices: [] as number[],
    weights: [] as number[],
  }))
  for (let o = 0; o < taps.outSize; o++) {
    for (let t = taps.offsets[o]!; t < taps.offsets[o + 1]!; t++) {
      const row = rows[taps.indices[t]!]!
      row.indices.push(o)
      row.weights.push(taps.weights[t]!)
    }
  }
  const transposed = makeTaps(taps.outSize, rows, `transposed(${taps.key})`)
  transposes.set(taps, transposed)
  transposes.set(transposed, taps)
  return transposed
}
