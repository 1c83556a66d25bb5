import { CheckpointError } from '../weights/errors.ts'
import type { Checkpoint } from '../weights/load.ts'
import { type Field, readMessage } from '../weights/protobuf.ts'
import type { RandomAccess } from '../weights/random-access.ts'
import type { StoredTensor } from '../weights/state-dict.ts'
import { attributeReference, type FunctionDefinition, inlineFunctions } from './functions.ts'
import type { Attribute, Graph, GraphModel, GraphNode, GraphValue } from './model.ts'
import { elementTypeOfNumber, readTensor, TensorSource } from './read-tensor.ts'
import { sortGraph } from './sort.ts'

/** No message of Protocol Buffers is larger; larger networks keep their weights in other files. */
const largestFile = 2 ** 31

/** Opens an .onnx file: its structure is read and checked, the values of its tensors are not. Throws a CheckpointError. */
export async function openOnnx(source: RandomAccess): Promise<Checkpoint> {
  const model = await readOnnx(source)
  return {
    format: 'onnx',
    tensors: model.graph.initializers,
    metadata: model.metadata,
    key: '',
    values: {},
    network: async () => model,
  }
}

/** The network in an .onnx file (https://github.com/onnx/onnx/blob/main/docs/IR.md). Throws a CheckpointError. */
export async function readOnnx(source: RandomAccess): Promise<GraphModel> {
  if (source.size > largestFile) {
    throw new CheckpointError(source.name, `has ${source.size} bytes; an ONNX file has 2 GiB at most`)
  }
  const bytes = await source.read(0, source.size)
  const reader = new Reader(new TensorSource(source))
  return reader.model(readMessage(bytes, source.name))
}

class Reader {
  readonly #source: TensorSource

  constructor(source: TensorSource) {
    this.#source = source
  }

