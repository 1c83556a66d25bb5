import { createHash } from 'node:crypto'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll } from 'vitest'

/** One request as the server saw it. */
export interface Seen {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  /** Bytes of the body that were written to the connection. */
  sent: number
}

export interface ServedFile {
  readonly bytes: Uint8Array
  /** False for a server that knows no ranges. */
  readonly ranges?: boolean
  readonly etag?: string | null
  readonly type?: string
  /** Cuts the connection after so many bytes of a body. */
  readonly cutAfter?: number
  /** Falls silent after so many bytes of a body. */
  readonly stallAfter?: number
  /** What Content-Length says, in place of the truth. */
  readonly claimedLength?: number
  /** Milliseconds before the answer. */
  readonly delay?: number
  /** Bytes a second, about. */
  readonly rate?: number
  readonly headers?: Readonly<Record<string, string>>
}

export interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

type Reply = ServedFile | Answer
/** What is answered, given how many requests for the path there were before. */
type Handler = Reply | ((seen: Seen, before: number) => Reply)

export interface FileServer {
  /** Without a slash at the end. */
  readonly url: string
  readonly seen: Seen[]
  readonly files: Map<string, Handler>
  readonly gets: (path?: string) => Seen[]
  readonly close: () => Promise<void>
}

/** A web server on this machine, to be lied, cut and stalled by; closed with the test file. */
export async function fileServer(): Promise<FileServer> {
  const files = new Map<string, Handler>()
  const seen: Seen[] = []
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '/')
    const entry: Seen = { method: request.method ?? '', path, headers: request.headers, sent: 0 }
    const before = seen.filter((other) => other.path === path).length
    seen.push(entry)
    const handler = files.get(path)
    const reply = typeof handler === 'function' ? handler(entry, before) : handler
    if (reply === undefined) response.writeHead(404).end('no such file')
    else if ('status' in reply) response.writeHead(reply.status, reply.headers).end(reply.body ?? '')
    else void serve(reply, request, response, entry)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = async (): Promise<void> => {
    server.closeAllConnections()
    await new Promise<void>((resolve) => void server.close(() => resolve()))
  }
  afterAll(close)
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    files,
    gets: (path) =>
      seen.filter((each) => each.method === 'GET' && (path === undefined || each.path === path)),
    close,
  }
}

async function serve(
  file: ServedFile,
  request: IncomingMessage,
  response: ServerResponse,
  entry: Seen,
): Promise<void> {
  const { bytes, ranges = true, type = 'application/octet-stream' } = file
  const etag = file.etag === undefined ? `"${sha256(bytes).slice(0, 16)}"` : file.etag
  if (file.delay !== undefined) await pause(file.delay)
  const headers: Record<string, string> = { 'content-type': type, ...file.headers }
  if (etag !== null) headers.etag = etag
  if (ranges) headers['accept-ranges'] = 'bytes'
  const condition = request.headers['if-range']
  const asked = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '')
  let [from, until, status] = [0, bytes.length, 200]
  if (ranges && asked !== null && (condition === undefined || condition === etag)) {
    from = Number(asked[1])
    until = asked[2] === '' ? bytes.length : Math.min(Number(asked[2]) + 1, bytes.length)
    if (from >= bytes.length) {
      response.writeHead(416, { ...headers, 'content-range': `bytes */${bytes.length}` }).end()
      return
    }
    status = 206
    headers['content-range'] = `bytes ${from}-${until - 1}/${bytes.length}`
  }
  headers['content-length'] = String(file.claimedLength ?? until - from)
  response.writeHead(status, headers)
  if (request.method === 'HEAD') {
    response.end()
    return
  }
  const stop = Math.min(
    file.cutAfter ?? Number.POSITIVE_INFINITY,
    file.stallAfter ?? Number.POSITIVE_INFINITY,
  )
  const body = bytes.subarray(from, Math.min(until, from + stop))
  const step = file.rate === undefined ? 64 << 10 : Math.max(1, Math.floor(file.rate / 20))
  for (let at = 0; at < body.length && !response.destroyed; at += step) {
    const part = body.subarray(at, at + step)
    await new Promise<void>((resolve) => {
      response.write(part, () => resolve())
    })
    entry.sent += part.length
    if (file.rate !== undefined) await pause(50)
  }
  if (file.stallAfter !== undefined) return
  if (body.length === Number(headers['content-length'])) response.end()
  else {
    // What is underway shall arrive: whoever reads throws away what it has not looked at when the connection breaks.
    await pause(100)
    response.destroy()
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}

export function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** Bytes that no compression or accident gives. */
export function noise(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length)
  let state = seed
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    bytes[i] = state >>> 24
  }
  return bytes
}
