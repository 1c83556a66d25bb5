import { execFileSync, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadStateDict } from '../../src/weights/load.ts'
import { torchFileChunks } from '../../src/weights/pytorch-write.ts'
import {
  type StoredDType,
  storedDTypes,
  type WeightTensor,
  weightTensorFromBytes,
} from '../../src/weights/state-dict.ts'
import { temporaryFolder } from '../support/command-line.ts'

/** Debian's interpreter has Debian's torch. */
const python = '/usr/bin/python3'
const hasTorch = spawnSync(python, ['-c', 'import torch']).status === 0

function fileOf(
  tensors: ReadonlyMap<string, WeightTensor>,
  metadata?: Readonly<Record<string, string>>,
): Uint8Array {
  const { size, chunks } = torchFileChunks(tensors, metadata)
  const bytes = new Uint8Array(Buffer.concat(chunks))
  expect(bytes.length).toBe(size)
  return bytes
}

function tensorOf(dtype: StoredDType, shape: readonly number[]): WeightTensor {
  const count = shape.reduce((a, b) => a * b, storedDTypes[dtype].bytes)
  const bytes = Uint8Array.from({ length: count }, (_, i) => (dtype === 'BOOL' ? i % 2 : (i * 37 + 11) % 60))
  return weightTensorFromBytes(shape, dtype, bytes)
}

const dtypes = ['F64', 'F32', 'F16', 'BF16', 'C64', 'I64', 'I32', 'I16', 'I8', 'U8', 'BOOL'] as const
const shapes = [[], [3], [2, 3, 1, 5], [0, 4]]
const all = new Map<string, WeightTensor>(
  dtypes.flatMap((dtype) =>
    shapes.map((shape) => [`${dtype}.${shape.join('x')}.größe`, tensorOf(dtype, shape)] as const),
  ),
)

describe('a written PyTorch file', () => {
  it('is read again, bit for bit, with what was written beside it', async () => {
    const metadata = { classes: '["a","ö"]', 'a key': '' }
    const { tensors, format, metadata: found } = await loadStateDict(fileOf(all, metadata))
    expect(format).toBe('pytorch-zip')
    expect(found).toEqual(metadata)
    expect([...tensors.keys()]).toEqual([...all.keys()])
    for (const [name, { shape, dtype, bytes }] of all) {
      const read = tensors.get(name)!
      expect([read.shape, read.dtype]).toEqual([shape, dtype])
      expect(Buffer.compare(read.bytes(), bytes()), name).toBe(0)
    }
    expect((await loadStateDict(fileOf(all))).metadata).toEqual({})
  })

  it('has the contents of its members at multiples of 64 bytes', () => {
    const { chunks } = torchFileChunks(all)
    let position = 0
    const values = new Set(
      [...all.values()].map((tensor) => tensor.bytes()).filter(({ length }) => length > 0),
    )
    let seen = 0
    for (const chunk of chunks) {
      if (values.has(chunk)) {
        expect(position % 64).toBe(0)
        seen++
      }
      position += chunk.length
    }
    expect(seen).toBe(values.size)
  })

  it.skipIf(!hasTorch)('is what torch.load opens, without leave to execute anything', () => {
    const folder = temporaryFolder()
    const path = join(folder, 'written.pth')
    writeFileSync(path, fileOf(all, { classes: 'cat' }))
    const script = `
import json, sys, torch
state = torch.load(sys.argv[1], **({'weights_only': True} if 'weights_only' in torch.load.__code__.co_varnames else {}))
print(json.dumps([type(state).__name__, state.ocelli, [[k, str(v.dtype), list(v.shape), v.is_contiguous(),
  bytes(torch.view_as_real(v).numpy().tobytes() if v.is_complex() else v.reshape(-1).view(torch.int16).numpy().tobytes()
    if v.dtype == torch.bfloat16 else v.numpy().tobytes()).hex()] for k, v in state.items()]]))`
    const [type, attribute, entries] = JSON.parse(
      execFileSync(python, ['-c', script, path], { encoding: 'utf8' }),
    ) as [string, unknown, [string, string, number[], boolean, string][]]
    expect(type).toBe('OrderedDict')
    expect(attribute).toEqual({ classes: 'cat' })
    expect(entries.map(([name]) => name)).toEqual([...all.keys()])
    for (const [name, , shape, contiguous, hex] of entries) {
      const tensor = all.get(name)!
      expect([shape, contiguous]).toEqual([tensor.shape, true])
      expect(hex, name).toBe(Buffer.from(tensor.bytes()).toString('hex'))
    }
  })

  it('is refused for what torch.save has no storage for', () => {
    const odd = new Map([['scale', tensorOf('F8_E4M3', [2])]])
    expect(() => torchFileChunks(odd)).toThrow('scale is F8_E4M3, for which torch.save has no storage')
  })
})
