import type { Node, Op, Taps } from '../../graph/node.ts'
import { weightTensor } from '../../weights/index.ts'
import { since } from '../export-opset.ts'
import { int, string } from '../model.ts'
import type { Lowering, LoweringContext } from './context.ts'

type Table<O extends Op> = { readonly [K in O]: Lowering<K> }

export const indexingLowerings: Table<'gather' | 'scatterAdd' | 'resample'> = {
  gather: (node, context) => {
    const [x, index] = node.inputs.map((input) => context.value(input)) as [string, string]
    return context.emit('GatherElements', [x, index], { axis: int(node.attrs.axis) })
  },
  scatterAdd: (node, context) => {
    requireScatter(context)
    const [base, index, source] = node.inputs.map((input) => context.value(input)) as [string, string, string]
    const attributes = { axis: int(node.attrs.axis), reduction: string('add') }
    return context.emit('ScatterElements', [base, index, source], attributes)
  },
  resample: (node, context) => {
    const x = node.inputs[0]!
    const { axis, taps } = node.attrs
    const value = context.value(x)
    const picked = picks(taps)
    if (picked !== null) return pick(context, value, axis, picked)
    return product(context, node, value)
  },
}

/** Throws where the operator set has no scattering that adds. */
export function requireScatter(context: LoweringContext): void {
  if (context.opset >= since.scatterReduction) return
  throw new RangeError(
    `adding at indices needs ONNX opset ${since.scatterReduction} or later, not ${context.opset}`,
  )
}

/** The one input element that each output is, if that is all that the taps do. */
function picks(taps: Taps): Int32Array | null {
  if (taps.indices.length !== taps.outSize || taps.outSize === 0) return null
  for (let i = 0; i < taps.outSize; i++) if (taps.offsets[i] !== i || taps.weights[i] !== 1) return null
  return taps.indices
}

/** Elements of an axis by their places: a slice where they are evenly spaced. */
function pick(context: LoweringContext, value: string, axis: number, places: Int32Array): string {
  const [first, last] = [places[0]!, places[places.length - 1]!]
  const step = places.length > 1 ? places[1]! - first : 1
  if (step > 0 && places.every((place, i) => place === first + i * step)) {
    return context.slice(value, [axis], [first], [last + 1], [step])
  }
  return context.emit('Gather', [value, context.integers([...places])], { axis: int(axis) })
}

/** A product with the taps as a dense matrix, once for each size of taps. */
function product(context: LoweringContext, node: Node<'resample'>, value: string): string {
  const { axis, taps } = node.attrs
  const { inSize, outSize } = taps
  const x = node.inputs[0]!
  const last = axis === x.shape.length - 1
  const [matrix] = context.once(`taps ${taps.key} ${last}`, () => {
    const dense = new Float32Array(inSize * outSize)
    for (let output = 0; output < outSize; output++) {
      for (let t = taps.offsets[output]!; t < taps.offsets[output + 1]!; t++) {
        const input = taps.indices[t]!
        dense[last ? input * outSize + output : output * inSize + input]! += taps.weights[t]!
      }
    }
    const shape = last ? [inSize, outSize] : [outSize, inSize]
    return [context.builder.initializer(`taps/${inSize}>${outSize}`, weightTensor(shape, 'F32', dense))]
  })
  if (last) return context.emit('MatMul', [value, matrix!])
  const dimensions = context.dimensions(x)
  if (axis === x.shape.length - 2) return context.emit('MatMul', [matrix!, value])
  const order = [...dimensions.keys()].filter((i) => i !== axis)
  const turned = context.transpose(value, [...order, axis])
  const [across] = context.once(`taps ${taps.key} across`, () => [context.emit('Transpose', [matrix!])])
  const y = context.emit('MatMul', [turned, across!])
  const back = [...dimensions.keys()].map((i) => (i === axis ? order.length : order.indexOf(i)))
  return context.transpose(y, back)
}
