import { sizeOf } from '../../graph/shape.ts'
import { checkRange } from '../random-access.ts'
import { type StoredDType, type WeightTensor, weightTensorFromBytes } from '../state-dict.ts'
import { type ChunkedLayout, readChunks } from './chunks.ts'
import { type Filter, maxUnpacked, parseFilters } from './filters.ts'
import { type Message, messageReader, messageTypes } from './object-header.ts'
import { damaged, type Hdf5Source, type Reader, unsupported } from './reader.ts'
import { parseDataspace, readDatatype } from './types.ts'

/** A dataset of numbers, still in the file. */
export interface Dataset {
  readonly shape: readonly number[]
  readonly dtype: StoredDType
  /** Bytes that the values take in the file at the least. */
  readonly storedBytes: number
  read(): Promise<WeightTensor>
}

type Layout =
  | { readonly kind: 'compact'; readonly bytes: Uint8Array }
  | { readonly kind: 'contiguous'; readonly address: number | null; readonly length: number }
  | ChunkedLayout

/**
 * The dataset with these messages; where its values are is checked, they are not read.
 * `path` is for messages.
 */
export function openDataset(source: Hdf5Source, messages: readonly Message[], path: string): Dataset {
  const find = (type: number): Message | undefined => messages.find((message) => message.type === type)
  const [space, type, layoutMessage] = [
    messageTypes.dataspace,
    messageTypes.datatype,
    messageTypes.layout,
  ].map(find)
  if (space === undefined || type === undefined || layoutMessage === undefined) {
    throw damaged(source, `${path} is no dataset`)
  }
  const shape = parseDataspace(messageReader(source, space, `the shape of ${path}`)) ?? [0]
  const element = readDatatype(source, type)
  if (element.kind !== 'number') {
    const what = element.kind === 'other' ? element.name : 'text'
    throw unsupported(source, `${path} holds ${what}`)
  }
  const bytes = sizeOf(shape) * element.bytes
  if (!Number.isSafeInteger(bytes)) throw damaged(source, `${path} is of shape [${shape}], beyond any file`)
  if (find(messageTypes.externalFiles)) throw unsupported(source, `the values of ${path} are in other files`)
  const filterMessage = find(messageTypes.filters)
  const filters: readonly Filter[] =
    filterMessage === undefined ? [] : parseFilters(source, messageReader(source, filterMessage, 'filters'))
  const layout = parseLayout(source, messageReader(source, layoutMessage, `the layout of ${path}`))
  const where = bytes === 0 ? noBytes : locate(source, layout, shape, element.bytes, bytes, filters, path)
  const { dtype, bigEndian } = element
  return {
    shape,
    dtype,
    storedBytes: Math.floor(bytes / maxUnpacked(1, filters)),
    async read() {
      const values = await where()
      return weightTensorFromBytes(shape, dtype, bigEndian ? swapped(values, element.bytes) : values)
    },
  }
}

const noBytes = async (): Promise<Uint8Array> => new Uint8Array(0)

/** A function that reads the values as bytes. */
function locate(
  source: Hdf5Source,
  layout: Layout,
  shape: readonly number[],
  elementBytes: number,
  bytes: number,
  filters: readonly Filter[],
  path: string,
): () => Promise<Uint8Array> {
  const wrong = (has: number): never => {
    throw damaged(source, `${path} of shape [${shape}] takes ${bytes} bytes, but the file has ${has} for it`)
  }
  if (layout.kind === 'compact') {
    return layout.bytes.length < bytes ? wrong(layout.bytes.length) : async () => layout.bytes.slice(0, bytes)
  }
  if (layout.kind === 'contiguous') {
    const { address, length } = layout
    if (address === null) throw damaged(source, `${path} was never given values`)
    if (length < bytes) wrong(length)
    checkRange(source.access, address, bytes, path)
    return () => source.access.read(address, bytes)
  }
  if (layout.chunk.length !== shape.length || layout.elementBytes !== elementBytes) {
    throw damaged(source, `the chunks of ${path} are not of its shape [${shape}]`)
  }
  return () => readChunks(source, layout, shape, filters, path)
}

function parseLayout(source: Hdf5Source, reader: Reader): Layout {
  const version = reader.unsigned(1)
  if (version === 1 || version === 2) return parseOldLayout(reader)
  if (version !== 3 && version !== 4) return reader.fail(`version ${version} of layouts is not known`)
  const kind = reader.unsigned(1)
  if (kind === 0) return { kind: 'compact', bytes: reader.take(reader.unsigned(2)) }
  if (kind === 1) return { kind: 'contiguous', address: reader.address(), length: reader.length() }
  if (kind === 2 && version === 3) {
    const rank = reader.unsigned(1)
    const tree = reader.address()
    return chunked(reader, rank, tree)
  }
  throw unsupported(source, kind === 3 ? 'a virtual dataset' : 'a dataset in chunks of the newest kind')
}

function parseOldLayout(reader: Reader): Layout {
  const rank = reader.unsigned(1)
  const kind = reader.unsigned(1)
  reader.skip(5)
  if (kind === 0) {
    reader.skip(4 * rank)
    return { kind: 'compact', bytes: reader.take(reader.unsigned(4)) }
  }
  const address = reader.address()
  if (kind === 2) return chunked(reader, rank, address)
  const sizes = Array.from({ length: rank }, () => reader.unsigned(4))
  return { kind: 'contiguous', address, length: sizeOf(sizes) }
}

/** The last of the sizes is that of an element, in bytes. */
function chunked(reader: Reader, rank: number, tree: number | null): ChunkedLayout {
  if (rank < 2 || rank > 33) reader.fail(`chunks of ${rank - 1} dimensions`)
  const sizes = Array.from({ length: rank }, () => reader.unsigned(4))
  if (sizes.includes(0)) reader.fail(`chunks of size [${sizes}]`)
  return { kind: 'chunked', tree, chunk: sizes.slice(0, -1), elementBytes: sizes.at(-1)! }
}

/** The elements with their bytes in reverse. */
function swapped(bytes: Uint8Array, width: number): Uint8Array {
  const out = new Uint8Array(bytes.length)
  for (let i = 0; i < bytes.length; i++) out[i] = bytes[i - (i % width) + width - 1 - (i % width)]!
  return out
}
