import type { Conv2dAttrs, Node, Op, Padding2d, Pair } from '../../graph/node.ts'
import { int, ints } from '../model.ts'
import type { CompositeLowering, Lowering, LoweringContext } from './context.ts'

type Table<O extends Op> = { readonly [K in O]: Lowering<K> }

export const convolutionLowerings: Table<'matmul' | 'conv2d' | 'conv2dInputGrad' | 'conv2dWeightGrad'> = {
  matmul: (node, context) => {
    const [a, b] = node.inputs.map((input) => context.value(input)) as [string, string]
    const { transposeA, transposeB } = node.attrs
    if (!transposeA && !transposeB) return context.emit('MatMul', [a, b])
    const rank = node.shape.length
    if (rank === 2 && node.dtype === 'float32') {
      return context.emit('Gemm', [a, b], {
        transA: int(transposeA ? 1 : 0),
        transB: int(transposeB ? 1 : 0),
      })
    }
    const order = [...node.shape.keys()].map((i) => (i === rank - 1 ? i - 1 : i === rank - 2 ? i + 1 : i))
    const turned = (value: string, on: boolean): string => (on ? context.transpose(value, order) : value)
    return context.emit('MatMul', [turned(a, transposeA), turned(b, transposeB)])
  },
  conv2d: (node, context) => convolution(context, node.inputs, node.attrs),
  conv2dInputGrad: (node, context) => transposedConvolution(context, node.inputs, node.attrs),
  conv2dWeightGrad: () => {
    throw new RangeError(
      "a gradient of a convolution's weight cannot be exported: ONNX has no operator for it; export the forward pass",
    )
  },
}

export const convolutionComposites: {
  readonly [K in 'conv2d' | 'convTranspose2d' | 'linear']: CompositeLowering<K>
} = {
  conv2d: { lower: ({ inputs, attrs }, context) => convolution(context, inputs, attrs) },
  convTranspose2d: { lower: ({ inputs, attrs }, context) => transposedConvolution(context, inputs, attrs) },
  linear: {
    lower: ({ inputs }, context) => {
      const [x, weight, bias] = context.values(inputs) as [string, string, string]
      const [node, matrix] = inputs as [Node, Node]
      if (node.shape.length === 2 && node.dtype === 'float32') {
        return context.emit('Gemm', [x, weight, bias], { transB: int(1) })
      }
      const [turned] = context.once(`transposed ${weight}`, () => [context.transpose(weight, [1, 0])])
      if (matrix.shape.length !== 2) throw new RangeError('linear: the weight is no matrix')
      const y = context.emit('MatMul', [x, turned!])
      return bias === '' ? y : context.emit('Add', [y, bias])
    },
  },
}

function attributesOf(
  weight: Node,
  { stride, padding, dilation, groups, layout }: Conv2dAttrs,
): {
  readonly kernel_shape: ReturnType<typeof ints>
  readonly strides: ReturnType<typeof ints>
  readonly pads: ReturnType<typeof ints>
  readonly dilations: ReturnType<typeof ints>
  readonly group: ReturnType<typeof int>
} {
  requirePlanes(layout)
  return {
    kernel_shape: ints(weight.shape.slice(2)),
    strides: ints(stride),
    pads: padsOf(padding),
    dilations: ints(dilation),
    group: int(groups),
  }
}

/** ONNX lists what is added before each axis, then what is added after. */
export function padsOf([top, bottom, left, right]: Padding2d): ReturnType<typeof ints> {
  return ints([top, left, bottom, right])
}

/** Recorded graphs have their images by planes; the compiler alone makes others. */
export function requirePlanes(layout: string): void {
  if (layout !== 'nchw') throw new RangeError(`images of layout ${layout} cannot be exported`)
}

function convolution(context: LoweringContext, inputs: readonly (Node | null)[], attrs: Conv2dAttrs): string {
  return context.emit('Conv', context.values(inputs), attributesOf(inputs[1]!, attrs))
}

function transposedConvolution(
  context: LoweringContext,
  inputs: readonly (Node | null)[],
  attrs: Conv2dAttrs & { readonly inputSize: Pair },
): string {
  const [x, weight] = inputs as [Node, Node]
  const { stride, padding, dilation, inputSize } = attrs
  // What stride leaves undecided of the output's size.
  const extra = ([0, 1] as const).map((axis) => {
    const reach = (x.shape[2 + axis]! - 1) * stride[axis] + dilation[axis] * (weight.shape[2 + axis]! - 1) + 1
    return inputSize[axis] - (reach - padding[2 * axis]! - padding[2 * axis + 1]!)
  })
  const values = context.values(inputs)
  if (extra.every((n) => n === 0)) return context.emit('ConvTranspose', values, attributesOf(weight, attrs))
  return context.emit('ConvTranspose', values, {
    ...attributesOf(weight, attrs),
    output_padding: ints(extra),
  })
}
