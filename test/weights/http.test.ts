import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadStateDictFile, openCheckpointFile } from '../../src/weights/file.ts'
import {
  bytesAccess,
  encodeSafetensors,
  httpAccess,
  loadStateDict,
  openCheckpoint,
  openShardedSafetensors,
  pyTorchChunks,
  type StateDict,
  type StoredValues,
  type WeightTensor,
  weightTensor,
} from '../../src/weights/index.ts'
import { type FileServer, fileServer, noise } from '../support/file-server.ts'

const values = (count: number, seed: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => Math.fround(Math.sin(i * 0.7 + seed)))
const tensor = (count: number, seed: number): WeightTensor =>
  weightTensor([count], 'F32', values(count, seed))
/** Quicker than toEqual by far. */
function expectSame(tensor: WeightTensor, expected: StoredValues): void {
  const bytes = new Uint8Array(expected.buffer, expected.byteOffset, expected.byteLength)
  expect(Buffer.compare(tensor.bytes(), bytes)).toBe(0)
}
const big: StateDict = new Map([
  ['a', tensor(300_000, 1)],
  ['b', tensor(5, 2)],
  ['c', tensor(700_000, 3)],
])

let server: FileServer
beforeAll(async () => {
  server = await fileServer()
})

describe('weights over HTTP', () => {
  it('are listed by the header alone and read tensor by tensor', async () => {
    server.files.set('/big.safetensors', { bytes: encodeSafetensors(big) })
    const file = await openCheckpoint(await httpAccess(`${server.url}/big.safetensors`))
    expect([...file.tensors.keys()]).toEqual(['a', 'b', 'c'])
    expect(server.gets('/big.safetensors').map(({ sent }) => sent)).toEqual([256 << 10])
    expectSame(await file.tensors.get('c')!.read(), values(700_000, 3))
    const { headers } = server.gets('/big.safetensors')[1]!
    expect(headers.range).toMatch(/^bytes=12\d+-4\d+$/)
  })

  it('are read whole in few requests', async () => {
    const many = new Map(Array.from({ length: 300 }, (_, i) => [`t${i}`, tensor(2000, i)] as const))
    server.files.set('/many.safetensors', { bytes: encodeSafetensors(many) })
    const { tensors } = await loadStateDict(await httpAccess(`${server.url}/many.safetensors`))
    for (const [name, { values: expected }] of many) expectSame(tensors.get(name)!, expected())
    expect(server.gets('/many.safetensors').length).toBeLessThan(20)
  })

  it('may be a PyTorch file', async () => {
    const { chunks } = await pyTorchChunks(big)
    server.files.set('/big.pth', { bytes: Buffer.concat(chunks) })
    const { tensors, format } = await loadStateDict(await httpAccess(`${server.url}/big.pth`))
    expect(format).toBe('pytorch-zip')
    expectSame(tensors.get('a')!, values(300_000, 1))
  })

  it('survive a connection that is cut off once', async () => {
    const bytes = encodeSafetensors(big)
    server.files.set('/cut', (_, before) => (before === 1 ? { bytes, cutAfter: 100_000 } : { bytes }))
    const file = await openCheckpoint(await httpAccess(`${server.url}/cut`))
    expectSame(await file.tensors.get('c')!.read(), values(700_000, 3))
    expect(server.gets('/cut').length).toBe(3)
    server.files.set('/always-cut', (_, before) => (before > 0 ? { bytes, cutAfter: 1000 } : { bytes }))
    const broken = await openCheckpoint(await httpAccess(`${server.url}/always-cut`))
    await expect(broken.tensors.get('c')!.read()).rejects.toThrow(/connection ended .* try again/)
  })

  it('that change meanwhile are an error', async () => {
    const bytes = encodeSafetensors(big)
    const other = Uint8Array.from(bytes)
    other[other.length - 1]! ^= 1
    server.files.set('/changing', (_, before) => ({ bytes: before === 0 ? bytes : other }))
    const file = await openCheckpoint(await httpAccess(`${server.url}/changing`))
    await expect(file.tensors.get('c')!.read()).rejects.toThrow(
      /has changed while it was read; open it again/,
    )
  })

  it('come whole from a server without ranges, up to a length', async () => {
    const bytes = encodeSafetensors(big)
    server.files.set('/whole', { bytes, ranges: false })
    const { tensors } = await loadStateDict(await httpAccess(`${server.url}/whole`))
    expectSame(tensors.get('c')!, values(700_000, 3))
    await expect(httpAccess(`${server.url}/whole`, { wholeBelow: 1000 })).rejects.toThrow(
      /gives no ranges, and its length of \d+ bytes is more than the 1000 .*download it/,
    )
    server.files.set('/short', { bytes, ranges: false, cutAfter: 5000 })
    await expect(httpAccess(`${server.url}/short`)).rejects.toThrow()
  })

  it('that are not there, or for others only, are refused with advice', async () => {
    await expect(httpAccess(`${server.url}/none`)).rejects.toThrow(
      /answers 404 Not Found; is the address right/,
    )
    server.files.set('/private', ({ headers }) =>
      headers.authorization === 'Bearer x' ? { bytes: encodeSafetensors(big) } : { status: 401 },
    )
    await expect(httpAccess(`${server.url}/private`)).rejects.toThrow(/401 .*authorization/)
    const access = await httpAccess(`${server.url}/private`, { headers: { authorization: 'Bearer x' } })
    expect(access.size).toBe(encodeSafetensors(big).length)
    await expect(httpAccess('http://127.0.0.1:9/none')).rejects.toThrow(/no answer/)
    server.files.set('/page', { bytes: new TextEncoder().encode('<!doctype html><p>log in') })
    await expect(openCheckpoint(await httpAccess(`${server.url}/page`))).rejects.toThrow(/HTML/)
    server.files.set('/empty', { bytes: new Uint8Array(0) })
    await expect(openCheckpoint(await httpAccess(`${server.url}/empty`))).rejects.toThrow(/empty/)
  })

  it('give each range as it is', async () => {
    const bytes = noise(1_000_000)
    server.files.set('/noise', { bytes })
    const access = await httpAccess(`${server.url}/noise`)
    const ranges = Array.from({ length: 60 }, (_, i) => [(i * 7919 * 31) % 900_000, 1 + i * 1500] as const)
    const parts = await Promise.all(ranges.map(([offset, length]) => access.read(offset, length)))
    for (const [i, [offset, length]] of ranges.entries()) {
      expect(Buffer.compare(parts[i]!, bytes.subarray(offset, offset + length))).toBe(0)
    }
    await expect(access.read(999_999, 2)).rejects.toThrow(/the file ends at byte 1000000/)
  })
})

