import { CheckpointError } from '../errors.ts'
import { callsOf, endsOf, type LayerCall, TensorReference } from './calls.ts'
import { type Fields, field, fieldsOf, isFields } from './fields.ts'

/** A layer of a model, whatever the version of Keras that described it. */
export interface KerasLayer {
  readonly name: string
  /** Such as Conv2D. */
  readonly className: string
  /** The Python module; empty before Keras 3. */
  readonly module: string
  readonly config: Fields
  /** Several where the layer is shared. */
  readonly calls: readonly LayerCall[]
  /** Where the layer is itself a model. */
  readonly model: KerasModel | null
}

export interface KerasModel {
  readonly name: string
  readonly layers: readonly KerasLayer[]
  readonly inputs: readonly TensorReference[]
  readonly outputs: readonly TensorReference[]
}

const maxNesting = 16
const maxLayers = 20_000

/**
 * The structure that a `model_config` describes, in the dialects of Keras 1, 2 and 3 and of TensorFlow.js. A sequence of
 * layers becomes a graph. Throws a CheckpointError that names `file`.
 */
export function parseModel(config: unknown, file: string): KerasModel {
  let count = 0
  const fail = (what: string): never => {
    throw new CheckpointError(file, `the description of the network: ${what}`)
  }

  const model = (description: Fields, depth: number): KerasModel => {
    if (depth > maxNesting) return fail(`models are nested more than ${maxNesting} deep`)
    const className = classNameOf(description)
    if (className === 'Sequential') return sequential(description, depth)
    if (className === 'Model' || className === 'Functional') return functional(description, depth)
    return fail(
      `the model is of class ${className}, not Sequential or Functional; what subclasses do is code, and not in the file`,
    )
  }

  const layer = (description: unknown, depth: number): KerasLayer => {
    if (!isFields(description)) return fail('a layer is not an object')
    if (++count > maxLayers) return fail(`more than ${maxLayers} layers`)
    const className = classNameOf(description)
    const config = fieldsOf(description, 'config')
    const name = field(description, 'name') ?? field(config, 'name') ?? `${className}_${count}`
    if (typeof name !== 'string') return fail(`a ${className} has no name`)
    const module = field(description, 'module')
    const nested = ['Sequential', 'Model', 'Functional'].includes(className)
    return {
      name,
      className,
      module: typeof module === 'string' ? module : '',
      config,
      calls: callsOf(description, name, fail),
      model: nested ? model(description, depth + 1) : null,
    }
  }

  const layersOf = (description: Fields, depth: number): KerasLayer[] => {
    const config = description.config
    const list = Array.isArray(config) ? config : isFields(config) ? config.layers : undefined
    if (!Array.isArray(list) || list.length === 0) return fail('a model has no layers')
    const layers = list.map((each) => layer(each, depth))
    const names = new Set<string>()
    for (const { name } of layers) {
      if (names.has(name)) return fail(`two layers are named ${name}`)
      names.add(name)
    }
    return layers
  }

  const functional = (description: Fields, depth: number): KerasModel => {
    const config = fieldsOf(description, 'config')
    const layers = layersOf(description, depth)
    const ends = (key: string): readonly TensorReference[] =>
      endsOf(field(config, key)) ?? fail(`${key} is no list of layers`)
    const name = nameOf(config, 'model')
    return { name, layers, inputs: ends('input_layers'), outputs: ends('output_layers') }
  }

  const sequential = (description: Fields, depth: number): KerasModel => {
    // In Keras 1 the list of layers takes the place of the settings.
    const config = fieldsOf(description, 'config')
    const layers = layersOf(description, depth)
    const first = layers[0]!
    const name = nameOf(config, 'sequential')
    const shape = inputShapeOf(first) ?? field(config, 'build_input_shape') ?? null
    const input = { name: `${name}/input`, className: 'InputLayer', module: '', calls: [], model: null }
    const given = first.className === 'InputLayer'
    const all = given ? layers : [{ ...input, config: { batch_shape: shape } }, ...layers]
    const chained = all.map((each, i) => {
      if (i === 0) return { ...each, calls: [] }
      const before = new TensorReference(all[i - 1]!.name, 0, 0)
      return { ...each, calls: [{ args: [before], kwargs: {} }] }
    })
    const end = (one: KerasLayer): TensorReference[] => [new TensorReference(one.name, 0, 0)]
    return { name, layers: chained, inputs: end(chained[0]!), outputs: end(chained.at(-1)!) }
  }

  if (!isFields(config)) return fail('it is not an object')
  return model(config, 0)
}

/** Keras calls its functions `functional`, `model` …; what is missing is unknown, too. */
function classNameOf(description: Fields): string {
  const name = field(description, 'class_name')
  return typeof name === 'string' ? name : '(none)'
}

function nameOf(config: Fields, otherwise: string): string {
  const name = field(config, 'name')
  return typeof name === 'string' ? name : otherwise
}

/** The sizes that a layer says of its input, the batch first. */
function inputShapeOf(layer: KerasLayer): unknown {
  const shape = field(layer.config, 'batch_shape', 'batch_input_shape')
  if (shape !== undefined) return shape
  const sizes = field(layer.config, 'input_shape')
  if (Array.isArray(sizes)) return [null, ...sizes]
  const first = layer.model?.layers.find(({ className }) => className === 'InputLayer')
  return first === undefined ? undefined : inputShapeOf(first)
}
