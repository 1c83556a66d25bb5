import { crc32 } from './crc32.ts'
import type { FileChunks } from './safetensors-write.ts'

export interface ZipMember {
  readonly name: string
  readonly bytes: Uint8Array
}

/** Contents begin at multiples of it, as torch.save has them, so that they can be mapped into memory. */
const alignment = 64
const most = 0xffffffff

/**
 * A zip archive of stored members, in parts that share their memory. Throws a RangeError where it would reach 4 GiB, which
 * needs another form of archive.
 */
export function zipChunks(members: readonly ZipMember[]): FileChunks {
  const chunks: Uint8Array[] = []
  const directory: Uint8Array[] = []
  let position = 0
  const add = (chunk: Uint8Array): void => {
    chunks.push(chunk)
    position += chunk.length
  }
  for (const { name, bytes } of members) {
    const encoded = new TextEncoder().encode(name)
    const crc = crc32(bytes)
    const offset = position
    if (offset + bytes.length > most) {
      throw new RangeError('a zip archive of 4 GiB or more is not written; save as safetensors')
    }
    const header = 30 + encoded.length
    // An extra field takes at least its own four bytes.
    const padding = alignment - ((offset + header + 4) % alignment)
    const local = new Uint8Array(header + 4 + padding)
    const view = new DataView(local.buffer)
    view.setUint32(0, 0x04034b50, true)
    writeCommon(view, 4, crc, bytes.length, encoded.length)
    view.setUint16(28, 4 + padding, true)
    local.set(encoded, 30)
    view.setUint16(header, 0x4246, true)
    view.setUint16(header + 2, padding, true)
    local.fill(0x5a, header + 4)
    add(local)
    add(bytes)
    const central = new Uint8Array(46 + encoded.length)
    const entry = new DataView(central.buffer)
    entry.setUint32(0, 0x02014b50, true)
    writeCommon(entry, 6, crc, bytes.length, encoded.length)
    entry.setUint32(42, offset, true)
    central.set(encoded, 46)
    directory.push(central)
  }
  const start = position
  for (const entry of directory) add(entry)
  const end = new Uint8Array(22)
  const view = new DataView(end.buffer)
  view.setUint32(0, 0x06054b50, true)
  view.setUint16(8, members.length, true)
  view.setUint16(10, members.length, true)
  view.setUint32(12, position - start, true)
  view.setUint32(16, start, true)
  if (members.length >= 0xffff || position > most) {
    throw new RangeError(`a zip archive of ${members.length} members is not written; save as safetensors`)
  }
  add(end)
  return { size: position, chunks }
}

/** What local and central headers share, from the version needed on: version 2.0, UTF-8 names, stored, 1 January 1980. */
function writeCommon(view: DataView, at: number, crc: number, size: number, nameLength: number): void {
  if (at === 6) view.setUint16(4, 20, true)
  view.setUint16(at, 20, true)
  view.setUint16(at + 2, 0x0800, true)
  view.setUint16(at + 8, 0x0021, true)
  view.setUint32(at + 10, crc, true)
  view.setUint32(at + 14, size, true)
  view.setUint32(at + 18, size, true)
  view.setUint16(at + 22, nameLength, true)
}
