import { isOp, type Node, type Op, type Padding2d, type Pair, type Pool2dAttrs } from '../../graph/node.ts'
import { since } from '../export-opset.ts'
import { type Attributes, float, int, ints, string } from '../model.ts'
import type { CompositeLowering, Lowering, LoweringContext } from './context.ts'
import { padsOf, requirePlanes } from './convolution.ts'
import { requireScatter } from './indexing.ts'

type Table<O extends Op> = { readonly [K in O]: Lowering<K> }

/** Whether a primitive reads the maxima at the places where it has just looked for them: a plain pooling. */
export function isMaxPool(node: Node): boolean {
  const [x, indices] = node.inputs
  return isOp(node, 'poolGather') && isOp(indices!, 'maxPool2dIndices') && indices.inputs[0] === x
}

export const poolingLowerings: Table<'maxPool2dIndices' | 'poolGather' | 'poolScatter'> = {
  maxPool2dIndices: (node, context) => {
    const x = node.inputs[0]!
    const [value, attributes] = maxPool(context, x, node.attrs)
    const [, places] = context.builder.emitAll('MaxPool', [value], { attributes, outputs: 2 })
    // ONNX counts through all planes and, where the images had to be padded, through their padding.
    const [height, width] = paddedSize(x, node.attrs)
    const inPlane = context.emit('Mod', [places!, context.integers(height * width)])
    if (height === x.shape[2] && width === x.shape[3]) return context.cast(inPlane, 'int32')
    const across = context.integers(width)
    const [top, , left] = outerPadding(node.attrs)
    const row = context.emit('Sub', [context.emit('Div', [inPlane, across]), context.integers(top)])
    const column = context.emit('Sub', [context.emit('Mod', [inPlane, across]), context.integers(left)])
    const place = context.emit('Add', [context.emit('Mul', [row, context.integers(x.shape[3]!)]), column])
    return context.cast(place, 'int32')
  },
  poolGather: (node, context) => {
    const [x, indices] = node.inputs as [Node, Node]
    if (isMaxPool(node)) {
      const [value, attributes] = maxPool(context, x, (indices as Node<'maxPool2dIndices'>).attrs)
      return context.emit('MaxPool', [value], attributes)
    }
    requirePlanes(node.attrs.layout)
    const found = context.emit('GatherElements', [flat(context, x), flat(context, indices)], { axis: int(2) })
    const dimensions = context.dimensions(node)
    return context.reshape(found, flattened(dimensions), dimensions)
  },
  poolScatter: (node, context) => {
    requirePlanes(node.attrs.layout)
    requireScatter(context)
    const [y, indices] = node.inputs as [Node, Node]
    const dimensions = context.dimensions(node)
    const zeros = context.emit('Expand', [
      context.number(0, node.dtype),
      context.shape(flattened(dimensions)),
    ])
    const sum = context.emit('ScatterElements', [zeros, flat(context, indices), flat(context, y)], {
      axis: int(2),
      reduction: string('add'),
    })
    return context.reshape(sum, flattened(dimensions), dimensions)
  },
}

type Dimensions = ReturnType<LoweringContext['dimensions']>

/** [n, c, h w] */
function flattened(dimensions: Dimensions): Dimensions {
  return [dimensions[0]!, dimensions[1]!, Number(dimensions[2]) * Number(dimensions[3])]
}

function flat(context: LoweringContext, x: Node): string {
  const dimensions = context.dimensions(x)
  return context.reshape(context.value(x), dimensions, flattened(dimensions))
}

/** What is padded by the pooling itself: less than a kernel on each side, and no more than the last window needs. */
function poolPadding({ kernel, stride, padding, dilation, outputSize }: Pool2dAttrs, size: Pair): Padding2d {
  const after = ([0, 1] as const).map((axis) => {
    const reach = (outputSize[axis] - 1) * stride[axis] + dilation[axis] * (kernel[axis] - 1) + 1
    return Math.max(reach - size[axis] - padding[2 * axis]!, 0)
  })
  return [padding[0], after[0]!, padding[2], after[1]!]
}

/** Padding that runtimes refuse in a pooling, which is laid around the images before. */
function outerPadding(attrs: Pool2dAttrs): Padding2d {
  const { kernel, padding } = attrs
  const refused = padding.some((n, side) => n >= kernel[side < 2 ? 0 : 1])
  return refused ? padding : [0, 0, 0, 0]
}

function paddedSize(x: Node, attrs: Pool2dAttrs): Pair {
  const [top, bottom, left, right] = outerPadding(attrs)
  return [x.shape[2]! + top + bottom, x.shape[3]! + left + right]
}

/** The images and attributes of a MaxPool. */
function maxPool(
  context: LoweringContext,
  x: Node,
  attrs: Pool2dAttrs,
): [value: string, attributes: Attributes] {
  requirePlanes(attrs.layout)
  const outer = outerPadding(attrs)
  const [top, bottom, left, right] = outer
  let value = context.value(x)
  let { padding } = attrs
  if (outer.some((n) => n > 0)) {
    const pads = context.integers([0, 0, top, left, 0, 0, bottom, right])
    value = context.emit('Pad', [value, pads, context.number(Number.NEGATIVE_INFINITY, x.dtype)])
    padding = [0, 0, 0, 0]
  }
  const size = paddedSize(x, attrs)
  const attributes = {
    kernel_shape: ints(attrs.kernel),
    strides: ints(attrs.stride),
    pads: padsOf(poolPadding({ ...attrs, padding }, size)),
    dilations: ints(attrs.dilation),
  }
  return [value, attributes]
}

