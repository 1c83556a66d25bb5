import { deflateRawSync } from 'node:zlib'
import { crc32 } from '../../src/weights/crc32.ts'

export interface Member {
  name: string
  data: Uint8Array
  method?: number
  flags?: number
  crc?: number
  size?: number
}

/** A zip archive, truthful but for what its members give besides their data; with `wide`, sizes and positions stand in zip64 fields only. */
export function zip(members: Member[], wide = false, comment = ''): Uint8Array {
  const out: number[] = []
  const u = (value: number, bytes: number): number[] =>
    Array.from({ length: bytes }, (_, i) => Math.floor(value / 256 ** i) % 256)
  const text = (s: string): number[] => [...new TextEncoder().encode(s)]
  const full = 0xffffffff
  const central: number[] = []
  for (const { name, data, method = 0, flags = 0, ...lies } of members) {
    const packed = method === 8 ? deflateRawSync(data) : data
    const crc = lies.crc ?? crc32(data)
    const size = lies.size ?? data.length
    const offset = out.length
    const common = [...u(20, 2), ...u(flags, 2), ...u(method, 2), ...u(0, 4), ...u(crc, 4)]
    const sizes = [...u(packed.length, 4), ...u(size, 4)]
    out.push(...u(0x04034b50, 4), ...common, ...sizes, ...u(text(name).length, 2), ...u(3, 2), ...text(name))
    out.push(1, 2, 3, ...packed)
    const extra = wide
      ? [
          ...u(0x1234, 2),
          ...u(2, 2),
          0,
          0,
          ...u(1, 2),
          ...u(24, 2),
          ...u(size, 8),
          ...u(packed.length, 8),
          ...u(offset, 8),
        ]
      : []
    const ends = wide ? [...u(full, 4), ...u(full, 4)] : sizes
    central.push(...u(0x02014b50, 4), ...u(20, 2), ...common, ...ends, ...u(text(name).length, 2))
    central.push(
      ...u(extra.length, 2),
      ...u(0, 2),
      ...u(0, 2),
      ...u(0, 2),
      ...u(0, 4),
      ...u(wide ? full : offset, 4),
    )
    central.push(...text(name), ...extra)
  }
  const start = out.length
  out.push(...central)
  if (wide) {
    const record = out.length
    out.push(...u(0x06064b50, 4), ...u(44, 8), ...u(45, 2), ...u(45, 2), ...u(0, 4), ...u(0, 4))
    out.push(...u(members.length, 8), ...u(members.length, 8), ...u(central.length, 8), ...u(start, 8))
    out.push(...u(0x07064b50, 4), ...u(0, 4), ...u(record, 8), ...u(1, 4))
  }
  const count = u(wide ? 0xffff : members.length, 2)
  out.push(...u(0x06054b50, 4), ...u(0, 4), ...count, ...count)
  out.push(
    ...u(wide ? full : central.length, 4),
    ...u(wide ? full : start, 4),
    ...u(comment.length, 2),
    ...text(comment),
  )
  return Uint8Array.from(out)
}
