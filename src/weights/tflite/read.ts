import { CheckpointError } from '../errors.ts'
import { type StoredDType, storedDTypes } from '../state-dict.ts'
import { type FlatTable, rootTable } from './flatbuffer.ts'
import { customOperator, operatorName, tensorTypes } from './schema.ts'

/** What a .tflite file holds: its first subgraph, as the schema has it, checked. */
export interface TfliteModel {
  readonly file: string
  readonly description: string
  /** Names of further data that the file carries, with where they are. */
  readonly metadata: readonly { readonly name: string; readonly data: Data }[]
  readonly name: string
  readonly tensors: readonly TfliteTensor[]
  /** In the order in which they run. */
  readonly operators: readonly TfliteOperator[]
  /** Indices of tensors. */
  readonly inputs: readonly number[]
  readonly outputs: readonly number[]
}

export interface TfliteTensor {
  readonly name: string
  /** In the order of TensorFlow: images [n, h, w, c]. */
  readonly shape: readonly number[]
  /** As `shape`, with -1 where a size is free. */
  readonly signature: readonly number[]
  /** The number of its type in the schema. */
  readonly type: number
  readonly quantization: Quantization | undefined
  /** Where the values are, for constants. */
  readonly data: Data | undefined
  readonly sparse: boolean
}

/** Value = scale * (stored - zeroPoint), with one pair for all or one for each index of `axis`. */
export interface Quantization {
  readonly scale: readonly number[]
  readonly zeroPoint: readonly number[]
  readonly axis: number
}

/** A range of the file. */
export interface Data {
  readonly start: number
  readonly length: number
}

export interface TfliteOperator {
  /** As the schema names it, such as CONV_2D; of a custom operator the name that the file gives it. */
  readonly type: string
  readonly custom: boolean
  /** Indices of tensors; -1 for an optional one that is left out. */
  readonly inputs: readonly number[]
  readonly outputs: readonly number[]
  readonly options: FlatTable | undefined
}

/** No real tensor has more axes. */
const maximalRank = 8

/**
 * Reads the structure of a TensorFlow Lite file: schema version 3 of
 * https://github.com/tensorflow/tensorflow/blob/master/tensorflow/compiler/mlir/lite/schema/schema.fbs.
 * @param size Of the whole file, where `bytes` are only its beginning.
 */
export function readTflite(bytes: Uint8Array, file: string, size: number = bytes.length): TfliteModel {
  const model = rootTable(bytes, file, 'the model')
  const version = model.uint32(0)
  if (version !== 3) {
    throw new CheckpointError(file, `version ${version} of the TensorFlow Lite schema; what can be read is 3`)
  }
  const codes = [...model.tables(1, 'operator code')].map((code) => {
    // Files before the number outgrew a byte have only the first field.
    const number = Math.max(code.int8(0), code.int32(3))
    const custom = number === customOperator
    return { type: custom ? code.text(1, 'the name of an operator') : operatorName(number), custom }
  })
  const buffers = [...model.tables(4, 'buffer')].map((buffer) => dataOf(buffer, file, size))
  const [graph] = model.tables(2, 'subgraph')
  if (graph === undefined) throw new CheckpointError(file, 'the file holds no network (no subgraph)')
  const tensors = [...graph.tables(0, 'tensor')].map((tensor, i) => readTensor(tensor, i, buffers, file))
  const operators = [...graph.tables(3, 'operator')].map((operator, i): TfliteOperator => {
    const code = codes[operator.uint32(0)]
    if (code === undefined) {
      throw new CheckpointError(
        file,
        `operator ${i} has no entry among the ${codes.length} codes`,
        operator.position,
      )
    }
    const inputs = operator.int32s(1, 'the inputs of an operator')
    const outputs = operator.int32s(2, 'the outputs of an operator')
    checkIndices(inputs, -1, tensors.length, `operator ${i} (${code.type})`, file)
    checkIndices(outputs, 0, tensors.length, `operator ${i} (${code.type})`, file)
    return {
      ...code,
      inputs,
      outputs,
      options: operator.table(4, `the options of operator ${i} (${code.type})`),
    }
  })
  const inputs = graph.int32s(1, 'the inputs')
  const outputs = graph.int32s(2, 'the outputs')
  checkIndices(inputs, 0, tensors.length, 'the list of inputs', file)
  checkIndices(outputs, 0, tensors.length, 'the list of outputs', file)
  const metadata = [...model.tables(6, 'metadata')].flatMap((entry) => {
    const data = buffers[entry.uint32(1)]
    return data === undefined ? [] : [{ name: entry.text(0, 'the name of metadata'), data }]
  })
  const description = model.text(3, 'the description')
  return { file, description, metadata, name: graph.text(4, 'the name'), tensors, operators, inputs, outputs }
}