type AvgPool = Parameters<CompositeLowering<'avgPool2d'>['lower']>[0]['attrs']

/** How far windows reach beyond the images and their padding, by axis. */
function overhang({ kernel, stride, padding, outputSize }: AvgPool, x: Node): Pair {
  const along = (axis: 0 | 1): number =>
    (outputSize[axis] - 1) * stride[axis] +
    kernel[axis] -
    (x.shape[2 + axis]! + padding[2 * axis]! + padding[2 * axis + 1]!)
  return [along(0), along(1)]
}

export const poolingComposites: {
  readonly [K in
    | 'avgPool2d'
    | 'adaptiveAvgPool2d'
    | 'resize'
    | 'gridSample'
    | 'padMirrored']: CompositeLowering<K>
} = {
  avgPool2d: {
    accepts: ({ attrs, inputs }) => {
      const { kernel, padding, countIncludePad, divisor } = attrs
      const beyond = overhang(attrs, inputs[0]!).some((n) => n > 0)
      const small = padding.every((n, side) => n < kernel[side < 2 ? 0 : 1])
      return small && (divisor === null ? !beyond || !countIncludePad : !beyond)
    },
    lower: ({ attrs, inputs }, context) => {
      const { kernel, stride, padding, countIncludePad, divisor, outputSize } = attrs
      const [x] = inputs as [Node]
      const layout = 'nchw'
      const pads = poolPadding({ kernel, stride, padding, dilation: [1, 1], outputSize, layout }, [
        x.shape[2]!,
        x.shape[3]!,
      ])
      const mean = context.emit('AveragePool', [context.value(x)], {
        kernel_shape: ints(kernel),
        strides: ints(stride),
        pads: padsOf(pads),
        count_include_pad: int(countIncludePad || divisor !== null ? 1 : 0),
      })
      if (divisor === null) return mean
      return context.emit('Mul', [mean, context.number((kernel[0] * kernel[1]) / divisor, x.dtype)])
    },
  },
  adaptiveAvgPool2d: {
    accepts: ({ inputs }) => inputs[0]!.shape.length === 4,
    lower: ({ attrs, inputs }, context) => {
      const [x] = inputs as [Node]
      const kernel = attrs.outputSize.map((size, axis) => x.shape[2 + axis]! / size)
      return context.emit('AveragePool', [context.value(x)], {
        kernel_shape: ints(kernel),
        strides: ints(kernel),
      })
    },
  },
  resize: {
    accepts: ({ attrs, inputs }) => {
      const [x] = inputs as [Node]
      const whole = attrs.scales.every((scale) => Number.isInteger(scale))
      if (x.dtype !== 'float32' || x.shape.length !== 4) return false
      // Runtimes find the nearest of pixels in other ways where the factor is no whole number.
      if (attrs.mode === 'nearest' || attrs.mode === 'nearestExact') return whole
      return attrs.scales.every((scale, i) => scaleFor(scale, x.shape[2 + i]!, attrs.outputSize[i]!) !== null)
    },
    lower: ({ attrs, inputs }, context) => {
      const [x] = inputs as [Node]
      const { mode, alignCorners, scales } = attrs
      const list = [
        1,
        1,
        ...scales.map((scale, i) => scaleFor(scale, x.shape[2 + i]!, attrs.outputSize[i]!)!),
      ]
      const positions = alignCorners ? 'align_corners' : mode === 'nearest' ? 'asymmetric' : 'half_pixel'
      const common = {
        mode: string(mode === 'nearestExact' ? 'nearest' : mode),
        coordinate_transformation_mode: string(positions),
      }
      const attributes =
        mode === 'nearest' || mode === 'nearestExact'
          ? { ...common, nearest_mode: string(mode === 'nearest' ? 'floor' : 'round_prefer_ceil') }
          : mode === 'cubic'
            ? { ...common, cubic_coeff_a: float(-0.75) }
            : common
      return context.emit(
        'Resize',
        [context.value(x), '', context.builder.constant(list, 'float32')],
        attributes,
      )
    },
  },
  gridSample: {
    accepts: ({ inputs }, { opset }) => opset >= since.gridSample && inputs[0]!.dtype === 'float32',
    lower: ({ attrs, inputs }, context) => {
      const { mode, paddingMode, alignCorners } = attrs
      const renamed = { bilinear: 'linear', bicubic: 'cubic', nearest: 'nearest' }[mode]
      return context.emit('GridSample', context.values(inputs), {
        mode: string(context.opset >= since.gridSampleLinear ? renamed : mode),
        padding_mode: string(paddingMode),
        align_corners: int(alignCorners ? 1 : 0),
      })
    },
  },
  padMirrored: {
    // Negative amounts crop, which runtimes do in other orders.
    accepts: ({ attrs, inputs }) =>
      [...attrs.before, ...attrs.after].every((n) => n >= 0) && inputs[0]!.dtype === 'float32',
    lower: ({ attrs, inputs }, context) => {
      const { mode, before, after } = attrs
      const pads = context.integers([...before, ...after])
      return context.emit('Pad', [context.value(inputs[0]!), pads], {
        mode: string(mode === 'reflect' ? 'reflect' : 'edge'),
      })
    },
  },
}

/** The scale in single precision, or the next above, from which runtimes work out the output's size; null if neither. */
function scaleFor(scale: number, size: number, wanted: number): number | null {
  const single = Math.fround(scale)
  for (const candidate of [single, Math.fround(single * (1 + 2 ** -23))]) {
    // Some multiply in single precision, some in double.
    const products = [Math.fround(candidate * size), candidate * size]
    if (products.every((product) => Math.floor(product) === wanted)) return candidate
  }
  return null
}
