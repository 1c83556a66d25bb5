import { type Attributes, int, ints, string } from '../../onnx/model.ts'
import type { Blob, Extent } from '../layers/graph.ts'
import { flatten, reshape } from '../layers/operators.ts'
import type { WeightPart } from './bin.ts'
import { activate, type Kind, type NcnnLayer, positive } from './kind.ts'
import type { LayerLine } from './param.ts'

/** Padding that stands for ONNX's SAME_UPPER and SAME_LOWER. */
const autoPads: Readonly<Record<number, string>> = { [-233]: 'SAME_UPPER', [-234]: 'SAME_LOWER' }

interface Windows {
  readonly kernel: readonly [number, number]
  readonly dilation: readonly [number, number]
  readonly stride: readonly [number, number]
  /** Top, left, bottom, right. */
  readonly pads: readonly number[]
  readonly auto: string | undefined
}

function windowsOf(layer: NcnnLayer): Windows {
  const { params } = layer
  const pair = (height: number, width: number, otherwise: number): [number, number] => {
    const w = params.int(width, otherwise)
    const both: [number, number] = [params.int(height, w), w]
    if (both.some((n) => n < 1 || n >= 2 ** 20))
      layer.fail(`has a kernel, stride or dilation of ${both.join(' x ')}`)
    return both
  }
  const left = params.int(4, 0)
  const top = params.int(14, left)
  const pads = [top, left, params.int(16, top), params.int(15, left)]
  const auto = pads.every((pad) => pad === left) ? autoPads[left] : undefined
  if (auto === undefined && pads.some((pad) => pad < 0 || pad >= 2 ** 20))
    layer.fail(`pads by ${pads.join(', ')}`)
  return { kernel: pair(11, 1, 0), dilation: pair(12, 2, 1), stride: pair(13, 3, 1), pads, auto }
}

/** The arrays of a convolution: weights, bias, and the scales of 8-bit weights and inputs. */
function convolutionParts(swapped: boolean) {
  return (line: LayerLine, fail: (what: string) => never): WeightPart[] => {
    const { params, type } = line
    const [dynamicWeights, groupsId] = swapped ? [28, 7] : [19, 7]
    if (params.int(dynamicWeights, 0) !== 0)
      fail('takes its weights from another blob, which is not supported')
    const out = positive(params.int(0, 0), 'the number of outputs', fail)
    const width = positive(params.int(1, 0), 'the kernel', fail)
    const height = positive(params.int(11, width), 'the kernel', fail)
    const groups = type.endsWith('DepthWise')
      ? positive(params.int(groupsId, 1), 'the number of groups', fail)
      : 1
    const size = params.int(6, 0)
    const perGroup = size / (out * height * width)
    if (!(Number.isInteger(perGroup) && perGroup >= 1 && out % groups === 0)) {
      fail(
        `has ${size} weights, which do not make ${out} kernels of ${height} x ${width} in ${groups} groups`,
      )
    }
    // ncnn counts 8-bit scales from 100 on where results are 8-bit, too.
    const scaled = swapped ? 0 : params.int(8, 0)
    const bias: WeightPart[] = params.int(5, 0) === 0 ? [] : [{ name: 'bias', shape: [out] }]
    const perChannel = type === 'Convolution' ? out : scaled % 100 === 1 ? groups : 1
    return [
      {
        name: 'weight',
        shape: [out, perGroup, height, width],
        tagged: true,
        ...(swapped ? { swapped: { groups } } : {}),
        ...(scaled === 0 ? {} : { scales: 1 + bias.length }),
      },
      ...bias,
      ...(scaled === 0
        ? []
        : [
            { name: '', shape: [perChannel] },
            { name: '', shape: [1] },
          ]),
      ...(scaled > 100 ? [{ name: '', shape: [1] }] : []),
    ]
  }
}

function convolution(layer: NcnnLayer): Blob[] {
  const { params, graph } = layer
  const [out, perGroup] = layer.weightShape('weight') as [number, number]
  const groups = layer.type.endsWith('DepthWise') ? params.int(7, 1) : 1
  const { kernel, dilation, stride, pads, auto } = windowsOf(layer)
  let x = layer.input()
  // A 1x1 convolution of what was pooled to one number a channel.
  const flat = x.shape.length === 2 && kernel.every((n) => n === 1)
  if (flat) x = reshape(layer, x, [0, perGroup * groups, 1, 1], [x.shape[0]!, perGroup * groups, 1, 1])
  else x = layer.images()
  const channels = x.shape[1]!
  if (channels === null) graph.setInputChannels(x, perGroup * groups)
  else if (channels !== perGroup * groups) {
    layer.fail(`has weights for ${perGroup * groups} channels, but gets ${channels}`)
  }
  const fill = params.number(18, 0)
  let explicit = pads
  if (fill !== 0 && auto === undefined && pads.some((pad) => pad > 0)) {
    const [top, left, bottom, right] = pads as [number, number, number, number]
    const extent = (at: number, more: number): Extent => (x.shape[at] === null ? null : x.shape[at]! + more)
    const shape = [x.shape[0]!, x.shape[1]!, extent(2, top + bottom), extent(3, left + right)]
    x = layer.add('Pad', [x, layer.list([0, 0, top, left, 0, 0, bottom, right]), layer.scalar(fill)], shape)
    explicit = [0, 0, 0, 0]
  }
  const size = (at: 0 | 1): Extent => {
    const extent = x.shape[2 + at]!
    if (extent === null) return null
    if (auto !== undefined) return Math.ceil(extent / stride[at])
    const reach = dilation[at] * (kernel[at] - 1) + 1
    const result = Math.floor((extent + explicit[at]! + explicit[at + 2]! - reach) / stride[at]) + 1
    return result >= 1 ? result : layer.fail(`has kernels of ${reach}, but an image of ${extent}`)
  }
  const attributes: Attributes = {
    kernel_shape: ints(kernel),
    dilations: ints(dilation),
    strides: ints(stride),
    group: int(groups),
    ...(auto === undefined ? { pads: ints(explicit) } : { auto_pad: string(auto) }),
  }
  const inputs = [x, layer.weight('weight'), ...(layer.has('bias') ? [layer.weight('bias')] : [])]
  const y = activate(layer, layer.add('Conv', inputs, [x.shape[0]!, out, size(0), size(1)], attributes))
  return [flat ? flatten(layer, y) : y]
}

