import { CheckpointError } from '../weights/errors.ts'
import { type Field, readMessage } from '../weights/protobuf.ts'
import { checkRange, type RandomAccess, requireSibling } from '../weights/random-access.ts'
import {
  type StoredDType,
  type StoredTensor,
  storedDTypes,
  weightTensor,
  weightTensorFromBytes,
} from '../weights/state-dict.ts'
import { type ElementType, elementTypes } from './model.ts'

/** Nodes, names, attributes and tensors: far more than any network has. */
const mostParts = 4_000_000

/** In bytes; longer tensors of integers are stored as bytes. */
const longestList = 2 ** 27

/** A file whose tensors may lie in others beside it, each opened once. */
export class TensorSource {
  readonly file: RandomAccess
  #parts = 0
  readonly #siblings = new Map<string, Promise<RandomAccess>>()

  constructor(file: RandomAccess) {
    this.file = file
  }

  /** Counts what is kept of a file's structure, which files made to exhaust memory have without end. */
  count(field: Field): void {
    if (++this.#parts > mostParts) {
      throw new CheckpointError(this.file.name, `has more than ${mostParts} parts`, field.offset)
    }
  }

  /** The integers of a repeated field. */
  ints(field: Field): number[] {
    this.count(field)
    if (field.length <= longestList) return field.ints()
    throw new CheckpointError(this.file.name, `a list takes ${field.length} bytes`, field.offset)
  }

  sibling(path: string, what: string): Promise<RandomAccess> {
    const known = this.#siblings.get(path) ?? requireSibling(this.file, path, what)
    this.#siblings.set(path, known)
    return known
  }
}

const storedOf: Partial<Record<ElementType, StoredDType>> = {
  FLOAT: 'F32',
  UINT8: 'U8',
  INT8: 'I8',
  UINT16: 'U16',
  INT16: 'I16',
  INT32: 'I32',
  INT64: 'I64',
  BOOL: 'BOOL',
  FLOAT16: 'F16',
  DOUBLE: 'F64',
  UINT32: 'U32',
  UINT64: 'U64',
  COMPLEX64: 'C64',
  BFLOAT16: 'BF16',
  FLOAT8E4M3FN: 'F8_E4M3',
  FLOAT8E5M2: 'F8_E5M2',
}

const typeNames = new Map(
  Object.entries(elementTypes).map(([name, number]) => [number as number, name as ElementType]),
)

/** The name of an element type; undefined for one that is not known. */
export function elementTypeOfNumber(number: number): ElementType | undefined {
  return typeNames.get(number)
}

/** Which field holds the elements, where they are not given as bytes. */
function typedField(dtype: StoredDType): number {
  if (dtype === 'F32' || dtype === 'C64') return 4
  if (dtype === 'F64') return 10
  if (dtype === 'I64') return 7
  return dtype === 'U64' || dtype === 'U32' ? 11 : 5
}

interface TensorFields {
  name: string
  dims: number[]
  type: number
  raw: Field | undefined
  external: boolean
  readonly typed: Map<number, Field[]>
  readonly location: Map<string, string>
}

function collect(source: TensorSource, message: Iterable<Field>): TensorFields {
  const fields: TensorFields = {
    name: '',
    dims: [],
    type: 0,
    raw: undefined,
    external: false,
    typed: new Map(),
    location: new Map(),
  }
  for (const field of message) {
    source.count(field)
    // The sizes of a tensor, of which no file has more than a few.
    if (field.number === 1) fields.dims.push(...source.ints(field).slice(0, mostDimensions + 1))
    else if (field.number === 2) fields.type = field.int()
    else if (field.number === 8) fields.name = field.text()
    else if (field.number === 9) fields.raw = field
    else if (field.number === 14) fields.external = field.int() === 1
    else if (field.number === 13) {
      let [key, value] = ['', '']
      for (const part of field.message()) {
        if (part.number === 1) key = part.text()
        else if (part.number === 2) value = part.text()
      }
      fields.location.set(key, value)
    } else if ([4, 5, 7, 10, 11].includes(field.number)) {
      const list = fields.typed.get(field.number) ?? []
      list.push(field)
      fields.typed.set(field.number, list)
    }
  }
  return fields
}

const mostDimensions = 64

/**
 * A TensorProto, checked against what the file holds; its elements are read when they are asked for.
 * Throws a CheckpointError.
 */
