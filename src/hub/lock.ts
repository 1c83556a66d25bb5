import { randomUUID } from 'node:crypto'
import { type FileHandle, open, readFile, stat, unlink, utimes } from 'node:fs/promises'
import { hostname } from 'node:os'
import { isAlive } from '../weights/write-file.ts'

/** How often the holder shows that it lives, and after how long without that a lock counts as abandoned. */
const heartbeat = 2000
const abandonedAfter = 60_000

export interface FileLock {
  /** Aborted where somebody else has taken the lock, as after a long sleep of this machine. */
  readonly lost: AbortSignal
  readonly release: () => Promise<void>
}

export interface LockOptions {
  readonly signal?: AbortSignal
  /** Called once if the lock is held by another process. */
  readonly onWait?: (holder: string) => void
  /** Asked between tries: true ends the waiting without the lock. */
  readonly done?: () => Promise<boolean>
}

/**
 * A lock between processes: a file that only one can create, with the holder's process and host, touched every two seconds. One
 * whose process is gone, or that nobody has touched for a minute, is broken. Null where `done` was true first.
 */
export async function lockFile(path: string, options: LockOptions = {}): Promise<FileLock | null> {
  const { signal, onWait, done } = options
  const content = JSON.stringify({ pid: process.pid, host: hostname(), nonce: randomUUID() })
  let told = false
  for (let wait = 50; ; wait = Math.min(2 * wait, 1000)) {
    signal?.throwIfAborted()
    if (await done?.()) return null
    const created = await create(path, content)
    if (created) return held(path, content)
    const holder = await describeHolder(path)
    if (holder === null) continue
    if (holder.abandoned) {
      await breakLock(path, holder.content)
      continue
    }
    if (!told) onWait?.(holder.name)
    told = true
    await pause(wait, signal)
  }
}

async function create(path: string, content: string): Promise<boolean> {
  let handle: FileHandle
  try {
    handle = await open(path, 'wx')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
  try {
    await handle.writeFile(content)
  } catch (error) {
    await unlink(path)
    throw error
  } finally {
    await handle.close()
  }
  return true
}

function held(path: string, content: string): FileLock {
  const controller = new AbortController()
  const isOurs = async (): Promise<boolean> => (await readFile(path, 'utf8').catch(() => '')) === content
  const timer = setInterval(() => {
    void isOurs()
      .then(async (ours) => {
        if (!ours) controller.abort(new Error(`another process has taken ${path}`))
        else await utimes(path, new Date(), new Date())
      })
      .catch((error: unknown) => controller.abort(error))
  }, heartbeat)
  timer.unref()
  return {
    lost: controller.signal,
    release: async () => {
      clearInterval(timer)
      if (await isOurs()) await unlink(path).catch(() => undefined)
    },
  }
}

interface Holder {
  readonly name: string
  readonly content: string
  readonly abandoned: boolean
}

/** Null where the lock is gone meanwhile. */
async function describeHolder(path: string): Promise<Holder | null> {
  try {
    const { mtimeMs } = await stat(path)
    const content = await readFile(path, 'utf8')
    const age = Date.now() - mtimeMs
    const { pid, host } = parsed(content)
    const gone = host === hostname() && pid !== undefined && !isAlive(pid)
    return {
      name: pid === undefined ? path : `process ${pid}${host === hostname() ? '' : ` on ${host}`}`,
      content,
      abandoned: gone || age > abandonedAfter,
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

/** A lock that is just being written is empty. */
function parsed(content: string): { pid?: number; host?: string } {
  try {
    const { pid, host } = JSON.parse(content) as { pid?: unknown; host?: unknown }
    return {
      ...(Number.isSafeInteger(pid) && (pid as number) > 0 && { pid: pid as number }),
      ...(typeof host === 'string' && { host }),
    }
  } catch {
    return {}
  }
}

/** Only one of those who wait may remove an abandoned lock, or the second would remove the lock of the first. */
async function breakLock(path: string, content: string): Promise<void> {
  const guard = `${path}.break`
  if (!(await create(guard, ''))) {
    const age = await stat(guard).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => 0,
    )
    if (age > 10_000) await unlink(guard).catch(() => undefined)
    else await pause(20)
    return
  }
  try {
    if ((await readFile(path, 'utf8').catch(() => null)) === content) await unlink(path)
  } finally {
    await unlink(guard)
  }
}

/** Ends early, with the signal's reason, when it is aborted. */
export function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer)
      reject(signal!.reason as Error)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop)
      resolve()
    }, milliseconds)
    signal?.addEventListener('abort', stop, { once: true })
    if (signal?.aborted) stop()
  })
}
