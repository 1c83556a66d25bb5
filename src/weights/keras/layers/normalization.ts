import { float, int } from '../../../onnx/model.ts'
import { axisIn, type Value } from '../builder.ts'
import { field, integersOf, LayerError, numberOf, numbersOf } from '../fields.ts'
import type { LayerContext, Translation } from '../layer.ts'

/** The value with Keras' axis second. */
function channelsSecond(layer: LayerContext, axis: number): Value {
  const { input, builder } = layer
  const swaps = [input.swapped, !input.swapped && input.rank > 2, false]
  const swapped = swaps.find((each) => axisIn({ ...input, swapped: each }, axis) === 1)
  if (swapped !== undefined) return swapped ? builder.swapped(input) : builder.plain(input)
  throw new LayerError(`works along axis ${axis} of ${input.rank}, which is not the channel`)
}

/** The axis, which may be in a list of one. */
function axisOf(layer: LayerContext): number {
  const value = field(layer.config, 'axis')
  const list = Array.isArray(value) ? value : [value ?? -1]
  if (list.length !== 1 || !Number.isInteger(list[0])) {
    throw new LayerError(`works along the axes ${JSON.stringify(value)}, not a single one`)
  }
  return list[0]
}

const batchNormalization: Translation = (layer) => {
  if (numberOf(layer.config, ['mode'], 0) === 1) throw new LayerError('normalizes each sample (mode 1)')
  const x = channelsSecond(layer, axisOf(layer))
  const channels = layer.stored('running_mean').shape[0] ?? 0
  const fill = (value: number): string => {
    return layer.builder.floats(
      layer.name,
      Array.from({ length: channels }, () => value),
    )
  }
  const inputs = [
    layer.hasWeight('weight') ? layer.weight('weight') : fill(1),
    layer.hasWeight('bias') ? layer.weight('bias') : fill(0),
    layer.weight('running_mean'),
    layer.weight('running_var'),
  ]
  return layer.map(
    'BatchNormalization',
    x,
    {
      epsilon: float(numberOf(layer.config, ['epsilon'], 1e-3)),
      momentum: float(numberOf(layer.config, ['momentum'], 0.99)),
    },
    inputs,
  )
}

const layerNormalization: Translation = (layer) => {
  const x = layer.builder.plain(layer.input)
  const axis = axisIn(x, axisOf(layer))
  if (axis !== x.rank - 1) throw new LayerError(`works along axis ${axis}, not the last one`)
  const one = (): string => layer.number(1)
  const scale = layer.hasWeight('weight') ? layer.weight('weight') : one()
  const bias = layer.hasWeight('bias') ? [layer.weight('bias')] : []
  const epsilon = float(numberOf(layer.config, ['epsilon'], 1e-3))
  return layer.map('LayerNormalization', x, { axis: int(-1), epsilon }, [scale, ...bias])
}

/** Values along Keras' last axis, shaped for the value; a single one stands for all. */
function alongLast(layer: LayerContext, x: Value, values: readonly number[]): string {
  if (values.length === 1) return layer.number(values[0]!)
  const after = x.swapped ? x.rank - 2 : 0
  return layer.builder.floats(layer.name, values, [values.length, ...Array.from({ length: after }, () => 1)])
}

const rescaling: Translation = (layer) => {
  const x = layer.input
  const scale = numbersOf(field(layer.config, 'scale') ?? 1, 'scales')
  const offset = numbersOf(field(layer.config, 'offset') ?? 0, 'offsets')
  const scaled = layer.map('Mul', x, {}, [alongLast(layer, x, scale)])
  return offset.every((value) => value === 0)
    ? scaled
    : layer.map('Add', scaled, {}, [alongLast(layer, x, offset)])
}

/** (x - mean) / max(sqrt(variance), 1e-7), with statistics of the file or of the settings. */
const statistics: Translation = (layer) => {
  const x = layer.input
  const axes = integersOf({ axis: [layer.config.axis].flat() }, ['axis'], 1, [-1])
  if (axisIn({ ...x, swapped: false }, axes[0]!) !== x.rank - 1) {
    throw new LayerError(`works along axis ${axes[0]}, not the last one`)
  }
  const part = (name: string): string => {
    const given = field(layer.config, name)
    if (given !== undefined) return alongLast(layer, x, numbersOf(given, name))
    const stored = layer.stored(name)
    const weight = layer.weight(name)
    if (!x.swapped || stored.shape.length === 0) return weight
    const shape = layer.builder.integers(layer.name, [-1, ...Array.from({ length: x.rank - 2 }, () => 1)])
    return layer.node('Reshape', [weight, shape])
  }
  const deviation = layer.node('Max', [layer.node('Sqrt', [part('variance')]), layer.number(1e-7)])
  if (layer.config.invert === true) {
    return layer.map('Add', layer.map('Mul', x, {}, [deviation]), {}, [part('mean')])
  }
  return layer.map('Div', layer.map('Sub', x, {}, [part('mean')]), {}, [deviation])
}

export const normalizationLayers: Readonly<Record<string, Translation>> = {
  BatchNormalization: batchNormalization,
  BatchNormalizationV1: batchNormalization,
  SyncBatchNormalization: batchNormalization,
  LayerNormalization: layerNormalization,
  Rescaling: rescaling,
  Normalization: statistics,
}
