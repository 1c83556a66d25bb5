import type { GraphModel } from '../../onnx/model.ts'
import { CheckpointError } from '../errors.ts'
import type { RandomAccess } from '../random-access.ts'
import type { StoredTensor } from '../state-dict.ts'
import { finishedGraph } from './finish.ts'
import { outerLayout } from './layout.ts'
import { Operation, quantizedRange } from './operation.ts'
import { operators } from './operators/index.ts'
import { shorten, type TfliteModel } from './read.ts'
import { Refusal, Translation } from './translation.ts'

/** The operator set that the nodes are meant for. */
const opset = 18

export interface TranslatedNetwork {
  /** Weights by their names in state dicts: those of the graph, and of a network with unsupported operators all others. */
  readonly tensors: ReadonlyMap<string, StoredTensor>
  /** Throws a CheckpointError that lists all unsupported operators where there are any. */
  readonly network: () => GraphModel
}

/**
 * The network of a TensorFlow Lite file as a graph of ONNX operators on images [n, c, h, w].
 * @param bytes The beginning of the source, with all that is not external to the FlatBuffer.
 * @param clamp Whether quantised activations are held to the range of their type.
 */
export function translateTflite(
  model: TfliteModel,
  source: RandomAccess,
  bytes: Uint8Array,
  clamp: boolean,
): TranslatedNetwork {
  const t = new Translation(model, source, bytes)
  const inputs = [...new Set(model.inputs)].filter((index) => !t.isConstant(index))
  for (const index of inputs) defineInput(t, index)
  const refusals = translateOperators(t, clamp)
  if (refusals.size > 0) {
    const list = [...refusals].map(([what, count]) => (count === 1 ? what : `${count} x ${what}`)).join(', ')
    const network = (): never => {
      throw new CheckpointError(
        model.file,
        `the network has operators that are not supported: ${list}`,
        undefined,
        {
          advice: 'its weights can be read all the same',
        },
      )
    }
    return { tensors: new Map([...t.initializers, ...t.unusedConstants()]), network }
  }
  const graph = finishedGraph(t, inputs)
  const runtime = model.metadata.find(({ name }) => name === 'min_runtime_version')?.data
  const version = runtime === undefined ? '' : textOf(bytes, runtime)
  const network: GraphModel = {
    opset,
    graph,
    metadata: model.description === '' ? {} : { description: model.description },
    producer: `TensorFlow Lite${version && `, for ${version} or newer`}`,
  }
  return { tensors: graph.initializers, network: () => network }
}

function textOf(bytes: Uint8Array, { start, length }: { start: number; length: number }): string {
  const text = new TextDecoder().decode(bytes.subarray(start, start + Math.min(length, 64)))
  return text.replace(/\0.*$/s, '')
}

function defineInput(t: Translation, index: number): void {
  const { shape, signature, quantization } = t.tensor(index)
  const batched = shape.length >= 2 && (shape[0] === 1 || signature[0] === -1)
  // Quantised inputs are given as the real numbers for which they stand.
  const [low, high] = (quantization && quantizedRange(t.tensor(index))) ?? [
    Number.NEGATIVE_INFINITY,
    Number.POSITIVE_INFINITY,
  ]
  const name = t.names.take(t.tensor(index).name)
  t.define(index, { name, layout: outerLayout(shape.length), low, high, batched })
}

/** The operators that could not be translated, with why and how often. */
function translateOperators(t: Translation, clamp: boolean): Map<string, number> {
  const refusals = new Map<string, number>()
  const refused = (what: string): void => {
    refusals.set(what, (refusals.get(what) ?? 0) + 1)
  }
  for (const [i, operator] of t.model.operators.entries()) {
    t.begin(operator)
    const translate =
      operator.custom || !Object.hasOwn(operators, operator.type) ? undefined : operators[operator.type]
    try {
      if (translate === undefined) throw new Refusal(operator.custom ? 'a custom operator' : '')
      translate(new Operation(t, operator, i, clamp))
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      const why = error.message === '' ? '' : ` (${error.message})`
      refused(`${shorten(operator.type)}${why}`)
      // So that those after it can be tried, too.
      t.placeholders(operator.outputs)
    }
  }
  return refusals
}
