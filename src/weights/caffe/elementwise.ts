import { float, int } from '../../onnx/model.ts'
import type { Blob } from '../layers/graph.ts'
import {
  alongAxis,
  binary,
  clip,
  combine,
  elementwise,
  euclideanNormalization,
  exponential,
  logarithm,
  meanVarianceNormalization,
  power,
  relu,
  reshape,
  responseNormalization,
  responseNormalizationWithin,
  swish,
} from '../layers/operators.ts'
import { type CaffeLayer, each, type Translate } from './kind.ts'

/** Numbers of `exp_param` and `log_param`. */
function baseScaleShift(layer: CaffeLayer, name: string): readonly [number, number, number] {
  const settings = layer.settings(name)
  return [settings.number('base', -1), settings.number('scale', 1), settings.number('shift', 0)]
}

/** A blob beside another, its dimensions beginning at an axis of the other's, so that they broadcast. */
function beside(layer: CaffeLayer, x: Blob, other: Blob, axis: number): Blob {
  const trailing = x.shape.length - axis - other.shape.length
  if (trailing < 0) layer.fail(`lays ${other.shape.length} dimensions from axis ${axis} of ${x.shape.length}`)
  if (trailing === 0) return other
  const shape = [...other.shape, ...Array<number>(trailing).fill(1)]
  const open = other.shape.slice(axis === 0 ? 1 : 0).filter((extent) => extent === null).length
  if (open > 1) layer.fail('combines blobs whose sizes the file does not say')
  const sizes = shape.map((extent, i) => (axis === 0 && i === 0 ? 0 : (extent ?? -1)))
  return reshape(layer, other, sizes, shape)
}

function scale(layer: CaffeLayer): Blob[] {
  const settings = layer.settings('scale_param')
  const x = layer.input()
  const axis = layer.axis(settings.int('axis', 1), x.shape.length)
  let y: Blob
  if (layer.inputs.length > 1) {
    y = binary(layer, 'Mul', x, beside(layer, x, layer.input(1), axis))
  } else {
    const shape = layer.weightShape('weight')
    const producer = layer.graph.producerOf(x)
    if (
      producer?.node.op === 'BatchNormalization' &&
      producer.consumers === 0 &&
      axis === 1 &&
      shape.length === 1 &&
      layer.has('bias') &&
      layer.takesAlone() &&
      shape[0] === x.shape[1]
    ) {
      const [input, , , mean, variance] = producer.node.inputs as [string, string, string, string, string]
      layer.graph.setInputs(x, [input, layer.weight('weight'), layer.weight('bias'), mean, variance])
      return [x]
    }
    y = alongAxis(layer, 'Mul', x, layer.weight('weight'), shape, axis)
  }
  if (!layer.has('bias')) return [y]
  return [alongAxis(layer, 'Add', y, layer.weight('bias'), layer.weightShape('bias'), axis)]
}

function bias(layer: CaffeLayer): Blob[] {
  const x = layer.input()
  const axis = layer.axis(layer.settings('bias_param').int('axis', 1), x.shape.length)
  if (layer.inputs.length > 1) return [binary(layer, 'Add', x, beside(layer, x, layer.input(1), axis))]
  return [alongAxis(layer, 'Add', x, layer.weight('bias'), layer.weightShape('bias'), axis)]
}

const operations = { 0: 'PROD', 1: 'SUM', 2: 'MAX' } as const
const combined = { PROD: 'Mul', SUM: 'Add', MAX: 'Max' } as const

function lrn(layer: CaffeLayer, x: Blob): Blob {
  const settings = layer.settings('lrn_param')
  const size = settings.int('local_size', 5)
  const [alpha, beta] = [settings.number('alpha', 1), settings.number('beta', 0.75)]
  const regions = { 0: 'ACROSS_CHANNELS', 1: 'WITHIN_CHANNEL' } as const
  if (settings.choice('norm_region', regions, 'ACROSS_CHANNELS') === 'ACROSS_CHANNELS') {
    return responseNormalization(layer, x, size, alpha, beta, settings.number('k', 1))
  }
  if (size % 2 === 0) layer.fail(`normalizes over squares of ${size}; it must be an odd number`)
  // Within a channel k is always 1.
  return responseNormalizationWithin(layer, layer.images(), size, alpha, beta, 1)
}

