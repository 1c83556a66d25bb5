import { isFloating } from '../dtype.ts'
import { make } from '../make.ts'
import type { Layout, Node, Pair, Pool2dAttrs } from '../node.ts'
import { formatShape, ShapeError, sameShape, sizeOf } from '../shape.ts'
import { imageShape, shapeOfImage } from './convolution.ts'
import { type OpTable, perElement } from './definition.ts'

export const poolingOps: OpTable<'maxPool2dIndices' | 'poolGather' | 'poolScatter'> = {
  maxPool2dIndices: {
    infer: ([x], attrs) => {
      if (!isFloating(x!.dtype))
        throw new ShapeError(`maxPool2d: needs a floating-point tensor, got ${x!.dtype}`)
      const { n, c } = imageShape('maxPool2d', x!.shape, attrs.layout)
      const [h, w] = attrs.outputSize
      if (h < 1 || w < 1) {
        throw new ShapeError(
          `maxPool2d: an input of ${formatShape(x!.shape)} is smaller than the ${attrs.kernel[0]} x ${attrs.kernel[1]} window`,
        )
      }
      return { shape: shapeOfImage({ n, c, h, w }, attrs.layout), dtype: 'int32' }
    },
    gradient: () => [null],
    cost: (node) => ({ macs: 0, flops: sizeOf(node.shape) * node.attrs.kernel[0] * node.attrs.kernel[1] }),
    onnx: 'MaxPool',
  },
  poolGather: {
    infer: ([x, indices], { layout }) => {
      const from = imageShape('poolGather', x!.shape, layout)
      const to = imageShape('poolGather', indices!.shape, layout)
      if (from.n !== to.n || from.c !== to.c || indices!.dtype !== 'int32') {
        throw new ShapeError(
          `poolGather: ${formatShape(x!.shape)} and indices ${indices!.dtype} ${formatShape(indices!.shape)} do not fit`,
        )
      }
      return { shape: indices!.shape, dtype: x!.dtype }
    },
    gradient: (node, g) => {
      const { h, w } = imageShape('poolGather', node.inputs[0]!.shape, node.attrs.layout)
      return [poolScatter(g, node.inputs[1]!, node.attrs.layout, [h, w]), null]
    },
    cost: perElement,
    onnx: null,
  },
  poolScatter: {
    infer: ([y, indices], { layout, inputSize }) => {
      if (!sameShape(y!.shape, indices!.shape) || indices!.dtype !== 'int32') {
        throw new ShapeError(
          `poolScatter: ${formatShape(y!.shape)} and indices ${indices!.dtype} ${formatShape(indices!.shape)} do not fit`,
        )
      }
      const { n, c } = imageShape('poolScatter', y!.shape, layout)
      return { shape: shapeOfImage({ n, c, h: inputSize[0], w: inputSize[1] }, layout), dtype: y!.dtype }
    },
    gradient: (node, g) => [poolGather(g, node.inputs[1]!, node.attrs.layout), null],
    cost: perElement,
    onnx: 'MaxUnpool',
  },
}

export function maxPool2dIndices(x: Node, attrs: Pool2dAttrs): Node {
  return make('maxPool2dIndices', [x], attrs)
}

export function poolGather(x: Node, indices: Node, layout: Layout = 'nchw'): Node {
  return make('poolGather', [x, indices], { layout })
}

export function poolScatter(y: Node, indices: Node, layout: Layout, inputSize: Pair): Node {
  return make('poolScatter', [y, indices], { layout, inputSize })
}
