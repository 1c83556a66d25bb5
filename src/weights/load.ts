import type { DarknetConfig } from './darknet/config.ts'
import { openDarknet } from './darknet/weights.ts'
import { CheckpointError } from './errors.ts'
import { looksLikePickle, looksLikeZip, openPyTorch, type PyTorchOptions } from './pytorch.ts'
import type { PlainValue } from './pytorch-values.ts'
import { blobAccess, bytesAccess, type RandomAccess } from './random-access.ts'
import { looksLikeSafetensors, openSafetensors } from './safetensors.ts'
import type { StateDict, StoredTensor } from './state-dict.ts'
import { isTrainingCheckpoint, readAll, trainingParts } from './training-checkpoint.ts'

export type CheckpointFormat =
  | 'safetensors'
  | 'ocelli-training'
  | 'pytorch-zip'
  | 'pytorch-legacy'
  | 'pickle'
  | 'darknet'

/** An open weight file of any known format; the tensors are read on demand. */
export interface Checkpoint {
  readonly format: CheckpointFormat
  readonly tensors: ReadonlyMap<string, StoredTensor>
  /** The text fields of a safetensors header, or what Ocelli wrote into a PyTorch file. */
  readonly metadata: Readonly<Record<string, string>>
  /** Where in the file the tensors were, such as `state_dict`; empty where they are all there is. */
  readonly key: string
  /** What the file holds beside the weights: epoch, best accuracy, the optimizer's state … */
  readonly values: { readonly [key: string]: PlainValue }
}

export interface LoadedStateDict extends Omit<Checkpoint, 'tensors'> {
  readonly tensors: StateDict
}

export type WeightSource = Uint8Array | Blob | RandomAccess

/** How a file is read; those options that are not here concern PyTorch files. */
export interface LoadOptions extends PyTorchOptions {
  /** The network of a Darknet .weights file, which does not say itself what its numbers are; see `parseDarknetConfig`. */
  readonly darknet?: DarknetConfig
  /** What messages call a source that has no name of its own. */
  readonly name?: string
}

/**
 * Opens a weight file, whatever its extension: the format is told by the first bytes. Of a training checkpoint of
 * Ocelli, `tensors` are the model's. Throws a CheckpointError that says what the file seems to be.
 */
export async function openCheckpoint(source: WeightSource, options: LoadOptions = {}): Promise<Checkpoint> {
  const access = toAccess(source, options.name)
  if (options.darknet !== undefined) return openDarknet(access, options.darknet)
  const start = await access.read(0, Math.min(access.size, 512))
  if (looksLikeZip(start) || looksLikePickle(start)) {
    return openPyTorch(access, options)
  }
  if (looksLikeSafetensors(start)) {
    const file = await openSafetensors(access)
    if (!isTrainingCheckpoint(file)) {
      return { format: 'safetensors', tensors: file.tensors, metadata: file.metadata, key: '', values: {} }
    }
    const { model, state } = trainingParts(file, access.name)
    return {
      format: 'ocelli-training',
      tensors: model,
      metadata: file.metadata,
      key: 'model',
      values: state as { readonly [key: string]: PlainValue },
    }
  }
  throw new CheckpointError(
    access.name,
    `${guess(start)}; safetensors and PyTorch files (.pth, .pt, .th) can be read`,
  )
}

/** Opens a weight file of any known format and reads all its tensors; see openCheckpoint. */
export async function loadStateDict(
  source: WeightSource,
  options: LoadOptions = {},
): Promise<LoadedStateDict> {
  const checkpoint = await openCheckpoint(source, options)
  return { ...checkpoint, tensors: await readAll(checkpoint.tensors) }
}

function toAccess(source: WeightSource, name: string | undefined): RandomAccess {
  if (source instanceof Uint8Array) return bytesAccess(source, name)
  return source instanceof Blob ? blobAccess(source, name) : source
}

/** Versions 0.1 and 0.2 of Darknet's files. */
const darknetHint =
  'what Darknet weights (.weights) begin with, whose numbers have no names: give their .cfg with them'

const known: readonly (readonly [start: string | RegExp, what: string])[] = [
  [/^$/, 'the file is empty'],
  ['version https://git-lfs', 'a Git LFS pointer instead of the file it stands for: run git lfs pull'],
  [/^\s*</, 'an HTML or XML page, perhaps what a server sent instead of the file: download it again'],
  ['\x1f\x8b', 'packed with gzip: unpack it first'],
  ['BZh', 'packed with bzip2: unpack it first'],
  ['\xfd7zXZ', 'packed with xz: unpack it first'],
  ['7z\xbc\xaf', 'a 7z archive: unpack it first'],
  ['\0\0\0\0\x01\0\0\0', darknetHint],
  ['\0\0\0\0\x02\0\0\0', darknetHint],
  ['PK\x05\x06', 'a zip archive without members'],
  ['\x89HDF\r\n', 'an HDF5 file, as Keras writes'],
  ['\x93NUMPY', 'a numpy array (.npy), without names'],
  [/^.{4}TFL3/s, 'a TensorFlow Lite model'],
  [/^.{257}ustar/s, 'a tar archive; if PyTorch before 0.1.10 wrote it, load it in Python and save it again'],
]

function guess(start: Uint8Array): string {
  const text = String.fromCharCode(...start)
  const hit = known.find(([begin]) => (typeof begin === 'string' ? text.startsWith(begin) : begin.test(text)))
  const hex = [...start.subarray(0, 8)].map((b) => b.toString(16).padStart(2, '0')).join(' ')
  return hit === undefined ? `no known weight format (it begins with ${hex})` : hit[1]
}
