import type { Tensor } from '../../tensor/index.ts'
import { openFile, writeFileAtomic } from '../file.ts'
import { storeTensors } from '../from-tensors.ts'
import type { WeightTensor } from '../state-dict.ts'
import type { DarknetConfig } from './config.ts'
import { configFrom } from './open.ts'
import { type DarknetWriteOptions, darknetChunks } from './weights.ts'

/** Reads a Darknet .cfg file; see parseDarknetConfig. Throws a CheckpointError, also for layers that do not fit together. */
export async function readDarknetConfig(path: string): Promise<DarknetConfig> {
  const file = await openFile(path)
  try {
    return await configFrom(file)
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