  get #name(): string {
    return this.#source.file.name
  }

  model(message: Iterable<Field>): GraphModel {
    let graph: Graph | undefined
    let opset: number | undefined
    let producer = ''
    const metadata: Record<string, string> = Object.create(null)
    const functions = new Map<string, FunctionDefinition>()
    for (const field of message) {
      if (field.number === 2) producer = field.text()
      else if (field.number === 7) graph = this.#graph(field)
      else if (field.number === 8) opset = defaultOpset(field) ?? opset
      else if (field.number === 14) {
        const [key, value] = pairOf(field)
        metadata[key] = value
      } else if (field.number === 25) {
        const { key, definition } = this.#function(field)
        functions.set(key, definition)
      }
    }
    if (graph === undefined) throw new CheckpointError(this.#name, 'no ONNX network: it has no graph')
    const inlined = inlineFunctions(graph, functions, this.#name)
    return { opset: opset ?? 1, producer, metadata, graph: hoisted(sortGraph(inlined, this.#name)) }
  }

  #graph(message: Field): Graph {
    let name = ''
    const nodes: GraphNode[] = []
    const inputs: GraphValue[] = []
    const outputs: GraphValue[] = []
    const initializers = new Map<string, StoredTensor>()
    for (const field of message.message()) {
      this.#source.count(field)
      if (field.number === 1) nodes.push(this.#node(field))
      else if (field.number === 2) name = field.text()
      else if (field.number === 5) {
        const { name: key, tensor } = readTensor(this.#source, field.message(), field.offset)
        if (initializers.has(key)) {
          throw new CheckpointError(this.#name, `tensor ${JSON.stringify(key)} is there twice`, field.offset)
        }
        initializers.set(key, tensor)
      } else if (field.number === 11) inputs.push(valueInfo(this.#source, field))
      else if (field.number === 12) outputs.push(valueInfo(this.#source, field))
      else if (field.number === 15) {
        throw new CheckpointError(this.#name, 'sparse tensors are not supported', field.offset)
      }
    }
    // Files of old versions list the initializers among the inputs.
    return {
      name,
      nodes,
      inputs: inputs.filter((input) => !initializers.has(input.name)),
      outputs,
      initializers,
    }
  }

  #node(message: Field): GraphNode {
    let [name, op, domain] = ['', '', '']
    const inputs: string[] = []
    const outputs: string[] = []
    const attributes: Record<string, Attribute> = Object.create(null)
    for (const field of message.message()) {
      this.#source.count(field)
      if (field.number === 1) inputs.push(field.text())
      else if (field.number === 2) outputs.push(field.text())
      else if (field.number === 3) name = field.text()
      else if (field.number === 4) op = field.text()
      else if (field.number === 7) domain = field.text()
      else if (field.number === 5) {
        const { name: key, attribute } = this.#attribute(field)
        if (attribute !== undefined) attributes[key] = attribute
      }
    }
    return { name, op, domain: domain === 'ai.onnx' ? '' : domain, inputs, outputs, attributes }
  }

  #attribute(message: Field): { name: string; attribute: Attribute | undefined } {
    let [name, reference, type] = ['', '', 0]
    const parts: Field[] = []
    for (const field of message.message()) {
      this.#source.count(field)
      if (field.number === 1) name = field.text()
      else if (field.number === 20) type = field.int()
      else if (field.number === 21) reference = field.text()
      else parts.push(field)
    }
    if (reference !== '') return { name, attribute: attributeReference(reference) }
    // Files before version 2 of the format do not say the type: the field that is there does.
    const kind = type === 0 ? typeOfField.get(parts[0]?.number ?? 0) : type
    return { name, attribute: this.#valueOf(kind, parts) }
  }

  #valueOf(kind: number | undefined, parts: readonly Field[]): Attribute | undefined {
    const of = (number: number): Field[] => parts.filter((field) => field.number === number)
    switch (kind) {
      case 1:
        return { type: 'float', value: of(2).at(-1)?.float() ?? 0 }
      case 2:
        return { type: 'int', value: of(3).at(-1)?.int() ?? 0 }
      case 3:
        return { type: 'string', value: of(4).at(-1)?.text() ?? '' }
      case 4: {
        const field = of(5).at(-1)
        if (field === undefined) return undefined
        return { type: 'tensor', value: readTensor(this.#source, field.message(), field.offset).tensor }
      }
      case 5: {
        const field = of(6).at(-1)
        return field && { type: 'graph', value: this.#graph(field) }
      }
      case 6:
        return { type: 'floats', value: of(7).flatMap((field) => [...field.floats()]) }
      case 7:
        return { type: 'ints', value: of(8).flatMap((field) => this.#source.ints(field)) }
      case 8:
        return { type: 'strings', value: of(9).map((field) => field.text()) }
      default:
        return undefined
    }
  }

  #function(message: Field): { key: string; definition: FunctionDefinition } {
    let [name, domain] = ['', '']
    const inputs: string[] = []
    const outputs: string[] = []
    const nodes: GraphNode[] = []
    const defaults: Record<string, Attribute> = Object.create(null)
    for (const field of message.message()) {
      this.#source.count(field)
      if (field.number === 1) name = field.text()
      else if (field.number === 4) inputs.push(field.text())
      else if (field.number === 5) outputs.push(field.text())
      else if (field.number === 7) nodes.push(this.#node(field))
      else if (field.number === 10) domain = field.text()
      else if (field.number === 11) {
        const { name: key, attribute } = this.#attribute(field)
        if (attribute !== undefined) defaults[key] = attribute
      }
    }
    return { key: `${domain}:${name}`, definition: { inputs, outputs, nodes, defaults } }
  }
}

const typeOfField: ReadonlyMap<number, number> = new Map([
  [2, 1],
  [3, 2],
  [4, 3],
  [5, 4],
  [6, 5],
  [7, 6],
  [8, 7],
  [9, 8],
])

function pairOf(message: Field): [string, string] {
  let [key, value] = ['', '']
  for (const field of message.message()) {
    if (field.number === 1) key = field.text()
    else if (field.number === 2) value = field.text()
  }
  return [key, value]
}

/** The version, if it is that of ONNX's own operators. */
function defaultOpset(message: Field): number | undefined {
  let [domain, version] = ['', 1]
  for (const field of message.message()) {
    if (field.number === 1) domain = field.text()
    else if (field.number === 2) version = field.int()
  }
  return domain === '' || domain === 'ai.onnx' ? version : undefined
}

function valueInfo(source: TensorSource, message: Field): GraphValue {
  let name = ''
  let type: GraphValue['type'] = null
  let shape: (number | string | null)[] | null = null
  for (const field of message.message()) {
    if (field.number === 1) name = field.text()
    if (field.number !== 2) continue
    for (const kind of field.message()) {
      if (kind.number !== 1) continue
      for (const part of kind.message()) {
        if (part.number === 1) type = elementTypeOfNumber(part.int()) ?? null
        else if (part.number === 2) shape = shapeIn(source, part)
      }
    }
  }
  return { name, type, shape }
}

function shapeIn(source: TensorSource, message: Field): (number | string | null)[] {
  const shape: (number | string | null)[] = []
  for (const field of message.message()) {
    source.count(field)
    if (field.number === 1) shape.push(dimension(field))
  }
  return shape
}

function dimension(message: Field): number | string | null {
  for (const field of message.message()) {
    if (field.number === 1) return field.int()
    if (field.number === 2) return field.text()
  }
  return null
}

/** Makes initializers of what some writers store as nodes: float constants of several elements may be weights. */
function hoisted(graph: Graph): Graph {
  const initializers = new Map(graph.initializers)
  const nodes = graph.nodes.filter((node) => {
    const value = node.op === 'Constant' && node.domain === '' ? node.attributes.value : undefined
    const [name] = node.outputs
    if (value?.type !== 'tensor' || name === undefined || initializers.has(name)) return true
    const { shape, dtype } = value.value
    if (!/^(F|BF)\d/.test(dtype) || shape.every((d) => d === 1)) return true
    initializers.set(name, value.value)
    return false
  })
  return { ...graph, nodes, initializers }
}
