/** A value of a table in the encoding of FlatBuffers. */
export type FlatValue =
  /** A value that every one that names the same object shares; it is written at the end. */
  | { readonly kind: 'shared'; readonly value: FlatValue }
  | { readonly kind: 'int8' | 'uint8' | 'int32' | 'uint32' | 'float32' | 'uint64'; readonly value: number }
  | { readonly kind: 'table'; readonly fields: FlatFields }
  | { readonly kind: 'tables'; readonly tables: readonly FlatFields[] }
  | { readonly kind: 'int32s' | 'float32s' | 'int64s'; readonly values: readonly number[] }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }

/** Fields by number; those that are undefined are left out. */
export type FlatFields = Readonly<Record<number, FlatValue | undefined>>

const scalarBytes = { int8: 1, uint8: 1, int32: 4, uint32: 4, float32: 4, uint64: 8 } as const
const elementBytes = { int32s: 4, float32s: 4, int64s: 8 } as const

export const text = (value: string): FlatValue => ({ kind: 'bytes', bytes: new TextEncoder().encode(value) })

/** Writes a table and all below it, parents first, as one file with an identifier. */
export function flatBuffer(root: FlatFields, identifier: string): Uint8Array {
  const writer = new Writer()
  writer.scalar('uint32', 0)
  for (const letter of identifier) writer.scalar('uint8', letter.charCodeAt(0))
  writer.pointTo(0, () => writer.table(root))
  return writer.done()
}

class Writer {
  #bytes = new Uint8Array(1 << 12)
  #view = new DataView(this.#bytes.buffer)
  #length = 0
  readonly #shared = new Map<FlatValue, number[]>()

  done(): Uint8Array {
    for (const [value, places] of this.#shared) {
      this.#fill(places[0]!, value)
      const target = places[0]! + this.#view.getUint32(places[0]!, true)
      for (const at of places) this.#view.setUint32(at, target - at, true)
    }
    return this.#bytes.slice(0, this.#length)
  }

  #reserve(length: number): number {
    const at = this.#length
    this.#length += length
    if (this.#length > this.#bytes.length) {
      const grown = new Uint8Array(2 * this.#length)
      grown.set(this.#bytes)
      this.#bytes = grown
      this.#view = new DataView(grown.buffer)
    }
    return at
  }

  #align(bytes: number, beyond = 0): void {
    this.#reserve((bytes - ((this.#length + beyond) % bytes)) % bytes)
  }

  scalar(kind: keyof typeof scalarBytes, value: number): void {
    this.#put(this.#reserve(scalarBytes[kind]), kind, value)
  }

  #put(at: number, kind: keyof typeof scalarBytes, value: number): void {
    if (kind === 'int8') this.#view.setInt8(at, value)
    else if (kind === 'uint8') this.#view.setUint8(at, value)
    else if (kind === 'int32') this.#view.setInt32(at, value, true)
    else if (kind === 'uint32') this.#view.setUint32(at, value, true)
    else if (kind === 'float32') this.#view.setFloat32(at, value, true)
    else this.#view.setBigUint64(at, BigInt(value), true)
  }

  /** Writes something and puts the way to it at a position that is already there. */
  pointTo(at: number, write: () => number): void {
    const target = write()
    this.#view.setUint32(at, target - at, true)
  }

  table(fields: FlatFields): number {
    const present = Object.entries(fields).flatMap(([number, value]) =>
      value === undefined ? [] : [[Number(number), value] as const],
    )
    const count = Math.max(-1, ...present.map(([number]) => number)) + 1
    this.#align(8)
    const list = this.#reserve(4 + 2 * count)
    this.#align(8)
    const table = this.#reserve(4)
    this.#view.setInt32(table, table - list, true)
    const places = present.map(([number, value]): [number, FlatValue] => {
      const bytes = value.kind in scalarBytes ? scalarBytes[value.kind as keyof typeof scalarBytes] : 4
      this.#align(bytes)
      const at = this.#reserve(bytes)
      this.#view.setUint16(list + 4 + 2 * number, at - table, true)
      return [at, value]
    })
    this.#view.setUint16(list, 4 + 2 * count, true)
    this.#view.setUint16(list + 2, this.#length - table, true)
    for (const [at, value] of places) this.#fill(at, value)
    return table
  }

  #fill(at: number, value: FlatValue): void {
    switch (value.kind) {
      case 'shared':
        this.#shared.set(value.value, [...(this.#shared.get(value.value) ?? []), at])
        return
      case 'table':
        this.pointTo(at, () => this.table(value.fields))
        return
      case 'tables':
        this.pointTo(at, () => {
          this.#align(4)
          const start = this.#reserve(4 + 4 * value.tables.length)
          this.#view.setUint32(start, value.tables.length, true)
          for (const [i, fields] of value.tables.entries())
            this.pointTo(start + 4 + 4 * i, () => this.table(fields))
          return start
        })
        return
      case 'bytes':
        this.pointTo(at, () => {
          this.#align(16, 4)
          // A zero follows, as after every text.
          const start = this.#reserve(4 + value.bytes.length + 1)
          this.#view.setUint32(start, value.bytes.length, true)
          this.#bytes.set(value.bytes, start + 4)
          return start
        })
        return
      case 'int32s':
      case 'float32s':
      case 'int64s':
        this.pointTo(at, () => {
          const bytes = elementBytes[value.kind]
          this.#align(bytes, 4)
          const start = this.#reserve(4 + bytes * value.values.length)
          this.#view.setUint32(start, value.values.length, true)
          for (const [i, element] of value.values.entries()) {
            const place = start + 4 + bytes * i
            if (value.kind === 'int32s') this.#view.setInt32(place, element, true)
            else if (value.kind === 'float32s') this.#view.setFloat32(place, element, true)
            else this.#view.setBigInt64(place, BigInt(element), true)
          }
          return start
        })
        return
      default:
        this.#put(at, value.kind, value.value)
    }
  }
}
