import { joined } from '../weights/chunks.ts'
import { httpAccess } from '../weights/http.ts'
import { bytesAccess, type RandomAccess } from '../weights/random-access.ts'
import { HubError } from './errors.ts'
import type { OpenedWeights, WeightLoader } from './loader.ts'
import type { HubOptions } from './options.ts'
import { isRemote, type RemoteFile, resolveReference } from './reference.ts'

const cacheName = 'ocelli-weights'

/**
 * Weights for a page: downloaded whole, checked, and kept by the browser's Cache API where the page has it. Names that are no
 * addresses are files of the page's own server.
 */
export const browserLoader: WeightLoader = {
  async open(reference, options = {}): Promise<OpenedWeights> {
    const file =
      typeof reference !== 'string'
        ? reference
        : isRemote(reference)
          ? resolveReference(reference)
          : { url: new URL(reference, globalThis.location?.href).href }
    const urls = [file.url, ...(file.alternatives ?? [])]
    for (const [i, url] of urls.entries()) {
      try {
        const access = await openUrl(url, i === 0 ? file : { url }, options)
        return { access, location: url, close: async () => undefined }
      } catch (error) {
        if (!(error instanceof HubError) || error.status !== 404 || i === urls.length - 1) throw error
      }
    }
    throw new HubError(file.url, 'names no weights')
  },
}

async function openUrl(url: string, identity: RemoteFile, options: HubOptions): Promise<RandomAccess> {
  const bytes = await download(url, identity, options)
  const { fetch: request, signal } = options
  const sibling = (name: string): Promise<RandomAccess> =>
    httpAccess(new URL(encodeURIComponent(name), url), {
      ...(request && { fetch: request }),
      ...(signal && { signal }),
    })
  return { ...bytesAccess(bytes, url), sibling }
}

async function download(url: string, identity: RemoteFile, options: HubOptions): Promise<Uint8Array> {
  // Pages that are not secure have no such cache.
  const cache = await globalThis.caches?.open(cacheName)
  const kept = await cache?.match(url)
  if (kept !== undefined) return new Uint8Array(await kept.arrayBuffer())
  if (options.offline) {
    throw new HubError(url, 'has not been downloaded by this browser, and downloads are turned off')
  }
  const { fetch: request = fetch, signal } = options
  let response: Response
  try {
    response = await request(url, signal ? { signal } : {})
  } catch (error) {
    signal?.throwIfAborted()
    throw new HubError(url, `cannot be loaded (${(error as Error).message})`, {
      advice:
        'is there a network, and does the server allow pages of other origins (CORS)? Serve a copy from your own',
      cause: error,
    })
  }
  if (!response.ok) {
    throw new HubError(url, `the server answers ${`${response.status} ${response.statusText}`.trim()}`, {
      status: response.status,
    })
  }
  const bytes = await readBody(url, response, identity, options)
  await verify(url, bytes, identity)
  // A full disk is no reason not to go on with what is in memory.
  await cache?.put(url, new Response(bytes)).catch(() => undefined)
  return bytes
}

async function readBody(
  url: string,
  response: Response,
  identity: RemoteFile,
  { onProgress, signal }: HubOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const length = Number(response.headers.get('content-length') ?? Number.NaN)
  const encoded = response.headers.get('content-encoding') !== null
  const total = identity.bytes ?? (Number.isSafeInteger(length) && !encoded ? length : null)
  const name = url.slice(url.lastIndexOf('/') + 1)
  const began = performance.now()
  const parts: Uint8Array[] = []
  let received = 0
  const reader = response.body?.getReader()
  try {
    for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
      parts.push(part.value)
      received += part.value.length
      if (total !== null && received > total) throw new Error(`more than ${total} bytes came`)
      const rate = received / Math.max((performance.now() - began) / 1000, 1e-3)
      onProgress?.({ name, received, total, rate })
    }
    if (total !== null && received < total) throw new Error(`only ${received} of ${total} bytes came`)
  } catch (error) {
    signal?.throwIfAborted()
    await reader?.cancel().catch(() => undefined)
    throw new HubError(url, `the download failed: ${(error as Error).message}`, {
      advice: 'try again',
      cause: error,
    })
  }
  return joined(parts)
}

async function verify(url: string, bytes: Uint8Array<ArrayBuffer>, identity: RemoteFile): Promise<void> {
  const wanted = (identity.sha256 ?? identity.sha256Prefix)?.toLowerCase()
  // Only secure pages have it; the length has been checked in any case.
  if (wanted === undefined || globalThis.crypto?.subtle === undefined) return
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  const hex = [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  if (hex.startsWith(wanted)) return
  throw new HubError(
    url,
    `what the server sent is not the published file: its SHA-256 is ${hex}, not ${wanted}…`,
    {
      advice: 'try again, or serve a copy from your own server',
    },
  )
}
