import { float, int } from '../../../onnx/model.ts'
import { axisIn, type Value } from '../builder.ts'
import { type Fields, field, fieldsOf, isFields, LayerError, numberOf } from '../fields.ts'
import type { LayerContext, Translation } from '../layer.ts'

type Activation = (layer: LayerContext, x: Value, settings: Fields) => Value

const plain =
  (op: string): Activation =>
  (layer, x) =>
    layer.map(op, x)

function clipped(layer: LayerContext, x: Value, low: number, high: number): Value {
  return layer.map('Clip', x, {}, [layer.number(low), layer.number(high)])
}

const hardSigmoid: Activation = (layer, x) => {
  const alpha = layer.keras >= 3 ? 1 / 6 : 0.2
  return layer.map('HardSigmoid', x, { alpha: float(alpha), beta: float(0.5) })
}

function times(layer: LayerContext, x: Value, y: Value): Value {
  return { ...x, name: layer.node('Mul', [x, y]) }
}

/** x * Φ(x), exactly, or by the approximation with tanh. */
const gelu: Activation = (layer, x, settings) => {
  if (settings.approximate === true) {
    const cube = layer.map('Pow', x, {}, [layer.number(3)])
    const inner = { ...x, name: layer.node('Add', [x, layer.map('Mul', cube, {}, [layer.number(0.044715)])]) }
    const bent = layer.map('Tanh', layer.map('Mul', inner, {}, [layer.number(Math.sqrt(2 / Math.PI))]))
    return times(layer, x, halfOfOnePlus(layer, bent))
  }
  const erf = layer.map('Erf', layer.map('Mul', x, {}, [layer.number(Math.SQRT1_2)]))
  return times(layer, x, halfOfOnePlus(layer, erf))
}

function halfOfOnePlus(layer: LayerContext, x: Value): Value {
  return layer.map('Mul', layer.map('Add', x, {}, [layer.number(1)]), {}, [layer.number(0.5)])
}

const softmax =
  (op: 'Softmax' | 'LogSoftmax'): Activation =>
  (layer, x, settings) =>
    layer.map(op, x, { axis: int(axisIn(x, numberOf(settings, ['axis'], -1))) })

/** max(x, 0) up to a largest value, a slope below a threshold: the ReLU of Keras in all its forms. */
const relu: Activation = (layer, x, settings) => {
  const high = field(settings, 'max_value') === undefined ? null : numberOf(settings, ['max_value'], 0)
  const slope = numberOf(settings, ['negative_slope', 'alpha'], 0)
  const threshold = numberOf(settings, ['threshold', 'theta'], 0)
  if (threshold === 0 && slope === 0) return high === null ? layer.map('Relu', x) : clipped(layer, x, 0, high)
  if (threshold === 0) {
    const leaky = layer.map('LeakyRelu', x, { alpha: float(slope) })
    return high === null ? leaky : layer.map('Min', leaky, {}, [layer.number(high)])
  }
  if (slope !== 0) {
    const below = layer.map('Mul', layer.map('Sub', x, {}, [layer.number(threshold)]), {}, [
      layer.number(slope),
    ])
    const above = layer.node('GreaterOrEqual', [x, layer.number(threshold)])
    const top = high === null ? x : layer.map('Min', x, {}, [layer.number(high)])
    return { ...x, name: layer.node('Where', [above, top, below]) }
  }
  const kept = layer.map('ThresholdedRelu', x, { alpha: float(threshold) })
  return high === null ? kept : layer.map('Min', kept, {}, [layer.number(high)])
}

const leakyRelu =
  (otherwise: number): Activation =>
  (layer, x, settings) =>
    layer.map('LeakyRelu', x, { alpha: float(numberOf(settings, ['negative_slope', 'alpha'], otherwise)) })

const elu: Activation = (layer, x, settings) =>
  layer.map('Elu', x, { alpha: float(numberOf(settings, ['alpha'], 1)) })