function deconvolution(layer: NcnnLayer): Blob[] {
  const { params } = layer
  const [inputs, perGroup] = layer.weightShape('weight') as [number, number]
  const groups = layer.type.endsWith('DepthWise') ? params.int(7, 1) : 1
  const { kernel, dilation, stride, pads, auto } = windowsOf(layer)
  const x = layer.images()
  if (x.shape[1] !== null && x.shape[1] !== inputs) {
    layer.fail(`has weights for ${inputs} channels, but gets ${x.shape[1]}`)
  }
  const right = params.int(18, 0)
  const more = [params.int(19, right), right]
  const width = params.int(20, 0)
  const fixed = [params.int(21, width), width]
  const sized = fixed.every((extent) => extent > 0)
  if (more.some((n) => n < 0 || n >= 2 ** 20)) layer.fail(`widens its result by ${more.join(' x ')}`)
  if (auto !== undefined && !sized) layer.fail('cuts its result to a size that it does not give')
  const size = (at: 0 | 1): Extent => {
    if (sized && auto !== undefined) return fixed[at]!
    const extent = x.shape[2 + at]!
    if (extent === null) return null
    const reach = dilation[at] * (kernel[at] - 1) + 1
    return (extent - 1) * stride[at] + reach + more[at]! - pads[at]! - pads[at + 2]!
  }
  const y = layer.add(
    'ConvTranspose',
    [x, layer.weight('weight'), ...(layer.has('bias') ? [layer.weight('bias')] : [])],
    [x.shape[0]!, perGroup * groups, size(0), size(1)],
    {
      kernel_shape: ints(kernel),
      dilations: ints(dilation),
      strides: ints(stride),
      group: int(groups),
      output_padding: ints(more),
      ...(auto === undefined ? { pads: ints(pads) } : { auto_pad: string(auto), output_shape: ints(fixed) }),
    },
  )
  return [activate(layer, y)]
}

function innerProduct(layer: NcnnLayer): Blob[] {
  const [out, inputs] = layer.weightShape('weight') as [number, number]
  const x = layer.input()
  // Rows of a matrix are taken one by one; everything else is one long vector.
  if (x.shape.length === 3 && x.shape[2] === inputs) {
    const turned = layer.add('Transpose', [layer.weight('weight')], [inputs, out], { perm: ints([1, 0]) })
    const shape = x.shape.with(2, out)
    const y = layer.add('MatMul', [x, turned], shape)
    return [activate(layer, layer.has('bias') ? layer.add('Add', [y, layer.weight('bias')], shape) : y)]
  }
  const flat = x.shape.length === 2 ? x : flatten(layer, x)
  if (flat.shape[1] !== null && flat.shape[1] !== inputs) {
    layer.fail(`has weights for ${inputs} numbers, but gets ${flat.shape[1]}`)
  }
  const operands = [flat, layer.weight('weight'), ...(layer.has('bias') ? [layer.weight('bias')] : [])]
  return [activate(layer, layer.add('Gemm', operands, [x.shape[0]!, out], { transB: int(1) }))]
}

export const convolutions: Readonly<Record<string, Kind>> = {
  Convolution: { parts: convolutionParts(false), translate: convolution },
  ConvolutionDepthWise: { parts: convolutionParts(false), translate: convolution },
  Deconvolution: { parts: convolutionParts(true), translate: deconvolution },
  DeconvolutionDepthWise: { parts: convolutionParts(true), translate: deconvolution },
  InnerProduct: {
    parts: ({ params }, fail) => {
      const out = positive(params.int(0, 0), 'the number of outputs', fail)
      const size = params.int(2, 0)
      const inputs = positive(size / out, 'the number of weights of an output', fail)
      if (!Number.isInteger(inputs)) fail(`has ${size} weights for ${out} outputs`)
      const scaled = params.int(8, 0) !== 0
      const bias: WeightPart[] = params.int(1, 0) === 0 ? [] : [{ name: 'bias', shape: [out] }]
      return [
        {
          name: 'weight',
          shape: [out, inputs],
          tagged: true,
          ...(scaled ? { scales: 1 + bias.length } : {}),
        },
        ...bias,
        ...(scaled
          ? [
              { name: '', shape: [out] },
              { name: '', shape: [1] },
            ]
          : []),
      ]
    },
    translate: innerProduct,
  },
}
