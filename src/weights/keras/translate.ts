import type { GraphModel, GraphValue } from '../../onnx/model.ts'
import { CheckpointError } from '../errors.ts'
import type { StoredTensor } from '../state-dict.ts'
import { append } from './assign.ts'
import { GraphBuilder, type Value } from './builder.ts'
import { type LayerCall, referencesOf, TensorReference } from './calls.ts'
import type { KerasLayer, KerasModel } from './config.ts'
import { field, LayerError } from './fields.ts'
import { LayerContext, type Translation } from './layer.ts'
import { activationLayers } from './layers/activation.ts'
import { convolutionLayers } from './layers/convolution.ts'
import { mergeLayers } from './layers/merge.ts'
import { normalizationLayers } from './layers/normalization.ts'
import { kerasOperation, operationLayers } from './layers/operations.ts'
import { poolingLayers } from './layers/pooling.ts'
import { shapeLayers } from './layers/shape.ts'

const translations: Readonly<Record<string, Translation>> = {
  ...convolutionLayers,
  ...normalizationLayers,
  ...activationLayers,
  ...poolingLayers,
  ...shapeLayers,
  ...mergeLayers,
  ...operationLayers,
}

/** The operators of ONNX that the translations are written for. */
const opset = 18

/** Lambda layers hold compiled Python, which is never run. */
const code = /^(Lambda|PyFunc)$/

/** What has been seen of a model that cannot be translated: each once. */
type Problems = Map<string, string>

/** An output of a layer that could not be translated, or null. */
type Outputs = readonly (Value | null)[]

/** The weights of layers by path, each under its name below the layer's. */
export type LayerWeights = ReadonlyMap<string, ReadonlyMap<string, StoredTensor>>

/**
 * The model as a graph of ONNX operators. Images go in and come out as [n, c, h, w]. Throws a CheckpointError that lists
 * every layer that cannot be translated.
 */
export function translate(
  model: KerasModel,
  weights: LayerWeights,
  keras: number,
  file: string,
  producer: string,
): GraphModel {
  const builder = new GraphBuilder()
  const problems: Problems = new Map()
  const channelsFirst = usesChannelsFirst(model, keras)
  const described: GraphValue[] = []
  const inputs = model.inputs.map((reference): Value | null => {
    const layer = model.layers.find(({ name }) => name === reference.layer)
    const shape = layer === undefined ? undefined : inputShape(layer)
    if (shape === undefined) {
      problems.set(reference.layer, `${reference.layer} says no input shape`)
      return null
    }
    const swapped = shape.length > 2 && !channelsFirst
    const sizes = swapped ? [shape[0]!, shape.at(-1)!, ...shape.slice(1, -1)] : shape
    const name = builder.unique(reference.layer)
    described.push({ name, type: 'FLOAT', shape: sizes.map((size, i) => (i === 0 ? 'batch' : size)) })
    return { name, rank: shape.length, swapped }
  })
  const run = new ModelRun(builder, weights, keras, problems, file)
  const outputs = run.model(model, inputs, '')
  if (problems.size > 0) {
    const list = [...problems.values()]
    const shown = list.slice(0, 20).join('; ')
    const more = list.length > 20 ? `; and ${list.length - 20} more` : ''
    throw new CheckpointError(file, `the network cannot be rebuilt: ${shown}${more}`, undefined, {
      advice: 'its weights can be read, and loaded into a network of your own',
    })
  }
  const images = (outputs as Value[]).map((value) =>
    channelsFirst || value.rank < 3 ? builder.plain(value) : builder.swapped(value),
  )
  return { opset, graph: builder.graph(model.name, described, images), metadata: {}, producer }
}

/** Whether the images of a model are [n, c, h, w] in Keras, too. */
function usesChannelsFirst(model: KerasModel, keras: number): boolean {
  return model.layers.some((layer) => {
    if (layer.model !== null) return usesChannelsFirst(layer.model, keras)
    const format = field(layer.config, 'data_format', 'dim_ordering')
    return format === 'channels_first' || format === 'th'
  })
}

/** The sizes of an input, the batch first, null where they are free. */
function inputShape(layer: KerasLayer): readonly (number | null)[] | undefined {
  const shape = field(layer.config, 'batch_shape', 'batch_input_shape')
  if (!Array.isArray(shape) || shape.length < 2 || shape.length > 5) return undefined
  return shape.every((size) => size === null || (Number.isInteger(size) && size > 0)) ? shape : undefined
}

/** A call of a layer that waits for its inputs. */
interface Pending {
  readonly layer: KerasLayer
  readonly index: number
  waiting: number
}

/** Models within models that are each called several times can make more of a small file than can be run. */
const maxCalls = 50_000

class ModelRun {
  readonly #file: string
  #calls = 0
  readonly #builder: GraphBuilder
  readonly #weights: LayerWeights
  readonly #keras: number
  readonly #problems: Problems

