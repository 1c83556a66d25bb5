import { int } from '../../../onnx/model.ts'
import { axisIn, type Value } from '../builder.ts'
import { field, LayerError, numberOf, textOf } from '../fields.ts'
import type { LayerContext, Translation } from '../layer.ts'

/** The inputs with their axes in the same order. */
function alike(layer: LayerContext, inputs: readonly Value[] = layer.inputs): readonly Value[] {
  const [first] = inputs
  if (first === undefined) throw new LayerError('has no input')
  const highest = Math.max(...inputs.map(({ rank }) => rank))
  const uniform = inputs.every(({ rank }) => rank === highest)
  const swap = uniform && inputs.some(({ swapped }) => swapped)
  return inputs.map((input) => (swap ? layer.builder.swapped(input) : layer.builder.plain(input)))
}

/** An operation of two values, or of more, one after another. Smaller values are spread as numpy does. */
export function combine(layer: LayerContext, op: string, inputs: readonly Value[] = layer.inputs): Value {
  const [first, ...others] = alike(layer, inputs)
  return others.reduce((x, y) => {
    const wider = x.rank >= y.rank ? x : y
    return { ...wider, name: layer.node(op, [x, y]) }
  }, first!)
}

const merge =
  (op: string): Translation =>
  (layer) =>
    combine(layer, op)

const subtract: Translation = (layer) => {
  if (layer.inputs.length !== 2) throw new LayerError(`has ${layer.inputs.length} inputs instead of 2`)
  return combine(layer, 'Sub')
}

const average: Translation = (layer) => {
  const sum = combine(layer, 'Add')
  return layer.map('Mul', sum, {}, [layer.number(1 / layer.inputs.length)])
}

/** The inputs, one behind another along Keras' axis. */
export function concatenate(layer: LayerContext, axis: number, given?: readonly Value[]): Value {
  const inputs = alike(layer, given)
  const [first] = inputs
  if (inputs.some(({ rank }) => rank !== first!.rank)) throw new LayerError('joins values of different ranks')
  const name = layer.node('Concat', inputs, { axis: int(axisIn(first!, axis)) })
  return { ...first!, name }
}

/** The Merge of Keras 1, whose mode says which operation it is. */
const oldMerge: Translation = (layer) => {
  const mode = textOf(layer.config, ['mode'], 'sum')
  if (mode === 'concat') return concatenate(layer, numberOf(layer.config, ['concat_axis'], -1))
  if (mode === 'ave') return average(layer)
  const op = { sum: 'Add', mul: 'Mul', max: 'Max' }[mode]
  if (op === undefined) throw new LayerError(`merges by ${mode}, which is not known`)
  return combine(layer, op)
}

export const mergeLayers: Readonly<Record<string, Translation>> = {
  Add: merge('Add'),
  Multiply: merge('Mul'),
  Maximum: merge('Max'),
  Minimum: merge('Min'),
  Subtract: subtract,
  Average: average,
  Concatenate: (layer) => concatenate(layer, numberOf(layer.config, ['axis'], -1)),
  Merge: (layer) => {
    if (field(layer.config, 'layers') !== undefined) throw new LayerError('holds models of its own')
    return oldMerge(layer)
  },
}
