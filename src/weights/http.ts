import { bufferedAccess } from './buffered.ts'
import { joined } from './chunks.ts'
import { CheckpointError } from './errors.ts'
import { bytesAccess, type RandomAccess } from './random-access.ts'

export interface HttpOptions {
  /** Sent with every request, such as an Authorization. */
  readonly headers?: Readonly<Record<string, string>>
  /** The function that requests; the global one unless given. */
  readonly fetch?: typeof fetch
  readonly signal?: AbortSignal
  /**
   * Files of at most this many bytes are read whole from a server that gives no ranges; 64 MiB unless given. A longer one is an
   * error.
   */
  readonly wholeBelow?: number
}

/** The first request's length, and what a short read takes in at once. */
const readAhead = 256 << 10

/** Requests at a time, as browsers allow for one host. */
const maxRequests = 6

/** A request that was cut off is made anew this many times. */
const retries = 2

/** What tells one version of a file from another. */
interface Version {
  readonly size: number
  readonly etag: string | null
  readonly modified: string | null
}

/**
 * Random access to a file on a web server by range requests: nothing is loaded but its first 256 KiB and what is read. A file that
 * changes meanwhile (size, ETag or Last-Modified) is an error. Throws a CheckpointError that says what the server answered.
 */
export async function httpAccess(url: string | URL, options: HttpOptions = {}): Promise<RandomAccess> {
  const name = String(url)
  const client = new RangeClient(name, options)
  const { start, version } = await client.open()
  const sibling = (file: string): Promise<RandomAccess> => httpAccess(siblingUrl(name, file), options)
  if (start.length === version.size) return { ...bytesAccess(start, name), sibling }
  const access = bufferedAccess({
    name,
    size: version.size,
    readAhead,
    longest: 4 << 20,
    start,
    fill: (offset, parts) => client.fill(version, offset, parts),
  })
  return { ...access, sibling }
}

/** The URL of another file in the same folder; a query, such as a download flag, is kept. */
function siblingUrl(url: string, file: string): string {
  const sibling = new URL(url)
  sibling.pathname = `${sibling.pathname.slice(0, sibling.pathname.lastIndexOf('/') + 1)}${encodeURIComponent(file)}`
  return sibling.href
}

class RangeClient {
  readonly #url: string
  readonly #options: HttpOptions
  #free = maxRequests
  readonly #queue: (() => void)[] = []

  constructor(url: string, options: HttpOptions) {
    this.#url = url
    this.#options = options
  }

