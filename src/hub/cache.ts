import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rm, rmdir, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { writeFileAtomic } from '../weights/file.ts'
import { HubError } from './errors.ts'
import { partPath } from './part.ts'
import type { FileIdentity } from './reference.ts'
import { verify } from './verify.ts'

/** A file of weights in the shared folder. */
export interface CachedFile {
  readonly url: string
  readonly name: string
  readonly path: string
  /** On this disk. */
  readonly bytes: number
  /** When it was downloaded, as ISO 8601; null for a download that was broken off and can be continued. */
  readonly downloaded: string | null
}

/** What is written beside a file once it has been checked. */
interface Note {
  readonly url: string
  readonly bytes: number
  readonly sha256: string
  readonly downloaded: string
}

/** Where the file published at an address is kept: under its own name, in a folder that only this address has. */
export function cachePath(home: string, url: string): string {
  const folder = createHash('sha256').update(url).digest('hex').slice(0, 16)
  return join(home, 'weights', folder, fileName(url))
}

/** The published name, without what file systems or terminals might take amiss. */
function fileName(url: string): string {
  const last = new URL(url).pathname.split('/').at(-1) ?? ''
  let decoded = last
  try {
    decoded = decodeURIComponent(last)
  } catch {
    // Not every address is well formed; the encoded name serves as well.
  }
  const plain = decoded.replace(/[^\w.+-]/g, '_').replace(/^[.-]+/, '')
  return plain.slice(-120) || 'weights'
}

function notePath(path: string): string {
  return join(dirname(path), `.${basename(path)}.json`)
}

export function lockPath(path: string): string {
  return join(dirname(path), `.${basename(path)}.lock`)
}

export async function makeFolder(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
}

/** Notes that a file has been checked. */
export async function noteChecked(
  path: string,
  url: string,
  { sha256, bytes }: { readonly sha256: string; readonly bytes: number },
): Promise<void> {
  const note: Note = { url, bytes, sha256, downloaded: new Date().toISOString() }
  await writeFileAtomic(notePath(path), [new TextEncoder().encode(`${JSON.stringify(note)}\n`)])
}

/**
 * Whether a file is in the cache: its size each time, and its hash where nobody has checked it yet, as after putting it there by
 * hand. One of another size than when it was checked is removed. Throws a HubError for a file put there that is not the
 * published one.
 */
export async function isCached(path: string, url: string, identity: FileIdentity): Promise<boolean> {
  const size = await stat(path).then(
    (stats) => (stats.isFile() ? stats.size : null),
    () => null,
  )
  if (size === null) return false
  const note = await readNote(path)
  if (note !== null) {
    if (note.bytes === size) return true
    await forget(path)
    return false
  }
  const checked = await verify(path, identity)
  if ('problem' in checked) {
    throw new HubError(path, `is not the file published at ${url}: ${checked.problem}`, {
      advice: 'remove it',
    })
  }
  await noteChecked(path, url, checked)
  return true
}

async function readNote(path: string): Promise<Note | null> {
  const text = await readFile(notePath(path), 'utf8').catch(() => null)
  try {
    const { url, bytes, sha256, downloaded } = JSON.parse(text ?? 'null') as Record<string, unknown>
    if (typeof url !== 'string' || typeof bytes !== 'number') return null
    return { url, bytes, sha256: String(sha256), downloaded: String(downloaded) }
  } catch {
    return null
  }
}

async function forget(path: string): Promise<void> {
  for (const each of [path, notePath(path), partPath(path), `${partPath(path)}.json`])
    await rm(each, { force: true })
  // Other files of the folder, such as shards, keep it.
  await rmdir(dirname(path)).catch(() => undefined)
}

/** The files in the cache, and downloads that were broken off, by name. */
export async function listCache(home: string): Promise<CachedFile[]> {
  const root = join(home, 'weights')
  const found: CachedFile[] = []
  for (const folder of await readdir(root).catch(() => [])) {
    const inside = join(root, folder)
    for (const name of await readdir(inside).catch(() => [])) {
      const path = join(inside, name)
      const part = /^\.(.+)\.part$/.exec(name)
      const stats = await stat(path).catch(() => null)
      if (!stats?.isFile()) continue
      if (part !== null) {
        const url = await partUrl(path)
        const whole = join(inside, part[1]!)
        found.push({ url, name: part[1]!, path: whole, bytes: stats.size, downloaded: null })
      } else if (!name.startsWith('.')) {
        const note = await readNote(path)
        const downloaded = note?.downloaded ?? stats.mtime.toISOString()
        found.push({ url: note?.url ?? '', name, path, bytes: stats.size, downloaded })
      }
    }
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.path < b.path ? -1 : 1))
}

async function partUrl(part: string): Promise<string> {
  try {
    const { url } = JSON.parse(await readFile(`${part}.json`, 'utf8')) as { url?: unknown }
    return typeof url === 'string' ? url : ''
  } catch {
    return ''
  }
}

/** Removes a file of the cache, and what belongs to it. */
export async function removeCached(file: CachedFile): Promise<void> {
  await forget(file.path)
}