  constructor(builder: GraphBuilder, weights: LayerWeights, keras: number, problems: Problems, file: string) {
    this.#file = file
    this.#builder = builder
    this.#weights = weights
    this.#keras = keras
    this.#problems = problems
  }

  /** Calls a model with values, or null for those that could not be translated. `path` is that of models around it. */
  model(model: KerasModel, inputs: Outputs, path: string): Outputs {
    this.#calls += model.layers.reduce((sum, { calls }) => sum + 1 + calls.length, 0)
    if (this.#calls > maxCalls) {
      throw new CheckpointError(this.#file, `the network makes more than ${maxCalls} calls of layers`)
    }
    const shifts = shiftsOf(model)
    const keyOf = ({ layer, node }: TensorReference): string => `${node - (shifts.get(layer) ?? 0)}:${layer}`
    const results = new Map<string, Outputs>()
    const consumers = new Map<string, Pending[]>()
    const ready: string[] = []
    const settle = (key: string, outputs: Outputs): void => {
      results.set(key, outputs)
      ready.push(key)
    }
    const queue: Pending[] = []
    for (const layer of model.layers) {
      for (const [index, call] of layer.calls.entries()) {
        const keys = new Set(
          [...call.args, ...Object.values(call.kwargs)].flatMap((arg) => referencesOf([arg]).map(keyOf)),
        )
        const pending: Pending = { layer, index, waiting: keys.size }
        if (keys.size === 0) queue.push(pending)
        for (const key of keys) append(consumers, key, pending)
      }
    }
    for (const [i, reference] of model.inputs.entries()) settle(keyOf(reference), [inputs[i] ?? null])
    const find = (reference: TensorReference): Value | null => {
      const outputs = results.get(keyOf(reference))
      const value = outputs?.[reference.tensor]
      if (outputs !== undefined && value === undefined) {
        this.#report(path, reference.layer, `has no output ${reference.tensor}`)
      }
      return value ?? null
    }
    for (;;) {
      for (const pending of queue.splice(0)) {
        const { layer, index } = pending
        const key = `${index}:${layer.name}`
        if (!results.has(key)) settle(key, this.#call(layer, layer.calls[index]!, find, path))
      }
      if (ready.length === 0) break
      for (const key of ready.splice(0)) {
        for (const pending of consumers.get(key) ?? []) if (--pending.waiting === 0) queue.push(pending)
      }
    }
    return model.outputs.map((reference) => {
      if (!results.has(keyOf(reference)))
        this.#report(path, reference.layer, 'cannot be reached from the inputs')
      return find(reference)
    })
  }

  #report(path: string, layer: string, what: string): void {
    const name = path === '' ? layer : `${path}.${layer}`
    this.#problems.set(name, `${name} ${what}`)
  }

  #call(
    layer: KerasLayer,
    call: LayerCall,
    find: (reference: TensorReference) => Value | null,
    path: string,
  ): Outputs {
    const name = path === '' ? layer.name : `${path}.${layer.name}`
    const values = referencesOf([...call.args, ...Object.values(call.kwargs)]).map(find)
    try {
      if (layer.model !== null) return this.model(layer.model, values, name)
      const translation = translationOf(layer)
      // What it is given is reported already.
      if (values.includes(null)) return [null]
      const context = new LayerContext(
        this.#builder,
        { name, className: layer.className, config: layer.config },
        values as Value[],
        call,
        (argument) => (argument instanceof TensorReference ? (find(argument) ?? undefined) : undefined),
        this.#weights.get(name) ?? new Map(),
        this.#keras,
      )
      return [translation(context)]
    } catch (error) {
      if (!(error instanceof LayerError)) throw error
      this.#report(path, layer.name, `(${layer.className}) ${error.message}`)
      return [null]
    }
  }
}

/** A model's own calls are counted from 1 where Keras takes its making for the first one. */
function shiftsOf(model: KerasModel): ReadonlyMap<string, number> {
  const nested = new Map(
    model.layers.filter((layer) => layer.model !== null).map((layer) => [layer.name, layer]),
  )
  const shifts = new Map<string, number>()
  if (nested.size === 0) return shifts
  const calls = model.layers.flatMap((layer) => layer.calls)
  const all = referencesOf(calls.flatMap((call) => [...call.args, ...Object.values(call.kwargs)]))
  for (const { layer, node } of [...all, ...model.outputs]) {
    const count = nested.get(layer)?.calls.length
    if (count !== undefined && node === count) shifts.set(layer, 1)
  }
  return shifts
}

function translationOf(layer: KerasLayer): Translation {
  const { className, module } = layer
  if (code.test(className)) throw new LayerError('holds Python code, which is not run')
  // Functions and layers of Keras 3 share names such as Add.
  const isFunction = module.startsWith('keras.src.ops') || module.startsWith('keras.ops')
  const found = isFunction ? kerasOperation(className) : undefined
  if (found !== undefined) return found
  const known = Object.hasOwn(translations, className) ? translations[className] : undefined
  if (known === undefined || isFunction) throw new LayerError('is of a kind that is not known')
  return known
}
