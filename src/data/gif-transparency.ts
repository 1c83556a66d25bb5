/**
 * The palette colour behind the transparent pixels of a GIF's first frame, or undefined where none are transparent.
 * Decoders that produce alpha forget it; Pillow's conversion to RGB shows it.
 */
export function gifTransparentColor(bytes: Uint8Array): readonly [number, number, number] | undefined {
  if (bytes[0] !== 0x47 || bytes[1] !== 0x49 || bytes[2] !== 0x46) return undefined
  let table = 13
  let at = 13 + tableBytes(bytes[10]!)
  let transparent: number | undefined
  while (bytes[at] === 0x21) {
    // A graphic control extension: size 4, flags, delay, transparent colour.
    if (bytes[at + 1] === 0xf9 && (bytes[at + 3]! & 1) === 1) transparent = bytes[at + 6]
    at += 2
    while (bytes[at]) at += bytes[at]! + 1
    at++
  }
  if (bytes[at] === 0x2c && (bytes[at + 9]! & 0x80) !== 0) table = at + 10
  if (transparent === undefined) return undefined
  const entry = table + transparent * 3
  const [red, green, blue] = bytes.subarray(entry, entry + 3)
  return red === undefined || green === undefined || blue === undefined ? undefined : [red, green, blue]
}

/** Bytes of the colour table that a flag byte announces. */
function tableBytes(flags: number): number {
  return (flags & 0x80) === 0 ? 0 : 3 * 2 ** ((flags & 7) + 1)
}
