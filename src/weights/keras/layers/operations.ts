import { int } from '../../../onnx/model.ts'
import { axisIn, type Value } from '../builder.ts'
import type { Argument } from '../calls.ts'
import { type Fields, field, fieldsOf, isFields, LayerError } from '../fields.ts'
import type { LayerContext, Translation } from '../layer.ts'
import { activationNamed } from './activation.ts'
import { combine, concatenate } from './merge.ts'

/** Functions of two values in TensorFlow, of Keras 3, and as operations in a graph of TensorFlow. */
const binary: Readonly<Record<string, string>> = {
  add: 'Add',
  addv2: 'Add',
  biasadd: 'Add',
  sub: 'Sub',
  subtract: 'Sub',
  mul: 'Mul',
  multiply: 'Mul',
  truediv: 'Div',
  truedivide: 'Div',
  realdiv: 'Div',
  div: 'Div',
  divide: 'Div',
  maximum: 'Max',
  minimum: 'Min',
  pow: 'Pow',
  power: 'Pow',
}

const unary: Readonly<Record<string, string>> = {
  abs: 'Abs',
  absolute: 'Abs',
  negative: 'Neg',
  neg: 'Neg',
  exp: 'Exp',
  log: 'Log',
  sqrt: 'Sqrt',
  identity: 'Identity',
}

const reductions: Readonly<Record<string, string>> = {
  reducemean: 'ReduceMean',
  mean: 'ReduceMean',
  reducemax: 'ReduceMax',
  max: 'ReduceMax',
  reducesum: 'ReduceSum',
  sum: 'ReduceSum',
}

/** `tf.math.truediv`, `math.truediv`, `__operators__.add` and `TrueDivide` by their last word in small letters. */
function plainName(name: string): string {
  return name
    .slice(name.lastIndexOf('.') + 1)
    .toLowerCase()
    .replaceAll('_', '')
}

/** An argument by its place or its names. */
function argument(layer: LayerContext, place: number, ...names: readonly string[]): Argument | undefined {
  const { args, kwargs } = layer.call
  const name = names.find((each) => Object.hasOwn(kwargs, each))
  return args.length > place ? args[place] : name === undefined ? undefined : kwargs[name]
}

/** A tensor, or a constant as one. Along Keras' last axis, where it is a list. */
function operand(layer: LayerContext, given: Argument | undefined, rank: number): Value {
  const value = given === undefined ? undefined : layer.resolve(given)
  if (value !== undefined) return value
  if (typeof given === 'number') return { name: layer.number(given), rank: 0, swapped: false }
  const list = isFields(given) ? fieldsOf(given, 'config').value : given
  if (typeof list === 'number') return { name: layer.number(list), rank: 0, swapped: false }
  if (Array.isArray(list) && list.every((item) => typeof item === 'number') && rank > 0) {
    return { name: layer.builder.floats(layer.name, list), rank: 1, swapped: false }
  }
  throw new LayerError(
    `has the operand ${JSON.stringify(given) ?? 'none'}, which is neither a tensor nor a number`,
  )
}

/** An operation of two; a constant of rank 0 leaves the other's axes as they are. */
function pairwise(layer: LayerContext, op: string, x: Value, y: Value): Value {
  if (y.rank === 0) return { ...x, name: layer.node(op, [x, y]) }
  if (x.rank === 0) return { ...y, name: layer.node(op, [x, y]) }
  return combine(layer, op, [x, y])
}

function reduce(layer: LayerContext, op: string, x: Value): Value {
  const given = argument(layer, 1, 'axis') ?? field(layer.config, 'axis') ?? null
  const keep = (argument(layer, 2, 'keepdims') ?? field(layer.config, 'keepdims')) === true
  const axes = [given].flat()
  if (!axes.every((axis) => Number.isInteger(axis))) throw new LayerError('reduces along no given axes')
  const places = (axes as number[]).map((axis) => axisIn(x, axis))
  const name = layer.node(op, [x, layer.builder.integers(layer.name, places)], {
    keepdims: int(keep ? 1 : 0),
  })
  if (keep) return { ...x, name }
  const rank = x.rank - places.length
  // What is left of [n, c, …] is in Keras' order only if at most the channel is left, or it is gone.
  if (x.swapped && rank > 2 && !places.includes(1)) {
    throw new LayerError(`reduces along the axes ${axes}, which leaves the channels in the middle`)
  }
  return { name, rank, swapped: false }
}