function prelu(layer: CaffeLayer, x: Blob): Blob {
  const slope = layer.weight('weight')
  const slopes = layer.weightShape('weight').reduce((product, extent) => product * extent, 1)
  if (slopes !== 1 && x.shape[1] !== null && slopes !== x.shape[1]) {
    layer.fail(`has ${slopes} slopes for ${x.shape[1]} channels`)
  }
  const shape = slopes === 1 ? [1] : [slopes, ...Array<number>(x.shape.length - 2).fill(1)]
  return layer.add('PRelu', [x, layer.add('Reshape', [slope, layer.list(shape)], shape)], x.shape)
}

function normalize(layer: CaffeLayer): Blob[] {
  const settings = layer.settings('norm_param')
  const x = layer.images()
  const axes = settings.flag('across_spatial', true) ? [1, 2, 3] : [1]
  const normal = euclideanNormalization(layer, x, axes, settings.number('eps', 1e-10), 'add')
  if (!layer.has('weight')) return [normal]
  const shape = layer.weightShape('weight')
  const count = shape.reduce((product, extent) => product * extent, 1)
  const flat = layer.add('Reshape', [layer.weight('weight'), layer.list([count])], [count])
  if (count === 1) return [binary(layer, 'Mul', normal, flat)]
  return [alongAxis(layer, 'Mul', normal, flat.name, [count], 1)]
}

/** Layers that keep the shape of what they take. */
export const elementwiseLayers: Readonly<Record<string, Translate>> = {
  AbsVal: each((layer, x) => elementwise(layer, 'Abs', x)),
  // Of the branch of squeeze-and-excitation networks: the first blob times the second, plus the third.
  Axpy: (layer) => {
    const [factor, x] = [layer.input(), layer.input(1)]
    return [binary(layer, 'Add', binary(layer, 'Mul', x, beside(layer, x, factor, 0)), layer.input(2))]
  },
  BNLL: each((layer, x) => elementwise(layer, 'Softplus', x)),
  Bias: bias,
  Clip: each((layer, x) => {
    const settings = layer.settings('clip_param')
    return clip(
      layer,
      x,
      settings.number('min', Number.NEGATIVE_INFINITY),
      settings.number('max', Number.POSITIVE_INFINITY),
    )
  }),
  Dropout: each((_, x) => x),
  ELU: each((layer, x) =>
    elementwise(layer, 'Elu', x, { alpha: float(layer.settings('elu_param').number('alpha', 1)) }),
  ),
  Eltwise: (layer) => {
    const settings = layer.settings('eltwise_param')
    const operation = settings.choice('operation', operations, 'SUM')
    return [combine(layer, combined[operation], settings.numbers('coeff'))]
  },
  Exp: each((layer, x) => exponential(layer, x, ...baseScaleShift(layer, 'exp_param'))),
  LRN: each(lrn),
  Log: each((layer, x) => logarithm(layer, x, ...baseScaleShift(layer, 'log_param'))),
  MVN: each((layer, x) => {
    const settings = layer.settings('mvn_param')
    const from = settings.flag('across_channels', false) ? 1 : 2
    const axes = [...x.shape.keys()].slice(from)
    if (axes.length === 0) layer.fail('normalizes over nothing')
    const variance = settings.flag('normalize_variance', true)
    return meanVarianceNormalization(layer, x, axes, variance, settings.number('eps', 1e-9))
  }),
  Normalize: normalize,
  PReLU: each(prelu),
  Power: each((layer, x) => {
    const settings = layer.settings('power_param')
    return power(
      layer,
      x,
      settings.number('power', 1),
      settings.number('scale', 1),
      settings.number('shift', 0),
    )
  }),
  ReLU: each((layer, x) => relu(layer, x, layer.settings('relu_param').number('negative_slope', 0))),
  ReLU6: each((layer, x) => clip(layer, x, 0, 6)),
  Scale: scale,
  Sigmoid: each((layer, x) => elementwise(layer, 'Sigmoid', x)),
  Split: (layer) => Array<Blob>(layer.outputs).fill(layer.input()),
  Swish: each((layer, x) => swish(layer, x, layer.settings('swish_param').number('beta', 1))),
  TanH: each((layer, x) => elementwise(layer, 'Tanh', x)),
  Threshold: each((layer, x) => {
    const limit = layer.scalar(layer.settings('threshold_param').number('threshold', 0))
    return layer.add('Cast', [layer.add('Greater', [x, limit], x.shape)], x.shape, { to: int(1) })
  }),
}
