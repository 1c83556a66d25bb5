import { sizeOf } from '../../graph/shape.ts'
import { denseStorage, readDense } from './dense.ts'
import { type Message, messageReader, messageTypes } from './object-header.ts'
import { damaged, type Hdf5Source, type Reader, readerAt, unsupported } from './reader.ts'
import { parseDataspace, parseDatatype } from './types.ts'

/** A description of a network takes a thousandth of this. */
const maxTextBytes = 2 ** 28

/**
 * The strings of an object's attribute of that name; undefined where it has none, or none of text. An attribute of
 * another type without elements, as numpy makes of an empty list, has no strings.
 */
export async function readStrings(
  source: Hdf5Source,
  messages: readonly Message[],
  name: string,
): Promise<string[] | undefined> {
  for (const message of messages) {
    if (message.type === messageTypes.attribute) {
      if (message.shared) throw unsupported(source, 'attributes that objects share')
      const value = await readAttribute(source, messageReader(source, message, 'attribute'), name)
      if (value !== null) return value
    } else if (message.type === messageTypes.attributeInfo) {
      const storage = denseStorage(messageReader(source, message, 'attribute info'), 2)
      for (const attribute of await readDense(source, storage)) {
        const value = await readAttribute(source, attribute, name)
        if (value !== null) return value
      }
    }
  }
  return undefined
}

/** Null where the attribute has another name. */
async function readAttribute(
  source: Hdf5Source,
  reader: Reader,
  wanted: string,
): Promise<string[] | undefined | null> {
  const version = reader.unsigned(1)
  if (version < 1 || version > 3) reader.fail(`version ${version} of attributes is not known`)
  const flags = reader.unsigned(1)
  const sizes = [reader.unsigned(2), reader.unsigned(2), reader.unsigned(2)]
  if (version === 3) reader.skip(1)
  const [name, type, space] = sizes.map((size) => {
    const part = reader.part(size, 'attribute')
    if (version === 1) reader.skip(-size & 7)
    return part
  }) as [Reader, Reader, Reader]
  if (firstText(name.bytes) !== wanted) return null
  if (version > 1 && flags & 3) throw unsupported(source, 'the file names its types (committed datatypes)')
  const element = parseDatatype(type)
  const count = sizeOf(parseDataspace(space) ?? [0])
  if (count === 0) return []
  if (element.kind !== 'text' && element.kind !== 'heap-text') return undefined
  if (count * element.bytes > reader.left)
    reader.fail(`${wanted} has ${count} strings, more than there are bytes`)
  if (element.kind === 'heap-text') return readHeapStrings(source, reader, count)
  return Array.from({ length: count }, () => firstText(reader.take(element.bytes)))
}

/** The text up to the first zero byte. */
function firstText(bytes: Uint8Array): string {
  const end = bytes.indexOf(0)
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end))
}

async function readHeapStrings(source: Hdf5Source, reader: Reader, count: number): Promise<string[]> {
  const heaps = new Map<number, Map<number, Uint8Array>>()
  const strings: string[] = []
  let total = 0
  for (let i = 0; i < count; i++) {
    const length = reader.unsigned(4)
    const address = reader.address()
    const index = reader.unsigned(4)
    if (length === 0 || address === null || address === 0) {
      strings.push('')
      continue
    }
    const heap = heaps.get(address) ?? (await readGlobalHeap(source, address))
    heaps.set(address, heap)
    const bytes = heap.get(index)
    if (bytes === undefined || bytes.length < length) return reader.fail('a string is not in its heap')
    total += length
    // Every string has its own place, so that they cannot be longer than the file.
    if (total > Math.min(source.access.size, maxTextBytes)) return reader.fail('the strings are too long')
    strings.push(firstText(bytes.subarray(0, length)))
  }
  return strings
}

/** The objects of a global heap collection by their indices. */
async function readGlobalHeap(source: Hdf5Source, address: number): Promise<Map<number, Uint8Array>> {
  const head = await readerAt(source, address, 8 + source.lengthBytes, 'heap of strings')
  head.expect('GCOL')
  head.skip(4)
  const size = head.length()
  if (size < head.position) throw damaged(source, 'a heap of strings is too small', address)
  const reader = await readerAt(source, address + head.position, size - head.position, 'heap of strings')
  const objects = new Map<number, Uint8Array>()
  while (reader.left >= 8 + source.lengthBytes) {
    const index = reader.unsigned(2)
    reader.skip(6)
    const length = reader.length()
    // What is free comes last and has no index.
    if (index === 0) break
    objects.set(index, reader.take(length))
    reader.skip(Math.min(-length & 7, reader.left))
  }
  return objects
}
