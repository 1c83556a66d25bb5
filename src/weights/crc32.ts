/** Reflected: of zip and gzip, and Castagnoli's, of TFRecord files and iSCSI. */
const polynomials = { crc32: 0xedb88320, crc32c: 0x82f63b78 } as const

const tables = new Map<number, Uint32Array[]>()

/** Eight tables, so that eight bytes are taken in at a time. */
function slicingTables(polynomial: number): Uint32Array[] {
  const known = tables.get(polynomial)
  if (known !== undefined) return known
  const first = new Uint32Array(256)
  for (let i = 0; i < 256; i++) {
    let c = i
    for (let k = 0; k < 8; k++) c = c & 1 ? polynomial ^ (c >>> 1) : c >>> 1
    first[i] = c
  }
  const all = [first]
  for (let t = 1; t < 8; t++) {
    const previous = all[t - 1]!
    all.push(previous.map((c) => first[c & 0xff]! ^ (c >>> 8)))
  }
  tables.set(polynomial, all)
  return all
}

interface NodeProcess {
  readonly getBuiltinModule?: (name: string) => { readonly crc32?: (bytes: Uint8Array) => number } | undefined
}

/** Node's own, ten times as fast; without an import, which a browser could not resolve. */
const native = (globalThis as { process?: NodeProcess }).process?.getBuiltinModule?.('node:zlib')?.crc32

/** The CRC-32 of zip and gzip. */
export function crc32(bytes: Uint8Array): number {
  return native === undefined ? crc32ByTables(bytes) : native(bytes)
}

/** The same where there is nothing faster. */
export function crc32ByTables(bytes: Uint8Array): number {
  return checksum(bytes, polynomials.crc32)
}

/** Castagnoli's CRC-32 (RFC 3720, appendix B.4). */
export function crc32c(bytes: Uint8Array): number {
  return checksum(bytes, polynomials.crc32c)
}

function checksum(bytes: Uint8Array, polynomial: number): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = slicingTables(polynomial) as [
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
  ]
  let c = 0xffffffff
  let i = 0
  for (const end = bytes.length - 7; i < end; i += 8) {
    const a = c ^ (bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24))
    c =
      t7[a & 0xff]! ^
      t6[(a >>> 8) & 0xff]! ^
      t5[(a >>> 16) & 0xff]! ^
      t4[a >>> 24]! ^
      t3[bytes[i + 4]!]! ^
      t2[bytes[i + 5]!]! ^
      t1[bytes[i + 6]!]! ^
      t0[bytes[i + 7]!]!
  }
  for (; i < bytes.length; i++) c = t0[(c ^ bytes[i]!) & 0xff]! ^ (c >>> 8)
  return (c ^ 0xffffffff) >>> 0
}
