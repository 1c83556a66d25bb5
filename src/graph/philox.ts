/**
 * Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011): a counter-based generator. The same
 * counter and key give the same four words on every backend.
 *
 * Fills `out`, whose length is a multiple of 8, with the words of consecutive counters from the given one on; the counter's
 * first two words count (the first is the lower), the last two stay.
 */
export function philox4x32(counter: ArrayLike<number>, key: ArrayLike<number>, out: Uint32Array): void {
  let low = counter[0]! | 0
  let high = counter[1]! | 0
  const fixed2 = counter[2]! | 0
  const fixed3 = counter[3]! | 0
  const key0 = key[0]! | 0
  const key1 = key[1]! | 0
  // Two blocks at a time: each is a chain of multiplications that leaves the processor room for another one.
  for (let at = 0; at < out.length; at += 8) {
    let a0 = low
    let a1 = high
    let a2 = fixed2
    let a3 = fixed3
    low = (low + 1) | 0
    if (low === 0) high = (high + 1) | 0
    let b0 = low
    let b1 = high
    let b2 = fixed2
    let b3 = fixed3
    low = (low + 1) | 0
    if (low === 0) high = (high + 1) | 0
    let k0 = key0
    let k1 = key1
    for (let round = 0; round < 10; round++) {
      const aHigh0 = multiplyHigh(0xd251, 0x1f53, a0)
      const aHigh2 = multiplyHigh(0xcd9e, 0x8d57, a2)
      const aLow0 = Math.imul(0xd2511f53, a0)
      const aLow2 = Math.imul(0xcd9e8d57, a2)
      a0 = aHigh2 ^ a1 ^ k0
      a1 = aLow2
      a2 = aHigh0 ^ a3 ^ k1
      a3 = aLow0
      const bHigh0 = multiplyHigh(0xd251, 0x1f53, b0)
      const bHigh2 = multiplyHigh(0xcd9e, 0x8d57, b2)
      const bLow0 = Math.imul(0xd2511f53, b0)
      const bLow2 = Math.imul(0xcd9e8d57, b2)
      b0 = bHigh2 ^ b1 ^ k0
      b1 = bLow2
      b2 = bHigh0 ^ b3 ^ k1
      b3 = bLow0
      k0 = (k0 + 0x9e3779b9) | 0
      k1 = (k1 + 0xbb67ae85) | 0
    }
    out[at] = a0
    out[at + 1] = a1
    out[at + 2] = a2
    out[at + 3] = a3
    out[at + 4] = b0
    out[at + 5] = b1
    out[at + 6] = b2
    out[at + 7] = b3
  }
}

/** The upper 32 bits of the 64-bit product of a * 2^16 + b and c, from products of 16-bit halves. */
function multiplyHigh(a: number, b: number, c: number): number {
  const low = c & 0xffff
  const high = c >>> 16
  const first = (Math.imul(high, b) + (Math.imul(low, b) >>> 16)) | 0
  const second = (Math.imul(low, a) + (first & 0xffff)) | 0
  return (Math.imul(high, a) + (first >>> 16) + (second >>> 16)) | 0
}

/** The uniform float in [0, 1) that a Philox word stands for: its top 24 bits over 2^24, exact in float32. */
export function wordToUniform(word: number): number {
  return (word >>> 8) / 0x1000000
}