  #error(what: string, advice?: string, cause?: unknown): CheckpointError {
    return new CheckpointError(this.#url, what, undefined, {
      ...(advice !== undefined && { advice }),
      ...(cause !== undefined && { cause }),
    })
  }

  async #request(headers: Readonly<Record<string, string>>, method = 'GET'): Promise<Response> {
    const { fetch: request = fetch, signal, headers: own } = this.#options
    for (let attempt = 0; ; attempt++) {
      try {
        return await request(this.#url, {
          method,
          // Positions are those of the file itself.
          headers: { ...own, ...headers, 'accept-encoding': 'identity' },
          ...(signal && { signal }),
        })
      } catch (error) {
        signal?.throwIfAborted()
        if (attempt < retries) {
          // A connection that was kept open may have been closed by the server just now.
          await new Promise((resolve) => setTimeout(resolve, 100 * (attempt + 1)))
          continue
        }
        const { message, cause } = error as Error & { cause?: Error }
        throw this.#error(
          `no answer (${cause?.message || message})`,
          'is the address right and the network there?',
          error,
        )
      }
    }
  }

  /** The beginning of the file, or all of it, and what is known of it. */
  async open(): Promise<{ start: Uint8Array; version: Version }> {
    const response = await this.#request({ range: `bytes=0-${readAhead - 1}` })
    const { status, headers } = response
    if (status === 416 && /^bytes \*\/0$/.test(headers.get('content-range') ?? '')) {
      await response.body?.cancel()
      return { start: new Uint8Array(0), version: versionOf(headers, 0) }
    }
    if (status === 206) {
      // A browser hides this header where the server does not allow it to be seen.
      const range = parseRange(headers.get('content-range'))
      const size = range?.size ?? (await this.#sizeByHead())
      if (range !== null && range.from !== 0)
        throw this.#error('the server answers with another range than that asked for')
      const start = new Uint8Array(Math.min(readAhead, size))
      await this.#take(response, [start], 0)
      return { start, version: versionOf(headers, size) }
    }
    if (status !== 200) throw await this.#refusal(response)
    const limit = this.#options.wholeBelow ?? 64 << 20
    const start = await this.#whole(response, limit)
    return { start, version: versionOf(headers, start.length) }
  }

  async #sizeByHead(): Promise<number> {
    const { ok, headers } = await this.#request({}, 'HEAD')
    const size = Number(headers.get('content-length') ?? Number.NaN)
    if (ok && Number.isSafeInteger(size) && size >= 0) return size
    throw this.#error('the server does not say how long the file is', 'download it and open the file')
  }

  /** A file from a server that gives no ranges. */
  async #whole(response: Response, limit: number): Promise<Uint8Array> {
    const length = Number(response.headers.get('content-length') ?? Number.NaN)
    const tooLong = (bytes: string): CheckpointError =>
      this.#error(
        `the server gives no ranges, and ${bytes} is more than the ${limit} bytes that are read whole`,
        'download it and open the file',
      )
    if (length > limit) {
      await response.body?.cancel()
      throw tooLong(`its length of ${length} bytes`)
    }
    const parts: Uint8Array[] = []
    let size = 0
    const reader = response.body?.getReader()
    for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
      size += part.value.length
      parts.push(part.value)
      if (size > limit) {
        await reader?.cancel()
        throw tooLong('what it sends')
      }
    }
    if (Number.isSafeInteger(length) && !response.headers.get('content-encoding') && size !== length) {
      throw this.#error(`the connection ended after ${size} of ${length} bytes`, 'try again')
    }
    return joined(parts)
  }

  /** Fills the parts with what begins at `offset`. */
  async fill(version: Version, offset: number, parts: readonly Uint8Array[]): Promise<void> {
    if (this.#free === 0) await new Promise<void>((resolve) => this.#queue.push(resolve))
    else this.#free--
    try {
      await this.#fill(version, offset, parts)
    } finally {
      const next = this.#queue.shift()
      if (next === undefined) this.#free++
      else next()
    }
  }

  async #fill(version: Version, offset: number, parts: readonly Uint8Array[]): Promise<void> {
    const length = parts.reduce((sum, part) => sum + part.length, 0)
    if (length === 0) return
    for (let attempt = 0; ; attempt++) {
      const response = await this.#request({ range: `bytes=${offset}-${offset + length - 1}` })
      this.#requireSame(version, response)
      if (response.status !== 206) throw await this.#refusal(response)
      const range = parseRange(response.headers.get('content-range'))
      if (range !== null && (range.from !== offset || range.until !== offset + length - 1)) {
        await response.body?.cancel()
        throw this.#error('the server answers with another range than that asked for')
      }
      try {
        await this.#take(response, parts, offset)
        return
      } catch (error) {
        this.#options.signal?.throwIfAborted()
        if (attempt === retries) throw error
      }
    }
  }

  #requireSame(version: Version, { status, headers }: Response): void {
    if (status !== 206 && status !== 200 && status !== 416) return
    const now = versionOf(headers, parseRange(headers.get('content-range'))?.size ?? version.size)
    const changed = (before: string | null, after: string | null): boolean =>
      before !== null && after !== null && before !== after
    if (
      status === 206 &&
      now.size === version.size &&
      !changed(version.etag, now.etag) &&
      !changed(version.modified, now.modified)
    )
      return
    throw this.#error('the file on the server has changed while it was read', 'open it again')
  }

  /** Reads a response of exactly the parts' length into them. */
  async #take(response: Response, parts: readonly Uint8Array[], offset: number): Promise<void> {
    const reader = response.body?.getReader()
    const total = parts.reduce((sum, part) => sum + part.length, 0)
    let [done, index, filled] = [0, 0, 0]
    try {
      for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
        let rest: Uint8Array = part.value
        done += rest.length
        if (done > total) break
        while (rest.length > 0) {
          const into = parts[index]!
          const count = Math.min(rest.length, into.length - filled)
          into.set(rest.subarray(0, count), filled)
          rest = rest.subarray(count)
          filled += count
          if (filled === into.length) [index, filled] = [index + 1, 0]
        }
      }
    } catch (error) {
      this.#options.signal?.throwIfAborted()
      throw this.#error(
        `the connection ended ${done} bytes after byte ${offset}, of ${total} asked for`,
        'try again',
        error,
      )
    }
    if (done > total) {
      await reader?.cancel()
      throw this.#error(`the server sends more than the ${total} bytes asked for after byte ${offset}`)
    }
    if (done < total) {
      throw this.#error(
        `the connection ended ${done} bytes after byte ${offset}, of ${total} asked for`,
        'try again',
      )
    }
  }

  async #refusal(response: Response): Promise<CheckpointError> {
    await response.body?.cancel()
    const { status, statusText } = response
    const advice =
      status === 401 || status === 403
        ? 'it may need an authorization in `headers`'
        : status === 404
          ? 'is the address right?'
          : 'try again later'
    return this.#error(`the server answers ${`${status} ${statusText}`.trim()}`, advice)
  }
}

function versionOf(headers: Headers, size: number): Version {
  return { size, etag: headers.get('etag'), modified: headers.get('last-modified') }
}

/** Content-Range: bytes FROM-UNTIL/SIZE. */
function parseRange(text: string | null): { from: number; until: number; size: number } | null {
  const match = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(text ?? '')
  if (match === null) return null
  const [from, until, size] = match.slice(1).map(Number) as [number, number, number]
  return Number.isSafeInteger(size) ? { from, until, size } : null
}
