// The few messages of onnx.proto that a network needs, in protobuf's wire format.

const opset = 17
const [varintType, bytesType, floatType] = [0, 2, 5]
const attributeTypes = { float: 1, int: 2, string: 3, ints: 7 }
const elementTypes = new Map([
  ['float32', 1],
  ['int32', 6],
  ['int64', 7],
  ['bool', 9],
])

/** A message under construction: its bytes in pieces, so that weights are not copied again at each level. */
class Message {
  pieces = []
  length = 0

  append(bytes) {
    this.pieces.push(bytes)
    this.length += bytes.length
    return this
  }

  #varint(value) {
    let rest = BigInt.asUintN(64, BigInt(value))
    const bytes = []
    for (; rest >= 128n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128)
    bytes.push(Number(rest))
    return this.append(Uint8Array.from(bytes))
  }

  int(field, value) {
    return this.#varint((field << 3) | varintType).#varint(value)
  }

  float(field, value) {
    return this.#varint((field << 3) | floatType).append(new Uint8Array(Float32Array.of(value).buffer))
  }

  bytes(field, bytes) {
    return this.#varint((field << 3) | bytesType)
      .#varint(bytes.length)
      .append(bytes)
  }

  string(field, text) {
    return this.bytes(field, new TextEncoder().encode(text))
  }

  message(field, { pieces, length }) {
    this.#varint((field << 3) | bytesType).#varint(length)
    for (const piece of pieces) this.append(piece)
    return this
  }
}

function attribute(name, value) {
  const message = new Message().string(1, name)
  if (Array.isArray(value)) {
    for (const each of value) message.int(8, each)
    return message.int(20, attributeTypes.ints)
  }
  if (typeof value === 'string') return message.string(4, value).int(20, attributeTypes.string)
  if (typeof value === 'bigint') return message.int(3, value).int(20, attributeTypes.int)
  return message.float(2, value).int(20, attributeTypes.float)
}

function node({ type, name, inputs, outputs, attributes = {} }) {
  const message = new Message()
  for (const input of inputs) message.string(1, input)
  for (const output of outputs) message.string(2, output)
  message.string(3, name).string(4, type)
  for (const [key, value] of Object.entries(attributes)) message.message(5, attribute(key, value))
  return message
}

function initializer({ name, dtype, shape, data }) {
  const message = new Message()
  for (const size of shape) message.int(1, size)
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  return message.int(2, elementTypes.get(dtype)).string(8, name).bytes(9, bytes)
}

/** A dimension is a number, or the name of one that is known when the model is run. */
function valueInfo({ name, dtype, shape }) {
  const dimensions = new Message()
  for (const size of shape) {
    const dimension = new Message()
    if (typeof size === 'number') dimension.int(1, size)
    else dimension.string(2, size)
    dimensions.message(1, dimension)
  }
  const tensor = new Message().int(1, elementTypes.get(dtype)).message(2, dimensions)
  return new Message().string(1, name).message(2, new Message().message(1, tensor))
}

/**
 * An ONNX file, in pieces. Attributes are floats as numbers, integers as bigint, strings, or lists of integers; element
 * types are those of `elementTypes`.
 */
export function encodeModel({ name, nodes, initializers, inputs, outputs }) {
  const graph = new Message()
  for (const each of nodes) graph.message(1, node(each))
  graph.string(2, name)
  for (const each of initializers) graph.message(5, initializer(each))
  for (const each of inputs) graph.message(11, valueInfo(each))
  for (const each of outputs) graph.message(12, valueInfo(each))
  const operators = new Message().string(1, '').int(2, opset)
  return new Message().int(1, 8).string(2, 'ocelli-bench').message(7, graph).message(8, operators).pieces
}
