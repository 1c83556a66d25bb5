import { float, int, ints } from '../../onnx/model.ts'
import type { Blob, Extent } from '../layers/graph.ts'
import { flatten, itemSize, reshape } from '../layers/operators.ts'
import { pool } from '../layers/pooling.ts'
import { type CaffeLayer, heightAndWidth, type Translate } from './kind.ts'

interface Windows {
  readonly kernel: readonly [number, number]
  readonly stride: readonly [number, number]
  readonly pad: readonly [number, number]
  readonly dilation: readonly [number, number]
  readonly groups: number
}

function windowsOf(layer: CaffeLayer, depthwise: boolean): Windows {
  const settings = layer.settings('convolution_param')
  const shape = layer.weightShape('weight')
  if (shape.length !== 4) layer.fail(`has weights of ${shape.length} dimensions; images have 4`)
  if (settings.int('axis', 1) !== 1)
    layer.fail('convolves along other axes than images have, which is not supported')
  const kernel = heightAndWidth(layer, settings, 'kernel_size', 'kernel', 0)
  if (kernel[0] !== shape[2] || kernel[1] !== shape[3]) {
    layer.fail(`has kernels of ${kernel.join(' x ')}, but weights for ${shape[2]} x ${shape[3]}`)
  }
  const stride = heightAndWidth(layer, settings, 'stride', 'stride', 1)
  const dilation = heightAndWidth(layer, settings, 'dilation', 'dilation', 1)
  if ([...kernel, ...stride, ...dilation].some((n) => n < 1))
    layer.fail('has a kernel, stride or dilation of 0')
  const groups = depthwise ? settings.int('num_output', 1) : settings.int('group', 1)
  if (groups < 1) layer.fail(`has ${groups} groups`)
  return { kernel, stride, pad: heightAndWidth(layer, settings, 'pad', 'pad', 0), dilation, groups }
}

/** Weights and, where there is one, the bias. */
function operands(layer: CaffeLayer, x: Blob): (Blob | string)[] {
  return [x, layer.weight('weight'), ...(layer.has('bias') ? [layer.weight('bias')] : [])]
}

function checkChannels(layer: CaffeLayer, x: Blob, channels: number): void {
  if (x.shape[1] === null) layer.graph.setInputChannels(x, channels)
  else if (x.shape[1] !== channels) layer.fail(`has weights for ${channels} channels, but gets ${x.shape[1]}`)
}

const convolution =
  (depthwise: boolean): Translate =>
  (layer) => {
    const x = layer.images()
    const [out, perGroup] = layer.weightShape('weight') as [number, number]
    const { kernel, stride, pad, dilation, groups } = windowsOf(layer, depthwise)
    checkChannels(layer, x, perGroup * groups)
    if (out % groups !== 0) layer.fail(`has ${out} outputs in ${groups} groups`)
    const size = (at: 0 | 1): Extent => {
      const extent = x.shape[2 + at]!
      if (extent === null) return null
      const reach = dilation[at] * (kernel[at] - 1) + 1
      const result = Math.floor((extent + 2 * pad[at] - reach) / stride[at]) + 1
      return result >= 1 ? result : layer.fail(`has kernels of ${reach}, but an image of ${extent}`)
    }
    const y = layer.add('Conv', operands(layer, x), [x.shape[0]!, out, size(0), size(1)], {
      kernel_shape: ints(kernel),
      strides: ints(stride),
      pads: ints([...pad, ...pad]),
      dilations: ints(dilation),
      group: int(groups),
    })
    return [y]
  }

function deconvolution(layer: CaffeLayer): Blob[] {
  const x = layer.images()
  const [inputs, perGroup] = layer.weightShape('weight') as [number, number]
  const { kernel, stride, pad, dilation, groups } = windowsOf(layer, false)
  checkChannels(layer, x, inputs)
  const size = (at: 0 | 1): Extent => {
    const extent = x.shape[2 + at]!
    return extent === null
      ? null
      : (extent - 1) * stride[at] + dilation[at] * (kernel[at] - 1) + 1 - 2 * pad[at]
  }
  const y = layer.add(
    'ConvTranspose',
    operands(layer, x),
    [x.shape[0]!, perGroup * groups, size(0), size(1)],
    {
      kernel_shape: ints(kernel),
      strides: ints(stride),
      pads: ints([...pad, ...pad]),
      dilations: ints(dilation),
      group: int(groups),
    },
  )
  return [y]
}

