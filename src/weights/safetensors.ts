import { sizeOf } from '../graph/shape.ts'
import { CheckpointError, copyAgain } from './errors.ts'
import { orderedKeys } from './json-keys.ts'
import { checkRange, type RandomAccess } from './random-access.ts'
import {
  isStoredDType,
  type StateDict,
  type StoredDType,
  type StoredTensor,
  storedDTypes,
  weightTensorFromBytes,
} from './state-dict.ts'

/** The reference implementation reads no longer header. */
export const maxHeaderBytes: number = 100_000_000

interface Entry {
  readonly shape: readonly number[]
  readonly dtype: StoredDType
  /** From the first byte of the file. */
  readonly offset: number
  readonly bytes: number
}

interface Header {
  readonly metadata: Record<string, string>
  readonly entries: Map<string, Entry>
}

/** An open safetensors file: the header is read and checked, the values are not. */
export interface SafetensorsFile {
  /** The `__metadata__` of the header; empty where there is none. */
  readonly metadata: Readonly<Record<string, string>>
  /** In the order of the header. */
  readonly tensors: ReadonlyMap<string, StoredTensor>
}

/** Whether a file that begins with these bytes (9 at least) can be safetensors: a header length, then `{`. */
export function looksLikeSafetensors(start: Uint8Array): boolean {
  if (start.length < 9 || start[8] !== 0x7b) return false
  const view = new DataView(start.buffer, start.byteOffset, start.length)
  return view.getUint32(4, true) === 0 && view.getUint32(0, true) <= maxHeaderBytes
}

/**
 * Opens a safetensors file (https://github.com/huggingface/safetensors): reads the header alone and checks it as
 * strictly as the reference implementation does: its length, JSON without duplicate keys, known dtypes, byte ranges
 * that follow each other without hole or overlap, match shape and dtype, and end where the file ends.
 * Throws a CheckpointError.
 */
export async function openSafetensors(source: RandomAccess): Promise<SafetensorsFile> {
  checkRange(source, 0, 8, 'the header length of a safetensors file')
  const length = headerLength(await source.read(0, 8), source.name, source.size)
  const header = parseHeader(await source.read(8, length), source.name, source.size)
  const tensors = new Map<string, StoredTensor>()
  for (const [name, { shape, dtype, offset, bytes }] of header.entries) {
    const read = async () => weightTensorFromBytes(shape, dtype, await source.read(offset, bytes))
    tensors.set(name, { shape, dtype, read })
  }
  return { metadata: header.metadata, tensors }
}

/** All tensors of a safetensors file in memory; they share the memory of `file`. Throws a CheckpointError. */
export function parseSafetensors(
  file: Uint8Array,
  name = 'bytes in memory',
): { tensors: StateDict; metadata: Record<string, string> } {
  const length = headerLength(file.subarray(0, 8), name, file.length)
  const header = parseHeader(file.subarray(8, 8 + length), name, file.length)
  const tensors: StateDict = new Map()
  for (const [key, { shape, dtype, offset, bytes }] of header.entries) {
    tensors.set(key, weightTensorFromBytes(shape, dtype, file.subarray(offset, offset + bytes)))
  }
  return { tensors, metadata: header.metadata }
}

function headerLength(start: Uint8Array, file: string, size: number): number {
  if (start.length < 8) {
    throw new CheckpointError(file, `not a safetensors file: it has only ${size} bytes`)
  }
  const length = new DataView(start.buffer, start.byteOffset, 8).getBigUint64(0, true)
  if (length > BigInt(maxHeaderBytes)) {
    throw new CheckpointError(
      file,
      `not a safetensors file: its header would have ${length} bytes, and at most ${maxHeaderBytes} are allowed`,
      0,
    )
  }
  if (8n + length > BigInt(size)) {
    throw new CheckpointError(
      file,
      `truncated: the header should have ${length} bytes, but the file ends at byte ${size}`,
      8,
      { advice: copyAgain },
    )
  }
  return Number(length)
}

