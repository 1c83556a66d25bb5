import type { Checkpoint, LoadOptions } from './load.ts'
import type { RandomAccess } from './random-access.ts'

/** Tags of arrays: 32-bit floats, 16-bit floats, 8-bit integers, 32-bit floats with a scale. */
const tags: readonly number[] = [0, 0x01306b47, 0x000d4b38, 0x0002c056]

/**
 * Whether a file can be one of ncnn's: a .param file begins with a magic number as text; a .bin file has none, but most begin
 * with the tag of a convolution's weights.
 */
export function looksLikeNcnn(start: Uint8Array, name: string): boolean {
  if (/^7767517\s/.test(String.fromCharCode(...start.subarray(0, 8)))) return true
  if (!name.endsWith('.bin') || start.length < 8) return false
  return tags.includes(new DataView(start.buffer, start.byteOffset, 4).getUint32(0, true))
}

/** Opens a network of ncnn by its .param or its .bin file. Throws a CheckpointError. */
export async function openNcnn(source: RandomAccess, options: LoadOptions): Promise<Checkpoint> {
  // Only those who use the format need its layers.
  const { openNcnnFiles } = await import('./ncnn/open.ts')
  return openNcnnFiles(source, options)
}
