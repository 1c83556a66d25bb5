import { CheckpointError, copyAgain } from '../errors.ts'
import { checkRange, type RandomAccess } from '../random-access.ts'

/** An open HDF5 file: where bytes come from, and how wide its addresses and lengths are (2, 4 or 8 bytes). */
export interface Hdf5Source {
  readonly access: RandomAccess
  readonly addressBytes: number
  readonly lengthBytes: number
}

/** Reads little-endian fields one after another; a field that leaves the bytes is a CheckpointError. */
export class Reader {
  /** Of the next field, in `bytes`. */
  position = 0
  readonly bytes: Uint8Array
  readonly #source: Hdf5Source
  readonly #view: DataView
  /** Where in the file the bytes begin. */
  readonly #offset: number
  readonly #what: string

  constructor(source: Hdf5Source, bytes: Uint8Array, offset: number, what: string) {
    this.#source = source
    this.bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#offset = offset
    this.#what = what
  }

  /** Bytes that are not read yet. */
  get left(): number {
    return this.bytes.length - this.position
  }

  fail(what: string): never {
    throw damaged(this.#source, `${this.#what}: ${what}`, this.#offset + this.position)
  }

  unsigned(bytes: number): number {
    const at = this.#advance(bytes)
    if (bytes === 1) return this.#view.getUint8(at)
    if (bytes === 2) return this.#view.getUint16(at, true)
    if (bytes === 4) return this.#view.getUint32(at, true)
    const value = this.#view.getBigUint64(at, true)
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) return this.fail(`${value} is beyond any file`)
    return Number(value)
  }

  /** A length or a count. */
  length(): number {
    return this.unsigned(this.#source.lengthBytes)
  }

  /** A position in the file; null where it is undefined, which all bits set stand for. */
  address(): number | null {
    const width = this.#source.addressBytes
    const start = this.#advance(width)
    if (this.bytes.subarray(start, start + width).every((byte) => byte === 0xff)) return null
    this.position = start
    return this.unsigned(width)
  }

  take(length: number): Uint8Array {
    const start = this.#advance(length)
    return this.bytes.subarray(start, start + length)
  }

  skip(length: number): void {
    this.#advance(length)
  }

  /** Throws where the next bytes are not the given text. */
  expect(signature: string): void {
    const found = String.fromCharCode(...this.take(signature.length))
    if (found !== signature) this.fail(`does not begin with ${signature}`)
  }

  /** A reader over the next bytes. */
  part(length: number, what: string): Reader {
    const offset = this.#offset + this.position
    return new Reader(this.#source, this.take(length), offset, what)
  }

  #advance(length: number): number {
    if (length > this.left) this.fail(`${length} bytes are wanted, but ${this.left} are left`)
    const at = this.position
    this.position += length
    return at
  }
}

/** A reader over a range of the file. */
export async function readerAt(
  source: Hdf5Source,
  offset: number,
  length: number,
  what: string,
): Promise<Reader> {
  checkRange(source.access, offset, length, what)
  return new Reader(source, await source.access.read(offset, length), offset, what)
}

/** The error for a file whose contents contradict the format. */
export function damaged(source: Hdf5Source, what: string, offset?: number): CheckpointError {
  return new CheckpointError(source.access.name, `damaged HDF5 file: ${what}`, offset, { advice: copyAgain })
}

/** The error for what the format allows and Ocelli does not read. */
export function unsupported(source: Hdf5Source, what: string): CheckpointError {
  return new CheckpointError(source.access.name, `${what}, which Ocelli does not read`, undefined, {
    advice: 'save the weights again with Keras, or with h5py and its default settings',
  })
}
