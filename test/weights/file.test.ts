import { execFileSync, spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  FileWriteError,
  loadStateDictFile,
  loadTrainingCheckpoint,
  openCheckpointFile,
  openFile,
  saveSafetensors,
  saveTrainingCheckpoint,
  writeFileAtomic,
} from '../../src/weights/file.ts'
import { weightTensor } from '../../src/weights/state-dict.ts'

const root = mkdtempSync(join(tmpdir(), 'ocelli-weights-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
const text = (path: string): string => readFileSync(path, 'utf8')
const chunk = (value: string): Uint8Array => new TextEncoder().encode(value)
const weights = new Map([['w', weightTensor([2], 'F32', Float32Array.of(1, 2))]])

describe('files', () => {
  it('are saved and loaded, whatever the extension', async () => {
    const path = join(root, 'weights.pth')
    await saveSafetensors(path, weights, { note: 'x' })
    const { format, metadata, tensors } = await loadStateDictFile(path)
    expect([format, { ...metadata }]).toEqual(['safetensors', { note: 'x' }])
    expect(tensors.get('w')!.values()).toEqual(Float32Array.of(1, 2))
  })

  it('can be read tensor by tensor', async () => {
    const path = join(root, 'lazy.safetensors')
    await saveSafetensors(path, weights)
    const file = await openCheckpointFile(path)
    expect((await file.tensors.get('w')!.read()).values()).toEqual(Float32Array.of(1, 2))
    await file.close()
  })

  it('keep a training checkpoint', async () => {
    const path = join(root, 'training.safetensors')
    const fields = { scheduler: null, epoch: 1, step: 2, seed: 3, random: 4, extra: {} }
    await saveTrainingCheckpoint(path, {
      model: weights,
      optimizer: { tensors: new Map(), state: 1 },
      ...fields,
    })
    const { model, optimizer, ...rest } = await loadTrainingCheckpoint(path)
    expect(rest).toEqual(fields)
    expect([...model.keys(), ...optimizer.tensors.keys()]).toEqual(['w'])
  })

  it('that cannot be opened are named', async () => {
    await expect(openFile(join(root, 'none.pth'))).rejects.toThrow(/none\.pth: no such file/)
    await expect(openFile(root)).rejects.toThrow(/it is a folder/)
  })

  it('give each of many reads at once its own bytes', async () => {
    const path = join(root, 'many')
    const bytes = Uint8Array.from({ length: 3 << 20 }, (_, i) => (i * 7 + (i >> 8)) % 251)
    writeFileSync(path, bytes)
    const file = await openFile(path)
    const ranges = Array.from(
      { length: 200 },
      (_, i) => [(i * 7919 * 1237) % (2 << 20), 1 + i * 5000] as const,
    )
    const parts = await Promise.all(ranges.map(([offset, length]) => file.read(offset, length)))
    for (const [i, [offset, length]] of ranges.entries()) {
      expect(Buffer.compare(parts[i]!, bytes.subarray(offset, offset + length))).toBe(0)
    }
    await file.close()
  })

  it('give each read its own bytes, asked for alone or together', async () => {
    const path = join(root, 'ranges')
    const contents = Uint8Array.from({ length: 5 << 20 }, (_, i) => i ^ (i >> 8) ^ (i >> 16))
    writeFileSync(path, contents)
    const file = await openFile(path)
    const large = 4_500_000
    // Neighbours, a hole, the same again, nothing, and more than is read ahead.
    const ranges = [
      [100, 50],
      [150, 1],
      [151, 0],
      [151, 2000],
      [9000, 7],
      [100, 50],
      [9007, large],
    ] as const
    const together = await Promise.all(ranges.map(([offset, length]) => file.read(offset, length)))
    for (const [i, [offset, length]] of ranges.entries()) {
      const expected = contents.subarray(offset, offset + length)
      expect(Buffer.compare(together[i]!, expected)).toBe(0)
      expect(Buffer.compare(await file.read(offset, length), expected)).toBe(0)
    }
    expect(new Set(together.map(({ buffer }) => buffer)).size).toBe(ranges.length)
    await file.close()
  })

  it('that shrink while open are noticed', async () => {
    const path = join(root, 'shrinking')
    writeFileSync(path, 'abcdef')
    const file = await openFile(path)
    await expect(file.read(4, 3)).rejects.toThrow(
      /byte 4: data would take 3 bytes, but the file ends at byte 6/,
    )
    writeFileSync(path, 'abc')
    await expect(file.read(0, 6)).rejects.toThrow(/byte 3: the file became shorter/)
    const together = await Promise.allSettled([file.read(0, 2), file.read(2, 4)])
    expect(together.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    await file.close()
  })
})

describe('writeFileAtomic', () => {
  it('replaces a file, keeps its mode and leaves nothing else', async () => {
    const folder = join(root, 'plain')
    mkdirSync(folder)
    const path = join(folder, 'f')
    await writeFileAtomic(path, [chunk('old')])
    chmodSync(path, 0o600)
    await writeFileAtomic(path, [chunk('ne'), chunk(''), chunk('w')])
    expect(text(path)).toBe('new')
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(readdirSync(folder)).toEqual(['f'])
  })

  it('writes through a symbolic link', async () => {
    const path = join(root, 'target')
    writeFileSync(path, 'old')
    symlinkSync(path, join(root, 'link'))
    await writeFileAtomic(join(root, 'link'), [chunk('new')])
    expect(text(path)).toBe('new')
  })

  it('names the path where the folder is missing or the target is a folder', async () => {
    const missing = join(root, 'missing', 'f')
    const error = await writeFileAtomic(missing, [chunk('12345')]).catch((e: unknown) => e)
    expect(error).toBeInstanceOf(FileWriteError)
    expect(error).toMatchObject({ path: missing, code: 'ENOENT', neededBytes: 5 })
    expect((error as Error).message).toMatch(/could not be written \(ENOENT/)
    const folder = join(root, 'folder')
    mkdirSync(folder)
    await expect(writeFileAtomic(folder, [chunk('x')])).rejects.toThrow(FileWriteError)
    expect(readdirSync(root).filter((name) => name.endsWith('.tmp'))).toEqual([])
  })

  it('removes what a killed writer of the same file left, and no other', async () => {
    const folder = join(root, 'abandoned')
    mkdirSync(folder)
    const dead = spawnSync(process.execPath, ['-e', '']).pid
    const mine = `.f.${hostname()}-${dead}-01234567.tmp`
    const others = [
      `.f.${hostname()}-${process.pid}-01234567.tmp`,
      `.g.${hostname()}-${dead}-01234567.tmp`,
      'f.tmp',
    ]
    for (const name of [mine, ...others]) writeFileSync(join(folder, name), '')
    await writeFileAtomic(join(folder, 'f'), [chunk('new')])
    expect(readdirSync(folder).sort()).toEqual([...others, 'f'].sort())
  })

  it('never shows half a file to a reader', async () => {
    const path = join(root, 'watched')
    const size = 3_000_000
    await writeFileAtomic(path, [new Uint8Array(size).fill(48)])
    let writing = true
    const writer = (async () => {
      for (let i = 1; i <= 10; i++) await writeFileAtomic(path, [new Uint8Array(size).fill(48 + i)])
      writing = false
    })()
    while (writing) {
      const bytes = readFileSync(path)
      expect([bytes.length, bytes[0]]).toEqual([size, bytes[size - 1]])
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    await writer
  })

  it('leaves a whole file where the writer is killed at any moment', async () => {
    const path = join(root, 'killed', 'f')
    mkdirSync(join(root, 'killed'))
    const size = 4_000_000
    await writeFileAtomic(path, [new Uint8Array(size)])
    const built = pathToFileURL(join(import.meta.dirname, '../../dist/weights/file.js')).href
    const code = `const { writeFileAtomic } = await import(${JSON.stringify(built)})
      for (let i = 1; ; i++) {
        await writeFileAtomic(${JSON.stringify(path)}, [new Uint8Array(${size}).fill(i % 256)])
        process.stdout.write('.')
      }`
    for (let round = 0; round < 4; round++) {
      const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      await new Promise((resolve) => child.stdout.once('data', resolve))
      await new Promise((resolve) => setTimeout(resolve, 3 + 7 * round))
      child.kill('SIGKILL')
      await new Promise((resolve) => child.once('exit', resolve))
      const bytes = readFileSync(path)
      expect(bytes.length).toBe(size)
      expect(bytes.every((b) => b === bytes[0])).toBe(true)
    }
    await writeFileAtomic(path, [chunk('new')])
    expect(readdirSync(join(root, 'killed'))).toEqual(['f'])
  })
})

/** A file system of 1 MiB, where we may mount one. */
function mountSmall(): string | undefined {
  const folder = join(root, 'small')
  mkdirSync(folder)
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder], { stdio: 'ignore' })
    return folder
  } catch {
    console.warn('skipped: a full disk needs the right to mount a tmpfs (root)')
    return undefined
  }
}

describe('a full disk', () => {
  let small: string | undefined
  beforeAll(() => {
    small = mountSmall()
  })
  afterAll(() => {
    if (small !== undefined) execFileSync('umount', [small])
  })

  it('leaves the old file intact, no temporary one, and says how much is needed', async ({ skip }) => {
    if (small === undefined) return skip()
    const path = join(small, 'model.safetensors')
    await saveSafetensors(path, weights)
    const before = readFileSync(path)
    const large = new Map([['w', weightTensor([1 << 19], 'F32', new Float32Array(1 << 19).fill(1))]])
    const error = await saveSafetensors(path, large).catch((e: unknown) => e)
    expect(error).toBeInstanceOf(FileWriteError)
    const { message, code, neededBytes } = error as FileWriteError
    expect(code).toBe('ENOSPC')
    expect(neededBytes).toBeGreaterThan(1 << 21)
    expect(message).toContain(`${path}: the disk is full: the file takes ${neededBytes} bytes, and `)
    expect(message).toMatch(/ bytes are free in .*small; the old file is intact\./)
    expect(readFileSync(path)).toEqual(before)
    expect(readdirSync(small)).toEqual(['model.safetensors'])
    await saveSafetensors(path, weights)
  })
})
