import { CheckpointError } from './errors.ts'

/** What the two low bits and a third of a field's tag say of its value: how it is stored. */
export const wire = { varint: 0, fixed64: 1, bytes: 2, startGroup: 3, endGroup: 4, fixed32: 5 } as const

/**
 * One field of a message of Protocol Buffers (https://protobuf.dev/programming-guides/encoding). Which of its readings
 * makes sense is said by the schema; a reading that its wire type cannot have throws a CheckpointError.
 */
export interface Field {
  readonly number: number
  /** Where in the file the value begins. */
  readonly offset: number
  /** Bytes that the value takes. */
  readonly length: number
  /** int32, int64, enum, bool: throws where it is beyond 2 ** 53. */
  int(): number
  float(): number
  bytes(): Uint8Array
  text(): string
  /** The fields of a message within. */
  message(): Iterable<Field>
  /** Numbers of a repeated field: all of a packed one, or the one of this field. */
  ints(): number[]
  floats(): Float32Array
  doubles(): Float64Array
}

/** Messages within messages, as deep as any real file nests them and no deeper. */
const maximalDepth = 64

/**
 * The fields of a message in the order in which they are stored. Nothing is copied: bytes share the memory given. Groups are
 * refused, as no format in use has them.
 * @param start Where in the file the bytes begin, for messages.
 */
export function* readMessage(bytes: Uint8Array, file: string, start = 0, depth = 0): Iterable<Field> {
  if (depth > maximalDepth) {
    throw new CheckpointError(file, `messages are nested more than ${maximalDepth} deep`, start)
  }
  const input = new Varints(bytes, file, start)
  while (input.position < bytes.length) {
    const tagAt = input.position
    const tag = input.read()
    const [number, kind] = [Math.floor(tag / 8), tag % 8]
    if (number === 0 || number >= 2 ** 29) {
      throw new CheckpointError(file, `no message: a field has the number ${number}`, start + tagAt)
    }
    const at = input.position
    const length =
      kind === wire.varint
        ? input.skip()
        : kind === wire.fixed64
          ? 8
          : kind === wire.fixed32
            ? 4
            : kind === wire.bytes
              ? input.read()
              : undefined
    if (length === undefined) {
      throw new CheckpointError(file, `no message: field ${number} has the wire type ${kind}`, start + tagAt)
    }
    const from = kind === wire.bytes ? input.position : at
    if (length > bytes.length - from) {
      const left = bytes.length - from
      throw new CheckpointError(
        file,
        `field ${number} takes ${length} bytes, but ${left} are left`,
        start + from,
      )
    }
    yield fieldOf(number, kind, bytes.subarray(from, from + length), file, start + from, depth)
    input.position = from + length
  }
}

function fieldOf(
  number: number,
  kind: number,
  value: Uint8Array,
  file: string,
  offset: number,
  depth: number,
): Field {
  const expect = (...kinds: readonly number[]): void => {
    if (kinds.includes(kind)) return
    throw new CheckpointError(file, `field ${number} is stored as another type (wire type ${kind})`, offset)
  }
  const view = (): DataView => new DataView(value.buffer, value.byteOffset, value.byteLength)
  const numbersOf = <T extends Float32Array | Float64Array>(
    create: (length: number) => T,
    size: 4 | 8,
    fixed: number,
  ): T => {
    expect(wire.bytes, fixed)
    if (value.length % size !== 0) {
      throw new CheckpointError(
        file,
        `field ${number} has ${value.length} bytes, no multiple of ${size}`,
        offset,
      )
    }
    const out = create(value.length / size)
    const numbers = view()
    for (let i = 0; i < out.length; i++) {
      out[i] = size === 4 ? numbers.getFloat32(i * 4, true) : numbers.getFloat64(i * 8, true)
    }
    return out
  }
  return {
    number,
    offset,
    length: value.length,
    int() {
      expect(wire.varint)
      return new Varints(value, file, offset).readSigned()
    },
    float() {
      expect(wire.fixed32, wire.fixed64)
      return kind === wire.fixed32 ? view().getFloat32(0, true) : view().getFloat64(0, true)
    },
    bytes() {
      expect(wire.bytes)
      return value
    },
    text() {
      expect(wire.bytes)
      return new TextDecoder().decode(value)
    },
    message() {
      expect(wire.bytes)
      return readMessage(value, file, offset, depth + 1)
    },
    ints() {
      expect(wire.varint, wire.bytes)
      const numbers: number[] = []
      const input = new Varints(value, file, offset)
      while (input.position < value.length) numbers.push(input.readSigned())
      return numbers
    },
    floats: () => numbersOf((n) => new Float32Array(n), 4, wire.fixed32),
    doubles: () => numbersOf((n) => new Float64Array(n), 8, wire.fixed64),
  }
}

/** Integers of a message one after another, from the position on. */
export class Varints {
  position = 0
  readonly #bytes: Uint8Array
  readonly #file: string
  readonly #start: number

  constructor(bytes: Uint8Array, file: string, start: number) {
    this.#bytes = bytes
    this.#file = file
    this.#start = start
  }

  /** The length of the number here, without reading it. */
  skip(): number {
    for (let length = 1; length <= 10; length++) {
      const byte = this.#bytes[this.position + length - 1]
      if (byte === undefined) throw this.#error('the file ends within a number')
      if (byte < 0x80) return length
    }
    throw this.#error('a number takes more than 10 bytes')
  }

  read(): number {
    const value = this.readSigned()
    if (value < 0) throw this.#error('a length or tag is beyond 2 ** 63')
    return value
  }

  /** Two's complement of 64 bits. */
  readSigned(): number {
    const length = this.skip()
    let low = 0
    let high = 0
    for (let i = 0; i < length; i++) {
      const bits = this.#bytes[this.position + i]! & 0x7f
      if (i < 4) low += bits * 2 ** (7 * i)
      else high += bits * 2 ** (7 * (i - 4))
    }
    this.position += length
    // high counts from bit 28 on; bits from 64 on are dropped.
    high %= 2 ** 36
    const value = high >= 2 ** 35 ? (high - 2 ** 36) * 2 ** 28 + low : high * 2 ** 28 + low
    if (!Number.isSafeInteger(value)) {
      // INT64_MAX and INT64_MIN stand for "to the end" in ONNX's Slice: the nearest number does as well.
      return high >= 2 ** 35 ? Number.MIN_SAFE_INTEGER : Number.MAX_SAFE_INTEGER
    }
    return value
  }

  #error(what: string): CheckpointError {
    return new CheckpointError(this.#file, `no message: ${what}`, this.#start + this.position)
  }
}
