import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadStateDict, openCheckpoint } from '../../src/weights/load.ts'
import { openPyTorch } from '../../src/weights/pytorch.ts'
import { bytesAccess } from '../../src/weights/random-access.ts'
import { convertTo, type StoredDType, type WeightTensor } from '../../src/weights/state-dict.ts'

const folder = join(import.meta.dirname, 'fixtures')
const fixture = (name: string): Uint8Array => readFileSync(join(folder, name))

interface Expected {
  dtype: string
  shape: number[]
  values: (number | string)[]
}
const expected: Record<string, Record<string, Expected>> = JSON.parse(
  readFileSync(join(folder, 'expected.json'), 'utf8'),
)

const torchName: Partial<Record<StoredDType, string>> = {
  F64: 'float64',
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
  F8_E4M3: 'float8_e4m3fn',
  F8_E5M2: 'float8_e5m2',
  C64: 'complex64',
  I64: 'int64',
  I32: 'int32',
  I16: 'int16',
  I8: 'int8',
  U64: 'uint64',
  U32: 'uint32',
  U16: 'uint16',
  U8: 'uint8',
  BOOL: 'bool',
}

/** The values as float64, which holds all that the fixtures have. */
function numbers(tensor: WeightTensor): number[] {
  if (tensor.dtype === 'C64') return Array.from(tensor.values(), Number)
  return Array.from(convertTo(tensor, 'float64'))
}

describe('files made by torch', () => {
  it.each(Object.keys(expected))('%s: every tensor as torch.load gives it', async (name) => {
    const { tensors } = await loadStateDict(fixture(name), { name })
    expect([...tensors.keys()]).toEqual(Object.keys(expected[name]!))
    for (const [key, tensor] of tensors) {
      const { dtype, shape, values } = expected[name]![key]!
      expect([key, torchName[tensor.dtype], tensor.shape]).toEqual([key, dtype, shape])
      expect(numbers(tensor)).toEqual(values.map(Number))
    }
  })

  it('are opened without reading the tensors, which are then read one by one', async () => {
    for (const name of ['views.zip.pth', 'views.legacy.pth', 'views.deflated.pth']) {
      const inner = bytesAccess(fixture(name))
      let read = 0
      const file = await openPyTorch({
        ...inner,
        read(offset, length) {
          read += length
          return inner.read(offset, length)
        },
      })
      const opening = read
      const block = await file.tensors.get('block')!.read()
      expect(numbers(block)).toEqual([8, 9, 10, 14, 15, 16])
      expect(opening).toBeGreaterThan(0)
      expect(read - opening).toBeLessThan(200)
    }
  })

  it('share memory where tensors share a storage', async () => {
    const { tensors } = await loadStateDict(fixture('views.zip.pth'))
    expect(tensors.get('tied')!.values().buffer).toBe(tensors.get('base')!.values().buffer)
  })
})

describe('what a checkpoint holds beside the weights', () => {
  it.each(['training.zip.pth', 'training.legacy.pth'])('%s: plain values', async (name) => {
    const { values, key, format } = await loadStateDict(fixture(name))
    expect(key).toBe('state_dict')
    expect(format).toBe(name.includes('zip') ? 'pytorch-zip' : 'pytorch-legacy')
    const { mean, optimizer, ...plain } = values
    expect({ ...plain }).toEqual({
      epoch: 7,
      arch: 'resnet20',
      best_prec1: 91.75,
      big: 2n ** 80n,
      nothing: null,
      classes: ['cat', 'dög'],
      flags: [true, 3],
      raw: Uint8Array.of(0, 255),
      loss: 0.125,
      count: -5,
      args: { __class__: 'argparse.Namespace', lr: 0.1, data: '/data' },
      device: 'cuda:1',
      size: [3, 4],
      dtype: 'torch.float16',
      history: { loss: [1, Number.POSITIVE_INFINITY] },
    })
    const meanTensor = await (mean as { read(): Promise<WeightTensor> }).read()
    expect(numbers(meanTensor)).toEqual([1, 2, 3, 4])
    const { state, param_groups } = optimizer as unknown as {
      state: Record<string, { momentum_buffer: { shape: number[]; read(): Promise<WeightTensor> } }>
      param_groups: { lr: number; momentum: number; params: number[] }[]
    }
    expect(Object.keys(state)).toEqual(['0', '1', '2', '3'])
    expect(state['0']!.momentum_buffer.shape).toEqual([2, 1, 3, 3])
    expect((await state['0']!.momentum_buffer.read()).values()).toHaveLength(18)
    expect(param_groups[0]).toMatchObject({ lr: 0.1, momentum: 0.9, params: [0, 1, 2, 3] })
  })

  it('keeps the prefix of DataParallel when asked to', async () => {
    const { tensors } = await loadStateDict(fixture('training.zip.pth'), { stripPrefixes: false })
    expect([...tensors.keys()].every((name) => name.startsWith('module.'))).toBe(true)
  })

  it('reads every protocol alike', async () => {
    for (let protocol = 1; protocol <= 5; protocol++) {
      for (const kind of ['zip', 'legacy']) {
        const { values, key } = await loadStateDict(fixture(`protocol${protocol}.${kind}.pth`))
        expect(key).toBe('model')
        expect({ ...values }).toEqual({ epoch: 300, name: 'ä', ok: true, lr: 0.1 })
      }
    }
  })

  it('takes the state of a pickled module without running its class', async () => {
    const nested = await openCheckpoint(fixture('module-nested.zip.pth'))
    expect(nested.key).toBe('model')
    expect({ ...nested.values }).toEqual({ epoch: 3, ema: null })
    expect(nested.tensors.has('kept')).toBe(true)
    expect(nested.tensors.has('dropped')).toBe(false)
  })
})

describe('the option key', () => {
  it('chooses another dictionary, deeper by dots', async () => {
    const { tensors, key } = await openCheckpoint(fixture('training.zip.pth'), {
      key: 'optimizer.state',
    }).catch((error: Error) => ({ tensors: new Map(), key: error.message }))
    expect(tensors.size).toBe(0)
    expect(key).toMatch(/optimizer\.state holds a dictionary of 4, no named tensors; the file holds epoch/)
    const found = await openCheckpoint(fixture('training.zip.pth'), { key: 'state_dict' })
    expect(found.tensors.size).toBe(7)
  })

  it('says what the file holds where nothing is at the key', async () => {
    await expect(openCheckpoint(fixture('dtypes.zip.pth'), { key: 'ema' })).rejects.toThrow(
      /ema holds nothing, no named tensors; the file holds float64 \(a tensor of shape \[2, 2\]\)/,
    )
  })
})
