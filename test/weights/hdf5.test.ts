import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import h5wasm, { type File, FS } from 'h5wasm'
import { beforeAll, describe, expect, it } from 'vitest'
import { CheckpointError } from '../../src/weights/errors.ts'
import type { Dataset } from '../../src/weights/hdf5/dataset.ts'
import { type Group, isGroupMember, openHdf5 } from '../../src/weights/hdf5/file.ts'
import { bytesAccess } from '../../src/weights/random-access.ts'
import { toFloat32 } from '../../src/weights/state-dict.ts'

const fixture = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(join(import.meta.dirname, 'hdf5', name)))

/** The same file in the HDF Group's own library. */
function byLibrary(name: string): File {
  FS!.writeFile(name, fixture(name))
  return new h5wasm.File(name, 'r')
}

async function dataset(root: Group, path: string): Promise<Dataset> {
  const found = await root.get(path)
  if (found === undefined || isGroupMember(found)) throw new Error(`${path} is no dataset`)
  return found
}

const numbers = ['a/b/matrix', 'scalar', 'big', 'flags', 'bytes', 'nothing']

describe.each(['early.h5', 'latest.h5'])('the HDF5 file %s', (name) => {
  let root: Group
  beforeAll(async () => {
    await h5wasm.ready
    root = await openHdf5(bytesAccess(fixture(name), name))
  })

  it('holds the numbers that the library of the HDF Group reads', async () => {
    const file = byLibrary(name)
    const more = name === 'early.h5' ? ['packed', 'chunks', 'many/x17'] : []
    for (const path of [...numbers, ...more, 'ordered/z4']) {
      const own = await dataset(root, path)
      const theirs = file.get(path) as unknown as {
        shape: number[]
        value: ArrayLike<number> | number | null
      }
      expect([path, own.shape]).toEqual([path, theirs.shape])
      const value = theirs.value ?? []
      const wanted = typeof value === 'object' ? Array.from(value, Number) : [Number(value)]
      const read = await own.read()
      const values =
        own.dtype === 'F32' ? toFloat32(read) : Array.from(read.values() as ArrayLike<number>, Number)
      expect([path, [...values]]).toEqual([path, wanted])
    }
    file.close()
  })

  it('gives float16 as it is', async () => {
    const half = await dataset(root, 'half')
    expect(half.dtype).toBe('F16')
    const values = toFloat32(await half.read())
    expect(values.length).toBe(5)
    if (name === 'early.h5') expect(values[0]).toBeCloseTo(0.8813, 3)
  })

  it('gives the strings of attributes, short, long and in lists', async () => {
    expect(await root.strings('fixed')).toEqual(['abc', 'defg'])
    expect(await root.strings('text')).toEqual(['ä'.repeat(100)])
    expect(await root.strings('list')).toEqual(['p', 'qq', 'rrr'])
    expect(await root.strings('empty')).toEqual([])
    expect(await root.strings('number')).toBeUndefined()
    expect(await root.strings('absent')).toBeUndefined()
  })

  it('gives links and attributes that are too many for an object header', async () => {
    const ordered = await root.get('ordered')
    if (!isGroupMember(ordered)) throw new Error('no group')
    expect([...(await ordered.names())].sort()).toEqual(Array.from({ length: 12 }, (_, i) => `z${i}`).sort())
    for (let i = 0; i < 10; i++) expect(await ordered.strings(`k${i}`)).toEqual([`value ${i}`])
    expect(await ordered.strings('k10')).toBeUndefined()
  })

  it('follows no link to another place or another file', async () => {
    expect(await root.get('link')).toBeUndefined()
    expect(await root.get('elsewhere')).toBeUndefined()
    expect(await root.get('a/b/matrix/c')).toBeUndefined()
    expect(await root.get('absent')).toBeUndefined()
  })

  it('says what it does not read', async () => {
    await expect(root.get('words')).rejects.toThrow(/words holds text, which Ocelli does not read/)
    await expect(root.get('pair')).rejects.toThrow(/pair holds compound values/)
    if (name !== 'early.h5') return
    await expect(root.get('lzf')).rejects.toThrow(/weights packed with LZF/)
    await expect(root.get('unwritten')).rejects.toThrow(/unwritten was never given values/)
  })

  it('is found to be cut off at once', async () => {
    const bytes = fixture(name)
    const cut = openHdf5(bytesAccess(bytes.subarray(0, bytes.length - 1), name))
    await expect(cut).rejects.toThrow(CheckpointError)
    await expect(cut).rejects.toThrow(/truncated: the file says that it ends at byte/)
  })
})
