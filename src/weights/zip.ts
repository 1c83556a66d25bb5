import { crc32 } from './crc32.ts'
import { CheckpointError, copyAgain } from './errors.ts'
import { checkRange, type RandomAccess } from './random-access.ts'

export interface ZipEntry {
  readonly name: string
  /** Bytes once unpacked. */
  readonly size: number
  readonly compressedSize: number
  /** 0 stored, 8 deflate. */
  readonly method: number
  readonly crc: number
  readonly headerOffset: number
}

/** The directory of a zip archive; the members are read on demand. */
export interface ZipArchive {
  readonly entries: ReadonlyMap<string, ZipEntry>
  /** The unpacked bytes of a member, checked against its size and CRC-32. */
  read(entry: ZipEntry): Promise<Uint8Array>
  /** Where a member's packed bytes begin in the file. */
  dataOffset(entry: ZipEntry): Promise<number>
}

const endSignature = 0x06054b50
const end64LocatorSignature = 0x07064b50
const end64Signature = 0x06064b50
const centralSignature = 0x02014b50
const localSignature = 0x04034b50

/** Opens a zip archive (stored and deflated members, zip64) by its central directory. Throws a CheckpointError. */
export async function openZip(source: RandomAccess): Promise<ZipArchive> {
  const directory = await findDirectory(source)
  checkRange(source, directory.offset, directory.size, 'the directory of the zip archive')
  const bytes = await source.read(directory.offset, directory.size)
  const entries = parseDirectory(bytes, directory, source)
  return {
    entries,
    read: (entry) => readEntry(source, entry),
    dataOffset: (entry) => dataOffset(source, entry),
  }
}

interface Directory {
  readonly offset: number
  readonly size: number
  readonly count: number
}

async function findDirectory(source: RandomAccess): Promise<Directory> {
  const tailLength = Math.min(source.size, 22 + 0xffff)
  const tailOffset = source.size - tailLength
  const tail = viewOf(await source.read(tailOffset, tailLength))
  for (let i = tailLength - 22; i >= 0; i--) {
    if (tail.getUint32(i, true) !== endSignature || i + 22 + tail.getUint16(i + 20, true) > tailLength)
      continue
    const count = tail.getUint16(i + 10, true)
    const size = tail.getUint32(i + 12, true)
    const offset = tail.getUint32(i + 16, true)
    if (count === 0xffff || size === 0xffffffff || offset === 0xffffffff) {
      const directory = await findDirectory64(source, tailOffset + i)
      if (directory !== undefined) return directory
    }
    return { count, size, offset }
  }
  throw new CheckpointError(
    source.name,
    'the directory at the end of the zip archive is missing: the file is truncated',
    source.size,
    { advice: copyAgain },
  )
}

async function findDirectory64(source: RandomAccess, endOffset: number): Promise<Directory | undefined> {
  if (endOffset < 20) return undefined
  const locator = viewOf(await source.read(endOffset - 20, 20))
  if (locator.getUint32(0, true) !== end64LocatorSignature) return undefined
  const recordOffset = Number(locator.getBigUint64(8, true))
  checkRange(source, recordOffset, 56, 'the zip64 end record')
  const record = viewOf(await source.read(recordOffset, 56))
  if (record.getUint32(0, true) !== end64Signature) {
    throw new CheckpointError(source.name, 'damaged zip archive: no zip64 end record here', recordOffset)
  }
  return {
    count: Number(record.getBigUint64(32, true)),
    size: Number(record.getBigUint64(40, true)),
    offset: Number(record.getBigUint64(48, true)),
  }
}

function parseDirectory(
  bytes: Uint8Array,
  directory: Directory,
  source: RandomAccess,
): Map<string, ZipEntry> {
  const view = viewOf(bytes)
  const fail = (what: string, at: number): never => {
    throw new CheckpointError(source.name, `damaged zip archive: ${what}`, directory.offset + at)
  }
  const entries = new Map<string, ZipEntry>()
  let at = 0
  for (let i = 0; i < directory.count; i++) {
    if (at + 46 > bytes.length || view.getUint32(at, true) !== centralSignature) {
      return fail(`entry ${i + 1} of ${directory.count} is missing from its directory`, at)
    }
    const flags = view.getUint16(at + 8, true)
    const nameLength = view.getUint16(at + 28, true)
    const extraLength = view.getUint16(at + 30, true)
    const next = at + 46 + nameLength + extraLength + view.getUint16(at + 32, true)
    if (next > bytes.length) return fail('a directory entry leaves the directory', at)
    const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameLength))
    if (flags & 1) return fail(`${name} is encrypted; unpack it and pack it without a password`, at)
    const sizes = wideSizes(view, at, at + 46 + nameLength, extraLength)
    const method = view.getUint16(at + 10, true)
    if (entries.has(name)) return fail(`two members are named ${name}`, at)
    entries.set(name, { name, method, crc: view.getUint32(at + 16, true), ...sizes })
    at = next
  }
  return entries
}

