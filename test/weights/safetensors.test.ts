import { describe, expect, it } from 'vitest'
import { CheckpointError } from '../../src/weights/errors.ts'
import { orderedKeys } from '../../src/weights/json-keys.ts'
import { blobAccess, bytesAccess } from '../../src/weights/random-access.ts'
import { openSafetensors, parseSafetensors } from '../../src/weights/safetensors.ts'
import { encodeSafetensors } from '../../src/weights/safetensors-write.ts'
import { type StateDict, weightTensor } from '../../src/weights/state-dict.ts'

function file(header: string | object, data = 0, length?: bigint): Uint8Array {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header))
  const bytes = new Uint8Array(8 + json.length + data)
  new DataView(bytes.buffer).setBigUint64(0, length ?? BigInt(json.length), true)
  bytes.set(json, 8)
  return bytes
}

const tensor = (shape: number[], begin: number, end: number, dtype = 'F32') => ({
  dtype,
  shape,
  data_offsets: [begin, end],
})

const everyType: StateDict = new Map([
  ['3', weightTensor([3], 'U8', Uint8Array.of(1, 2, 3))],
  ['flag', weightTensor([2], 'BOOL', Uint8Array.of(1, 0))],
  ['1', weightTensor([], 'F32', Float32Array.of(0.5))],
  ['long', weightTensor([2], 'I64', BigInt64Array.of(-1n, 2n ** 62n))],
  ['double', weightTensor([1, 2], 'F64', Float64Array.of(Math.PI, -0))],
  ['half', weightTensor([3], 'F16', Uint16Array.of(0x3c00, 0xc000, 1))],
  ['brain', weightTensor([1], 'BF16', Uint16Array.of(0x3f80))],
  ['int', weightTensor([1], 'I32', Int32Array.of(-5))],
  ['short', weightTensor([1], 'I16', Int16Array.of(-6))],
  ['byte', weightTensor([1], 'I8', Int8Array.of(-7))],
  ['unsigned', weightTensor([1], 'U32', Uint32Array.of(2 ** 32 - 1))],
  ['complex', weightTensor([1], 'C64', Float32Array.of(1, 2))],
  ['nothing', weightTensor([0, 4], 'F32', new Float32Array(0))],
  ['__proto__', weightTensor([1], 'F32', Float32Array.of(9))],
  ['"quoted" ümläut', weightTensor([1], 'F32', Float32Array.of(8))],
])

describe('writing and reading', () => {
  it('brings back every type, name, order and the metadata', async () => {
    const bytes = encodeSafetensors(everyType, { format: 'pt', note: '{"a": "ü"}' })
    const opened = await openSafetensors(bytesAccess(bytes))
    expect(opened.metadata).toEqual({ format: 'pt', note: '{"a": "ü"}' })
    expect([...opened.tensors.keys()]).toEqual([...everyType.keys()])
    const parsed = parseSafetensors(bytes)
    for (const [name, expected] of everyType) {
      const read = await opened.tensors.get(name)!.read()
      for (const actual of [read, parsed.tensors.get(name)!]) {
        expect(actual.shape).toEqual(expected.shape)
        expect(actual.dtype).toBe(expected.dtype)
        expect(actual.values()).toEqual(expected.values())
      }
    }
  })

  it('pads the header with spaces to 8 bytes and aligns every tensor', () => {
    const bytes = encodeSafetensors(everyType)
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true))
    expect(length % 8).toBe(0)
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)))
    const width: Record<string, number> = {
      F64: 8,
      I64: 8,
      C64: 8,
      F32: 4,
      I32: 4,
      U32: 4,
      F16: 2,
      BF16: 2,
      I16: 2,
    }
    for (const { dtype, data_offsets } of Object.values<{ dtype: string; data_offsets: number[] }>(header)) {
      expect(data_offsets[0]! % (width[dtype] ?? 1)).toBe(0)
    }
  })

  it('reads only what is asked for, from a Blob too', async () => {
    const bytes = encodeSafetensors(everyType)
    const reads: number[] = []
    const inner = blobAccess(new Blob([bytes as Uint8Array<ArrayBuffer>]))
    const opened = await openSafetensors({
      name: 'counted',
      size: inner.size,
      read(offset, length) {
        reads.push(length)
        return inner.read(offset, length)
      },
    })
    expect(reads).toHaveLength(2)
    expect((await opened.tensors.get('double')!.read()).values()).toEqual(Float64Array.of(Math.PI, -0))
    expect(reads.slice(2)).toEqual([16])
  })

  it('cannot name a tensor __metadata__', () => {
    const one = everyType.get('1')!
    expect(() => encodeSafetensors(new Map([['__metadata__', one]]))).toThrow(RangeError)
  })

  it('reads an empty file and padding after the header', () => {
    expect(parseSafetensors(file('{}')).tensors.size).toBe(0)
    expect(parseSafetensors(file('{}   \n')).tensors.size).toBe(0)
    expect(parseSafetensors(encodeSafetensors(new Map())).tensors.size).toBe(0)
  })
})

