import { type Attributes, float, int, ints } from '../../onnx/model.ts'
import type { Blob } from '../layers/graph.ts'
import {
  alongAxis,
  binary,
  euclideanNormalization,
  flatten,
  meanVarianceNormalization,
  power,
  reshape,
  responseNormalization,
  responseNormalizationWithin,
} from '../layers/operators.ts'
import { pool } from '../layers/pooling.ts'
import { channelParts, each, type Kind, type NcnnLayer, positive } from './kind.ts'

function pooling(layer: NcnnLayer): Blob[] {
  const { params } = layer
  const x = layer.images()
  const kind = params.int(0, 0)
  const method =
    (['max', 'average'] as const)[kind] ?? layer.fail(`pools in the way ${kind}, which is not supported`)
  const global = (): Blob =>
    layer.add(method === 'max' ? 'GlobalMaxPool' : 'GlobalAveragePool', [x], [x.shape[0]!, x.shape[1]!, 1, 1])
  // One number a channel is a vector in ncnn.
  if (params.int(4, 0) !== 0) return [flatten(layer, global())]
  const square = { clipped: false, divisor: 'image' } as const
  if (params.int(7, 0) !== 0) {
    const width = params.int(8, 0)
    const wanted = [params.int(18, width), width]
    if (wanted.every((extent) => extent === 1)) return [global()]
    const steps = wanted.map((extent, i) => (extent === -233 ? 1 : (x.shape[2 + i] ?? Number.NaN) / extent))
    if (!steps.every(Number.isInteger)) {
      layer.fail(
        `pools to ${wanted.join(' x ')}, which does not divide an image of ${x.shape
          .slice(2)
          .map((extent) => extent ?? 'unknown')
          .join(' x ')}`,
      )
    }
    const kernel = steps as [number, number]
    return [
      pool(layer, x, {
        ...square,
        method,
        kernel,
        stride: kernel,
        begin: [0, 0],
        end: [0, 0],
        partial: false,
      }),
    ]
  }
  const pair = (height: number, width: number, otherwise: number): [number, number] => {
    const w = params.int(width, otherwise)
    return [params.int(height, w), w]
  }
  const [kernel, stride] = [pair(11, 1, 0), pair(12, 2, 1)]
  const left = params.int(3, 0)
  const top = params.int(13, left)
  let begin: readonly [number, number] = [top, left]
  let end: readonly [number, number] = [params.int(15, top), params.int(14, left)]
  const mode = params.int(5, 0)
  if (mode === 2 || mode === 3) {
    const needed = kernel.map((k, i) => {
      const extent = x.shape[2 + i]
      if (extent === null || extent === undefined)
        return layer.fail('pads to a size that the file does not give')
      return Math.max(0, k + Math.floor((extent - 1) / stride[i]!) * stride[i]! - extent)
    }) as [number, number]
    const less = needed.map((by) => Math.floor(by / 2)) as [number, number]
    const more = needed.map((by) => Math.ceil(by / 2)) as [number, number]
    ;[begin, end] = mode === 2 ? [less, more] : [more, less]
  } else if (mode !== 0 && mode !== 1) {
    layer.fail(`pads in the way ${mode}, which is not supported`)
  }
  const divisor = params.int(6, 0) === 0 ? 'image' : 'window'
  return [
    pool(layer, x, { method, kernel, stride, begin, end, partial: mode === 0, clipped: false, divisor }),
  ]
}

function batchNorm(layer: NcnnLayer): Blob[] {
  const x = layer.input()
  const operands = ['weight', 'bias', 'running_mean', 'running_var'].map((part) => layer.weight(part))
  return [
    layer.add('BatchNormalization', [x, ...operands], x.shape, { epsilon: float(layer.params.number(1, 0)) }),
  ]
}

/** Weight and bias of a normalization, or ones and zeros where it has none. */
function affine(layer: NcnnLayer, channels: number): readonly [string, string] {
  if (layer.has('weight')) return [layer.weight('weight'), layer.weight('bias')]
  if (channels >= 2 ** 20) layer.fail(`normalizes ${channels} channels`)
  return [
    layer.graph.constant([channels], new Float32Array(channels).fill(1)),
    layer.graph.constant([channels], new Float32Array(channels)),
  ]
}

function instanceNorm(layer: NcnnLayer): Blob[] {
  const x = layer.images()
  const channels = positive(x.shape[1] ?? layer.params.int(0, 0), 'the number of channels', (what) =>
    layer.fail(what),
  )
  const epsilon = float(layer.params.number(1, 0.001))
  return [layer.add('InstanceNormalization', [x, ...affine(layer, channels)], x.shape, { epsilon })]
}

function groupNorm(layer: NcnnLayer): Blob[] {
  const { params } = layer
  const x = layer.images()
  const groups = positive(params.int(0, 1), 'the number of groups', (what) => layer.fail(what))
  if (groups >= 2 ** 20) layer.fail(`has ${groups} groups`)
  const grouped = reshape(layer, x, [0, groups, -1], [x.shape[0]!, groups, null])
  const [ones, zeros] = [1, 0].map((v) =>
    layer.graph.constant([groups], new Float32Array(groups).fill(v)),
  ) as [string, string]
  const normal = layer.add('InstanceNormalization', [grouped, ones, zeros], grouped.shape, {
    epsilon: float(params.number(2, 0.001)),
  })
  const back = layer.add('Reshape', [normal, layer.add('Shape', [x], [x.shape.length])], x.shape)
  if (!layer.has('weight')) return [back]
  const scaled = alongAxis(layer, 'Mul', back, layer.weight('weight'), layer.weightShape('weight'), 1)
  return [alongAxis(layer, 'Add', scaled, layer.weight('bias'), layer.weightShape('bias'), 1)]
}

