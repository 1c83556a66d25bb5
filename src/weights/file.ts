import { type FileHandle, open, stat } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join } from 'node:path'
import type { GraphModel } from '../onnx/index.ts'
import { needsExternalData, onnxChunks } from '../onnx/write.ts'
import type { Tensor } from '../tensor/index.ts'
import { bufferedAccess } from './buffered.ts'
import { CheckpointError } from './errors.ts'
import { storeTensors } from './from-tensors.ts'
import {
  type Checkpoint,
  type LoadedStateDict,
  type LoadOptions,
  loadStateDict,
  openCheckpoint,
} from './load.ts'
import { pyTorchChunks } from './pytorch.ts'
import type { RandomAccess } from './random-access.ts'
import { safetensorsChunks } from './safetensors-write.ts'
import type { WeightTensor } from './state-dict.ts'
import {
  readTrainingCheckpoint,
  type TrainingCheckpoint,
  trainingCheckpointChunks,
} from './training-checkpoint.ts'
import { writeFileAtomic } from './write-file.ts'

export { readDarknetConfig, saveDarknet } from './darknet/file.ts'
export { FileWriteError, writeFileAtomic } from './write-file.ts'

/** An open file; close it when no more tensors are to be read from it. */
export interface FileAccess extends RandomAccess {
  close(): Promise<void>
}

/** Random access to a file. Throws a CheckpointError where it cannot be opened. */
export async function openFile(path: string): Promise<FileAccess> {
  let handle: FileHandle | undefined
  let size: number
  try {
    handle = await open(path, 'r')
    const stats = await handle.stat()
    if (!stats.isFile()) throw new Error(stats.isDirectory() ? 'it is a folder' : 'it is not a regular file')
    size = stats.size
  } catch (error) {
    await handle?.close()
    const { code, message } = error as NodeJS.ErrnoException
    const why = code === 'ENOENT' ? 'no such file' : `cannot be opened: ${message}`
    throw new CheckpointError(path, why, undefined, { cause: error })
  }
  const file = handle
  const opened: FileAccess[] = []
  return {
    ...bufferedAccess({
      name: path,
      size,
      readAhead: 256 << 10,
      longest: 4 << 20,
      fill: (offset, parts) => readParts(file, path, offset, parts),
    }),
    async sibling(name) {
      // What a file says of its neighbours must not lead elsewhere.
      if (isAbsolute(name) || name.split(/[\\/]/).includes('..')) {
        throw new CheckpointError(path, `names a file outside of its folder: ${name}`)
      }
      const beside = join(dirname(path), name)
      if (!(await stat(beside).catch(() => null))?.isFile()) return null
      const access = await openFile(beside)
      opened.push(access)
      return access
    },
    async close() {
      await file.close()
      for (const access of opened) await access.close()
    },
  }
}

/** Fills the parts, one after another, with what begins at `offset`. */
async function readParts(
  file: FileHandle,
  path: string,
  offset: number,
  parts: readonly Uint8Array[],
): Promise<void> {
  let position = offset
  for (let rest = after(parts, 0); rest.length > 0; ) {
    // One call can take at most 2 GiB.
    const whole = rest[0]!.length > 2 ** 30 ? [rest[0]!.subarray(0, 2 ** 30)] : rest
    const { bytesRead } = await file.readv(whole, position)
    if (bytesRead === 0) {
      throw new CheckpointError(path, 'the file became shorter while it was read', position)
    }
    position += bytesRead
    rest = after(rest, bytesRead)
  }
}

/** What is left of the parts after their first `count` bytes. */
function after(parts: readonly Uint8Array[], count: number): Uint8Array[] {
  let done = 0
  let left = count
  while (done < parts.length && parts[done]!.length <= left) left -= parts[done++]!.length
  const [first, ...others] = parts.slice(done)
  return first === undefined ? [] : [first.subarray(left), ...others]
}

/** An open weight file on disk. */
export interface CheckpointFile extends Checkpoint {
  close(): Promise<void>
}

/** openCheckpoint for a file on disk, told by its first bytes and not its extension. */
export async function openCheckpointFile(path: string, options?: LoadOptions): Promise<CheckpointFile> {
  const file = await openFile(path)
  try {
    return { ...(await openCheckpoint(file, options)), close: file.close }
  } catch (error) {
    await file.close()
    throw error
  }
}

/** loadStateDict for a file on disk. */
export async function loadStateDictFile(path: string, options?: LoadOptions): Promise<LoadedStateDict> {
  const file = await openFile(path)
  try {
    return await loadStateDict(file, options)
  } finally {
    await file.close()
  }
}

/** Writes a safetensors file, such as of a network's `stateDict()`, atomically; see writeFileAtomic. */
export async function saveSafetensors(
  path: string,
  tensors: ReadonlyMap<string, Tensor | WeightTensor>,
  metadata?: Readonly<Record<string, string>>,
): Promise<void> {
  await writeFileAtomic(path, safetensorsChunks(await storeTensors(tensors), metadata).chunks)
}

/** Writes a file that `torch.load` opens, atomically; see pyTorchChunks for what it holds and writeFileAtomic for how. */
export async function savePyTorch(
  path: string,
  tensors: ReadonlyMap<string, Tensor | WeightTensor>,
  metadata?: Readonly<Record<string, string>>,
): Promise<void> {
  const { chunks } = await pyTorchChunks(await storeTensors(tensors), metadata)
  await writeFileAtomic(path, chunks)
}

/** Writes a training checkpoint atomically: a run killed at any moment leaves the old one or the new one, whole. */
export async function saveTrainingCheckpoint(path: string, checkpoint: TrainingCheckpoint): Promise<void> {
  await writeFileAtomic(path, trainingCheckpointChunks(checkpoint).chunks)
}

/** Reads a training checkpoint. Throws a CheckpointError. */
export async function loadTrainingCheckpoint(path: string): Promise<TrainingCheckpoint> {
  const file = await openFile(path)
  try {
    return await readTrainingCheckpoint(file)
  } finally {
    await file.close()
  }
}

/**
 * Writes an .onnx file; see onnxChunks. Above 2 GiB, and where `threshold` is given, initializers of so many bytes or
 * more (1024 unless given) go into a file beside it, named as the model with `.data` after it, which is written first.
 * Each file is written atomically; see writeFileAtomic. Returns the paths written, the model's first.
 */
export async function saveOnnx(
  path: string,
  model: GraphModel,
  options: { readonly threshold?: number } = {},
): Promise<readonly string[]> {
  const external = options.threshold !== undefined || needsExternalData(model)
  const location = `${basename(path)}.data`
  const files = await onnxChunks(model, external ? { location, ...options } : undefined)
  const beside = join(dirname(path), location)
  if (files.data !== null) await writeFileAtomic(beside, files.data.chunks)
  await writeFileAtomic(path, files.model.chunks)
  return files.data === null ? [path] : [path, beside]
}
