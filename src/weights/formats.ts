import type { GraphModel } from '../onnx/model.ts'
import { looksLikeCaffe, openCaffe } from './caffe.ts'
import type { DarknetConfig } from './darknet/config.ts'
import { openWithConfig } from './darknet/open.ts'
import { type DarknetWriteOptions, darknetChunks, darknetSeenKey } from './darknet/weights.ts'
import type { Checkpoint, LoadOptions } from './load.ts'
import { looksLikeNcnn, openNcnn } from './ncnn.ts'
import { looksLikePickle, looksLikeZip, openPyTorch, pyTorchChunks } from './pytorch.ts'
import type { RandomAccess } from './random-access.ts'
import { looksLikeSafetensors, openSafetensors } from './safetensors.ts'
import type { FileChunks } from './safetensors-write.ts'
import { safetensorsChunks } from './safetensors-write.ts'
import { looksLikeShardIndex, openShardedSafetensors } from './sharded.ts'
import { looksLikeHdf5, looksLikeKerasArchive, looksLikeTfjs } from './signatures.ts'
import type { StateDict } from './state-dict.ts'
import { isTrainingCheckpoint, trainingParts } from './training-checkpoint.ts'

/** What a file of weights is to hold. */
export interface FileContents {
  readonly tensors: StateDict
  readonly metadata: Readonly<Record<string, string>>
  /** The network as a graph, for formats that hold one. */
  readonly network?: GraphModel
  /** The network of a Darknet file, and how many of its layers are written. */
  readonly darknet?: DarknetWriteOptions & { readonly config: DarknetConfig }
}

export type FormatName =
  | 'caffe'
  | 'darknet'
  | 'keras'
  | 'ncnn'
  | 'onnx'
  | 'pytorch'
  | 'safetensors'
  | 'sharded'
  | 'tfjs'
  | 'tflite'

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
  keras: {
    title: 'Keras',
    extensions: ['.h5', '.hdf5', '.keras'],
    holds: 'network',
    dtypes: 'all of the format but complex numbers',
    limits: 'Lambda layers and custom classes are refused by name: their code is not in the file, or not run',
    matches: (start, name) => looksLikeHdf5(start) || looksLikeKerasArchive(start, name),
    open: async (source) => (await import('./keras/keras.ts')).openKeras(source),
    write: null,
  },
  tfjs: {
    title: 'TensorFlow.js',
    extensions: ['model.json'],
    holds: 'network',
    dtypes: 'all of the format but strings and complex numbers; quantized weights become float32',
    limits: 'layers models only; the files that model.json names belong beside it',
    matches: looksLikeTfjs,
    open: async (source) => (await import('./tfjs/tfjs.ts')).openTfjs(source),
    write: null,
  },
  sharded: {
    title: 'safetensors, sharded',
    extensions: ['.index.json'],
    holds: 'weights',
    dtypes: 'all of the format',
    limits: 'the files that weight_map names belong beside it; read over HTTP by ranges, too',
    matches: looksLikeShardIndex,
    open: async (source) => {
      const { tensors, metadata } = await openShardedSafetensors(source)
      return { format: 'safetensors-sharded', tensors, metadata, key: '', values: {} }
    },
    write: null,
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
  onnx: {
    title: 'ONNX',
    extensions: ['.onnx'],
    holds: 'network',
    dtypes: 'all but strings, complex128, 4-bit types and the fnuz kinds of float8',
    limits:
      'operators: see docs/onnx-operators.md; sparse tensors are refused; weights in other files of the same folder are read',
    matches: looksLikeOnnx,
    open: async (source) => (await import('../onnx/read.ts')).openOnnx(source),
    write: async ({ network, metadata }) => {
      if (network === undefined)
        throw new RangeError('an .onnx file holds a network, not weights alone: give --model')
      const { onnxChunks } = await import('../onnx/write.ts')
      return (await onnxChunks({ ...network, metadata: { ...network.metadata, ...metadata } })).model
    },
  },
  caffe: {
    title: 'Caffe',
    extensions: ['.caffemodel', '.prototxt'],
    holds: 'network',
    dtypes: 'float32, float64, and float16 as NVIDIA stores it',
    limits:
      'a pair of files, of which the .prototxt can be missing; recurrent and Python layers are refused by name, and files of before 2014',
    matches: looksLikeCaffe,
    open: openCaffe,
    write: null,
  },
  darknet: {
    title: 'Darknet',
    extensions: ['.weights'],
    holds: 'network',
    dtypes: 'float32',
    limits:
      'with the .cfg of the network, beside it or given; headers of all versions, and cut-offs such as .conv.74',
    matches: looksLikeDarknet,
    open: openWithConfig,
    write: async ({ tensors, metadata, darknet }) => {
      if (darknet === undefined) {
        throw new RangeError(
          "numbers in Darknet's files have no names: give the network's configuration (--cfg, --model)",
        )
      }
      const seen = metadata[darknetSeenKey] ?? ''
      return darknetChunks(darknet.config, tensors, {
        ...(/^\d{1,19}$/.test(seen) && { seen: BigInt(seen) }),
        ...darknet,
      })
    },
  },
  tflite: {
    title: 'TensorFlow Lite',
    extensions: ['.tflite'],
    holds: 'network',
    dtypes: 'float, and integers of 8 to 64 bits; quantised weights become float32',
    limits:
      'the first subgraph; sparse tensors, 4-bit weights, custom and recurrent operators are refused by name',
    matches: (start) => String.fromCharCode(...start.subarray(4, 8)) === 'TFL3',
    open: async (source, options) => (await import('./tflite/open.ts')).openTflite(source, options),
    write: null,
  },
}

/** The formats with their names, as they are tried. */
export const formatList: readonly (readonly [FormatName, FormatDefinition])[] = Object.entries(formats) as [
  FormatName,
  FormatDefinition,
][]

/** By its name, or by the versions 0.1 and 0.2 that nearly all files begin with. */
function looksLikeDarknet(start: Uint8Array, name: string): boolean {
  if (/\.(weights|conv\.\d+)$/.test(name)) return true
  const [major, minor, revision] = [start.subarray(0, 4), start.subarray(4, 8), start.subarray(8, 12)]
  const isByte = ([low, ...rest]: Uint8Array): boolean => low! < 16 && rest.every((byte) => byte === 0)
  return (
    start.length >= 16 &&
    major.every((byte) => byte === 0) &&
    [1, 2].includes(minor[0]!) &&
    isByte(minor) &&
    isByte(revision)
  )
}

/** A ModelProto begins with the version of its format, then comes who made it, the graph or the operator sets. */
function looksLikeOnnx(start: Uint8Array, name: string): boolean {
  if (name.endsWith('.onnx')) return true
  const next = start[2] ?? 0
  return start[0] === 0x08 && start[1]! > 0 && start[1]! < 32 && [0x12, 0x1a, 0x22, 0x3a, 0x42].includes(next)
}

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
