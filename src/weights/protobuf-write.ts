import { wire } from './protobuf.ts'

/** Puts a message together; the parts are not copied until they are written. */
export class MessageWriter {
  readonly #parts: Uint8Array[] = []
  #length = 0

  /** Bytes so far. */
  get length(): number {
    return this.#length
  }

  /** The message in parts that share the memory of what was given. */
  get parts(): readonly Uint8Array[] {
    return this.#parts
  }

  int(number: number, value: number): this {
    return this.#tag(number, wire.varint).#push(varint(value))
  }

  float(number: number, value: number): this {
    const bytes = new Uint8Array(4)
    new DataView(bytes.buffer).setFloat32(0, value, true)
    return this.#tag(number, wire.fixed32).#push(bytes)
  }

  double(number: number, value: number): this {
    return this.#tag(number, wire.fixed64).#push(doubleBytes([value]))
  }

  bytes(number: number, value: Uint8Array): this {
    return this.#tag(number, wire.bytes).#push(varint(value.length)).#push(value)
  }

  text(number: number, value: string): this {
    return this.bytes(number, new TextEncoder().encode(value))
  }

  message(number: number, message: MessageWriter): this {
    this.#tag(number, wire.bytes).#push(varint(message.length))
    for (const part of message.parts) this.#push(part)
    return this
  }

  /** A repeated field of integers, packed. */
  ints(number: number, values: readonly number[]): this {
    const packed = new MessageWriter()
    for (const value of values) packed.#push(varint(value))
    return this.message(number, packed)
  }

  /** A repeated field of 32-bit floats, packed. */
  floats(number: number, values: readonly number[]): this {
    const bytes = new Uint8Array(4 * values.length)
    const view = new DataView(bytes.buffer)
    for (const [i, value] of values.entries()) view.setFloat32(4 * i, value, true)
    return this.bytes(number, bytes)
  }

  /** A repeated field of 64-bit floats, packed. */
  doubles(number: number, values: readonly number[]): this {
    return this.bytes(number, doubleBytes(values))
  }

  #tag(number: number, kind: number): this {
    return this.#push(varint(number * 8 + kind))
  }

  #push(bytes: Uint8Array): this {
    this.#parts.push(bytes)
    this.#length += bytes.length
    return this
  }
}

function doubleBytes(values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(8 * values.length)
  const view = new DataView(bytes.buffer)
  for (const [i, value] of values.entries()) view.setFloat64(8 * i, value, true)
  return bytes
}

/** An integer within 2 ** 53 of zero as two's complement of 64 bits, seven bits a byte, the lowest first. */
function varint(value: number): Uint8Array {
  if (!Number.isSafeInteger(value)) throw new RangeError(`${value} is no integer that can be written exactly`)
  const bytes: number[] = []
  let rest = BigInt.asUintN(64, BigInt(value))
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80)
    rest >>= 7n
  }
  bytes.push(Number(rest))
  return Uint8Array.from(bytes)
}
