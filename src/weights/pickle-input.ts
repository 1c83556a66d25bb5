import { CheckpointError, copyAgain } from './errors.ts'

/** Thrown where the pickle runs past the bytes given: with more of the file at hand it can be tried again. */
export class PickleTruncated extends CheckpointError {}

/** Longer ones have no place in a checkpoint, and take time that grows with the square of their length. */
const maxIntegerBytes = 256

/** The operands of a pickle's instructions, read one after another. */
export class PickleInput {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #file: string
  readonly #base: number
  at = 0
  /** Where the current instruction began. */
  start = 0

  constructor(bytes: Uint8Array, file: string, base: number) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#file = file
    this.#base = base
  }

  fail(what: string): never {
    return this.refuse(`damaged pickle: ${what}`)
  }

  /** Throws at the current instruction, without calling the file damaged. */
  refuse(what: string): never {
    throw new CheckpointError(this.#file, what, this.#base + this.start)
  }

  /** Moves past `length` bytes and returns where they begin. */
  take(length: number): number {
    const at = this.at
    if (length > this.#bytes.length - at) {
      throw new PickleTruncated(
        this.#file,
        'the pickle ends in the middle: the file is truncated or damaged',
        this.#base + this.#bytes.length,
        { advice: copyAgain },
      )
    }
    this.at = at + length
    return at
  }

  byte(): number {
    return this.#bytes[this.take(1)]!
  }

  uint32(): number {
    return this.#view.getUint32(this.take(4), true)
  }

  uint64(): bigint {
    return this.#view.getBigUint64(this.take(8), true)
  }

  slice(length: number): Uint8Array {
    const at = this.take(length)
    return this.#bytes.subarray(at, at + length)
  }

  utf8(length: number): string {
    // Python writes lone surrogates too (surrogatepass); they become U+FFFD here.
    return utf8Decoder.decode(this.slice(length))
  }

  latin1(length: number): string {
    return latin1(this.slice(length))
  }

  line(): string {
    const end = this.#bytes.indexOf(0x0a, this.at)
    if (end < 0) this.take(this.#bytes.length - this.at + 1)
    const line = this.slice(end - this.at)
    this.at++
    return latin1(line)
  }

  /** A two's complement integer, little-endian. */
  long(length: number): number | bigint {
    if (length > maxIntegerBytes) return this.fail(`an integer of ${length} bytes`)
    const bytes = this.slice(length)
    let value = 0n
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!)
    return plainInteger(length > 0 ? BigInt.asIntN(8 * length, value) : 0n)
  }

  decimal(text: string): number | bigint {
    const digits = text.trim()
    if (!/^[+-]?\d+$/.test(digits) || digits.length > maxIntegerBytes) {
      return this.fail(`${JSON.stringify(text.slice(0, 40))} is not an integer`)
    }
    return plainInteger(BigInt(digits.replace(/^\+/, '')))
  }

  /** A float as Python's repr writes it. */
  float(text: string): number {
    const special = /^\s*([+-]?)(inf|nan)\s*$/i.exec(text)
    if (special !== null) {
      const size = special[2]!.toLowerCase() === 'inf' ? Number.POSITIVE_INFINITY : Number.NaN
      return special[1] === '-' ? -size : size
    }
    const value = text.trim() === '' ? Number.NaN : Number(text)
    return Number.isNaN(value) ? this.fail(`${JSON.stringify(text.slice(0, 40))} is not a number`) : value
  }

  /** Python's repr of a byte string. */
  quoted(line: string): string {
    const quote = line[0]
    if (line.length < 2 || (quote !== "'" && quote !== '"') || line.at(-1) !== quote) {
      return this.fail('a string without quotes')
    }
    return line.slice(1, -1).replace(/\\(x[0-9a-fA-F]{2}|[\s\S])/g, (_, code: string) => {
      if (code[0] === 'x' && code.length === 3) return String.fromCharCode(Number.parseInt(code.slice(1), 16))
      return { n: '\n', r: '\r', t: '\t' }[code] ?? code
    })
  }

  int32(): number {
    return this.#view.getInt32(this.take(4), true)
  }

  uint16(): number {
    return this.#view.getUint16(this.take(2), true)
  }

  float64(): number {
    return this.#view.getFloat64(this.take(8), false)
  }
}

function plainInteger(value: bigint): number | bigint {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

const utf8Decoder = new TextDecoder('utf-8', { ignoreBOM: true })
const latin1Decoder = new TextDecoder('latin1')

/** One character per byte. */
function latin1(bytes: Uint8Array): string {
  // TextDecoder's "latin1" is windows-1252: the range 0x80 to 0x9f must be done by hand.
  if (!bytes.some((b) => b >= 0x80 && b < 0xa0)) return latin1Decoder.decode(bytes)
  const parts: string[] = []
  for (let i = 0; i < bytes.length; i += 8192) parts.push(String.fromCharCode(...bytes.subarray(i, i + 8192)))
  return parts.join('')
}