describe('a damaged file', () => {
  const cases: [what: string, bytes: Uint8Array, message: RegExp][] = [
    ['too short for a length', new Uint8Array(5), /only 5 bytes/],
    ['a header beyond the cap', file('{}', 0, 100_000_001n), /at most 100000000/],
    ['a huge header length', file('{}', 0, 2n ** 64n - 1n), /at most 100000000/],
    ['a header beyond the file', file('{}', 0, 50n), /truncated: the header should have 50 bytes/],
    ['no JSON', file('{"a": '), /is not JSON/],
    ['no UTF-8', file('{}').fill(0xff, 8), /is not JSON/],
    ['a list', file('[]'), /not a JSON object/],
    ['leading space', file(' {}'), /begins with \{/],
    [
      'a duplicate tensor',
      file('{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"\\u0061":1}'),
      /"a" appears twice/,
    ],
    ['a duplicate field', file('{"a":{"dtype":"F32","dtype":"F32"}}'), /"dtype" appears twice/],
    ['metadata that is no text', file({ __metadata__: { a: 1 } }), /__metadata__ "a" is not a string/],
    ['metadata that is a list', file({ __metadata__: [] }), /__metadata__ is not an object/],
    ['an unknown type', file({ a: tensor([1], 0, 4, 'F33') }, 4), /dtype "F33"/],
    ['an inherited type', file({ a: tensor([1], 0, 4, 'toString') }, 4), /dtype "toString"/],
    ['a negative size', file({ a: tensor([-1], 0, 4) }, 4), /not a list of sizes/],
    ['a fractional size', file({ a: tensor([1.5], 0, 6) }, 6), /not a list of sizes/],
    ['no shape', file({ a: { dtype: 'F32', data_offsets: [0, 4] } }, 4), /not a list of sizes/],
    ['no tensor', file({ a: 3 }), /not described by an object/],
    ['a shape that overflows', file({ a: tensor([2 ** 40, 2 ** 40], 0, 4) }, 4), /beyond 2\^53/],
    ['zero times a shape that overflows', file({ a: tensor([2 ** 52, 2 ** 52, 0], 0, 0) }), /beyond 2\^53/],
    ['bytes that do not fit the shape', file({ a: tensor([2], 0, 4) }, 4), /takes 8 bytes, not 4/],
    ['three offsets', file({ a: { dtype: 'F32', shape: [1], data_offsets: [0, 4, 8] } }, 8), /two positions/],
    ['reversed offsets', file({ a: tensor([1], 4, 0) }, 4), /takes 4 bytes, not -4/],
    ['an overlap', file({ a: tensor([2], 0, 8), b: tensor([1], 4, 8) }, 8), /"b".*overlaps/],
    ['a hole', file({ a: tensor([1], 0, 4), b: tensor([1], 8, 12) }, 12), /"b".*hole/],
    ['a hole at the start', file({ a: tensor([1], 4, 8) }, 8), /hole/],
    ['missing data', file({ a: tensor([2], 0, 8) }, 7), /truncated: the tensors end at byte/],
    ['data left over', file({ a: tensor([1], 0, 4) }, 5), /1 bytes follow the last tensor/],
  ]
  it.each(cases)('is refused: %s', async (_, bytes, message) => {
    expect(() => parseSafetensors(bytes, 'w.safetensors')).toThrow(message)
    const opening = openSafetensors(bytesAccess(bytes, 'w.safetensors'))
    await expect(opening).rejects.toThrow(CheckpointError)
    await expect(opening).rejects.toThrow(/^w\.safetensors: /)
  })

  it('is refused wherever it is cut', async () => {
    const bytes = encodeSafetensors(everyType, { note: 'x' })
    for (let length = 0; length < bytes.length; length++) {
      const cut = bytesAccess(bytes.subarray(0, length))
      await expect(openSafetensors(cut)).rejects.toThrow(CheckpointError)
    }
  })
})

describe('orderedKeys', () => {
  it('follows the text, through strings, brackets and escapes', () => {
    const text = '{"b": {"x": [1, {"y": "},{"}]}, "2": "\\"{", "a\\\\": [], "1": null}'
    const duplicates: string[] = []
    expect(orderedKeys(text, (key) => duplicates.push(key))).toEqual(['b', '2', 'a\\', '1'])
    expect(duplicates).toEqual([])
    orderedKeys('{"a": [{"k": 1, "k": 2}, {"k": 3}], "a": 0}', (key) => duplicates.push(key))
    expect(duplicates).toEqual(['k', 'a'])
  })
})
