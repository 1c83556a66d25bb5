import { type FileHandle, open, rename, rm, statfs, writeFile } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { diskFull, gaveUp, longestWait, unwritable, webPage } from './download-errors.ts'
import { HubError } from './errors.ts'
import { pause } from './lock.ts'
import type { HubOptions } from './options.ts'
import { type PartState, partPath, readPart, sizeOf } from './part.ts'
import type { FileIdentity } from './reference.ts'
import { requestFile, TransientError } from './request.ts'
import type { HubSettings } from './settings.ts'
import { looksLikeWebPage, verify } from './verify.ts'

export interface Downloaded {
  readonly sha256: string
  readonly bytes: number
}

/**
 * Downloads a file: what an earlier try left is continued, a connection that breaks, stalls or is refused for the moment is tried again,
 * and the file comes under its name only when its length and hash are right. Throws a HubError; what has been loaded so far
 * stays for the next time, an aborted signal included. The caller holds the file's lock.
 */
export async function downloadFile(
  url: string,
  target: string,
  identity: FileIdentity,
  settings: HubSettings,
  options: HubOptions = {},
): Promise<Downloaded> {
  const download = new Download(url, target, identity, settings, options)
  for (;;) {
    await download.run()
    const checked = await verify(download.part, { ...identity, ...download.linked }, options.signal)
    if (!('problem' in checked)) {
      await download.finish()
      return checked
    }
    await download.discard()
    // Parts of two files may have met.
    if (download.resumed) continue
    throw new HubError(url, `what the server sent is not the published file: ${checked.problem}`, {
      advice:
        'try again, or another mirror; if it stays so, the file was replaced: tell the maintainers of Ocelli',
    })
  }
}

class Download {
  readonly part: string
  /** What the server says of the file beside what was known. */
  linked: FileIdentity = {}
  /** Whether the part is of several responses. */
  resumed = false
  readonly #url: string
  readonly #request: string
  readonly #target: string
  readonly #identity: FileIdentity
  readonly #settings: HubSettings
  readonly #options: HubOptions
  #total: number | null = null

  constructor(
    url: string,
    target: string,
    identity: FileIdentity,
    settings: HubSettings,
    options: HubOptions,
  ) {
    this.#url = url
    this.#request = settings.mirrored(url)
    this.#target = target
    this.#identity = identity
    this.#settings = settings
    this.#options = options
    this.part = partPath(target)
  }

  /** Tries until the part is whole. */
  async run(): Promise<void> {
    const { retries = 5, retryDelay = 500, signal, onMessage } = this.#options
    let failures = 0
    this.resumed = false
    for (let before = await sizeOf(this.part); ; ) {
      try {
        await this.#attempt()
        return
      } catch (error) {
        signal?.throwIfAborted()
        if (!(error instanceof TransientError)) throw await this.#explained(error)
        const now = await sizeOf(this.part)
        failures = now > before ? 0 : failures + 1
        before = now
        const wait =
          error.retryAfter ?? retryDelay * 2 ** Math.max(failures - 1, 0) * (0.75 + Math.random() / 2)
        if (failures > retries || wait > longestWait)
          throw gaveUp(this.#url, this.#target, error, now, this.#settings.proxyAdvice)
        onMessage?.(
          `${basename(this.#target)}: ${error.message}; trying again in ${(wait / 1000).toFixed(1)} s`,
        )
        await pause(wait, signal)
      }
    }
  }

  async #attempt(): Promise<void> {
    const state = await readPart(this.part, this.#request, this.#hashed)
    const offset = state === null ? 0 : await sizeOf(this.part)
    if (state !== null && state.total === offset && offset > 0) {
      this.resumed = true
      return
    }
    const { signal, stallAfter = 30_000, fetch: request = fetch } = this.#options
    const stall = new AbortController()
    let timer: NodeJS.Timeout | undefined
    const alive = (): void => {
      clearTimeout(timer)
      timer = setTimeout(() => stall.abort(), stallAfter)
    }
    alive()
    let handle: FileHandle | undefined
    try {
      const validator = state?.etag ?? state?.modified
      const { response, linked } = await requestFile(this.#url, this.#request, {
        headers:
          offset > 0
            ? { range: `bytes=${offset}-`, ...(validator != null && { 'if-range': validator }) }
            : {},
        settings: this.#settings,
        signal: signal ? AbortSignal.any([signal, stall.signal]) : stall.signal,
        fetch: request,
      })
      this.#note(linked)
      const start = await this.#startOf(response, offset, state)
      if (start === null) return
      handle = await open(this.part, start > 0 ? 'r+' : 'w')
      await this.#requireSpace(start)
      await this.#take(response, handle, start, alive)
      await handle.sync()
    } catch (error) {
      signal?.throwIfAborted()
      if (stall.signal.aborted) {
        throw new TransientError(`no byte came for ${stallAfter / 1000} s`, { cause: error })
      }
      throw error
    } finally {
      clearTimeout(timer)
      await handle?.close()
    }
  }

