import { describe, expect, it } from 'vitest'
import { CheckpointError } from '../../src/weights/errors.ts'
import { loadStateDict, openCheckpoint } from '../../src/weights/load.ts'
import { pyTorchChunks } from '../../src/weights/pytorch.ts'
import { encodeSafetensors } from '../../src/weights/safetensors-write.ts'
import { weightTensor } from '../../src/weights/state-dict.ts'
import { zip } from '../support/zip.ts'

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0))

describe('openCheckpoint', () => {
  it('takes bytes, blobs and files of a browser', async () => {
    const encoded = encodeSafetensors(new Map([['w', weightTensor([1], 'F32', Float32Array.of(3))]]))
    const file = new File([encoded as Uint8Array<ArrayBuffer>], 'x.bin')
    for (const source of [encoded, new Blob([file]), file]) {
      const { tensors } = await loadStateDict(source)
      expect(tensors.get('w')!.values()).toEqual(Float32Array.of(3))
    }
    const cut = new File([file.slice(0, 12)], 'cut.bin')
    await expect(openCheckpoint(cut)).rejects.toThrow(/^cut\.bin: /)
  })

  it.each([
    ['', 'the file is empty'],
    ['version https://git-lfs.github.com/spec/v1\n', 'a Git LFS pointer'],
    ['<!DOCTYPE html>', 'an HTML or XML page'],
    ['\x1f\x8b\x08', 'packed with gzip'],
    ['\x93NUMPY\x01', 'a numpy array'],
    ['PK\x05\x06', 'a zip archive without members'],
    [`${'x'.repeat(257)}ustar`, 'a tar archive'],
    ['what?', 'no known weight format (it begins with 77 68 61 74 3f)'],
  ])('says what a foreign file seems to be: %j', async (start, message) => {
    const error = await openCheckpoint(bytes(start), { name: 'f.pth' }).catch((e: unknown) => e)
    expect(error).toBeInstanceOf(CheckpointError)
    expect((error as Error).message).toContain(`f.pth: ${message}`)
  })
})

describe('a zip archive around one weight file', () => {
  const tensors = new Map([['w', weightTensor([2], 'F32', Float32Array.of(1, 2))]])

  it.each([0, 8])('is looked into (method %i)', async (method) => {
    const { chunks } = await pyTorchChunks(tensors)
    const data = new Uint8Array(Buffer.concat(chunks))
    const members = [
      { name: 'net-0123-89abcdef.pth', data, method },
      { name: '__MACOSX/net.pth', data: Uint8Array.of(1) },
    ]
    const loaded = await loadStateDict(zip(members))
    expect(loaded.format).toBe('pytorch-zip')
    expect(loaded.tensors.get('w')!.values()).toEqual(Float32Array.of(1, 2))
    const safetensors = await loadStateDict(
      zip([{ name: 'a/b.safetensors', data: encodeSafetensors(tensors), method }]),
    )
    expect(safetensors.format).toBe('safetensors')
  })

  it('with several, or damaged within, is refused', async () => {
    const data = encodeSafetensors(tensors)
    const two = ['a.safetensors', 'b.safetensors'].map((name) => ({ name, data }))
    await expect(loadStateDict(zip(two))).rejects.toThrow(
      /not of PyTorch: it has no data\.pkl \(it has a\.safe/,
    )
    await expect(loadStateDict(zip([{ name: 'a.pth', data: data.subarray(0, 30) }]))).rejects.toThrow(
      /a\.pth\).*(truncated|header)/,
    )
    await expect(
      loadStateDict(zip([{ name: 'a.pth', data: zip([{ name: 'b.pth', data }]) }])),
    ).rejects.toThrow(/not of PyTorch/)
    await expect(loadStateDict(zip([{ name: 'a.pth', data, method: 8, size: 2 ** 40 }]))).rejects.toThrow()
  })
})
