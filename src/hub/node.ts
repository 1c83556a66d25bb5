import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openFile } from '../weights/file.ts'
import { shardNames } from '../weights/sharded.ts'
import { cachePath, isCached, lockPath, makeFolder, noteChecked } from './cache.ts'
import { downloadFile } from './download.ts'
import { unwritable } from './download-errors.ts'
import { HubError } from './errors.ts'
import type { OpenedWeights, WeightLoader } from './loader.ts'
import { lockFile } from './lock.ts'
import type { HubOptions } from './options.ts'
import { type FileIdentity, isRemote, type RemoteFile, resolveReference } from './reference.ts'
import { type HubSettings, hubSettings } from './settings.ts'

export { type CachedFile, listCache, removeCached } from './cache.ts'

/** The folder that all programs on this machine share: `home` of the options, OCELLI_HOME, or the system's cache folder. */
export function hubFolder(options: HubOptions = {}): string {
  return options.home ?? hubSettings().home
}

/**
 * Downloads weights to the shared folder unless they are there, and gives the path of the file: of an index of shards with all
 * its shards beside it. Several processes that want the same file download it once. Throws a HubError.
 */
export async function fetchWeights(file: RemoteFile, options: HubOptions = {}): Promise<string> {
  const settings = settingsFor(options)
  const urls = [file.url, ...(file.alternatives ?? [])]
  // What is known of the first file says nothing of the others.
  const identityOf = (url: string): FileIdentity => (url === file.url ? file : {})
  for (const url of urls) {
    const path = cachePath(settings.home, url)
    if (await isCached(path, url, identityOf(url))) return withShards(path, url, settings, options)
  }
  const missing: HubError[] = []
  for (const url of urls) {
    try {
      const path = cachePath(settings.home, url)
      await fetchFile(url, path, identityOf(url), settings, options)
      return await withShards(path, url, settings, options)
    } catch (error) {
      if (!(error instanceof HubError) || error.status !== 404) throw error
      missing.push(error)
    }
  }
  if (missing.length === 1) throw missing[0]
  const names = urls.map((url) => url.slice(url.lastIndexOf('/') + 1)).join(', ')
  throw new HubError(urls[0]!, `the repository has none of ${names}, or is not there`, {
    status: 404,
    advice: 'look at its page and name the file: hf:owner/repository/file',
  })
}

function settingsFor(options: HubOptions): HubSettings {
  const settings = hubSettings()
  return {
    ...settings,
    home: options.home ?? settings.home,
    offline: options.offline ?? settings.offline,
  }
}

/** Where weights are, or would be put, in the shared folder. */
export function cachedPath(file: RemoteFile, options: HubOptions = {}): string {
  return cachePath(hubFolder(options), file.url)
}

/** The path of weights that are in the shared folder; null for others. */
export async function findCached(file: RemoteFile, options: HubOptions = {}): Promise<string | null> {
  for (const url of [file.url, ...(file.alternatives ?? [])]) {
    const path = cachePath(hubFolder(options), url)
    if (await isCached(path, url, url === file.url ? file : {})) return path
  }
  return null
}

async function fetchFile(
  url: string,
  path: string,
  identity: FileIdentity,
  settings: HubSettings,
  options: HubOptions,
): Promise<void> {
  if (settings.offline) {
    throw new HubError(url, 'is not on this machine, and downloads are turned off (OCELLI_OFFLINE)', {
      advice: `download it elsewhere and put it at ${path}`,
    })
  }
  const name = path.slice(dirname(path).length + 1)
  try {
    await makeFolder(path)
    const lock = await lockFile(lockPath(path), {
      ...(options.signal && { signal: options.signal }),
      onWait: (holder) => options.onMessage?.(`${name}: ${holder} is downloading it; waiting`),
      done: () => isCached(path, url, identity),
    })
    if (lock === null) return
    try {
      const signal = options.signal ? AbortSignal.any([options.signal, lock.lost]) : lock.lost
      await noteChecked(path, url, await downloadFile(url, path, identity, settings, { ...options, signal }))
    } finally {
      await lock.release()
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (
      code === 'EACCES' ||
      code === 'EROFS' ||
      code === 'EPERM' ||
      code === 'ENOTDIR' ||
      code === 'EEXIST'
    ) {
      throw unwritable(url, settings.home, message, error)
    }
    throw error
  }
}

/** Downloads the shards of an index beside it. */
async function withShards(
  path: string,
  url: string,
  settings: HubSettings,
  options: HubOptions,
): Promise<string> {
  if (!path.endsWith('.index.json')) return path
  const index = await openFile(path)
  const names = await shardNames(index).finally(() => index.close())
  for (const name of names) {
    const shard = new URL(url)
    shard.pathname = `${shard.pathname.slice(0, shard.pathname.lastIndexOf('/') + 1)}${encodeURIComponent(name)}`
    const target = join(dirname(path), name)
    if (!(await isCached(target, shard.href, {}))) await fetchFile(shard.href, target, {}, settings, options)
  }
  return path
}

/** Weights on this machine, or from the network by way of the shared folder. */
export const nodeLoader: WeightLoader = {
  async open(reference, options = {}): Promise<OpenedWeights> {
    const path = await localPath(reference, options)
    const access = await openFile(path)
    return { access, location: path, close: access.close }
  },
}

async function localPath(reference: string | RemoteFile, options: HubOptions): Promise<string> {
  if (typeof reference !== 'string') return fetchWeights(reference, options)
  if (/^file:/i.test(reference)) return fileURLToPath(reference)
  return isRemote(reference) ? fetchWeights(resolveReference(reference), options) : reference
}
