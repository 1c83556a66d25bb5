import { isFloating } from '../dtype.ts'
import { make } from '../make.ts'
import type { Conv2dAttrs, Layout, Node, Pair } from '../node.ts'
import { formatShape, type Shape, ShapeError, sizeOf } from '../shape.ts'
import type { OpTable, ValueType } from './definition.ts'

export interface ImageShape {
  readonly n: number
  readonly c: number
  readonly h: number
  readonly w: number
}

export function imageShape(op: string, shape: Shape, layout: Layout): ImageShape {
  if (shape.length !== 4) {
    throw new ShapeError(
      `${op}: needs a batch of images of rank 4 (batch, channels, height, width), got ${formatShape(shape)}`,
    )
  }
  const [a, b, c, d] = shape as [number, number, number, number]
  return layout === 'nchw' ? { n: a, c: b, h: c, w: d } : { n: a, h: b, w: c, c: d }
}

export function shapeOfImage({ n, c, h, w }: ImageShape, layout: Layout): number[] {
  return layout === 'nchw' ? [n, c, h, w] : [n, h, w, c]
}

/** Output length of a convolution along one axis: floor((in + padding - dilation (kernel - 1) - 1) / stride) + 1. */
export function convolvedSize(
  size: number,
  kernel: number,
  stride: number,
  padding: number,
  dilation: number,
): number {
  return Math.floor((size + padding - dilation * (kernel - 1) - 1) / stride) + 1
}

function convolvedShape(op: string, h: number, w: number, kernel: Pair, attrs: Conv2dAttrs): Pair {
  const [top, bottom, left, right] = attrs.padding
  const height = convolvedSize(h, kernel[0], attrs.stride[0], top + bottom, attrs.dilation[0])
  const width = convolvedSize(w, kernel[1], attrs.stride[1], left + right, attrs.dilation[1])
  if (height < 1 || width < 1) {
    throw new ShapeError(
      `${op}: a ${h} x ${w} image with padding ${formatShape(attrs.padding)} is smaller than the ` +
        `${kernel[0]} x ${kernel[1]} kernel with dilation ${formatShape(attrs.dilation)}; use a larger image or more padding`,
    )
  }
  return [height, width]
}

function checkAttrs(op: string, attrs: Conv2dAttrs, operands: readonly ValueType[]): void {
  const positive = [...attrs.stride, ...attrs.dilation, attrs.groups].every(
    (n) => Number.isInteger(n) && n >= 1,
  )
  if (!positive || !attrs.padding.every((n) => Number.isInteger(n) && n >= 0)) {
    throw new ShapeError(
      `${op}: stride ${formatShape(attrs.stride)}, dilation ${formatShape(attrs.dilation)} and groups ${attrs.groups} ` +
        `must be integers >= 1, padding ${formatShape(attrs.padding)} integers >= 0`,
    )
  }
  const [a, b] = operands
  if (a!.dtype !== b!.dtype || !isFloating(a!.dtype)) {
    throw new ShapeError(
      `${op}: needs equal floating-point dtypes, got ${a!.dtype} and ${b!.dtype}; cast one`,
    )
  }
}

function checkWeight(op: string, weight: Shape, groups: number): void {
  if (weight.length !== 4 || weight[0]! % groups !== 0) {
    throw new ShapeError(
      `${op}: the weight must be [out, in / groups, height, width] with out divisible by groups (${groups}), ` +
        `got ${formatShape(weight)}`,
    )
  }
}

