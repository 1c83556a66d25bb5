import { CheckpointError } from '../errors.ts'
import type { LoadOptions } from '../load.ts'
import { baseName, type RandomAccess } from '../random-access.ts'
import type { DarknetConfig } from './config.ts'
import { darknetParameters } from './parameters.ts'
import { parseDarknetConfig } from './parse.ts'
import { type DarknetWeights, openDarknet } from './weights.ts'

const maxConfigBytes = 2 ** 24

/** The network that a .cfg file describes. Throws a CheckpointError, also for layers that do not fit together. */
export async function configFrom(source: RandomAccess): Promise<DarknetConfig> {
  if (source.size > maxConfigBytes) {
    throw new CheckpointError(source.name, `${source.size} bytes are too many for a .cfg file of Darknet`)
  }
  const config = parseDarknetConfig(new TextDecoder().decode(await source.read(0, source.size)), source.name)
  darknetParameters(config, source.name)
  return config
}

/** Opens a .weights file with the network given, or that of the structure's file, or that of the .cfg beside it. */
export async function openWithConfig(
  source: RandomAccess,
  { darknet, structure }: Pick<LoadOptions, 'darknet' | 'structure'>,
): Promise<DarknetWeights> {
  if (darknet !== undefined) return openDarknet(source, darknet)
  const beside = baseName(source.name).replace(/\.(weights|conv\.\d+)$/i, '') + '.cfg'
  const config = structure ?? (await source.sibling?.(beside))
  if (!config) {
    throw new CheckpointError(
      source.name,
      'Darknet weights, whose numbers have no names: give their .cfg',
      undefined,
      { advice: `or put it beside them as ${beside}` },
    )
  }
  return openDarknet(source, await configFrom(config))
}
