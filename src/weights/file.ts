import { type FileHandle, open, readdir, realpath, rename, stat, statfs, unlink } from 'node:fs/promises'
import { hostname } from 'node:os'
import { basename, dirname, isAbsolute, join } from 'node:path'
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

export { readDarknetConfig, saveDarknet } from './darknet/file.ts'

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

/** A file that could not be written, or not for certain; the message says what there is now. */
export class FileWriteError extends Error {
  override readonly name = 'FileWriteError'
  readonly path: string
  /** The system's code, such as ENOSPC. */
  readonly code: string | undefined
  /** Bytes that the whole file takes. */
  readonly neededBytes: number

  constructor(path: string, what: string, code: string | undefined, neededBytes: number, cause: unknown) {
    super(`${path}: ${what}`, { cause })
    this.path = path
    this.code = code
    this.neededBytes = neededBytes
  }
}

/**
 * Writes a file so that at every moment, a crash or a full disk included, the path holds the old contents or the
 * new, whole: into a temporary file in the same folder, flushed to the disk, then renamed. A symbolic link is written
 * through. On any error the temporary file is removed and a FileWriteError thrown.
 */
export async function writeFileAtomic(path: string, chunks: readonly Uint8Array[]): Promise<void> {
  const needed = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
  const target = await realpath(path).catch(() => path)
  const folder = dirname(target)
  // Cut, since names are limited to 255 bytes on most file systems.
  const prefix = `.${basename(target).slice(0, 40)}.${hostname()}-`
  const temporary = join(folder, `${prefix}${process.pid}-${crypto.randomUUID().slice(0, 8)}.tmp`)
  let handle: FileHandle | undefined
  try {
    await removeAbandoned(folder, prefix)
    handle = await open(temporary, 'wx')
    const mode = await stat(target).then(
      (stats) => stats.mode & 0o777,
      () => undefined,
    )
    if (mode !== undefined) await handle.chmod(mode)
    for (const chunk of chunks) await writeAll(handle, chunk)
    await handle.sync()
    await handle.close()
    handle = undefined
    await rename(temporary, target)
  } catch (error) {
    await handle?.close().catch(() => undefined)
    await unlink(temporary).catch(() => undefined)
    throw await writeError(path, folder, needed, error)
  }
  await syncFolder(folder).catch((error: unknown) => {
    const what = `was written, but may not outlast a power failure (${(error as Error).message})`
    throw new FileWriteError(path, what, (error as NodeJS.ErrnoException).code, needed, error)
  })
}

async function writeAll(handle: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let done = 0; done < chunk.length; ) {
    const { bytesWritten } = await handle.write(chunk, done, Math.min(chunk.length - done, 2 ** 30))
    done += bytesWritten
  }
}

/** Removes what runs on this machine that were killed while writing the same file have left behind. */
async function removeAbandoned(folder: string, prefix: string): Promise<void> {
  // A folder that may be written but not listed is no reason to fail.
  const names = await readdir(folder).catch(() => [])
  for (const name of names) {
    if (!name.startsWith(prefix)) continue
    const match = /^(\d+)-[0-9a-f]{8}\.tmp$/.exec(name.slice(prefix.length))
    if (match !== null && !isAlive(Number(match[1]))) await unlink(join(folder, name)).catch(() => undefined)
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

async function writeError(
  path: string,
  folder: string,
  needed: number,
  error: unknown,
): Promise<FileWriteError> {
  const { code, message } = error as NodeJS.ErrnoException
  const old = await stat(path).then(
    () => 'the old file is intact',
    () => 'no file was left behind',
  )
  if (code !== 'ENOSPC' && code !== 'EDQUOT') {
    return new FileWriteError(path, `could not be written (${message}); ${old}`, code, needed, error)
  }
  const free = await statfs(folder).then(
    ({ bavail, bsize }) => `${bavail * bsize} bytes are free`,
    () => 'less is free',
  )
  const what =
    `the disk is full: the file takes ${needed} bytes, and ${free} in ${folder}; ${old}. ` +
    'Free some space or save elsewhere'
  return new FileWriteError(path, what, code, needed, error)
}

/** Makes the rename itself last through a power failure, where the system can: Windows and some network drives cannot. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'EINVAL' && code !== 'ENOTSUP') throw error
  } finally {
    await handle.close()
  }
}
