import { formatShape, sizeOf } from '../graph/shape.ts'
import type { FileChunks } from '../weights/index.ts'
import { MessageWriter } from '../weights/protobuf-write.ts'
import { type StoredTensor, storedDTypes } from '../weights/state-dict.ts'
import { irVersionOf } from './export-opset.ts'
import {
  type Attribute,
  elementTypeOfStored,
  elementTypes,
  type Graph,
  type GraphModel,
  type GraphNode,
  type GraphValue,
} from './model.ts'

/** Protocol Buffers, and so .onnx files, end at 2 GiB. */
const largestMessage = 2 ** 31 - 1

/** Initializers whose values lie in a file of their own. */
export interface ExternalData {
  /** What the model calls the file: its path from the folder of the model. */
  readonly location: string
  /** Initializers of so many bytes or more go there; 1024 unless given. */
  readonly threshold?: number
}

/** An .onnx file in parts, and the file of external data, if there is one. */
export interface OnnxFiles {
  readonly model: FileChunks
  readonly data: FileChunks | null
}

/**
 * The bytes of an .onnx file in parts that share the initializers' memory. Throws a RangeError for a model beyond 2 GiB,
 * which needs `externalData`, and for element types that ONNX does not have.
 */
export async function onnxChunks(model: GraphModel, externalData?: ExternalData): Promise<OnnxFiles> {
  const external = externalData === undefined ? null : new ExternalFile(externalData)
  const [producer, ...version] = model.producer.split(' ')
  const message = new MessageWriter().int(1, irVersionOf(model.opset)).text(2, producer ?? '')
  if (version.length > 0) message.text(3, version.join(' '))
  message.message(7, await graphMessage(model.graph, external))
  for (const domain of domainsOf(model.graph)) {
    message.message(8, new MessageWriter().text(1, domain).int(2, domain === '' ? model.opset : 1))
  }
  for (const [key, value] of Object.entries(model.metadata)) {
    message.message(14, new MessageWriter().text(1, key).text(2, value))
  }
  if (message.length > largestMessage) {
    throw new RangeError(
      `the model takes ${message.length} bytes, but an .onnx file ends at ${largestMessage}; put its weights into a file ` +
        'of external data',
    )
  }
  return { model: { size: message.length, chunks: merged(message.parts) }, data: external?.file ?? null }
}

/** Whether a model's initializers take more than a file without external data can hold, with some room for the rest. */
export function needsExternalData({ graph }: GraphModel): boolean {
  let bytes = 0
  for (const { shape, dtype } of graph.initializers.values())
    bytes += sizeOf(shape) * storedDTypes[dtype].bytes
  return bytes > largestMessage - (64 << 20)
}

/** Parts so short that writing them one by one would take longer than copying them. */
const short = 1 << 16

function merged(parts: readonly Uint8Array[]): Uint8Array[] {
  const chunks: Uint8Array[] = []
  let run: Uint8Array[] = []
  const flush = (): void => {
    const chunk = new Uint8Array(run.reduce((sum, part) => sum + part.length, 0))
    let position = 0
    for (const part of run) {
      chunk.set(part, position)
      position += part.length
    }
    if (chunk.length > 0) chunks.push(chunk)
    run = []
  }
  for (const part of parts) {
    if (part.length < short) run.push(part)
    else {
      flush()
      chunks.push(part)
    }
  }
  flush()
  return chunks
}

/** Where a tensor's bytes begin in a file of external data: at a page, so that the file can be mapped. */
const pageSize = 4096

class ExternalFile {
  readonly #location: string
  readonly #threshold: number
  readonly #chunks: Uint8Array[] = []
  #size = 0

  constructor({ location, threshold = 1024 }: ExternalData) {
    this.#location = location
    this.#threshold = threshold
  }