/** Calls the function of that name with the arguments of the layer's call. */
function callFunction(layer: LayerContext, name: string): Value {
  const key = plainName(name)
  const x = argument(
    layer,
    0,
    'x',
    'input',
    'inputs',
    'features',
    'a',
    'x1',
    'input_tensor',
    'tensor',
    'logits',
  )
  const op = Object.hasOwn(binary, key) ? binary[key] : undefined
  if (op !== undefined) {
    const y = argument(layer, 1, 'y', 'b', 'x2')
    return pairwise(layer, op, operand(layer, x, 0), operand(layer, y, layer.inputs[0]?.rank ?? 0))
  }
  if (key === 'concat' || key === 'concatenate') {
    const axis = argument(layer, 1, 'axis') ?? field(layer.config, 'axis')
    if (!Number.isInteger(axis)) throw new LayerError('joins along no given axis')
    return concatenate(layer, axis as number)
  }
  const value = operand(layer, x ?? undefined, 0)
  if (Object.hasOwn(unary, key)) return layer.map(unary[key]!, value)
  if (key === 'square') return { ...value, name: layer.node('Mul', [value, value]) }
  if (key === 'rsqrt') return layer.map('Reciprocal', layer.map('Sqrt', value))
  if (Object.hasOwn(reductions, key)) return reduce(layer, reductions[key]!, value)
  if (key === 'clipbyvalue' || key === 'clip') {
    const low = argument(layer, 1, 'clip_value_min', 'x_min') ?? field(layer.config, 'x_min')
    const high = argument(layer, 2, 'clip_value_max', 'x_max') ?? field(layer.config, 'x_max')
    if (typeof low !== 'number' || typeof high !== 'number') throw new LayerError('clips to no given numbers')
    return layer.map('Clip', value, {}, [layer.number(low), layer.number(high)])
  }
  const activation = activationNamed(key)
  if (activation === undefined) throw new LayerError(`calls ${name}, which is not known`)
  return activation(layer, value, { ...layer.config, ...layer.call.kwargs })
}

/** A TFOpLambda: a function of TensorFlow, called on the outputs of layers. */
const functionCall: Translation = (layer) => {
  const name = layer.config.function ?? layer.config.symbol
  if (typeof name !== 'string') throw new LayerError('does not say which function it calls')
  return callFunction(layer, name)
}

/** A TensorFlowOpLayer: an operation of a graph, some of whose inputs are constants. */
const graphOperation: Translation = (layer) => {
  let definition: unknown = layer.config.node_def
  if (typeof definition === 'string') {
    try {
      definition = JSON.parse(definition)
    } catch {
      throw new LayerError('is described in a form that is not known')
    }
  }
  const op = isFields(definition) ? definition.op : undefined
  if (typeof op !== 'string') throw new LayerError('does not say which operation it is')
  const constants: Fields = fieldsOf(layer.config, 'constants')
  const args: Argument[] = []
  const tensors = [...layer.call.args]
  for (let i = 0; i < layer.inputs.length + Object.keys(constants).length; i++) {
    const constant = constants[`${i}`]
    args.push(constant === undefined ? (tensors.shift() ?? null) : (constant as Argument))
  }
  return callFunction(layer.with({ args, kwargs: {} }), op)
}

export const operationLayers: Readonly<Record<string, Translation>> = {
  TFOpLambda: functionCall,
  TensorFlowOpLayer: graphOperation,
}

/** A function of Keras 3 that was called on the outputs of layers, by its class; undefined where it is not known. */
export function kerasOperation(className: string): Translation | undefined {
  const key = plainName(className)
  const known =
    [binary, unary, reductions].some((table) => Object.hasOwn(table, key)) ||
    ['concatenate', 'square', 'rsqrt', 'clip'].includes(key) ||
    activationNamed(key) !== undefined
  return known ? (layer) => callFunction(layer, className) : undefined
}
