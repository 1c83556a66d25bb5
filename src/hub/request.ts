import { HubError } from './errors.ts'
import type { HubSettings } from './settings.ts'

/** A failure that another try may mend. */
export class TransientError extends Error {
  override readonly name = 'TransientError'
  /** Milliseconds that the server asks to wait. */
  readonly retryAfter: number | undefined

  constructor(message: string, options: ErrorOptions & { readonly retryAfter?: number } = {}) {
    super(message, options)
    this.retryAfter = options.retryAfter
  }
}

export interface FileResponse {
  readonly response: Response
  /** SHA-256 and size of the file as the Hugging Face hub names them beside its redirect. */
  readonly linked: { readonly sha256?: string; readonly bytes?: number }
}

export interface RequestOptions {
  readonly headers: Readonly<Record<string, string>>
  readonly settings: HubSettings
  readonly signal: AbortSignal
  readonly fetch: typeof fetch
}

const maxRedirects = 10

/**
 * Asks for a file, following redirects: each host is given only the headers that are meant for it. Throws a TransientError where
 * another try may help, else a HubError with advice; an aborted signal throws its reason.
 */
export async function requestFile(
  source: string,
  url: string,
  options: RequestOptions,
): Promise<FileResponse> {
  const { headers, settings, signal, fetch: request } = options
  const linked: { sha256?: string; bytes?: number } = {}
  let at = url
  for (let redirects = 0; ; redirects++) {
    let response: Response
    try {
      response = await request(at, {
        headers: { ...headers, ...(await settings.headersFor(at)), 'accept-encoding': 'identity' },
        redirect: 'manual',
        signal,
      })
    } catch (error) {
      signal.throwIfAborted()
      throw unreachable(at, error)
    }
    const hash = /^"?([0-9a-f]{64})"?$/.exec(response.headers.get('x-linked-etag') ?? '')?.[1]
    const bytes = Number(response.headers.get('x-linked-size') ?? Number.NaN)
    if (hash !== undefined) linked.sha256 = hash
    if (Number.isSafeInteger(bytes)) linked.bytes = bytes
    const location = response.headers.get('location')
    if (![301, 302, 303, 307, 308].includes(response.status) || location === null) {
      if ([200, 206, 416].includes(response.status)) return { response, linked }
      await response.body?.cancel()
      throw refusal(source, at, response, settings)
    }
    await response.body?.cancel()
    const next = URL.canParse(location, at) ? new URL(location, at) : undefined
    if (next === undefined || !/^https?:$/.test(next.protocol)) {
      throw new HubError(source, `the server redirects to '${location}', which is no web address`)
    }
    if (new URL(at).protocol === 'https:' && next.protocol === 'http:') {
      throw new HubError(source, `${new URL(at).host} redirects to ${next.host} without encryption`, {
        advice: 'download it by hand if you trust it',
      })
    }
    if (redirects === maxRedirects) {
      throw new HubError(source, `more than ${maxRedirects} redirects`, { advice: 'is the address right?' })
    }
    at = next.href
  }
}

function unreachable(url: string, error: unknown): TransientError {
  const { message, cause } = error as Error & { cause?: NodeJS.ErrnoException }
  const { host } = new URL(url)
  const code = cause?.code
  const why =
    code === 'ENOTFOUND' || code === 'EAI_AGAIN'
      ? `the name ${host} cannot be resolved (${code})`
      : `${host} cannot be reached (${code ?? cause?.message ?? message})`
  return new TransientError(why, { cause: error })
}

function refusal(source: string, url: string, response: Response, settings: HubSettings): Error {
  const { status, statusText } = response
  const { host } = new URL(url)
  const what = `${host} answers ${`${status} ${statusText}`.trim()}`
  if (status === 408 || status === 425 || status === 429 || status >= 500) {
    const wait = retryAfter(response.headers.get('retry-after'))
    return new TransientError(what, wait === undefined ? {} : { retryAfter: wait })
  }
  const onHub = url.startsWith(settings.mirrored('https://huggingface.co/'))
  const advice =
    status === 401 || status === 403
      ? onHub
        ? 'the repository is private, gated or not there: accept its terms on its page, and set HF_TOKEN to a token that may read it'
        : 'the server does not give it to everybody: download it by hand and give the file'
      : status === 404 || status === 410
        ? 'the file is not there (any more): look for it on the page of its publisher, download it by hand and give the file'
        : 'download it by hand and give the file'
  return new HubError(source, what, { status, advice })
}

/** Seconds or a date, as milliseconds from now. */
function retryAfter(text: string | null): number | undefined {
  if (text === null) return undefined
  if (/^\d+$/.test(text.trim())) return 1000 * Number(text)
  const date = Date.parse(text)
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now())
}