export function readTensor(
  source: TensorSource,
  message: Iterable<Field>,
  offset: number,
): { name: string; tensor: StoredTensor } {
  const { file } = source
  const fields = collect(source, message)
  const label = `tensor ${JSON.stringify(fields.name)}`
  const fail = (what: string): never => {
    throw new CheckpointError(file.name, `${label} ${what}`, offset)
  }
  const type = elementTypeOfNumber(fields.type)
  const dtype = type && storedOf[type]
  if (dtype === undefined)
    return fail(`has elements of the type ${type ?? fields.type}, which is not supported`)
  const shape = fields.dims
  if (shape.length > mostDimensions || shape.some((d) => !Number.isSafeInteger(d) || d < 0)) {
    return fail(`has the shape [${shape.slice(0, mostDimensions)}]`)
  }
  const count = shape.reduce((product, d) => product * d, 1)
  const bytes = count * storedDTypes[dtype].bytes
  if (!Number.isSafeInteger(bytes)) return fail(`has the shape [${shape}], which is beyond any file`)
  if (fields.external) {
    return { name: fields.name, tensor: external(source, label, shape, dtype, bytes, fields.location, fail) }
  }
  const { raw } = fields
  if (raw !== undefined && raw.bytes().length > 0) {
    const length = raw.bytes().length
    if (length !== bytes) fail(`of ${type} [${shape}] takes ${bytes} bytes, but has ${length}`)
    return { name: fields.name, tensor: region(file, shape, dtype, raw.offset, bytes) }
  }
  return {
    name: fields.name,
    tensor: typedTensor(source, shape, dtype, count, fields.typed.get(typedField(dtype)) ?? [], fail),
  }
}

/** Elements at a place in a file: nothing is kept of what was read with the structure. */
function region(
  file: RandomAccess,
  shape: readonly number[],
  dtype: StoredDType,
  offset: number,
  bytes: number,
): StoredTensor {
  return {
    shape,
    dtype,
    read: async () => weightTensorFromBytes(shape, dtype, await file.read(offset, bytes)),
  }
}

type Fail = (what: string) => never

function external(
  source: TensorSource,
  label: string,
  shape: readonly number[],
  dtype: StoredDType,
  bytes: number,
  location: ReadonlyMap<string, string>,
  fail: Fail,
): StoredTensor {
  const path = location.get('location')
  const offset = Number(location.get('offset') ?? 0)
  const length = Number(location.get('length') ?? bytes)
  if (path === undefined || path === '') return fail('is in another file, but it is not said in which')
  if (!Number.isSafeInteger(offset) || offset < 0)
    return fail(`begins at ${location.get('offset')} of ${path}`)
  if (length !== bytes)
    return fail(`of ${dtype} [${shape}] takes ${bytes} bytes, but has ${location.get('length')}`)
  const read = async () => {
    const file = await source.sibling(path, label)
    checkRange(file, offset, bytes, label)
    return weightTensorFromBytes(shape, dtype, await file.read(offset, bytes))
  }
  return { shape, dtype, read }
}

function typedTensor(
  source: TensorSource,
  shape: readonly number[],
  dtype: StoredDType,
  count: number,
  fields: readonly Field[],
  fail: Fail,
): StoredTensor {
  const { bytes: width } = storedDTypes[dtype]
  const numbers = dtype === 'C64' ? 2 * count : count
  const wrong = (got: number): never =>
    fail(`of ${dtype} [${shape}] has ${numbers} elements, but ${got} are given`)
  if (dtype === 'F32' || dtype === 'F64' || dtype === 'C64') {
    const [only] = fields
    if (fields.length === 1 && only !== undefined && numbers !== 1) {
      const given = only.bytes().length
      if (given !== count * width) wrong(given / (dtype === 'F64' ? 8 : 4))
      return region(source.file, shape, dtype, only.offset, given)
    }
    const values = fields.flatMap((field) => [...(dtype === 'F64' ? field.doubles() : field.floats())])
    if (values.length !== numbers) wrong(values.length)
    const tensor =
      dtype === 'F64'
        ? weightTensor(shape, dtype, Float64Array.from(values))
        : weightTensor(shape, dtype, Float32Array.from(values))
    return { shape, dtype, read: async () => tensor }
  }
  const values = fields.flatMap((field) => source.ints(field))
  if (values.length !== count) wrong(values.length)
  const data = new Uint8Array(count * width)
  const array = storedDTypes[dtype].view(data.buffer, 0, data.length)
  for (const [i, value] of values.entries()) {
    array[i] = array instanceof BigInt64Array || array instanceof BigUint64Array ? BigInt(value) : value
  }
  return { shape, dtype, read: async () => weightTensorFromBytes(shape, dtype, data) }
}

/** A TensorProto that is a whole file, as conformance suites store inputs and outputs. */
export async function readTensorFile(file: RandomAccess): Promise<StoredTensor> {
  const bytes = await file.read(0, file.size)
  return readTensor(new TensorSource(file), readMessage(bytes, file.name), 0).tensor
}
