import { type Attributes, int, ints } from '../../../onnx/model.ts'
import type { Value } from '../builder.ts'
import { integersOf, LayerError, numberOf, textOf } from '../fields.ts'
import { type LayerContext, padded, padding, type Translation } from '../layer.ts'
import { activate } from './activation.ts'

const strideKeys = ['strides', 'stride', 'subsample', 'subsample_length']
const dilationKeys = ['dilation_rate', 'atrous_rate']

function optional(layer: LayerContext, name: string): readonly string[] {
  return layer.hasWeight(name) ? [layer.weight(name)] : []
}

function activated(layer: LayerContext, x: Value): Value {
  return activate(layer, x, layer.config.activation)
}

/** A convolution over one or two axes. */
const convolution =
  (axes: 1 | 2): Translation =>
  (layer) => {
    const stored = layer.stored('weight')
    if (stored.shape.length !== axes + 2) throw new LayerError(`has a kernel of shape [${stored.shape}]`)
    const causal = textOf(layer.config, ['padding', 'border_mode'], 'valid') === 'causal'
    const dilations = layer.steps(dilationKeys, axes)
    const image = layer.image(axes + 2)
    const input = causal ? padded(layer, image, [[dilations[0]! * (stored.shape[2]! - 1), 0]]) : image
    const attributes: Attributes = {
      ...padding(!causal && layer.padsSame),
      strides: ints(layer.steps(strideKeys, axes)),
      dilations: ints(dilations),
      group: int(numberOf(layer.config, ['groups'], 1)),
    }
    const name = layer.node('Conv', [input, layer.weight('weight'), ...optional(layer, 'bias')], attributes)
    return activated(layer, { ...input, name })
  }

const depthwise: Translation = (layer) => {
  const input = layer.image()
  const multiplier = numberOf(layer.config, ['depth_multiplier'], 1)
  const attributes: Attributes = {
    ...padding(layer.padsSame),
    strides: ints(layer.steps(strideKeys, 2)),
    dilations: ints(layer.steps(dilationKeys, 2)),
    group: int(layer.stored('weight').shape[0]! / multiplier),
  }
  const name = layer.node('Conv', [input, layer.weight('weight'), ...optional(layer, 'bias')], attributes)
  return activated(layer, { ...input, name })
}

const separable: Translation = (layer) => {
  const input = layer.image()
  const multiplier = numberOf(layer.config, ['depth_multiplier'], 1)
  const inner = layer.node('Conv', [input, layer.weight('depthwise.weight')], {
    ...padding(layer.padsSame),
    strides: ints(layer.steps(strideKeys, 2)),
    dilations: ints(layer.steps(dilationKeys, 2)),
    group: int(layer.stored('depthwise.weight').shape[0]! / multiplier),
  })
  const inputs = [inner, layer.weight('pointwise.weight'), ...optional(layer, 'pointwise.bias')]
  return activated(layer, { ...input, name: layer.node('Conv', inputs) })
}

/** The output is stride times the input, or as large as all windows need, and its extra rows come last. */
const transposed: Translation = (layer) => {
  const input = layer.image()
  const strides = layer.steps(strideKeys, 2)
  const dilations = layer.steps(dilationKeys, 2)
  const given = integersOf(layer.config, ['output_padding'], 2, [-1, -1])
  const extents = layer
    .stored('weight')
    .shape.slice(2)
    .map((size, i) => dilations[i]! * (size - 1) + 1)
  const cut = extents.map((extent, i) => {
    if (!layer.padsSame) return given[i]! < 0 ? Math.min(extent - strides[i]!, 0) : -given[i]!
    return given[i]! < 0 ? extent - strides[i]! : 2 * Math.floor(extent / 2) - given[i]!
  })
  const before = cut.map((total) => Math.floor(Math.max(total, 0) / 2))
  const inputs = [input, layer.weight('weight'), ...optional(layer, 'bias')]
  const name = layer.node('ConvTranspose', inputs, {
    strides: ints(strides),
    dilations: ints(dilations),
    pads: ints([...before, ...cut.map((total, i) => Math.max(total, 0) - before[i]!)]),
    output_padding: ints(cut.map((total) => Math.max(-total, 0))),
  })
  return activated(layer, { ...input, name })
}

/** Over Keras' last axis, whatever the rank. */
const dense: Translation = (layer) => {
  const input = layer.builder.plain(layer.input)
  const bias = optional(layer, 'bias')
  if (input.rank === 2) {
    const name = layer.node('Gemm', [input, layer.weight('weight'), ...bias], { transB: int(1) })
    return activated(layer, { ...input, name })
  }
  const kernel = layer.node('Transpose', [layer.weight('weight')], { perm: ints([1, 0]) })
  const product = layer.node('MatMul', [input, kernel])
  return activated(layer, {
    ...input,
    name: bias.length === 0 ? product : layer.node('Add', [product, ...bias]),
  })
}

export const convolutionLayers: Readonly<Record<string, Translation>> = {
  Conv1D: convolution(1),
  Convolution1D: convolution(1),
  Conv2D: convolution(2),
  Convolution2D: convolution(2),
  AtrousConvolution2D: convolution(2),
  DepthwiseConv2D: depthwise,
  SeparableConv2D: separable,
  SeparableConvolution2D: separable,
  Conv2DTranspose: transposed,
  Convolution2DTranspose: transposed,
  Dense: dense,
}
