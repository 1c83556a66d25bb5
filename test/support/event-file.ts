import { readFileSync } from 'node:fs'

/** CRC-32C bit by bit, as RFC 3720 defines it. */
export function slowCrc32c(bytes: Uint8Array): number {
  let c = 0xffffffff
  for (const byte of bytes) {
    c ^= byte
    for (let k = 0; k < 8; k++) c = c & 1 ? 0x82f63b78 ^ (c >>> 1) : c >>> 1
  }
  return (c ^ 0xffffffff) >>> 0
}

/**
 * The records of a TFRecord file, read as TensorBoard does: up to the end, or up to a record that is cut, whose bytes are counted.
 * Throws where a checksum is wrong.
 */
export function readRecords(file: Uint8Array): { records: Uint8Array[]; cut: number } {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const check = (at: number, bytes: Uint8Array): void => {
    const rotated = (view.getUint32(at, true) - 0xa282ead8) >>> 0
    const stored = ((rotated << 15) | (rotated >>> 17)) >>> 0
    if (stored !== slowCrc32c(bytes)) throw new Error(`a wrong checksum at ${at}`)
  }
  const records: Uint8Array[] = []
  let at = 0
  while (file.length - at >= 12) {
    check(at + 8, file.subarray(at, at + 8))
    const length = Number(view.getBigUint64(at, true))
    if (file.length - at < 16 + length) break
    const record = file.subarray(at + 12, at + 12 + length)
    check(at + 12 + length, record)
    records.push(record)
    at += 16 + length
  }
  return { records, cut: file.length - at }
}

type Value = number | Uint8Array

/** A message's values by field number, each in order. */
export function fieldsOf(bytes: Uint8Array): Map<number, Value[]> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const fields = new Map<number, Value[]>()
  let at = 0
  const varint = (): number => {
    let value = 0
    for (let shift = 1; ; shift *= 128) {
      const byte = bytes[at++]!
      value += (byte & 127) * shift
      if (byte < 128) return value
    }
  }
  while (at < bytes.length) {
    const tag = varint()
    let value: Value
    if ((tag & 7) === 0) value = varint()
    else if ((tag & 7) === 1) [value, at] = [view.getFloat64(at, true), at + 8]
    else if ((tag & 7) === 5) [value, at] = [view.getFloat32(at, true), at + 4]
    else {
      const length = varint()
      value = bytes.subarray(at, at + length)
      at += length
    }
    const number = Math.floor(tag / 8)
    fields.set(number, [...(fields.get(number) ?? []), value])
  }
  return fields
}

export interface SummaryValue {
  readonly tag: string
  readonly step: number
  /** Of Summary.Value, by number: 2 scalar, 4 image, 5 histogram, 8 tensor, 9 metadata. */
  readonly fields: Map<number, Value[]>
}

export interface EventFile {
  readonly version: string
  readonly values: SummaryValue[]
  /** The steps at which a run began again. */
  readonly restarts: number[]
  readonly cut: number
}

const text = (value: Value | undefined): string => new TextDecoder().decode(value as Uint8Array)

/** What an event file holds. */
export function readEventFile(path: string): EventFile {
  const { records, cut } = readRecords(readFileSync(path))
  const events = records.map(fieldsOf)
  const stepOf = (event: Map<number, Value[]>): number => event.get(2)?.[0] as number
  return {
    version: text(events[0]?.get(3)?.[0]),
    values: events.flatMap((event) =>
      (event.get(5) ?? []).flatMap((summary) =>
        fieldsOf(summary as Uint8Array)
          .get(1)!
          .map((value) => {
            const fields = fieldsOf(value as Uint8Array)
            return { tag: text(fields.get(1)![0]), step: stepOf(event), fields }
          }),
      ),
    ),
    restarts: events.filter((event) => event.has(7)).map(stepOf),
    cut,
  }
}

/** A packed field of 64-bit floats. */
export function doublesOf(value: Value): number[] {
  const bytes = value as Uint8Array
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Array.from({ length: bytes.length / 8 }, (_, i) => view.getFloat64(8 * i, true))
}