function parseHeader(bytes: Uint8Array, file: string, size: number): Header {
  const fail = (what: string): never => {
    throw new CheckpointError(file, `damaged safetensors header: ${what}`, 8)
  }
  const { text, root } = parseObject(bytes, fail)
  const names = orderedKeys(text, (key) => fail(`${JSON.stringify(key)} appears twice`))
  const metadata = parseMetadata(root.__metadata__, fail)
  const start = 8 + bytes.length
  const entries = new Map<string, Entry>()
  for (const name of names) {
    if (name !== '__metadata__') entries.set(name, parseEntry(name, root[name], start, fail))
  }
  checkRanges(entries, start, size, file, fail)
  return { metadata, entries }
}

type Fail = (what: string) => never

function parseObject(bytes: Uint8Array, fail: Fail): { text: string; root: Record<string, unknown> } {
  let text = ''
  let root: unknown
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    root = JSON.parse(text)
  } catch (error) {
    fail(`it is not JSON (${(error as Error).message})`)
  }
  if (!isObject(root) || text[0] !== '{') return fail('it is not a JSON object that begins with {')
  return { text, root }
}

function parseMetadata(value: unknown, fail: Fail): Record<string, string> {
  const metadata: Record<string, string> = Object.create(null)
  if (value === undefined || value === null) return metadata
  if (!isObject(value)) return fail('__metadata__ is not an object')
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== 'string') return fail(`__metadata__ ${JSON.stringify(key)} is not a string`)
    metadata[key] = text
  }
  return metadata
}

function parseEntry(name: string, value: unknown, start: number, fail: Fail): Entry {
  const label = `tensor ${JSON.stringify(name)}`
  if (!isObject(value)) return fail(`${label} is not described by an object`)
  const { dtype, shape, data_offsets: range } = value
  if (typeof dtype !== 'string' || !isStoredDType(dtype)) {
    return fail(
      `${label} has dtype ${JSON.stringify(dtype)}; known are ${Object.keys(storedDTypes).join(', ')}`,
    )
  }
  if (!Array.isArray(shape) || !shape.every(isSize)) {
    return fail(`${label} has shape ${JSON.stringify(shape)}, which is not a list of sizes`)
  }
  if (!isSize(sizeOf(shape.filter((size) => size > 0)))) {
    return fail(`${label} has shape ${JSON.stringify(shape)}, whose size is beyond 2^53`)
  }
  if (!Array.isArray(range) || range.length !== 2 || !range.every(isSize)) {
    return fail(`${label} has data_offsets ${JSON.stringify(range)}, which are not two positions`)
  }
  const [begin, end] = range as [number, number]
  // Exact in BigInt: the product of the sizes may pass 2^53 and still not be what the range says.
  const bytes = shape.reduce((n: bigint, d: number) => n * BigInt(d), BigInt(storedDTypes[dtype].bytes))
  if (BigInt(end) - BigInt(begin) !== bytes) {
    return fail(`${label}: ${dtype} ${JSON.stringify(shape)} takes ${bytes} bytes, not ${end - begin}`)
  }
  return { shape, dtype, offset: start + begin, bytes: end - begin }
}

function checkRanges(
  entries: ReadonlyMap<string, Entry>,
  start: number,
  size: number,
  file: string,
  fail: Fail,
): void {
  const sorted = [...entries].sort(([, a], [, b]) => a.offset - b.offset || a.bytes - b.bytes)
  let position = start
  for (const [name, { offset, bytes }] of sorted) {
    if (offset !== position) {
      const what = offset < position ? 'overlaps the tensor before it' : 'leaves a hole before it'
      fail(`tensor ${JSON.stringify(name)} begins at byte ${offset} of the file, and so ${what}`)
    }
    position = offset + bytes
  }
  if (position > size) {
    throw new CheckpointError(
      file,
      `truncated: the tensors end at byte ${position}, the file at byte ${size}`,
      size,
      { advice: copyAgain },
    )
  }
  if (position < size) {
    throw new CheckpointError(file, `${size - position} bytes follow the last tensor`, position)
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
