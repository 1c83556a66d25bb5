/**
 * Standard normal numbers from pairs of random words, two for each pair: the transformation of Box and Muller (1958). The
 * pair (v, w) gives r cos(a) and r sin(a), where r = sqrt(-2 ln((v | 1) / 2^32)) and a = 2 pi w / 2^32 with w signed.
 * Logarithm and sine are polynomials, within 1e-8 of the exact numbers: `Math.log` and `Math.sin` are slower, and may
 * differ from one engine to another.
 */
export function boxMuller(words: Uint32Array, from: number, normals: Float64Array, count: number): void {
  for (let i = 0; i < count; i += 2) {
    const word = words[from + i]! | 1
    const shift = Math.clz32(word)
    const bits = word << shift
    // (v | 1) / 2^32 is m / 2^exponent with m between sqrt(1/2) and sqrt(2), so that nothing cancels near 1.
    const doubled = ((bits >>> 1) - 0x5a82799a) >>> 31
    const m = (bits >>> 0) * (1 + doubled) * 2 ** -32
    const exponent = shift + doubled
    const s = (m - 1) / (m + 1)
    const z = s * s
    const log = 2 * s * (1 + z * (1 / 3 + z * (1 / 5 + z * (1 / 7 + z * (1 / 9 + z * (1 / 11))))))
    const radius = Math.sqrt(2 * (exponent * Math.LN2 - log))
    // A quarter of the angle, doubled twice.
    const t = (words[from + i + 1]! | 0) * (Math.PI / 2 ** 33)
    const y = t * t
    const sine =
      t * (1 + y * (-1 / 6 + y * (1 / 120 + y * (-1 / 5040 + y * (1 / 362880 + y * (-1 / 39916800))))))
    const cosine = 1 + y * (-1 / 2 + y * (1 / 24 + y * (-1 / 720 + y * (1 / 40320 + y * (-1 / 3628800)))))
    const sine2 = 2 * sine * cosine
    const cosine2 = 1 - 2 * sine * sine
    normals[i] = radius * (1 - 2 * sine2 * sine2)
    normals[i + 1] = radius * (2 * sine2 * cosine2)
  }
}