  get file(): FileChunks {
    return { size: this.#size, chunks: this.#chunks }
  }

  takes(bytes: number): boolean {
    return bytes >= this.#threshold
  }

  /** Adds the bytes to the file and says so in the tensor's message. */
  put(tensor: MessageWriter, bytes: Uint8Array): void {
    const gap = (pageSize - (this.#size % pageSize)) % pageSize
    if (gap > 0) this.#chunks.push(new Uint8Array(gap))
    const entry = (key: string, value: string): MessageWriter =>
      new MessageWriter().text(1, key).text(2, value)
    tensor
      .message(13, entry('location', this.#location))
      .message(13, entry('offset', String(this.#size + gap)))
      .message(13, entry('length', String(bytes.length)))
      .int(14, 1)
    this.#chunks.push(bytes)
    this.#size += gap + bytes.length
  }
}

/** The default domain and those that nodes name. */
function domainsOf(graph: Graph): Set<string> {
  const domains = new Set([''])
  for (const node of graph.nodes) {
    domains.add(node.domain)
    for (const attribute of Object.values(node.attributes)) {
      if (attribute.type === 'graph') for (const inner of domainsOf(attribute.value)) domains.add(inner)
    }
  }
  return domains
}

async function graphMessage(graph: Graph, external: ExternalFile | null): Promise<MessageWriter> {
  const message = new MessageWriter()
  for (const node of graph.nodes) message.message(1, await nodeMessage(node, external))
  message.text(2, graph.name)
  for (const [name, tensor] of graph.initializers) {
    message.message(5, await tensorMessage(name, tensor, external))
  }
  for (const value of graph.inputs) message.message(11, valueMessage(value))
  for (const value of graph.outputs) message.message(12, valueMessage(value))
  return message
}

async function nodeMessage(node: GraphNode, external: ExternalFile | null): Promise<MessageWriter> {
  const message = new MessageWriter()
  for (const name of node.inputs) message.text(1, name)
  for (const name of node.outputs) message.text(2, name)
  if (node.name !== '') message.text(3, node.name)
  message.text(4, node.op)
  for (const [name, attribute] of Object.entries(node.attributes)) {
    message.message(5, await attributeMessage(name, attribute, external))
  }
  if (node.domain !== '') message.text(7, node.domain)
  return message
}

async function attributeMessage(
  name: string,
  attribute: Attribute,
  external: ExternalFile | null,
): Promise<MessageWriter> {
  const message = new MessageWriter().text(1, name)
  switch (attribute.type) {
    case 'float':
      return message.float(2, attribute.value).int(20, 1)
    case 'int':
      return message.int(3, attribute.value).int(20, 2)
    case 'string':
      return message.text(4, attribute.value).int(20, 3)
    case 'tensor':
      return message.message(5, await tensorMessage('', attribute.value, null)).int(20, 4)
    case 'graph':
      return message.message(6, await graphMessage(attribute.value, external)).int(20, 5)
    case 'floats':
      return message.floats(7, attribute.value).int(20, 6)
    case 'ints':
      return message.ints(8, attribute.value).int(20, 7)
    case 'strings':
      for (const value of attribute.value) message.text(9, value)
      return message.int(20, 8)
  }
}

async function tensorMessage(
  name: string,
  tensor: StoredTensor,
  external: ExternalFile | null,
): Promise<MessageWriter> {
  const { shape, dtype } = tensor
  const bytes = (await tensor.read()).bytes()
  const wanted = sizeOf(shape) * storedDTypes[dtype].bytes
  if (bytes.length !== wanted) {
    throw new RangeError(
      `the initializer ${name} has ${bytes.length} bytes, but its shape ${formatShape(shape)} takes ${wanted}`,
    )
  }
  const message = new MessageWriter()
  if (shape.length > 0) message.ints(1, shape)
  message.int(2, elementTypes[elementTypeOfStored[dtype]])
  if (name !== '') message.text(8, name)
  if (external?.takes(bytes.length)) external.put(message, bytes)
  else message.bytes(9, bytes)
  return message
}

function valueMessage({ name, type, shape }: GraphValue): MessageWriter {
  const message = new MessageWriter().text(1, name)
  if (type === null) return message
  const tensor = new MessageWriter().int(1, elementTypes[type])
  if (shape !== null) {
    const dimensions = new MessageWriter()
    for (const dimension of shape) {
      const one = new MessageWriter()
      if (typeof dimension === 'number') one.int(1, dimension)
      else if (dimension !== null) one.text(2, dimension)
      dimensions.message(1, one)
    }
    tensor.message(2, dimensions)
  }
  return message.message(2, new MessageWriter().message(1, tensor))
}