export const convolutionOps: OpTable<'conv2d' | 'conv2dInputGrad' | 'conv2dWeightGrad'> = {
  conv2d: {
    infer: ([x, weight], attrs) => {
      checkAttrs('conv2d', attrs, [x!, weight!])
      checkWeight('conv2d', weight!.shape, attrs.groups)
      const { n, c, h, w } = imageShape('conv2d', x!.shape, attrs.layout)
      const [out, perGroup, kh, kw] = weight!.shape as [number, number, number, number]
      if (perGroup * attrs.groups !== c) {
        throw new ShapeError(
          `conv2d: the input ${formatShape(x!.shape)} has ${c} channels, but the weight ${formatShape(weight!.shape)} ` +
            `with groups ${attrs.groups} takes ${perGroup * attrs.groups}`,
        )
      }
      const [height, width] = convolvedShape('conv2d', h, w, [kh, kw], attrs)
      return { shape: shapeOfImage({ n, c: out, h: height, w: width }, attrs.layout), dtype: x!.dtype }
    },
    gradient: (node, g) => {
      const [x, weight] = [node.inputs[0]!, node.inputs[1]!]
      const { h, w } = imageShape('conv2d', x.shape, node.attrs.layout)
      return [
        x.requiresGrad ? conv2dInputGrad(g, weight, node.attrs, [h, w]) : null,
        weight.requiresGrad ? conv2dWeightGrad(x, g, node.attrs, [weight.shape[2]!, weight.shape[3]!]) : null,
      ]
    },
    cost: (node) => {
      const weight = node.inputs[1]!.shape
      return { macs: sizeOf(node.shape) * weight[1]! * weight[2]! * weight[3]!, flops: 0 }
    },
    onnx: 'Conv',
  },
  conv2dInputGrad: {
    infer: ([dy, weight], attrs) => {
      checkAttrs('convTranspose2d', attrs, [dy!, weight!])
      checkWeight('convTranspose2d', weight!.shape, attrs.groups)
      const { n, c, h, w } = imageShape('convTranspose2d', dy!.shape, attrs.layout)
      const [out, perGroup, kh, kw] = weight!.shape as [number, number, number, number]
      const [height, width] = convolvedShape(
        'convTranspose2d',
        attrs.inputSize[0],
        attrs.inputSize[1],
        [kh, kw],
        attrs,
      )
      if (c !== out || h !== height || w !== width) {
        throw new ShapeError(
          `convTranspose2d: the input ${formatShape(dy!.shape)} does not fit the weight ${formatShape(weight!.shape)}: ` +
            `for an output of ${formatShape(attrs.inputSize)} it must have ${out} channels of ${height} x ${width}`,
        )
      }
      const [inputHeight, inputWidth] = attrs.inputSize
      return {
        shape: shapeOfImage({ n, c: perGroup * attrs.groups, h: inputHeight, w: inputWidth }, attrs.layout),
        dtype: dy!.dtype,
      }
    },
    gradient: (node, g) => {
      const [dy, weight] = [node.inputs[0]!, node.inputs[1]!]
      return [
        dy.requiresGrad ? conv2d(g, weight, node.attrs) : null,
        weight.requiresGrad
          ? conv2dWeightGrad(g, dy, node.attrs, [weight.shape[2]!, weight.shape[3]!])
          : null,
      ]
    },
    cost: (node) => {
      const weight = node.inputs[1]!.shape
      return { macs: sizeOf(node.inputs[0]!.shape) * weight[1]! * weight[2]! * weight[3]!, flops: 0 }
    },
    onnx: 'ConvTranspose',
  },
  conv2dWeightGrad: {
    infer: ([x, dy], attrs) => {
      checkAttrs('conv2dWeightGrad', attrs, [x!, dy!])
      const { c } = imageShape('conv2dWeightGrad', x!.shape, attrs.layout)
      const { c: out } = imageShape('conv2dWeightGrad', dy!.shape, attrs.layout)
      return { shape: [out, c / attrs.groups, attrs.kernelSize[0], attrs.kernelSize[1]], dtype: x!.dtype }
    },
    gradient: (node, g) => {
      const [x, dy] = [node.inputs[0]!, node.inputs[1]!]
      const { h, w } = imageShape('conv2dWeightGrad', x.shape, node.attrs.layout)
      return [
        x.requiresGrad ? conv2dInputGrad(dy, g, node.attrs, [h, w]) : null,
        dy.requiresGrad ? conv2d(x, g, node.attrs) : null,
      ]
    },
    cost: (node) => ({
      macs: sizeOf(node.inputs[1]!.shape) * node.shape[1]! * node.shape[2]! * node.shape[3]!,
      flops: 0,
    }),
    onnx: null,
  },
}

function plain({ stride, padding, dilation, groups, layout }: Conv2dAttrs): Conv2dAttrs {
  return { stride, padding, dilation, groups, layout }
}

export function conv2d(x: Node, weight: Node, attrs: Conv2dAttrs): Node {
  return make('conv2d', [x, weight], plain(attrs))
}

export function conv2dInputGrad(dy: Node, weight: Node, attrs: Conv2dAttrs, inputSize: Pair): Node {
  return make('conv2dInputGrad', [dy, weight], { ...plain(attrs), inputSize })
}

export function conv2dWeightGrad(x: Node, dy: Node, attrs: Conv2dAttrs, kernelSize: Pair): Node {
  return make('conv2dWeightGrad', [x, dy], { ...plain(attrs), kernelSize })
}
