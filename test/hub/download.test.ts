import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { cachePath, lockPath } from '../../src/hub/cache.ts'
import { HubError } from '../../src/hub/errors.ts'
import { fetchWeights, findCached, listCache, removeCached } from '../../src/hub/node.ts'
import type { HubOptions } from '../../src/hub/options.ts'
import { resolveReference } from '../../src/hub/reference.ts'
import { encodeSafetensors, weightTensor } from '../../src/weights/index.ts'
import { type FileServer, fileServer, noise, sha256 } from '../support/file-server.ts'
import { zip } from '../support/zip.ts'

const root = mkdtempSync(join(tmpdir(), 'ocelli-hub-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
const bytes = noise(400_000)
const hash = sha256(bytes)

let server: FileServer
let home = ''
let count = 0
const changed = [
  'HF_ENDPOINT',
  'HF_TOKEN',
  'HF_TOKEN_PATH',
  'OCELLI_MIRROR',
  'OCELLI_OFFLINE',
  'OCELLI_HOME',
  'HTTPS_PROXY',
] as const
const before = Object.fromEntries(changed.map((name) => [name, process.env[name]]))
beforeAll(async () => {
  server = await fileServer()
})
beforeEach(() => {
  home = join(root, String(count++))
  server.seen.length = 0
  server.files.clear()
  for (const name of changed) delete process.env[name]
  process.env.HF_TOKEN_PATH = join(root, 'no-token')
})
afterEach(() => {
  for (const name of changed) {
    if (before[name] === undefined) delete process.env[name]
    else process.env[name] = before[name]
  }
})

const quick = (more: HubOptions = {}): HubOptions => ({ home, retryDelay: 5, stallAfter: 2000, ...more })
const get = (name: string, identity = {}, more: HubOptions = {}): Promise<string> =>
  fetchWeights({ url: `${server.url}/${name}`, ...identity }, quick(more))
const same = (path: string, expected: Uint8Array = bytes): void =>
  expect(Buffer.compare(readFileSync(path), expected)).toBe(0)

describe('a download', () => {
  it('keeps the published name, tells how far it is, and happens once', async () => {
    server.files.set('/net-0123abcd.pth', { bytes })
    const told: { received: number; total: number | null }[] = []
    const path = await get(
      'net-0123abcd.pth',
      { sha256: hash, bytes: bytes.length },
      { onProgress: (p) => told.push(p) },
    )
    expect(path).toMatch(/weights\/[0-9a-f]{16}\/net-0123abcd\.pth$/)
    same(path)
    expect(told.at(-1)).toMatchObject({
      received: bytes.length,
      total: bytes.length,
      name: 'net-0123abcd.pth',
    })
    expect(told.length).toBeGreaterThan(2)
    expect(await get('net-0123abcd.pth')).toBe(path)
    expect(server.gets().length).toBe(1)
    expect(readdirSync(dirname(path)).sort()).toEqual(['.net-0123abcd.pth.json', 'net-0123abcd.pth'])
  })

  it('that is cut off goes on where it was', async () => {
    server.files.set('/a', (_, n) => (n === 0 ? { bytes, cutAfter: 150_000 } : { bytes }))
    same(await get('a', { sha256: hash }))
    const [first, second] = server.gets('/a')
    const from = Number(/^bytes=(\d+)-$/.exec(second!.headers.range!)![1])
    expect(from).toBeGreaterThan(0)
    expect(from).toBeLessThanOrEqual(first!.sent)
    expect(second!.sent).toBe(bytes.length - from)
    expect(second!.headers['if-range']).toBe(`"${hash.slice(0, 16)}"`)
  })

  it('that is cut off often but gets on each time comes to its end', async () => {
    server.files.set('/a', { bytes, cutAfter: 50_000 })
    same(await get('a', { sha256: hash }, { retries: 2 }))
    expect(server.gets('/a').length).toBeGreaterThanOrEqual(8)
  })

  it('that gets nowhere is given up, and what came is kept for the next', async () => {
    server.files.set('/a', (_, n) => (n === 0 ? { bytes, cutAfter: 100_000 } : { status: 503 }))
    const failure = get('a', {}, { retries: 2 })
    await expect(failure).rejects.toThrow(/503 Service Unavailable; \d+ bytes are kept.*try again later/)
    expect(server.gets('/a').length).toBe(4)
    const listed = await listCache(home)
    expect(listed).toMatchObject([{ name: 'a', downloaded: null }])
    server.seen.length = 0
    server.files.set('/a', { bytes })
    same(await get('a'))
    expect(server.gets('/a')[0]!.sent).toBe(bytes.length - listed[0]!.bytes)
  })

  it('starts anew where the file has changed or cannot be resumed', async () => {
    const other = noise(300_000, 9)
    server.files.set('/a', (_, n) => (n === 0 ? { bytes, cutAfter: 100_000 } : { bytes: other }))
    same(await get('a'), other)
    server.files.set('/b', (_, n) =>
      n === 0 ? { bytes, cutAfter: 100_000, ranges: false } : { bytes, ranges: false },
    )
    same(await get('b'))
    server.files.set('/c', (_, n) =>
      n === 0 ? { bytes, cutAfter: 100_000, etag: null } : { bytes, etag: null },
    )
    same(await get('c'))
    expect(server.gets('/c')[1]!.headers.range).toBeUndefined()
    // With a hash the rest may be asked for without a validator, and is thrown away where it does not fit.
    server.files.set('/d', (_, n) =>
      n === 0 ? { bytes: noise(400_000, 5), cutAfter: 100_000, etag: null } : { bytes, etag: null },
    )
    same(await get('d', { sha256: hash }))
    expect(server.gets('/d').map(({ headers }) => headers.range === undefined)).toEqual([true, false, true])
  })

  it('of wrong bytes is refused by hash, beginning of a hash or size', async () => {
    server.files.set('/a', { bytes })
    const wrong = sha256('other')
    await expect(get('a', { sha256: wrong })).rejects.toThrow(
      new RegExp(`not the published file: its SHA-256 is ${hash}, and should be ${wrong}; try again`),
    )
    await expect(get('a', { sha256Prefix: 'deadbeef' })).rejects.toThrow(/should begin with deadbeef/)
    expect(server.gets('/a').map(({ sent }) => sent)).toEqual([bytes.length, bytes.length])
    await expect(get('a', { bytes: 399_999 })).rejects.toThrow(
      /has 400000 bytes, and the published one 399999/,
    )
    expect(await listCache(home)).toEqual([])
    same(await get('a', { sha256Prefix: hash.slice(0, 8).toUpperCase(), bytes: bytes.length }))
  })

  it('of a zip archive is checked by the SHA-1 of the file in it', async () => {
    const data = bytes.subarray(0, 20_000)
    const archive = zip([{ name: 'net.pth', data, method: 8 }])
    const sha1 = createHash('sha1').update(data).digest('hex')
    server.files.set('/net.pth.zip', { bytes: archive })
    await expect(get('net.pth.zip', { sha1Prefix: '00000000' })).rejects.toThrow(
      `the SHA-1 of the file in it is ${sha1}`,
    )
    same(await get('net.pth.zip', { sha1Prefix: sha1.slice(0, 8) }), archive)
    server.files.set('/cut.pth.zip', { bytes: archive.subarray(0, 1000) })
    await expect(get('cut.pth.zip', { sha1Prefix: sha1.slice(0, 8) })).rejects.toThrow(/truncated/)
  })

  it('survives a server that lies about the length', async () => {
    server.files.set('/long', { bytes, claimedLength: 500_000 })
    same(await get('long'))
    server.files.set('/short', { bytes, claimedLength: 1000 })
    await expect(get('short', { sha256: hash })).rejects.toThrow(/not the published file: its SHA-256/)
    await expect(get('short', { bytes: bytes.length })).rejects.toThrow(
      /has 1000 bytes, and the published one 400000/,
    )
  })

  it('of a web page is refused', async () => {
    const page = new TextEncoder().encode('<!DOCTYPE html><title>Sign in</title>')
    server.files.set('/a', { bytes: page, type: 'text/html; charset=utf-8' })
    await expect(get('a')).rejects.toThrow(
      /a web page instead of the file; open .* by hand and put it at .*weights/,
    )
    server.files.set('/b', { bytes: page })
    await expect(get('b')).rejects.toThrow(/a web page instead of the file/)
    expect(server.gets().length).toBe(2)
  })

  it.each([
    [404, /404 Not Found; the file is not there \(any more\).*by hand and give the file/],
    [410, /410 Gone; the file is not there/],
    [401, /401 Unauthorized; the server does not give it to everybody/],
    [403, /403 Forbidden; the server does not give it/],
    [400, /400 Bad Request/],
  ])('that the server refuses with %i is not tried again', async (status, message) => {
    server.files.set('/a', { status })
    await expect(get('a')).rejects.toThrow(message)
    await expect(get('a')).rejects.toBeInstanceOf(HubError)
    expect(server.gets('/a').length).toBe(2)
  })

  it('waits as long as the server asks, within reason', async () => {
    server.files.set('/a', (_, n) => (n === 0 ? { status: 429, headers: { 'retry-after': '1' } } : { bytes }))
    const began = performance.now()
    const said: string[] = []
    same(await get('a', {}, { onMessage: (text) => said.push(text) }))
    expect(performance.now() - began).toBeGreaterThan(950)
    expect(said).toEqual([expect.stringMatching(/429 Too Many Requests; trying again in 1\.0 s/)])
    server.files.set('/b', { status: 429, headers: { 'retry-after': '3600' } })
    await expect(get('b')).rejects.toThrow(/429 Too Many Requests and asks to wait 3600 s/)
  })

  it('is tried again after 500', async () => {
    server.files.set('/a', (_, n) => (n < 2 ? { status: 500 } : { bytes }))
    same(await get('a'))
    expect(server.gets('/a').length).toBe(3)
  })

  it('that stalls is tried again', async () => {
    server.files.set('/a', (_, n) => (n === 0 ? { bytes, stallAfter: 100_000 } : { bytes }))
    const said: string[] = []
    same(await get('a', {}, { stallAfter: 200, onMessage: (text) => said.push(text) }))
    expect(said[0]).toMatch(/no byte came for 0\.2 s/)
    expect(server.gets('/a')[1]!.headers.range).toBe('bytes=100000-')
    server.files.set('/never', { bytes, delay: 5000 })
    await expect(get('never', {}, { stallAfter: 100, retries: 1 })).rejects.toThrow(/no byte came for 0\.1 s/)
  })

  it('can be stopped, and goes on later', async () => {
    server.files.set('/a', { bytes, rate: 400_000 })
    const controller = new AbortController()
    const onProgress = ({ received }: { received: number }): void => {
      if (received > 100_000) controller.abort(new Error('enough'))
    }
    await expect(get('a', {}, { signal: controller.signal, onProgress })).rejects.toThrow('enough')
    const { bytes: kept, path } = (await listCache(home))[0]!
    expect(kept).toBeGreaterThan(100_000)
    expect(existsSync(lockPath(path))).toBe(false)
    server.files.set('/a', { bytes })
    same(await get('a'))
    expect(server.gets('/a')[1]!.sent).toBe(bytes.length - kept)
  })

  it('from nowhere says what to look at', async () => {
    const url = 'http://127.0.0.1:9/x.pth'
    await expect(fetchWeights({ url }, quick({ retries: 1 }))).rejects.toThrow(
      /127\.0\.0\.1:9 cannot be reached .*is this machine connected.*HF_ENDPOINT.*put it at .*x\.pth/,
    )
    process.env.HTTPS_PROXY = 'http://proxy:3128'
    await expect(fetchWeights({ url }, quick({ retries: 0 }))).rejects.toThrow(
      /HTTPS_PROXY is set, but .*Node 24/,
    )
  })

  it('follows redirects, but not for ever', async () => {
    server.files.set('/a', { status: 302, headers: { location: '/b' } })
    server.files.set('/b', { bytes })
    same(await get('a'))
    server.files.set('/loop', { status: 302, headers: { location: '/loop' } })
    await expect(get('loop')).rejects.toThrow(/more than 10 redirects/)
    server.files.set('/odd', { status: 302, headers: { location: 'ftp://x/y' } })
    await expect(get('odd')).rejects.toThrow(/redirects to 'ftp:\/\/x\/y'/)
  })
})

describe('the hub', () => {
  const hub = (more: HubOptions = {}, reference = 'timm/net.tag'): Promise<string> =>
    fetchWeights(resolveReference(reference), quick(more))

  it('gets its token, and no other host does', async () => {
    const other = await fileServer()
    process.env.HF_ENDPOINT = server.url
    process.env.HF_TOKEN = 'hf_secret'
    server.files.set('/timm/net.tag/resolve/main/model.safetensors', {
      status: 302,
      headers: {
        location: `${other.url}/blob`,
        'x-linked-etag': `"${hash}"`,
        'x-linked-size': String(bytes.length),
      },
    })
    other.files.set('/blob', { bytes })
    same(await hub())
    expect(server.gets()[0]!.headers.authorization).toBe('Bearer hf_secret')
    expect(other.gets()[0]!.headers.authorization).toBeUndefined()
    server.files.set('/plain', { bytes })
    process.env.HF_ENDPOINT = other.url
    await get('plain')
    expect(server.gets('/plain')[0]!.headers.authorization).toBeUndefined()
  })

  it('tells the hash of its files', async () => {
    process.env.HF_ENDPOINT = server.url
    server.files.set('/timm/net.tag/resolve/main/model.safetensors', {
      status: 302,
      headers: { location: '/blob', 'x-linked-etag': `"${sha256('other')}"` },
    })
    server.files.set('/blob', { bytes })
    await expect(hub()).rejects.toThrow(/not the published file: its SHA-256/)
  })

  it('says what a refusal means there', async () => {
    process.env.HF_ENDPOINT = server.url
    const path = '/timm/net.tag/resolve/main/model.safetensors'
    for (const status of [401, 403]) {
      server.files.set(path, { status })
      await expect(hub()).rejects.toThrow(/private, gated or not there: accept its terms .* set HF_TOKEN/)
    }
  })

  it('has other files where there is no model.safetensors', async () => {
    process.env.HF_ENDPOINT = server.url
    server.files.set('/o/r/resolve/v2/pytorch_model.bin', { bytes })
    const path = await hub({}, 'hf:o/r@v2')
    expect(path).toMatch(/pytorch_model\.bin$/)
    same(path)
    expect(await hub({ offline: true }, 'hf:o/r@v2')).toBe(path)
    await expect(hub({}, 'hf:o/none')).rejects.toThrow(
      /none of model\.safetensors, model\.safetensors\.index\.json, pytorch_model\.bin, or is not there/,
    )
  })

  it('brings all shards', async () => {
    process.env.HF_ENDPOINT = server.url
    const shards = ['a', 'b'].map((name, i) => {
      const tensors = new Map([[name, weightTensor([1], 'F32', Float32Array.of(i))]])
      return [`${name}.safetensors`, encodeSafetensors(tensors)] as const
    })
    const index = JSON.stringify({ weight_map: { a: 'a.safetensors', b: 'b.safetensors' } })
    const base = '/o/r/resolve/main/'
    server.files.set(`${base}model.safetensors.index.json`, { bytes: new TextEncoder().encode(index) })
    for (const [name, content] of shards) server.files.set(base + name, { bytes: content })
    const path = await hub({}, 'hf:o/r')
    expect(
      readdirSync(dirname(path))
        .filter((name) => !name.startsWith('.'))
        .sort(),
    ).toEqual(['a.safetensors', 'b.safetensors', 'model.safetensors.index.json'])
    const requests = server.seen.length
    expect(await hub({}, 'hf:o/r')).toBe(path)
    expect(server.seen.length).toBe(requests)
  })

  it('has mirrors', async () => {
    process.env.OCELLI_MIRROR = `${server.url}/mirror`
    server.files.set('/mirror/download.pytorch.org/models/net.pth', { bytes })
    const file = { url: 'https://download.pytorch.org/models/net.pth' }
    const path = await fetchWeights(file, quick())
    same(path)
    expect(path).toBe(cachePath(home, file.url))
    process.env.OCELLI_MIRROR = `https://example.org=${server.url}/x, https://download.pytorch.org/models/=${server.url}/m/`
    server.files.set('/m/other.pth', { bytes })
    same(await fetchWeights({ url: 'https://download.pytorch.org/models/other.pth' }, quick()))
    process.env.OCELLI_MIRROR = 'mirror.example'
    await expect(fetchWeights(file, quick())).rejects.toThrow(/OCELLI_MIRROR=mirror\.example: .*is no mirror/)
  })
})

describe('the cache', () => {
  it('serves offline, and says what to put where', async () => {
    server.files.set('/a.pth', { bytes })
    process.env.OCELLI_OFFLINE = '1'
    const url = `${server.url}/a.pth`
    const target = cachePath(home, url)
    await expect(get('a.pth')).rejects.toThrow(`${url}: is not on this machine, and downloads are turned off`)
    await expect(get('a.pth')).rejects.toThrow(`put it at ${target}`)
    expect(server.seen.length).toBe(0)
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, bytes)
    expect(await get('a.pth', { sha256: hash })).toBe(target)
    expect(await findCached({ url }, quick())).toBe(target)
    const wrong = cachePath(home, `${server.url}/b.pth`)
    mkdirSync(dirname(wrong), { recursive: true })
    writeFileSync(wrong, bytes)
    await expect(get('b.pth', { sha256: sha256('x') })).rejects.toThrow(
      /is not the file published at .*; remove it/,
    )
    expect(server.seen.length).toBe(0)
  })

  it('downloads again what became shorter', async () => {
    server.files.set('/a.pth', { bytes })
    const path = await get('a.pth')
    writeFileSync(path, bytes.subarray(0, 10))
    same(await get('a.pth'))
    expect(server.gets('/a.pth').length).toBe(2)
  })

  it('is listed, and its files removed', async () => {
    server.files.set('/x/model.safetensors', { bytes })
    server.files.set('/y/model.safetensors', { bytes })
    const paths = [await get('x/model.safetensors'), await get('y/model.safetensors')]
    expect(new Set(paths).size).toBe(2)
    const listed = await listCache(home)
    expect(listed.map(({ path }) => path).sort()).toEqual(paths.sort())
    expect(listed[0]).toMatchObject({ name: 'model.safetensors', bytes: bytes.length })
    await removeCached(listed[0]!)
    expect((await listCache(home)).map(({ path }) => path)).toEqual([listed[1]!.path])
    expect(existsSync(dirname(listed[0]!.path))).toBe(false)
    expect(await listCache(join(root, 'nowhere'))).toEqual([])
  })

  it('takes no name that leaves its folder', () => {
    for (const url of [
      'https://h/..%2f..%2fetc%2fpasswd',
      'https://h/',
      'https://h/%00',
      'https://h/%E0%A4%A',
      'https://h/.hidden',
    ]) {
      const path = resolve(cachePath(home, url))
      expect(path.startsWith(join(home, 'weights'))).toBe(true)
      expect(path.slice(home.length).split('/').length).toBe(4)
    }
  })

  it('that cannot be written says so', async () => {
    server.files.set('/a', { bytes })
    const file = join(root, 'a-file')
    writeFileSync(file, '')
    await expect(get('a', {}, { home: file })).rejects.toThrow(
      /cannot be written .*; set OCELLI_HOME to a folder that can/,
    )
    if (process.getuid?.() === 0) return
    const readOnly = join(root, 'read-only')
    mkdirSync(readOnly)
    chmodSync(readOnly, 0o500)
    await expect(get('a', {}, { home: readOnly })).rejects.toThrow(/cannot be written .*; set OCELLI_HOME/)
  })

  it('that is full says how much is missing', async ({ skip }) => {
    const small = join(root, 'small')
    mkdirSync(small)
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=200k', 'tmpfs', small], { stdio: 'pipe' })
    } catch {
      skip('a small disk can only be made as root')
    }
    try {
      server.files.set('/a', { bytes })
      await expect(get('a', {}, { home: small })).rejects.toThrow(
        /the disk is full: the file takes 400000 of 400000 bytes more, and \d+ bytes are free in .*free some space.*OCELLI_HOME/,
      )
      // A server that does not say how long the file is: the disk says so itself.
      const chunked: typeof fetch = async () => new Response(bytes.slice())
      await expect(get('a', {}, { home: small, fetch: chunked })).rejects.toThrow(
        /the disk is full: the file takes more/,
      )
    } finally {
      execFileSync('umount', [small])
    }
  })
})

describe('locks', () => {
  it('that nobody holds any more are broken, and only those', async () => {
    server.files.set('/a', { bytes })
    const path = cachePath(home, `${server.url}/a`)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(lockPath(path), JSON.stringify({ pid: process.pid, host: hostname() }))
    const controller = new AbortController()
    const waiting = get(
      'a',
      {},
      { signal: controller.signal, onMessage: () => controller.abort(new Error('held')) },
    )
    await expect(waiting).rejects.toThrow('held')
    writeFileSync(lockPath(path), JSON.stringify({ pid: 12, host: 'another-host' }))
    const old = Date.now() / 1000 - 61
    utimesSync(lockPath(path), old, old)
    same(await get('a'))
    expect(statSync(path).size).toBe(bytes.length)
  })
})
