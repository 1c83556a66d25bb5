import type { GraphModel } from '../onnx/model.ts'
import type { DarknetConfig } from './darknet/config.ts'
import { CheckpointError } from './errors.ts'
import { formatList, formats } from './formats.ts'
import { looksLikeZip, type PyTorchOptions } from './pytorch.ts'
import type { PlainValue } from './pytorch-values.ts'
import { blobAccess, bytesAccess, type RandomAccess } from './random-access.ts'
import type { StateDict, StoredTensor } from './state-dict.ts'
import { readAll } from './training-checkpoint.ts'

export type CheckpointFormat =
  | 'safetensors'
  | 'safetensors-sharded'
  | 'ocelli-training'
  | 'pytorch-zip'
  | 'pytorch-legacy'
  | 'pickle'
  | 'keras'
  | 'tfjs'
  | 'ncnn'
  | 'onnx'
  | 'caffe'
  | 'tflite'
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
  /** Reads the network's structure, where the format holds it; its initializers bear the names of `tensors`. */
  readonly network?: () => Promise<GraphModel>
}

export interface LoadedStateDict extends Omit<Checkpoint, 'tensors'> {
  readonly tensors: StateDict
}

export type WeightSource = Uint8Array | Blob | RandomAccess

/** How a file is read; the options of PyTorch concern its files alone. */
export interface LoadOptions extends PyTorchOptions {
  /** What messages call a source that has no name of its own. */
  readonly name?: string
  /**
   * The network of a Darknet .weights file, which does not say itself what its numbers are; see `parseDarknetConfig`. By default
   * the .cfg beside the file.
   */
  readonly darknet?: DarknetConfig
  /** The file of the network's structure, for formats that keep it apart, where it does not bear the other's name. */
  readonly structure?: RandomAccess
  /**
   * Of quantised networks (TensorFlow Lite): whether activations are held to the range that their type can hold, as some
   * files have no other activation. True unless given.
   */
  readonly quantizedRanges?: boolean
}

/**
 * Opens a weight file, whatever its extension: the format is told by the first bytes. A zip archive around one weight file is
 * looked into, and an index of safetensors shards brings the files that it names. Of a training checkpoint of
 * Ocelli, `tensors` are the model's. Throws a CheckpointError that says what the file seems to be.
 */
export async function openCheckpoint(source: WeightSource, options: LoadOptions = {}): Promise<Checkpoint> {
  const access = toAccess(source, options.name)
  const start = await access.read(0, Math.min(access.size, 512))
  if (looksLikeZip(start)) {
    const { wrappedFile } = await import('./pytorch-zip.ts')
    const inner = await wrappedFile(access)
    if (inner !== undefined) return openUnwrapped(inner, options)
  }
  return openUnwrapped(access, options)
}

async function openUnwrapped(access: RandomAccess, options: LoadOptions): Promise<Checkpoint> {
  const start = await access.read(0, Math.min(access.size, 512))
  const name = access.name.toLowerCase()
  const format = formatList.find(([, { matches }]) => matches(start, name))
  if (format !== undefined) return format[1].open(access, options)
  // Old versions and cut-offs under any name.
  if (options.darknet !== undefined) return formats.darknet.open(access, options)
  const titles = formatList.map(([, { title }]) => title)
  throw new CheckpointError(access.name, `${guess(start)}; what can be read: ${titles.join(', ')}`)
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

const known: readonly (readonly [start: string | RegExp, what: string])[] = [
  [/^$/, 'the file is empty'],
  ['version https://git-lfs', 'a Git LFS pointer instead of the file it stands for: run git lfs pull'],
  [/^\s*</, 'an HTML or XML page, perhaps what a server sent instead of the file: download it again'],
  ['\x1f\x8b', 'packed with gzip: unpack it first'],
  ['BZh', 'packed with bzip2: unpack it first'],
  ['\xfd7zXZ', 'packed with xz: unpack it first'],
  ['7z\xbc\xaf', 'a 7z archive: unpack it first'],
  ['PK\x05\x06', 'a zip archive without members'],
  ['\x93NUMPY', 'a numpy array (.npy), without names'],
  [/^.{257}ustar/s, 'a tar archive; if PyTorch before 0.1.10 wrote it, load it in Python and save it again'],
]

function guess(start: Uint8Array): string {
  const text = String.fromCharCode(...start)
  const hit = known.find(([begin]) => (typeof begin === 'string' ? text.startsWith(begin) : begin.test(text)))
  const hex = [...start.subarray(0, 8)].map((b) => b.toString(16).padStart(2, '0')).join(' ')
  return hit === undefined ? `no known weight format (it begins with ${hex})` : hit[1]
}
