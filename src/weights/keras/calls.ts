import { type Fields, field, fieldsOf, isFields } from './fields.ts'

/** An output of one call of a layer. */
export class TensorReference {
  readonly layer: string
  /** Which of the layer's calls. */
  readonly node: number
  /** Which of its outputs. */
  readonly tensor: number

  constructor(layer: string, node: number, tensor: number) {
    this.layer = layer
    this.node = node
    this.tensor = tensor
  }
}

/** What a layer is called with: outputs of others, constants, and lists of them. */
export type Argument = TensorReference | readonly Argument[] | string | number | boolean | null | Fields

export interface LayerCall {
  readonly args: readonly Argument[]
  readonly kwargs: { readonly [name: string]: Argument }
}

type Fail = (what: string) => never

const maxDepth = 32

/** The calls of a layer, from its `inbound_nodes`. */
export function callsOf(description: Fields, name: string, fail: Fail): LayerCall[] {
  const nodes = field(description, 'inbound_nodes') ?? []
  if (!Array.isArray(nodes)) return fail(`the inputs of ${name} are no list`)
  return nodes.map((node) => {
    const call = isFields(node) ? newCall(node) : Array.isArray(node) ? oldCall(node) : undefined
    return call ?? fail(`the inputs of ${name} are given in a form that is not known`)
  })
}

/** Keras 3: positional and named arguments, with the tensors among them as objects. */
function newCall(node: Fields): LayerCall | undefined {
  const args = convert(node.args, keras3Tensor, 0)
  const kwargs = convert(fieldsOf(node, 'kwargs'), keras3Tensor, 0)
  if (!Array.isArray(args) || !isFields(kwargs)) return undefined
  return { args, kwargs: kwargs as LayerCall['kwargs'] }
}

/**
 * Keras 1 and 2: a list of [layer, node, tensor, named arguments], or one such entry alone. Only the first entry has
 * arguments that matter. A constant is an entry of a layer that cannot be.
 */
function oldCall(node: readonly unknown[]): LayerCall | undefined {
  const entries = typeof node[0] === 'string' ? [node] : node
  const args: Argument[] = []
  let kwargs: LayerCall['kwargs'] = {}
  for (const entry of entries) {
    if (!Array.isArray(entry)) return undefined
    const [layer, , constant] = entry
    const value = layer === '_CONSTANT_VALUE' ? (constant as Argument) : listTensor(entry.slice(0, 3))
    if (value === undefined) return undefined
    args.push(value)
    if (args.length === 1 && isFields(entry[3])) {
      kwargs = convert(entry[3], listTensor, 0) as LayerCall['kwargs']
    }
  }
  return { args, kwargs }
}

/** Inputs or outputs of a model: a list of references, or one alone; undefined where it is neither. */
export function endsOf(value: unknown): readonly TensorReference[] | undefined {
  const alone = listTensor(value)
  if (alone !== undefined) return [alone]
  const list = Array.isArray(value) ? value : isFields(value) ? Object.values(value) : undefined
  if (list === undefined || list.length === 0) return undefined
  const references = list.map(listTensor)
  return references.every((reference) => reference !== undefined) ? references : undefined
}

function listTensor(value: unknown): TensorReference | undefined {
  if (!Array.isArray(value) || value.length !== 3) return undefined
  const [layer, node, tensor] = value
  if (typeof layer !== 'string' || !Number.isInteger(node) || !Number.isInteger(tensor)) return undefined
  return new TensorReference(layer, node, tensor)
}

function keras3Tensor(value: unknown): TensorReference | undefined {
  if (!isFields(value) || value.class_name !== '__keras_tensor__') return undefined
  return listTensor(fieldsOf(value, 'config').keras_history)
}

/** The value with what `tensor` knows replaced, at any depth. */
function convert(
  value: unknown,
  tensor: (value: unknown) => TensorReference | undefined,
  depth: number,
): Argument {
  const found = tensor(value)
  if (found !== undefined) return found
  if (depth > maxDepth) return null
  if (Array.isArray(value)) return value.map((item) => convert(item, tensor, depth + 1))
  if (!isFields(value)) return (value ?? null) as Argument
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, convert(item, tensor, depth + 1)]),
  )
}

/** All references among arguments, in order. */
export function referencesOf(args: readonly Argument[]): TensorReference[] {
  return args.flatMap((argument) => {
    if (argument instanceof TensorReference) return [argument]
    if (Array.isArray(argument)) return referencesOf(argument)
    return isFields(argument) ? referencesOf(Object.values(argument) as Argument[]) : []
  })
}
