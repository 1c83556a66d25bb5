import type { Tensor } from '../../tensor/index.ts'
import { CheckpointError } from '../errors.ts'
import { openFile, writeFileAtomic } from '../file.ts'
import { storeTensors } from '../from-tensors.ts'
import type { WeightTensor } from '../state-dict.ts'
import type { DarknetConfig } from './config.ts'
import { parseDarknetConfig } from './parse.ts'
import { type DarknetWriteOptions, darknetChunks } from './weights.ts'

const maxConfigBytes = 2 ** 24

/** Reads a Darknet .cfg file; see parseDarknetConfig. Throws a CheckpointError. */
export async function readDarknetConfig(path: string): Promise<DarknetConfig> {
  const file = await openFile(path)
  try {
    if (file.size > maxConfigBytes) {
      throw new CheckpointError(path, `${file.size} bytes are too many for a .cfg file of Darknet`)
    }
    return parseDarknetConfig(new TextDecoder().decode(await file.read(0, file.size)), path)
  } finally {
    await file.close()
  }
}

/**
 * Writes a Darknet .weights file atomically, of the `stateDict()` of a network that `createDarknet` made of the configuration;
 * see darknetChunks and writeFileAtomic.
 */
export async function saveDarknet(
  path: string,
  config: DarknetConfig,
  tensors: ReadonlyMap<string, Tensor | WeightTensor>,
  options?: DarknetWriteOptions,
): Promise<void> {
  await writeFileAtomic(path, darknetChunks(config, await storeTensors(tensors), options).chunks)
}