function innerProduct(layer: CaffeLayer): Blob[] {
  const settings = layer.settings('inner_product_param')
  const x = layer.input()
  const axis = layer.axis(settings.int('axis', 1))
  const turned = settings.flag('transpose', false)
  const [rows, columns] = layer.weightShape('weight') as [number, number]
  const [out, inputs] = turned ? [columns, rows] : [rows, columns]
  const has = itemSize([null, ...x.shape.slice(axis)])
  if (has !== null && has !== inputs) layer.fail(`has weights for ${inputs} numbers, but gets ${has}`)
  if (axis === 0) return layer.fail('takes a whole batch for one vector, which is not supported')
  if (axis === 1) {
    const flat = x.shape.length === 2 ? x : flatten(layer, x)
    return [layer.add('Gemm', operands(layer, flat), [x.shape[0]!, out], { transB: int(turned ? 0 : 1) })]
  }
  const kept = x.shape.slice(0, axis)
  const flat = reshape(layer, x, [...kept.map(() => 0), inputs], [...kept, inputs])
  const weight = layer.weight('weight')
  const matrix = turned ? weight : layer.add('Transpose', [weight], [inputs, out], { perm: ints([1, 0]) })
  const y = layer.add('MatMul', [flat, matrix], [...kept, out])
  return [layer.has('bias') ? layer.add('Add', [y, layer.weight('bias')], y.shape) : y]
}

const methods = { 0: 'MAX', 1: 'AVE' } as const

function pooling(layer: CaffeLayer): Blob[] {
  const settings = layer.settings('pooling_param')
  const x = layer.images()
  if (layer.outputs > 1) layer.fail('gives the places of what it takes, too, which is not supported')
  const method = settings.choice('pool', methods, 'MAX') === 'MAX' ? 'max' : 'average'
  if (settings.flag('global_pooling', false)) {
    const op = method === 'max' ? 'GlobalMaxPool' : 'GlobalAveragePool'
    return [layer.add(op, [x], [x.shape[0]!, x.shape[1]!, 1, 1])]
  }
  const pad = heightAndWidth(layer, settings, 'pad', 'pad', 0)
  // Some branches of Caffe have ceil_mode in place of round_mode.
  const ceil = settings.has('ceil_mode')
    ? settings.flag('ceil_mode', true)
    : settings.choice('round_mode', { 0: 'CEIL', 1: 'FLOOR' }, 'CEIL') === 'CEIL'
  return [
    pool(layer, x, {
      method,
      kernel: heightAndWidth(layer, settings, 'kernel_size', 'kernel', 0),
      stride: heightAndWidth(layer, settings, 'stride', 'stride', 1),
      begin: pad,
      end: pad,
      partial: ceil,
      clipped: true,
      divisor: 'padded',
    }),
  ]
}

/** Statistics alone; the layer Scale that mostly follows is merged into it there. */
function batchNorm(layer: CaffeLayer): Blob[] {
  const x = layer.input()
  const [channels] = layer.weightShape('running_mean') as [number]
  if (x.shape[1] !== null && x.shape[1] !== channels) {
    layer.fail(`has statistics of ${channels} channels, but gets ${x.shape[1]}`)
  }
  const ones = layer.graph.constant([channels], new Float32Array(channels).fill(1))
  const zeros = layer.graph.constant([channels], new Float32Array(channels))
  const statistics = [layer.weight('running_mean'), layer.weight('running_var')]
  const epsilon = float(layer.settings('batch_norm_param').number('eps', 1e-5))
  return [layer.add('BatchNormalization', [x, ones, zeros, ...statistics], x.shape, { epsilon })]
}

/** Layers whose weights are matrices and kernels, and those that go with them. */
export const convolutionLayers: Readonly<Record<string, Translate>> = {
  BatchNorm: batchNorm,
  Convolution: convolution(false),
  ConvolutionDepthwise: convolution(true),
  Deconvolution: deconvolution,
  DepthwiseConvolution: convolution(true),
  InnerProduct: innerProduct,
  Pooling: pooling,
}
