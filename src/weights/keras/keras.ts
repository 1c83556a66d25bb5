import type { GraphModel } from '../../onnx/model.ts'
import { CheckpointError } from '../errors.ts'
import type { Dataset } from '../hdf5/dataset.ts'
import { type Group, openHdf5 } from '../hdf5/file.ts'
import { damaged } from '../hdf5/reader.ts'
import type { Checkpoint } from '../load.ts'
import { baseName, bytesAccess, type RandomAccess } from '../random-access.ts'
import { looksLikeHdf5 } from '../signatures.ts'
import type { StoredTensor } from '../state-dict.ts'
import { openZip, type ZipArchive, type ZipEntry } from '../zip.ts'
import { assignWeights, type FileFacts } from './assign.ts'
import { type KerasModel, parseModel } from './config.ts'
import { type Fields, isFields, LayerError } from './fields.ts'
import { readStoredLayers, type StoredLayers } from './store.ts'
import { type LayerWeights, translate } from './translate.ts'

/** What a file says beside its weights. */
interface Description {
  readonly config: unknown
  readonly version: string
  readonly backend: string
}

const weightsMember = 'model.weights.h5'

/**
 * Opens a Keras file: `.h5` with or without the network's structure, in the layouts of Keras 1, 2 and 3, and `.keras`.
 * Tensors are named after their layers, `conv1.weight`, and lie as Ocelli has them. Throws a CheckpointError.
 */
export async function openKeras(source: RandomAccess): Promise<Checkpoint> {
  const start = await source.read(0, Math.min(source.size, 8))
  return looksLikeHdf5(start) ? openKerasHdf5(source) : openKerasArchive(source)
}

async function openKerasHdf5(source: RandomAccess): Promise<Checkpoint> {
  const root = await openHdf5(source)
  const inner = (await root.get('model_weights')) ?? root
  const attribute = async (name: string): Promise<string | undefined> =>
    (await root.strings(name))?.[0] ?? (await (inner as Group).strings(name))?.[0]
  const config = await attribute('model_config')
  const stored = await readStoredLayers(root)
  if (stored === undefined) {
    throw new CheckpointError(
      source.name,
      'an HDF5 file, but not one of Keras: it has no layers with weights',
    )
  }
  return checkpoint(source, stored, {
    config: config === undefined ? undefined : parseJson(config, source.name, 'model_config'),
    version: (await attribute('keras_version')) ?? '',
    backend: (await attribute('backend')) ?? '',
  })
}

async function openKerasArchive(source: RandomAccess): Promise<Checkpoint> {
  const archive = await openZip(source)
  const config = archive.entries.get('config.json')
  const weights = archive.entries.get(weightsMember)
  if (config === undefined || weights === undefined) {
    const names = [...archive.entries.keys()].slice(0, 5).join(', ')
    throw new CheckpointError(
      source.name,
      `a .keras file needs config.json and ${weightsMember}, but this archive holds ${names}`,
      undefined,
      { advice: 'save the model again as one file with HDF5 weights' },
    )
  }
  const member = await openMember(source, archive, weights)
  const stored = await readStoredLayers(await openHdf5(member))
  const metadata = archive.entries.get('metadata.json')
  const about = metadata === undefined ? {} : await readJson(source, archive, metadata)
  const version = isFields(about) && typeof about.keras_version === 'string' ? about.keras_version : '3'
  return checkpoint(member, stored ?? { naming: 'classes', groups: new Map() }, {
    config: await readJson(source, archive, config),
    version,
    backend: '',
  })
}

/** A member that is stored as it is can be read in place. */
async function openMember(source: RandomAccess, archive: ZipArchive, entry: ZipEntry): Promise<RandomAccess> {
  const name = `${source.name}: ${entry.name}`
  if (entry.method !== 0) return bytesAccess(await archive.read(entry), name)
  const offset = await archive.dataOffset(entry)
  const size = Math.min(entry.size, Math.max(0, source.size - offset))
  const member: RandomAccess = {
    name,
    size,
    read: (at, length) => source.read(offset + at, length),
  }
  return member
}

