import { CheckpointError, copyAgain } from '../errors.ts'

/** Tables and vectors that a file may be asked for, as a multiple of its length: real files share few of them. */
const readingLimit = 16
const smallFile = 1 << 16

/**
 * Bytes in the encoding of FlatBuffers (https://flatbuffers.dev/internals). Every position is checked before it is read.
 * What is read is counted, as a small file may name the same large vector many thousand times.
 */
class Bytes {
  readonly bytes: Uint8Array
  readonly view: DataView
  readonly file: string
  #left: number

  constructor(bytes: Uint8Array, file: string) {
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.file = file
    this.#left = readingLimit * Math.max(bytes.length, smallFile)
  }

  /** Throws where [at, at + length) is not within the file. */
  check(at: number, length: number, what: string): void {
    if (at >= 0 && length >= 0 && at + length <= this.bytes.length) return
    throw new CheckpointError(
      this.file,
      `${what} would take ${length} bytes, but the file ends at byte ${this.bytes.length}`,
      at,
      { advice: copyAgain },
    )
  }

  charge(length: number, at: number): void {
    this.#left -= length
    if (this.#left >= 0) return
    throw new CheckpointError(
      this.file,
      `the same bytes are used over and over: the file means to hold over ${readingLimit} times its own length`,
      at,
    )
  }

  /** Where the offset stored at a position leads. */
  follow(at: number, what: string): number {
    this.check(at, 4, `the offset of ${what}`)
    return at + this.view.getUint32(at, true)
  }
}

/** A table of FlatBuffers: fields by their numbers in the schema, each of which may be left out. */
export class FlatTable {
  /** Where in the file it begins. */
  readonly position: number
  readonly #source: Bytes
  readonly #what: string
  readonly #size: number
  readonly #fields: number
  readonly #fieldCount: number

  /** @param what What messages call it. */
  constructor(source: Bytes, position: number, what: string) {
    source.check(position, 4, what)
    const fields = position - source.view.getInt32(position, true)
    source.check(fields, 4, `the list of fields of ${what}`)
    const length = source.view.getUint16(fields, true)
    if (length < 4 || length % 2 !== 0) {
      throw new CheckpointError(source.file, `the list of fields of ${what} has ${length} bytes`, fields)
    }
    source.check(fields, length, `the list of fields of ${what}`)
    this.#size = source.view.getUint16(fields + 2, true)
    source.check(position, this.#size, what)
    source.charge(this.#size + 4, position)
    this.position = position
    this.#source = source
    this.#what = what
    this.#fields = fields + 4
    this.#fieldCount = (length - 4) / 2
  }

  /** The file's bytes; read-only. */
  get bytes(): Uint8Array {
    return this.#source.bytes
  }

  /** Where the field is; undefined where it is left out. */
  #at(field: number, bytes: number): number | undefined {
    if (field >= this.#fieldCount) return undefined
    const offset = this.#source.view.getUint16(this.#fields + 2 * field, true)
    if (offset === 0) return undefined
    if (offset < 4 || offset + bytes > this.#size) {
      throw new CheckpointError(
        this.#source.file,
        `field ${field} of ${this.#what} is not within its ${this.#size} bytes`,
        this.position,
      )
    }
    return this.position + offset
  }

  has(field: number): boolean {
    return this.#at(field, 1) !== undefined
  }

  int8(field: number, otherwise = 0): number {
    const at = this.#at(field, 1)
    return at === undefined ? otherwise : this.#source.view.getInt8(at)
  }

  uint8(field: number, otherwise = 0): number {
    const at = this.#at(field, 1)
    return at === undefined ? otherwise : this.#source.view.getUint8(at)
  }

  bool(field: number, otherwise = false): boolean {
    return this.uint8(field, otherwise ? 1 : 0) !== 0
  }

  int32(field: number, otherwise = 0): number {
    const at = this.#at(field, 4)
    return at === undefined ? otherwise : this.#source.view.getInt32(at, true)
  }

  uint32(field: number, otherwise = 0): number {
    const at = this.#at(field, 4)
    return at === undefined ? otherwise : this.#source.view.getUint32(at, true)
  }

  float32(field: number, otherwise = 0): number {
    const at = this.#at(field, 4)
    return at === undefined ? otherwise : this.#source.view.getFloat32(at, true)
  }

  /** Beyond 2 ** 53, infinite: no position or length in a file is. */
  uint64(field: number): number {
    const at = this.#at(field, 8)
    if (at === undefined) return 0
    const value = Number(this.#source.view.getBigUint64(at, true))
    return Number.isSafeInteger(value) ? value : Number.POSITIVE_INFINITY
  }

  table(field: number, what: string): FlatTable | undefined {
    const at = this.#at(field, 4)
    return at === undefined ? undefined : new FlatTable(this.#source, this.#source.follow(at, what), what)
  }

  /** The tables of a vector, in turn; none where it is left out. */
  *tables(field: number, what: string): Generator<FlatTable> {
    const { start, length } = this.#vector(field, 4, `the list of ${what}s`)
    for (let i = 0; i < length; i++) {
      const name = `${what} ${i}`
      yield new FlatTable(this.#source, this.#source.follow(start + 4 * i, name), name)
    }
  }

  /** Where the bytes of a vector are; empty where it is left out. Nothing is read of them. */
  byteRange(field: number, what: string): { readonly start: number; readonly length: number } {
    return this.#vector(field, 1, what, false)
  }

  int32s(field: number, what: string): number[] {
    const { start, length } = this.#vector(field, 4, what)
    return Array.from({ length }, (_, i) => this.#source.view.getInt32(start + 4 * i, true))
  }

  float32s(field: number, what: string): number[] {
    const { start, length } = this.#vector(field, 4, what)
    return Array.from({ length }, (_, i) => this.#source.view.getFloat32(start + 4 * i, true))
  }

  int64s(field: number, what: string): number[] {
    const { start, length } = this.#vector(field, 8, what)
    return Array.from({ length }, (_, i) => Number(this.#source.view.getBigInt64(start + 8 * i, true)))
  }

  /** Empty where it is left out; bytes that are no UTF-8 become replacement characters. */
  text(field: number, what: string): string {
    const { start, length } = this.#vector(field, 1, what)
    return new TextDecoder().decode(this.#source.bytes.subarray(start, start + length))
  }

  #vector(
    field: number,
    elementBytes: number,
    what: string,
    charged = true,
  ): { start: number; length: number } {
    const at = this.#at(field, 4)
    if (at === undefined) return { start: 0, length: 0 }
    const position = this.#source.follow(at, what)
    this.#source.check(position, 4, `the length of ${what}`)
    const length = this.#source.view.getUint32(position, true)
    this.#source.check(position + 4, length * elementBytes, what)
    this.#source.charge(charged ? 4 + length * elementBytes : 4, position)
    return { start: position + 4, length }
  }
}

/** The outermost table of a file. Throws a CheckpointError where an offset leaves the file, as all readings of tables do. */
export function rootTable(bytes: Uint8Array, file: string, what: string): FlatTable {
  const source = new Bytes(bytes, file)
  return new FlatTable(source, source.follow(0, what), what)
}
