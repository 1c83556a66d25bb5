import { sizeOf } from '../../graph/shape.ts'
import { checkRange } from '../random-access.ts'
import { type Filter, maxUnpacked, unfilter } from './filters.ts'
import { treeLeaves } from './groups.ts'
import { damaged, type Hdf5Source } from './reader.ts'

/** A dataset in equal blocks, which a B-tree leads to. */
export interface ChunkedLayout {
  readonly kind: 'chunked'
  readonly tree: number | null
  /** The shape of a block, in elements. */
  readonly chunk: readonly number[]
  readonly elementBytes: number
}

interface Chunk {
  readonly address: number
  readonly bytes: number
  /** A bit for each filter that was left out. */
  readonly skipped: number
  /** Of its first element. */
  readonly at: readonly number[]
}

/** The values of a dataset in chunks, as bytes. All of it must have been written. */
export async function readChunks(
  source: Hdf5Source,
  layout: ChunkedLayout,
  shape: readonly number[],
  filters: readonly Filter[],
  path: string,
): Promise<Uint8Array> {
  const { tree, chunk, elementBytes } = layout
  if (tree === null) throw damaged(source, `${path} was never given values`)
  const leaves = await treeLeaves(source, tree, 1, 8 + 8 * (chunk.length + 1))
  const chunks = leaves.map(({ key, address }): Chunk => {
    const [bytes, skipped] = [key.unsigned(4), key.unsigned(4)]
    return { address, bytes, skipped, at: chunk.map(() => key.unsigned(8)) }
  })
  const chunkBytes = sizeOf(chunk) * elementBytes
  const expected = shape.reduce((count, size, i) => count * Math.ceil(size / chunk[i]!), 1)
  const starts = new Set(chunks.map(({ at }) => at.join()))
  const placed = chunks.every(({ at }) => at.every((v, i) => v < shape[i]! && v % chunk[i]! === 0))
  if (!placed || starts.size !== chunks.length || chunks.length !== expected) {
    throw damaged(source, `${path} has ${chunks.length} of its ${expected} chunks, or some in wrong places`)
  }
  let total = 0
  for (const { address, bytes } of chunks) {
    total += bytes
    checkRange(source.access, address, bytes, `a chunk of ${path}`)
    if (chunkBytes > maxUnpacked(bytes, filters) || total > source.access.size) {
      throw damaged(source, `a chunk of ${path} has ${bytes} bytes for ${chunkBytes}`, address)
    }
  }
  const out = new Uint8Array(sizeOf(shape) * elementBytes)
  for (const { address, bytes, skipped, at } of chunks) {
    const stored = await source.access.read(address, bytes)
    const values = await unfilter(stored, filters, skipped, chunkBytes).catch((error: unknown) => {
      throw damaged(source, `a chunk of ${path} cannot be unpacked (${(error as Error).message})`, address)
    })
    if (values.length < chunkBytes) {
      throw damaged(source, `a chunk of ${path} has ${values.length} bytes instead of ${chunkBytes}`, address)
    }
    place(values, chunk, at, out, shape, elementBytes)
  }
  return out
}

/** Copies a chunk, row by row, to where it belongs; what hangs over the edge is left out. */
function place(
  values: Uint8Array,
  chunk: readonly number[],
  at: readonly number[],
  out: Uint8Array,
  shape: readonly number[],
  elementBytes: number,
): void {
  const last = chunk.length - 1
  const rowBytes = Math.min(chunk[last]!, shape[last]! - at[last]!) * elementBytes
  const copy = (axis: number, from: number, to: number): void => {
    if (axis === last) {
      const start = from * chunk[last]! * elementBytes
      const target = (to * shape[last]! + at[last]!) * elementBytes
      out.set(values.subarray(start, start + rowBytes), target)
      return
    }
    const count = Math.min(chunk[axis]!, shape[axis]! - at[axis]!)
    for (let i = 0; i < count; i++) copy(axis + 1, from * chunk[axis]! + i, to * shape[axis]! + at[axis]! + i)
  }
  copy(0, 0, 0)
}