describe('sharded safetensors', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ocelli-shards-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const shards = [
    ['model-00001-of-00002.safetensors', new Map([...big].slice(0, 2))],
    ['model-00002-of-00002.safetensors', new Map([...big].slice(2))],
  ] as const
  const index = JSON.stringify({
    metadata: { total_size: 1 },
    weight_map: Object.fromEntries(
      shards.flatMap(([file, map]) => [...map.keys()].map((key) => [key, file])),
    ),
  })
  const path = join(folder, 'model.safetensors.index.json')
  beforeAll(() => {
    writeFileSync(path, index)
    for (const [name, map] of shards) writeFileSync(join(folder, name), encodeSafetensors(map))
  })

  it('are read by their index from a folder', async () => {
    const { tensors, format } = await loadStateDictFile(path)
    expect(format).toBe('safetensors-sharded')
    for (const [name, { values: expected }] of big) expectSame(tensors.get(name)!, expected())
    const file = await openCheckpointFile(path)
    expectSame(await file.tensors.get('c')!.read(), values(700_000, 3))
    await file.close()
  })

  it('are read by their index from a server, no more than needed', async () => {
    server.files.set('/s/model.safetensors.index.json', { bytes: new TextEncoder().encode(index) })
    for (const [name, map] of shards) server.files.set(`/s/${name}`, { bytes: encodeSafetensors(map) })
    const file = await openCheckpoint(await httpAccess(`${server.url}/s/model.safetensors.index.json`))
    expectSame(await file.tensors.get('b')!.read(), values(5, 2))
    const sent = server.seen
      .filter((each) => each.path.startsWith('/s/'))
      .reduce((n, each) => n + each.sent, 0)
    expect(sent).toBeLessThan(3 * (256 << 10))
  })

  const rejects = async (text: string, pattern: RegExp): Promise<void> => {
    const access = bytesAccess(new TextEncoder().encode(text), 'x.index.json')
    const never = (): never => expect.fail('a shard was opened')
    await expect(openShardedSafetensors(access, never)).rejects.toThrow(pattern)
  }

  it.each([
    '../other.safetensors',
    '/etc/other.safetensors',
    'a/../../b.safetensors',
    '..\\b.safetensors',
    'C:b.safetensors',
    '.hidden.safetensors',
    'http://elsewhere/b.safetensors',
    'b%2f..%2fc.safetensors',
    'b.safetensors?x',
    'a\0.safetensors',
    'passwd',
    '',
  ])('never leave their folder: %j', async (name) => {
    await rejects(
      JSON.stringify({ weight_map: { w: name } }),
      /names no file beside it|no \.safetensors file/,
    )
  })

  it('with a damaged index are refused', async () => {
    for (let cut = 1; cut < index.length; cut += 7) await rejects(index.slice(0, cut), /not JSON/)
    await rejects('{"a":1}', /without a weight_map/)
    await rejects('{"weight_map":[]}', /without a weight_map/)
    await rejects('{"weight_map":{}}', /empty/)
    await rejects('{"weight_map":{"w":3}}', /names no file/)
    const many = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`w${i}`, `${i}.safetensors`]))
    await rejects(JSON.stringify({ weight_map: many }), /more than 4096 files/)
    await expect(openCheckpoint(new TextEncoder().encode(index))).rejects.toThrow(/which are other files/)
  })

  it('that lack a file or a tensor are named', async () => {
    const broken = join(folder, 'broken.index.json')
    writeFileSync(broken, JSON.stringify({ weight_map: { w: 'model-00001-of-00002.safetensors' } }))
    await expect(openCheckpointFile(broken)).rejects.toThrow(
      /says that model-00001.* holds "w", which it does not/,
    )
    writeFileSync(broken, JSON.stringify({ weight_map: { w: 'none.safetensors' } }))
    await expect(openCheckpointFile(broken)).rejects.toThrow(/none\.safetensors, which is not there/)
  })
})