/** Where a buffer is: within, or after all tables in files above 2 GiB. */
function dataOf(buffer: FlatTable, file: string, size: number): Data | undefined {
  const inside = buffer.byteRange(0, 'the data of a buffer')
  if (inside.length > 0) return inside
  const start = buffer.uint64(1)
  const length = buffer.uint64(2)
  if (start <= 1 || length === 0) return undefined
  if (start + length > size) {
    throw new CheckpointError(
      file,
      `a buffer of ${length} bytes begins at byte ${start}, but the file ends at ${size}`,
      buffer.position,
    )
  }
  return { start, length }
}

function readTensor(
  table: FlatTable,
  index: number,
  buffers: readonly (Data | undefined)[],
  file: string,
): TfliteTensor {
  const name = table.text(3, 'the name of a tensor') || `tensor ${index}`
  const shape = table.int32s(0, 'the shape of a tensor')
  const signature = table.int32s(7, 'the shape signature of a tensor')
  const label = `tensor ${JSON.stringify(shorten(name))}`
  if (shape.length > maximalRank || shape.some((d) => d < 0) || !Number.isSafeInteger(product(shape))) {
    throw new CheckpointError(file, `${label} has the shape [${shorten(shape.join(', '))}]`, table.position)
  }
  const type = table.int8(1)
  const buffer = table.uint32(2)
  const data = buffers[buffer]
  if (buffer !== 0 && buffer >= buffers.length) {
    throw new CheckpointError(
      file,
      `${label} is in buffer ${buffer}, but there are ${buffers.length}`,
      table.position,
    )
  }
  const stored: StoredDType | undefined = tensorTypes[type]?.[1]
  const sparse = table.has(6)
  if (data !== undefined && stored !== undefined && !sparse) {
    const bytes = product(shape) * storedDTypes[stored].bytes
    if (bytes !== data.length) {
      throw new CheckpointError(
        file,
        `${label} of shape [${shape.join(', ')}] takes ${bytes} bytes, but its buffer has ${data.length}`,
        table.position,
      )
    }
  }
  const parameters = table.table(4, `the quantization of ${label}`)
  return {
    name,
    shape,
    signature: signature.length === shape.length ? signature : shape,
    type,
    quantization: parameters && quantizationOf(parameters, shape, label, file),
    data,
    sparse,
  }
}

function quantizationOf(
  table: FlatTable,
  shape: readonly number[],
  label: string,
  file: string,
): Quantization | undefined {
  const scale = table.float32s(2, 'the scales of a tensor')
  if (scale.length === 0) return undefined
  const zeroPoint = table.int64s(3, 'the zero points of a tensor')
  const axis = table.int32(6)
  const fits = scale.length === 1 || shape[axis] === scale.length
  const zeros = zeroPoint.length === 0 || zeroPoint.length === 1 || zeroPoint.length === scale.length
  if (!fits || !zeros || !scale.every((s) => Number.isFinite(s) && s >= 0)) {
    throw new CheckpointError(
      file,
      `${label} of shape [${shape.join(', ')}] has ${scale.length} scales and ${zeroPoint.length} zero points along ` +
        `axis ${axis}, or a scale that is no positive number`,
      table.position,
    )
  }
  return { scale, zeroPoint: zeroPoint.length === 0 ? [0] : zeroPoint, axis }
}

function checkIndices(
  indices: readonly number[],
  from: number,
  to: number,
  what: string,
  file: string,
): void {
  const wrong = indices.find((i) => i < from || i >= to)
  if (wrong === undefined) return
  throw new CheckpointError(file, `${what} names tensor ${wrong}, but there are ${to}`)
}

const product = (shape: readonly number[]): number => shape.reduce((n, d) => n * d, 1)

/** Names come from the file: messages show no more of them than helps. */
export function shorten(text: string): string {
  return text.length > 80 ? `${text.slice(0, 79)}…` : text
}
