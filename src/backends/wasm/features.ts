const header = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]
const code = (...body: number[]): number[] => [0x0a, body.length + 4, 1, body.length + 2, 0, ...body, 0x0b]

/** A function of three vectors with one result. */
const threeVectors = [...header, 1, 8, 1, 0x60, 3, 0x7b, 0x7b, 0x7b, 1, 0x7b, 3, 2, 1, 0]
const vectors = [0x20, 0, 0x20, 1, 0x20, 2]

/** i8x16.add, twice. */
const simd = [...threeVectors, ...code(...vectors, 0xfd, 0x6e, 0xfd, 0x6e)]
/** f32x4.relaxed_madd. */
const relaxedSimd = [...threeVectors, ...code(...vectors, 0xfd, 0x85, 0x02)]

const valid = (bytes: readonly number[]): boolean => WebAssembly.validate(Uint8Array.from(bytes))

export function hasSimd(): boolean {
  return typeof WebAssembly === 'object' && valid(simd)
}

export function hasRelaxedSimd(): boolean {
  return hasSimd() && valid(relaxedSimd)
}

/** Whether memory can be shared with Workers: in browsers only for pages that are cross-origin isolated. */
export function hasThreads(): boolean {
  const isolated = (globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated
  return typeof SharedArrayBuffer === 'function' && typeof Atomics === 'object' && isolated !== false
}
