/** Bits from the lowest of each byte on, as deflate orders them (RFC 1951). */
class BitWriter {
  #bytes: Uint8Array<ArrayBuffer>
  #length = 0
  #pending = 0
  #count = 0

  constructor(capacity: number) {
    this.#bytes = new Uint8Array(capacity)
  }

  write(value: number, bits: number): void {
    this.#pending |= value << this.#count
    this.#count += bits
    while (this.#count >= 8) {
      this.#push(this.#pending & 255)
      this.#pending >>>= 8
      this.#count -= 8
    }
  }

  /** Huffman codes go from their highest bit on. */
  writeReversed(code: number, bits: number): void {
    let reversed = 0
    for (let i = 0; i < bits; i++) reversed |= ((code >> i) & 1) << (bits - 1 - i)
    this.write(reversed, bits)
  }

  finish(): Uint8Array<ArrayBuffer> {
    if (this.#count > 0) this.#push(this.#pending & 255)
    return this.#bytes.slice(0, this.#length)
  }

  #push(byte: number): void {
    if (this.#length === this.#bytes.length) {
      const larger = new Uint8Array(2 * this.#length)
      larger.set(this.#bytes)
      this.#bytes = larger
    }
    this.#bytes[this.#length++] = byte
  }
}

/** The code of a byte, of the end (256), or of a length (257 and above), in the fixed Huffman tree. */
function writeSymbol(out: BitWriter, symbol: number): void {
  if (symbol < 144) out.writeReversed(0x30 + symbol, 8)
  else if (symbol < 256) out.writeReversed(0x190 + symbol - 144, 9)
  else if (symbol < 280) out.writeReversed(symbol - 256, 7)
  else out.writeReversed(0xc0 + symbol - 280, 8)
}

/** Where each code of lengths and of distances begins, and how many further bits it has. */
function codeTable(
  first: number,
  plain: number,
  step: number,
  codes: number,
): { base: number; extra: number }[] {
  const table: { base: number; extra: number }[] = []
  for (let code = 0, base = first; code < codes; code++) {
    const extra = code < plain ? 0 : Math.floor((code - plain) / step) + 1
    table.push({ base, extra })
    base += 1 << extra
  }
  return table
}

const longest = 258
// The last length has a code of its own.
const lengths = [...codeTable(3, 8, 4, 28), { base: longest, extra: 0 }]
const distances = codeTable(1, 4, 2, 30)
const window = 32_768

function writeCoded(
  table: readonly { base: number; extra: number }[],
  value: number,
  writeCode: (code: number) => void,
  out: BitWriter,
): void {
  let code = table.length - 1
  while (table[code]!.base > value) code--
  writeCode(code)
  out.write(value - table[code]!.base, table[code]!.extra)
}

/**
 * Compresses into one deflate block with the fixed Huffman tree, repeating what the last place with the same three bytes went on
 * with. For small pictures; unlike the platform's compressor it gives the same bytes everywhere.
 */
export function deflate(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const out = new BitWriter(1024)
  out.write(0b011, 3)
  const last = new Int32Array(1 << 15).fill(-1)
  const hashAt = (i: number): number =>
    (Math.imul(bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16), 0x9e3779b1) >>> 17) & 0x7fff
  const note = (i: number): void => {
    if (i + 2 < bytes.length) last[hashAt(i)] = i
  }
  for (let i = 0; i < bytes.length; ) {
    const candidate = i + 2 < bytes.length ? last[hashAt(i)]! : -1
    let length = 0
    if (candidate >= 0 && i - candidate <= window) {
      const limit = Math.min(longest, bytes.length - i)
      while (length < limit && bytes[candidate + length] === bytes[i + length]) length++
    }
    if (length < 3) {
      writeSymbol(out, bytes[i]!)
      note(i++)
      continue
    }
    writeCoded(lengths, length, (code) => writeSymbol(out, 257 + code), out)
    writeCoded(distances, i - candidate, (code) => out.writeReversed(code, 5), out)
    for (const end = i + length; i < end; i++) note(i)
  }
  writeSymbol(out, 256)
  return out.finish()
}