  get #hashed(): boolean {
    const { sha256, sha256Prefix, sha1Prefix } = this.#identity
    return (sha256 ?? sha256Prefix ?? sha1Prefix) !== undefined
  }

  #note({ sha256, bytes }: { readonly sha256?: string; readonly bytes?: number }): void {
    const known = this.#identity
    this.linked = {
      ...(sha256 !== undefined && known.sha256 === undefined && { sha256 }),
      ...(bytes !== undefined && known.bytes === undefined && { bytes }),
    }
  }

  /** Where in the file the body begins; null where the part is whole already. Notes what the rest can be asked for by. */
  async #startOf(response: Response, offset: number, state: PartState | null): Promise<number | null> {
    const { status, headers } = response
    const range = /^bytes (?:(\d+)-\d+|\*)\/(\d+|\*)$/.exec(headers.get('content-range') ?? '')
    const total = range?.[2] === undefined || range[2] === '*' ? null : Number(range[2])
    const anew = async (why: string): Promise<never> => {
      await response.body?.cancel()
      await this.discard()
      throw new TransientError(why)
    }
    if (status === 416) {
      if (total !== null && total === offset && offset > 0) {
        this.resumed = true
        await response.body?.cancel()
        return null
      }
      return anew('the server does not give the rest of the file')
    }
    if (status === 206) {
      const sameLength = total === null || state?.total == null || total === state.total
      if (offset > 0 && Number(range?.[1]) === offset && sameLength) {
        this.#total = total ?? state?.total ?? null
        this.resumed = true
        return offset
      }
      return anew('the server gives another part of the file than that asked for')
    }
    this.resumed = false
    await this.#requireFile(response)
    const length = headers.get('content-encoding') ? null : headers.get('content-length')
    this.#total = length === null ? null : Number(length)
    await this.#requireLength(response)
    const etag = headers.get('etag')
    const own: PartState = {
      url: this.#request,
      etag: etag === null || etag.startsWith('W/') ? null : etag,
      modified: headers.get('last-modified'),
      total: this.#total,
    }
    await writeFile(`${this.part}.json`, JSON.stringify(own))
    return 0
  }

  async #requireFile(response: Response): Promise<void> {
    if (!/^text\/html\b/.test(response.headers.get('content-type') ?? '')) return
    await response.body?.cancel()
    throw webPage(this.#url, this.#target)
  }

  async #requireLength(response: Response): Promise<void> {
    const bytes = this.#identity.bytes ?? this.linked.bytes
    if (bytes === undefined || this.#total === null || this.#total === bytes) return
    await response.body?.cancel()
    throw new HubError(
      this.#url,
      `the server's file has ${this.#total} bytes, and the published one ${bytes}`,
      {
        advice: 'try another mirror; if it stays so, the file was replaced: tell the maintainers of Ocelli',
      },
    )
  }

  /** Fails before the disk is full rather than after. */
  async #requireSpace(start: number): Promise<void> {
    if (this.#total === null) return
    const { bavail, bsize } = await statfs(dirname(this.part))
    if (bavail * bsize < this.#total - start)
      throw await diskFull(this.#url, this.part, this.#total, undefined)
  }

  async #take(response: Response, handle: FileHandle, start: number, alive: () => void): Promise<void> {
    const { onProgress } = this.#options
    const name = basename(this.#target)
    const began = performance.now()
    let position = start
    const report = (): void => {
      const seconds = Math.max((performance.now() - began) / 1000, 1e-3)
      onProgress?.({ name, received: position, total: this.#total, rate: (position - start) / seconds })
    }
    report()
    const limit = this.#total ?? this.#identity.bytes ?? Number.POSITIVE_INFINITY
    const reader = response.body?.getReader()
    try {
      for (;;) {
        const part = await this.#next(reader, position)
        if (part === undefined) break
        alive()
        if (position === 0 && looksLikeWebPage(part)) throw webPage(this.#url, this.#target)
        if (position + part.length > limit) {
          throw new HubError(this.#url, `the server sends more than the ${limit} bytes of the file`)
        }
        for (let done = 0; done < part.length; ) {
          done += (await handle.write(part, done, part.length - done, position + done)).bytesWritten
        }
        position += part.length
        report()
      }
    } catch (error) {
      await reader?.cancel().catch(() => undefined)
      throw error
    }
    if (this.#total !== null && position < this.#total) {
      throw new TransientError(`the connection ended after ${position} of ${this.#total} bytes`)
    }
  }

  async #next(
    reader: ReadableStreamDefaultReader<Uint8Array> | undefined,
    position: number,
  ): Promise<Uint8Array | undefined> {
    try {
      return (await reader?.read())?.value
    } catch (error) {
      const { message, cause } = error as Error & { cause?: Error }
      throw new TransientError(
        `the connection broke after ${position} of ${this.#total ?? 'unknown'} bytes (${cause?.message || message})`,
        { cause: error },
      )
    }
  }

  async discard(): Promise<void> {
    await rm(this.part, { force: true })
    await rm(`${this.part}.json`, { force: true })
  }

  async finish(): Promise<void> {
    await rename(this.part, this.#target)
    await rm(`${this.part}.json`, { force: true })
  }

  /** Errors of the file system with what to do about them; others as they are. */
  async #explained(error: unknown): Promise<unknown> {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOSPC' || code === 'EDQUOT') return diskFull(this.#url, this.part, this.#total, error)
    if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM')
      return unwritable(this.#url, dirname(this.part), message, error)
    return error
  }
}
