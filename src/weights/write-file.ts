import { type FileHandle, open, readdir, realpath, rename, stat, statfs, unlink } from 'node:fs/promises'
import { hostname } from 'node:os'
import { basename, dirname, join } from 'node:path'

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

/** Whether a process of that number runs on this machine. */
export function isAlive(pid: number): boolean {
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
