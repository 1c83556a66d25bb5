import type { Checkpoint, LoadOptions } from './load.ts'
import { looksLikeNcnn, openNcnn } from './ncnn.ts'
import { looksLikePickle, looksLikeZip, openPyTorch, pyTorchChunks } from './pytorch.ts'
import type { RandomAccess } from './random-access.ts'
import { looksLikeSafetensors, openSafetensors } from './safetensors.ts'
import type { FileChunks } from './safetensors-write.ts'
import { safetensorsChunks } from './safetensors-write.ts'
import type { StateDict } from './state-dict.ts'
import { isTrainingCheckpoint, trainingParts } from './training-checkpoint.ts'

/** What a file of weights is to hold. */
export interface FileContents {
  readonly tensors: StateDict
  readonly metadata: Readonly<Record<string, string>>
}

export type FormatName = 'ncnn' | 'pytorch' | 'safetensors'

/** One format of weight files; `docs/formats.md` is made from these. */
export interface FormatDefinition {
  readonly title: string
  /** Lower case with the dot; a file that is written gets one of them. */
  readonly extensions: readonly string[]
  /** 'weights', or 'network' where the file holds the network's structure, too. */
  readonly holds: 'weights' | 'network'
  /** Element types, as a reader of the documentation wants to know them. */
  readonly dtypes: string
  /** What is not read or written, and other files that belong to one of this format. */
  readonly limits: string
  /** Whether a file can be of this format. @param start Its first 512 bytes. @param name In lower case. */
  readonly matches: (start: Uint8Array, name: string) => boolean
  /** Throws a CheckpointError where the file is not as the format wants it. */
  readonly open: (source: RandomAccess, options: LoadOptions) => Promise<Checkpoint>
  /** Null for formats that are only read. A RangeError where the format cannot hold something. */
  readonly write: ((contents: FileContents) => Promise<FileChunks>) | null
}

/** Every format, in the order in which a file is tried: those that are told by their content before those told by name. */
export const formats: Readonly<Record<FormatName, FormatDefinition>> = {
  safetensors: {
    title: 'safetensors',
    extensions: ['.safetensors'],
    holds: 'weights',
    dtypes: 'all of the format',
    limits: '',
    matches: looksLikeSafetensors,
    open: openSafetensorsOrTraining,
    write: async ({ tensors, metadata }) => safetensorsChunks(tensors, metadata),
  },
  pytorch: {
    title: 'PyTorch',
    extensions: ['.pth', '.pt', '.th'],
    holds: 'weights',
    dtypes: 'all of torch with a dtype here; written: all but float8 and unsigned integers above 8 bits',
    limits: 'written below 4 GiB; sparse and quantized tensors are refused by name',
    matches: (start) => looksLikeZip(start) || looksLikePickle(start),
    open: openPyTorch,
    write: ({ tensors, metadata }) => pyTorchChunks(tensors, metadata),
  },
  ncnn: {
    title: 'ncnn',
    extensions: ['.param', '.bin'],
    holds: 'network',
    dtypes: 'float32, float16; 8-bit weights and tables of 256 values become float32',
    limits: 'a pair of files; the structure as text only; recurrent and attention layers are refused by name',
    matches: looksLikeNcnn,
    open: openNcnn,
    write: null,
  },
}

/** The formats with their names, as they are tried. */
export const formatList: readonly (readonly [FormatName, FormatDefinition])[] = Object.entries(formats) as [
  FormatName,
  FormatDefinition,
][]

async function openSafetensorsOrTraining(source: RandomAccess): Promise<Checkpoint> {
  const file = await openSafetensors(source)
  if (!isTrainingCheckpoint(file)) {
    return { format: 'safetensors', tensors: file.tensors, metadata: file.metadata, key: '', values: {} }
  }
  const { model, state } = trainingParts(file, source.name)
  return {
    format: 'ocelli-training',
    tensors: model,
    metadata: file.metadata,
    key: 'model',
    values: state as Checkpoint['values'],
  }
}

/** The format whose files have the extension of the path, of those that can be written. */
export function writerFor(path: string): FormatDefinition | undefined {
  const lower = path.toLowerCase()
  return formatList.find(
    ([, { write, extensions }]) =>
      write !== null && extensions.some((extension) => lower.endsWith(extension)),
  )?.[1]
}

/** The extensions of files that can be written. */
export function writtenExtensions(): readonly string[] {
  return formatList.flatMap(([, { write, extensions }]) => (write === null ? [] : extensions))
}
