import type { Checkpoint, LoadOptions } from '../load.ts'
import type { RandomAccess } from '../random-access.ts'
import { readTflite } from './read.ts'
import { translateTflite } from './translate.ts'

/** FlatBuffers end below it; in larger files only the data of constants come after. */
const maximalStructure = 2 ** 31 - 1

/**
 * Opens a TensorFlow Lite file. The tensors are the weights in Ocelli's layouts, dequantised as they are read; `network` is
 * a graph on images [n, c, h, w] that computes in float32. Throws a CheckpointError.
 */
export async function openTflite(source: RandomAccess, options: LoadOptions): Promise<Checkpoint> {
  const bytes = await source.read(0, Math.min(source.size, maximalStructure))
  const model = readTflite(bytes, source.name, source.size)
  const { tensors, network } = translateTflite(model, source, bytes, options.quantizedRanges ?? true)
  return {
    format: 'tflite',
    tensors,
    metadata: model.description === '' ? {} : { description: model.description },
    key: '',
    values: {},
    network: async () => network(),
  }
}
