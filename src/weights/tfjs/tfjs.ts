import { CheckpointError } from '../errors.ts'
import type { LayerArray } from '../keras/arrange.ts'
import { append, leavesOf, placeByPrefix } from '../keras/assign.ts'
import { parseModel } from '../keras/config.ts'
import { type Fields, field, fieldsOf, isFields } from '../keras/fields.ts'
import { kerasCheckpoint } from '../keras/keras.ts'
import type { Checkpoint } from '../load.ts'
import type { RandomAccess } from '../random-access.ts'
import { parseManifest } from './manifest.ts'
import { openGroup } from './shards.ts'

/** A description of a network is text; longer ones are something else. */
const maxJsonBytes = 256 << 20

/**
 * Opens a layers model of TensorFlow.js: its model.json, with the files of weights that it names beside it. Tensors are
 * named and lie as those of Keras files do. Throws a CheckpointError; graph models are refused.
 */
export async function openTfjs(source: RandomAccess): Promise<Checkpoint> {
  const root = await readRoot(source)
  const topology = fieldsOf(root, 'modelTopology')
  if (root.format === 'graph-model' || Object.hasOwn(topology, 'node')) {
    throw new CheckpointError(
      source.name,
      'a graph model of TensorFlow.js, of which only layers models are read',
      undefined,
      { advice: 'convert the Keras model that it was made of, or use its .h5 or .keras file' },
    )
  }
  const config = modelConfig(topology)
  const arrays: LayerArray[] = []
  for (const group of parseManifest(root.weightsManifest, source.name)) {
    for (const [name, tensor] of await openGroup(source, group)) arrays.push({ name, tensor })
  }
  const version = field(topology, 'keras_version')
  const metadata: Record<string, string> = {}
  if (typeof version === 'string') metadata.keras_version = version
  // TensorFlow.js calculates as Keras 2 does, and says its own version.
  const facts = { keras: 2, turned: false, outFirst: false }
  const groups = byLayer(arrays, config, source.name)
  return kerasCheckpoint('tfjs', source.name, config, { naming: 'layers', groups }, facts, metadata)
}

async function readRoot(source: RandomAccess): Promise<Fields> {
  if (source.size > maxJsonBytes)
    throw new CheckpointError(source.name, `${source.size} bytes are no model.json`)
  const text = new TextDecoder().decode(await source.read(0, source.size))
  let root: unknown
  try {
    root = JSON.parse(text)
  } catch (error) {
    throw new CheckpointError(source.name, `no JSON: ${(error as Error).message}`, undefined, {
      cause: error,
    })
  }
  if (!isFields(root)) throw new CheckpointError(source.name, 'it is no description of a model')
  return root
}

/** What Keras converts has the settings in `model_config`, which may be text; what TensorFlow.js saves is the settings. */
function modelConfig(topology: Fields): unknown {
  const given = field(topology, 'model_config')
  if (typeof given === 'string') {
    try {
      return JSON.parse(given)
    } catch {
      return undefined
    }
  }
  return given ?? (Object.hasOwn(topology, 'class_name') ? topology : undefined)
}

/** The arrays by the layers whose names theirs begin with. */
function byLayer(
  arrays: readonly LayerArray[],
  config: unknown,
  file: string,
): ReadonlyMap<string, readonly LayerArray[]> {
  const leaves = config === undefined ? [] : leavesOf(parseModel(config, file))
  const placed = placeByPrefix(arrays, leaves)
  if (placed !== undefined) return placed
  const groups = new Map<string, LayerArray[]>()
  for (const array of arrays) {
    const layer = array.name.includes('/') ? array.name.slice(0, array.name.lastIndexOf('/')) : array.name
    append(groups, layer, array)
  }
  return groups
}