/** Sizes and position of an entry, from the zip64 extra field where the plain fields are full. */
function wideSizes(
  view: DataView,
  at: number,
  extraStart: number,
  extraLength: number,
): { size: number; compressedSize: number; headerOffset: number } {
  let compressedSize = view.getUint32(at + 20, true)
  let size = view.getUint32(at + 24, true)
  let headerOffset = view.getUint32(at + 42, true)
  const extraEnd = extraStart + extraLength
  for (let e = extraStart; e + 4 <= extraEnd; ) {
    const id = view.getUint16(e, true)
    const end = Math.min(e + 4 + view.getUint16(e + 2, true), extraEnd)
    if (id === 1) {
      let p = e + 4
      const take = (plain: number): number => {
        if (plain !== 0xffffffff || p + 8 > end) return plain
        p += 8
        return Number(view.getBigUint64(p - 8, true))
      }
      size = take(size)
      compressedSize = take(compressedSize)
      headerOffset = take(headerOffset)
    }
    e = end
  }
  return { size, compressedSize, headerOffset }
}

async function dataOffset(source: RandomAccess, entry: ZipEntry): Promise<number> {
  checkRange(source, entry.headerOffset, 30, `the header of ${entry.name}`)
  const header = viewOf(await source.read(entry.headerOffset, 30))
  if (header.getUint32(0, true) !== localSignature) {
    throw new CheckpointError(
      source.name,
      `damaged zip archive: ${entry.name} does not begin here`,
      entry.headerOffset,
    )
  }
  return entry.headerOffset + 30 + header.getUint16(26, true) + header.getUint16(28, true)
}

async function readEntry(source: RandomAccess, entry: ZipEntry): Promise<Uint8Array> {
  const offset = await dataOffset(source, entry)
  checkRange(source, offset, entry.compressedSize, entry.name)
  const packed = await source.read(offset, entry.compressedSize)
  const bytes = await unpack(packed, entry, source.name, offset)
  if (bytes.length !== entry.size || crc32(bytes) !== entry.crc) {
    throw new CheckpointError(
      source.name,
      `${entry.name} does not match its CRC-32 or size: the file is damaged`,
      offset,
      { advice: copyAgain },
    )
  }
  return bytes
}

async function unpack(
  packed: Uint8Array,
  entry: ZipEntry,
  file: string,
  offset: number,
): Promise<Uint8Array> {
  if (entry.method === 0) return packed
  if (entry.method !== 8) {
    throw new CheckpointError(
      file,
      `${entry.name} is packed by method ${entry.method}; only stored (0) and deflate (8) are known`,
      entry.headerOffset,
    )
  }
  // Deflate shrinks at most 1032 times: a larger promise is a lie, and would only make us allocate.
  if (entry.size > packed.length * 1032 + 64) {
    throw new CheckpointError(
      file,
      `${entry.name} promises ${entry.size} bytes, more than deflate can`,
      offset,
    )
  }
  const input = new Blob([packed as Uint8Array<ArrayBuffer>]).stream()
  const reader = input.pipeThrough(new DecompressionStream('deflate-raw')).getReader()
  const out = new Uint8Array(entry.size)
  let length = 0
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      const chunk: Uint8Array = part.value
      if (length + chunk.length > out.length) throw new Error('it unpacks to more bytes than it says')
      out.set(chunk, length)
      length += chunk.length
    }
  } catch (error) {
    await reader.cancel().catch(() => undefined)
    throw new CheckpointError(
      file,
      `${entry.name} cannot be unpacked (${(error as Error).message}): the file is damaged`,
      offset,
      { advice: copyAgain, cause: error },
    )
  }
  return out.subarray(0, length)
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