/** A description of a network takes a thousandth of this. */
const maxJsonBytes = 2 ** 28

async function readJson(source: RandomAccess, archive: ZipArchive, entry: ZipEntry): Promise<unknown> {
  if (entry.size > maxJsonBytes) {
    throw new CheckpointError(source.name, `${entry.name} would take ${entry.size} bytes`)
  }
  const text = new TextDecoder().decode(await archive.read(entry))
  return parseJson(text, source.name, entry.name)
}

function parseJson(text: string, file: string, what: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new CheckpointError(file, `${what} is no JSON: ${(error as Error).message}`, undefined, {
      cause: error,
    })
  }
}

function checkpoint(source: RandomAccess, stored: StoredLayers, description: Description): Checkpoint {
  checkSizes(source, stored)
  const { config, version, backend } = description
  const major = Number.parseInt(version, 10) || 0
  const facts: FileFacts = { keras: major, ...theanoFacts(source.name, backend) }
  const metadata: Record<string, string> = {}
  if (version !== '') metadata.keras_version = version
  if (backend !== '') metadata.backend = backend
  return kerasCheckpoint('keras', source.name, config, stored, facts, metadata)
}

/** The name of a file tells how the weights of Keras 1 lie, by its authors' own habit. */
function theanoFacts(path: string, backend: string): Pick<FileFacts, 'outFirst' | 'turned'> {
  const name = baseName(path)
  const outFirst = name.includes('_th_dim_ordering') ? true : name.includes('_tf_dim_ordering') ? false : null
  return { outFirst, turned: backend === 'theano' || name.includes('_th_kernels') }
}

/** Every array has its own bytes, so that they cannot take more than the file has. */
function checkSizes(source: RandomAccess, stored: StoredLayers): void {
  const tensors = new Set([...stored.groups.values()].flatMap((arrays) => arrays.map(({ tensor }) => tensor)))
  let bytes = 0
  for (const tensor of tensors) bytes += (tensor as Dataset).storedBytes
  if (bytes > source.size) {
    const hdf5 = { access: source, addressBytes: 8, lengthBytes: 8 }
    throw damaged(hdf5, `its arrays take ${bytes} bytes, more than the ${source.size} of the file`)
  }
}

/** A checkpoint over arrays of layers, and the structure that goes with them where there is one. */
export function kerasCheckpoint(
  format: 'keras' | 'tfjs',
  file: string,
  config: unknown,
  stored: StoredLayers,
  facts: FileFacts,
  metadata: Readonly<Record<string, string>>,
): Checkpoint {
  const { model, problem } = tryModel(config, file)
  const weights = withErrors(file, () => assignWeights(stored, model, facts))
  const tensors = new Map<string, StoredTensor>()
  for (const [layer, parts] of weights)
    for (const [part, tensor] of parts) tensors.set(`${layer}.${part}`, tensor)
  const base = { format, tensors, metadata, key: '', values: {} }
  if (config === undefined) return base
  return {
    ...base,
    network: async () => {
      if (model === null) throw problem
      return translated(model, weights, facts, file, metadata)
    },
  }
}

/** The weights can be of use where the structure cannot be read. */
function tryModel(config: unknown, file: string): { model: KerasModel | null; problem?: CheckpointError } {
  if (config === undefined) return { model: null }
  try {
    return { model: parseModel(config, file) }
  } catch (error) {
    if (error instanceof CheckpointError) return { model: null, problem: error }
    throw error
  }
}

function translated(
  model: KerasModel,
  weights: LayerWeights,
  facts: FileFacts,
  file: string,
  metadata: Fields,
): GraphModel {
  const version = typeof metadata.keras_version === 'string' ? metadata.keras_version : ''
  return withErrors(file, () => translate(model, weights, facts.keras || 2, file, `Keras ${version}`.trim()))
}

/** Settings that make no sense end in a CheckpointError. */
function withErrors<T>(file: string, run: () => T): T {
  try {
    return run()
  } catch (error) {
    if (!(error instanceof LayerError)) throw error
    throw new CheckpointError(file, `a layer ${error.message}`, undefined, { cause: error })
  }
}
