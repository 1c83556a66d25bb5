import { joined } from './chunks.ts'
import { maxHeaderBytes } from './safetensors.ts'
import { type StateDict, storedDTypes, type WeightTensor } from './state-dict.ts'

/** The parts of a file in order, and their total length in bytes. */
export interface FileChunks {
  readonly size: number
  readonly chunks: readonly Uint8Array[]
}

/**
 * A safetensors file in parts that share the tensors' memory, for writing without a second copy. The header lists
 * the tensors in the order of the map; their bytes are ordered by element size, largest first, so that each tensor
 * is aligned. Throws a RangeError for a name or header that the format does not allow.
 */
export function safetensorsChunks(
  tensors: ReadonlyMap<string, WeightTensor>,
  metadata: Readonly<Record<string, string>> = {},
): FileChunks {
  const ordered = [...tensors].sort(
    ([, a], [, b]) => storedDTypes[b.dtype].bytes - storedDTypes[a.dtype].bytes,
  )
  const ranges = new Map<string, [number, number]>()
  const chunks: Uint8Array[] = []
  let position = 0
  for (const [name, tensor] of ordered) {
    if (name === '__metadata__') throw new RangeError('a tensor cannot be named __metadata__ in safetensors')
    const bytes = tensor.bytes()
    chunks.push(bytes)
    ranges.set(name, [position, position + bytes.length])
    position += bytes.length
  }
  const header = encodeHeader(tensors, ranges, metadata)
  return { size: header.length + position, chunks: [header, ...chunks] }
}

/** The bytes of a safetensors file; see safetensorsChunks. */
export function encodeSafetensors(
  tensors: StateDict,
  metadata?: Readonly<Record<string, string>>,
): Uint8Array {
  return joined(safetensorsChunks(tensors, metadata).chunks)
}

function encodeHeader(
  tensors: ReadonlyMap<string, WeightTensor>,
  ranges: ReadonlyMap<string, [number, number]>,
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  // Joined by hand: an object literal would move names such as "0" to the front.
  const fields: string[] = []
  if (Object.keys(metadata).length > 0) fields.push(`"__metadata__":${JSON.stringify(metadata)}`)
  for (const [name, { shape, dtype }] of tensors) {
    const entry = JSON.stringify({ dtype, shape, data_offsets: ranges.get(name) })
    fields.push(`${JSON.stringify(name)}:${entry}`)
  }
  const json = new TextEncoder().encode(`{${fields.join(',')}}`)
  const length = Math.ceil(json.length / 8) * 8
  if (length > maxHeaderBytes) {
    throw new RangeError(
      `the safetensors header would have ${length} bytes; at most ${maxHeaderBytes} are allowed: shorten the metadata`,
    )
  }
  const header = new Uint8Array(8 + length).fill(0x20)
  new DataView(header.buffer).setBigUint64(0, BigInt(length), true)
  header.set(json, 8)
  return header
}
