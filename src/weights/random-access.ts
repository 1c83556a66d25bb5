import { CheckpointError, copyAgain } from './errors.ts'

/** Bytes that can be read in any order: a file, a Blob, an array. Nothing is read before it is asked for. */
export interface RandomAccess {
  /** What error messages call it: the path or the file name. */
  readonly name: string
  /** Length in bytes. */
  readonly size: number
  /**
   * Exactly `length` bytes from `offset`. The result may share memory with the source: treat it as read-only.
   * Throws a CheckpointError where the range leaves the source.
   */
  read(offset: number, length: number): Promise<Uint8Array>
  /**
   * Another file of the same folder, by its name or its path below the folder, for formats that are made of several
   * files. Null where there is none; missing where the source has no neighbours.
   */
  readonly sibling?: (path: string) => Promise<RandomAccess | null>
}

/** The neighbour of a file that its format needs: `name` with the source's extension replaced, or a path of its own. */
export async function requireSibling(
  source: RandomAccess,
  path: string,
  what: string,
): Promise<RandomAccess> {
  const found = await source.sibling?.(path)
  if (found) return found
  throw new CheckpointError(
    source.name,
    `${what} is in another file, ${path}, which is not there`,
    undefined,
    {
      advice: 'put it beside this one',
    },
  )
}

/** The last part of a name, without its folders. */
export function baseName(name: string): string {
  return name.slice(Math.max(name.lastIndexOf('/'), name.lastIndexOf('\\')) + 1)
}

/** Throws where [offset, offset + length) is not within the source; `what` names what was to be read. */
export function checkRange(source: RandomAccess, offset: number, length: number, what = 'data'): void {
  if (
    Number.isSafeInteger(offset) &&
    Number.isSafeInteger(length) &&
    offset >= 0 &&
    length >= 0 &&
    offset + length <= source.size
  ) {
    return
  }
  throw new CheckpointError(
    source.name,
    `${what} would take ${length} bytes, but the file ends at byte ${source.size}: it is truncated or damaged`,
    offset,
    { advice: copyAgain },
  )
}

/** Random access to bytes already in memory. */
export function bytesAccess(bytes: Uint8Array, name = 'bytes in memory'): RandomAccess {
  const source: RandomAccess = {
    name,
    size: bytes.length,
    async read(offset, length) {
      checkRange(source, offset, length)
      return bytes.subarray(offset, offset + length)
    },
  }
  return source
}

/** Random access to a Blob or a File of the browser; only the ranges asked for are read. */
export function blobAccess(blob: Blob, name?: string): RandomAccess {
  const ownName = 'name' in blob && typeof blob.name === 'string' && blob.name !== '' ? blob.name : 'blob'
  const source: RandomAccess = {
    name: name ?? ownName,
    size: blob.size,
    async read(offset, length) {
      checkRange(source, offset, length)
      const bytes = new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer())
      if (bytes.length !== length) checkRange({ ...source, size: offset + bytes.length }, offset, length)
      return bytes
    },
  }
  return source
}
