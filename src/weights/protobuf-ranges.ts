import { CheckpointError, copyAgain } from './errors.ts'
import { Varints } from './protobuf.ts'
import type { RandomAccess } from './random-access.ts'

/** Where in a file the value of a field lies. */
export interface FieldRange {
  readonly number: number
  readonly wire: 'varint' | 'fixed64' | 'bytes' | 'fixed32'
  /** Where its tag lies: from there on the field is a message of its own. */
  readonly start: number
  readonly offset: number
  readonly length: number
}

const windowSize = 2 ** 16
/** A tag and a length of ten bytes each. */
const longestHead = 20

/**
 * The fields of a message of Protocol Buffers that lies in [start, end) of a file, without reading their values: for files
 * that are large for their tensors.
 */
export async function* messageRanges(
  source: RandomAccess,
  start: number,
  end: number,
): AsyncIterable<FieldRange> {
  let window: Uint8Array = new Uint8Array(0)
  let windowStart = start
  for (let at = start; at < end; ) {
    const need = Math.min(longestHead, end - at)
    if (at + need > windowStart + window.length) {
      windowStart = at
      window = await source.read(at, Math.min(windowSize, end - at))
    }
    const input = new Varints(window, source.name, windowStart)
    input.position = at - windowStart
    const tag = input.read()
    const [number, kind] = [Math.floor(tag / 8), tag % 8]
    if (number === 0 || number >= 2 ** 29) {
      throw new CheckpointError(source.name, `no message: a field has the number ${number}`, at)
    }
    const from = windowStart + input.position
    let field: FieldRange
    if (kind === 0) field = { number, start: at, wire: 'varint', offset: from, length: input.skip() }
    else if (kind === 1) field = { number, start: at, wire: 'fixed64', offset: from, length: 8 }
    else if (kind === 5) field = { number, start: at, wire: 'fixed32', offset: from, length: 4 }
    else if (kind === 2) {
      const length = input.read()
      field = { number, start: at, wire: 'bytes', offset: windowStart + input.position, length }
    } else {
      throw new CheckpointError(source.name, `no message: field ${number} has the wire type ${kind}`, at)
    }
    if (field.length > end - field.offset) {
      throw new CheckpointError(
        source.name,
        `field ${number} takes ${field.length} bytes, but ${end - field.offset} are left`,
        field.offset,
        { advice: copyAgain },
      )
    }
    yield field
    at = field.offset + field.length
  }
}

/** A field as a message of its own. */
export function readRange(source: RandomAccess, { start, offset, length }: FieldRange): Promise<Uint8Array> {
  return source.read(start, offset + length - start)
}