const swish: Activation = (layer, x) => times(layer, x, layer.map('Sigmoid', x))

const hardSwish: Activation = (layer, x) =>
  times(layer, x, layer.map('HardSigmoid', x, { alpha: float(1 / 6), beta: float(0.5) }))

const linear: Activation = (_, x) => x

/** Activations by the names that Keras and TensorFlow give them, without underscores. */
const activations: Readonly<Record<string, Activation>> = {
  linear,
  identity: linear,
  relu,
  relu6: (layer, x) => clipped(layer, x, 0, 6),
  leakyrelu: leakyRelu(0.2),
  elu,
  selu: plain('Selu'),
  celu: (layer, x, settings) => layer.map('Celu', x, { alpha: float(numberOf(settings, ['alpha'], 1)) }),
  gelu,
  sigmoid: plain('Sigmoid'),
  hardsigmoid: hardSigmoid,
  tanh: plain('Tanh'),
  hardtanh: (layer, x) => clipped(layer, x, -1, 1),
  softplus: plain('Softplus'),
  softsign: plain('Softsign'),
  exponential: plain('Exp'),
  swish,
  silu: swish,
  hardswish: hardSwish,
  hardsilu: hardSwish,
  mish: (layer, x) => times(layer, x, layer.map('Tanh', layer.map('Softplus', x))),
  softmax: softmax('Softmax'),
  logsoftmax: softmax('LogSoftmax'),
  squareplus: (layer, x) => {
    const root = layer.map('Sqrt', layer.map('Add', times(layer, x, x), {}, [layer.number(4)]))
    return layer.map('Mul', { ...x, name: layer.node('Add', [x, root]) }, {}, [layer.number(0.5)])
  },
}

/** The activation of that name; undefined where it is not known. */
export function activationNamed(name: string): Activation | undefined {
  const key = name.toLowerCase().replaceAll('_', '')
  return Object.hasOwn(activations, key) ? activations[key] : undefined
}

/** Applies an activation as a layer's settings give it: a name, a described function, or a described layer. */
export function activate(layer: LayerContext, x: Value, activation: unknown): Value {
  if (activation === undefined || activation === null) return x
  const described = isFields(activation) ? activation : {}
  const { config, class_name: className } = described
  const name = isFields(activation) ? (typeof config === 'string' ? config : className) : activation
  const run = typeof name === 'string' ? activationNamed(name) : undefined
  if (run === undefined) {
    throw new LayerError(`has the activation ${JSON.stringify(name) ?? 'of no name'}, which is not known`)
  }
  return run(layer, x, fieldsOf(described, 'config'))
}

const own =
  (activation: Activation): Translation =>
  (layer) =>
    activation(layer, layer.input, layer.config)

/** A slope for each channel, or for each place. */
const prelu: Translation = (layer) => {
  const input = layer.builder.swapped(layer.input)
  const x = layer.channelsFirst ? layer.input : input
  const weight = layer.weight('weight')
  const { shape } = layer.stored('weight')
  if (x.rank < 3 || shape.length !== 1 || shape[0] === 1)
    return { ...x, name: layer.node('PRelu', [x, weight]) }
  const axes = layer.builder.integers(
    layer.name,
    Array.from({ length: x.rank - 2 }, (_, i) => i + 1),
  )
  return { ...x, name: layer.node('PRelu', [x, layer.node('Unsqueeze', [weight, axes])]) }
}

export const activationLayers: Readonly<Record<string, Translation>> = {
  Activation: (layer) => activate(layer, layer.input, layer.config.activation),
  ReLU: own(relu),
  LeakyReLU: own(leakyRelu(0.3)),
  ELU: own(elu),
  ThresholdedReLU: (layer) => relu(layer, layer.input, { threshold: numberOf(layer.config, ['theta'], 1) }),
  Softmax: own(softmax('Softmax')),
  PReLU: prelu,
}
