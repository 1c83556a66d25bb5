import type { Checkpoint, LoadOptions } from './load.ts'
import type { RandomAccess } from './random-access.ts'

/** The first bytes of a .caffemodel: the tags of the fields of a network, such as its name and its layers. */
const tags: readonly number[] = [0x0a, 0x12, 0x1a, 0x20, 0x22, 0x28, 0x32, 0x38, 0x42, 0xa2]

/** Whether a file can be one of Caffe's, which little but their names tells. */
export function looksLikeCaffe(start: Uint8Array, name: string): boolean {
  if (name.endsWith('.caffemodel')) return tags.includes(start[0] ?? -1)
  return /\.prototxt(\.txt)?$/.test(name)
}

/** Opens a network of Caffe by its .caffemodel or its .prototxt file. Throws a CheckpointError. */
export async function openCaffe(source: RandomAccess, options: LoadOptions): Promise<Checkpoint> {
  // Only those who use the format need its layers.
  const { openCaffeFiles } = await import('./caffe/open.ts')
  return openCaffeFiles(source, options)
}