function layerNorm(layer: NcnnLayer): Blob[] {
  const { params } = layer
  const x = layer.input()
  const size = params.int(0, 0)
  const last = x.shape.at(-1)
  if (last !== null && last !== size)
    layer.fail(`normalizes over ${size} numbers of rows of ${last}, which is not supported`)
  const rank = x.shape.length
  const reduced = x.shape.with(-1, 1)
  const axes: Attributes = { axes: ints([rank - 1]), keepdims: int(1) }
  const mean = (of: Blob): Blob => layer.add('ReduceMean', [of], reduced, axes)
  const centred = binary(layer, 'Sub', x, mean(x))
  const variance = power(layer, mean(binary(layer, 'Mul', centred, centred)), 0.5, 1, params.number(1, 0.001))
  const normal = binary(layer, 'Div', centred, variance)
  if (!layer.has('weight')) return [normal]
  return [binary(layer, 'Add', binary(layer, 'Mul', normal, layer.weight('weight')), layer.weight('bias'))]
}

/** Divides by the Euclidean norm, and multiplies by a weight for all or each of the channels. */
function normalize(layer: NcnnLayer): Blob[] {
  const { params } = layer
  const x = layer.images()
  const axes = [...(params.int(4, 1) !== 0 ? [1] : []), ...(params.int(0, 0) !== 0 ? [2, 3] : [])]
  if (axes.length === 0) return layer.fail('normalizes over nothing')
  const guard = (['add', 'clampNorm', 'clampSquares'] as const)[params.int(9, 0)]
  if (guard === undefined)
    return layer.fail(`guards its norm in the way ${params.int(9, 0)}, which is not supported`)
  const normal = euclideanNormalization(layer, x, axes, params.number(2, 0.0001), guard)
  const shape = layer.weightShape('weight')
  if (params.int(1, 0) !== 0 || shape[0] === 1) return [binary(layer, 'Mul', normal, layer.weight('weight'))]
  return [alongAxis(layer, 'Mul', normal, layer.weight('weight'), shape, 1)]
}

const reductions = [
  'ReduceSum',
  'ReduceL1',
  'ReduceSumSquare',
  'ReduceMean',
  'ReduceMax',
  'ReduceMin',
  'ReduceProd',
  'ReduceL1',
  'ReduceL2',
  'ReduceLogSum',
  'ReduceLogSumExp',
]

function reduce(layer: NcnnLayer, x: Blob): Blob {
  const { params } = layer
  const kind = params.int(0, 0)
  const op = reductions[kind] ?? layer.fail(`is of kind ${kind}, which is not supported`)
  const rank = x.shape.length
  const given = params.list(3).map((axis) => layer.blobAxis(axis))
  const axes = params.int(1, 1) !== 0 || given.length === 0 ? [...x.shape.keys()].slice(1) : given
  const keep = params.int(4, 0) !== 0
  const kept = x.shape.map((extent, i) => (axes.includes(i) ? 1 : extent))
  // What is left of a blob has at least one dimension beside the batch.
  const whole = axes.length === rank - 1 && !keep
  const shape = keep || whole ? kept : kept.filter((_, i) => !axes.includes(i))
  const keepdims = int(keep || whole ? 1 : 0)
  const out =
    op === 'ReduceSum'
      ? layer.add(op, [x, layer.list(axes)], shape, { keepdims })
      : layer.add(op, [x], shape, { axes: ints(axes), keepdims })
  const scaled = power(layer, out, 1, params.number(2, 1), 0)
  return whole && rank > 2 ? flatten(layer, scaled) : scaled
}

const affineParts =
  (sizeId: number, affineId: number): NonNullable<Kind['parts']> =>
  ({ params }, fail) =>
    params.int(affineId, 1) === 0
      ? []
      : channelParts(positive(params.int(sizeId, 0), 'the number of channels', fail), ['weight', 'bias'])

export const normalizationKinds: Readonly<Record<string, Kind>> = {
  BatchNorm: {
    parts: ({ params }, fail) =>
      channelParts(positive(params.int(0, 0), 'the number of channels', fail), [
        'weight',
        'running_mean',
        'running_var',
        'bias',
      ]),
    translate: batchNorm,
  },
  GroupNorm: { parts: affineParts(1, 3), translate: groupNorm },
  InstanceNorm: { parts: affineParts(0, 2), translate: instanceNorm },
  LRN: each((layer, x) => {
    const { params } = layer
    const region = params.int(0, 0)
    const numbers = [
      params.int(1, 5),
      params.number(2, 1),
      params.number(3, 0.75),
      params.number(4, 1),
    ] as const
    if (region === 0) return responseNormalization(layer, x, ...numbers)
    return responseNormalizationWithin(layer, layer.images(), ...numbers)
  }),
  LayerNorm: { parts: affineParts(0, 2), translate: layerNorm },
  MVN: each((layer, x) => {
    const { params } = layer
    const axes = [...(params.int(1, 0) !== 0 ? [1] : []), ...[...x.shape.keys()].slice(2)]
    return meanVarianceNormalization(layer, x, axes, params.int(0, 0) !== 0, params.number(2, 0.0001))
  }),
  Normalize: {
    parts: ({ params }, fail) =>
      channelParts(positive(params.int(3, 0), 'the number of weights', fail), ['weight']),
    translate: normalize,
  },
  Pooling: { translate: pooling },
  Reduction: each(reduce),
}
