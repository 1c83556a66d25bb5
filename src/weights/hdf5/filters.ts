import { joined } from '../chunks.ts'
import { type Hdf5Source, type Reader, unsupported } from './reader.ts'

/** A step that a chunk went through when it was written, by its number in the format. */
export interface Filter {
  readonly id: number
  /** Of shuffle: the bytes of an element. */
  readonly values: readonly number[]
}

const deflate = 1
const shuffle = 2
const fletcher32 = 3
const names: Readonly<Record<number, string>> = { 4: 'SZIP', 5: 'n-bit', 6: 'scale-offset', 32000: 'LZF' }

/** Deflate packs at most this many times. */
const maxDeflate = 1032

/** The filters of a dataset in the order in which they were applied. Throws a CheckpointError for unknown ones. */
export function parseFilters(source: Hdf5Source, reader: Reader): readonly Filter[] {
  const version = reader.unsigned(1)
  if (version !== 1 && version !== 2) reader.fail(`version ${version} of filters is not known`)
  const count = reader.unsigned(1)
  if (version === 1) reader.skip(6)
  return Array.from({ length: count }, () => {
    const id = reader.unsigned(2)
    const nameBytes = version === 1 || id >= 256 ? reader.unsigned(2) : 0
    reader.skip(2)
    const valueCount = reader.unsigned(2)
    reader.skip(version === 1 ? Math.ceil(nameBytes / 8) * 8 : nameBytes)
    const values = Array.from({ length: valueCount }, () => reader.unsigned(4))
    if (version === 1 && valueCount % 2 === 1) reader.skip(4)
    if (![deflate, shuffle, fletcher32].includes(id)) {
      throw unsupported(source, `weights packed with ${names[id] ?? `filter ${id}`}`)
    }
    return { id, values }
  })
}

/** The most bytes that a chunk of so many bytes in the file can unpack to. */
export function maxUnpacked(stored: number, filters: readonly Filter[]): number {
  return filters.some(({ id }) => id === deflate) ? stored * maxDeflate + 64 : stored
}

/**
 * A chunk as it was before the filters. `skipped` has a bit for each filter that was left out for this chunk.
 * Throws an Error where the bytes are not what the filters leave, or more than `expected`.
 */
export async function unfilter(
  bytes: Uint8Array,
  filters: readonly Filter[],
  skipped: number,
  expected: number,
): Promise<Uint8Array> {
  let values = bytes
  for (const [i, { id, values: settings }] of [...filters.entries()].reverse()) {
    if ((skipped >>> i) & 1) continue
    // A checksum may follow what was packed.
    if (id === deflate) values = await inflate(values, expected + 4)
    else if (id === fletcher32) values = values.subarray(0, Math.max(0, values.length - 4))
    else values = unshuffled(values, settings[0] ?? 1)
  }
  return values
}

async function inflate(packed: Uint8Array, most: number): Promise<Uint8Array> {
  const input = new Blob([packed as Uint8Array<ArrayBuffer>]).stream()
  const reader = input.pipeThrough(new DecompressionStream('deflate')).getReader()
  const parts: Uint8Array[] = []
  let length = 0
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      length += part.value.length
      if (length > most) throw new Error('it unpacks to more bytes than it should')
      parts.push(part.value)
    }
  } catch (error) {
    await reader.cancel().catch(() => undefined)
    throw error
  }
  return joined(parts)
}

/** Puts the bytes of each element together again; shuffling wrote all first bytes, then all second ones … */
function unshuffled(bytes: Uint8Array, width: number): Uint8Array {
  if (width <= 1) return bytes
  const count = Math.floor(bytes.length / width)
  const out = bytes.slice()
  for (let i = 0; i < count; i++) for (let b = 0; b < width; b++) out[i * width + b] = bytes[b * count + i]!
  return out
}
