import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { CheckpointError } from '../../src/weights/errors.ts'
import { loadStateDict, openCheckpoint } from '../../src/weights/load.ts'
import { unpickle } from '../../src/weights/pickle.ts'
import { type Member, zip } from '../support/zip.ts'

const folder = join(import.meta.dirname, 'fixtures')
const fixture = (name: string): Uint8Array => new Uint8Array(readFileSync(join(folder, name)))

/** Reads a file to the end; whatever is wrong with it must come as a CheckpointError that names it. */
async function load(bytes: Uint8Array): Promise<'read' | 'refused'> {
  try {
    await loadStateDict(bytes, { name: 'bad.pth' })
    return 'read'
  } catch (error) {
    if (!(error instanceof CheckpointError)) throw error
    expect(error.message).toMatch(/^bad\.pth/)
    expect(error.message.length).toBeLessThan(1000)
    return 'refused'
  }
}

describe('a malicious pickle', () => {
  const names: Record<string, string> = {
    'attack-system.zip.pth': 'posix.system',
    'attack-system.legacy.pth': 'posix.system',
    'attack-eval.zip.pth': 'builtins.eval',
    'attack-exec.zip.pth': 'builtins.exec',
    'attack-getattr.zip.pth': 'builtins.getattr',
    'attack-import.zip.pth': 'builtins.__import__',
    'attack-torch-load.zip.pth': 'torch.serialization.load',
    'attack-unknown.zip.pth': 'json.loads',
    'attack-inst.pkl': 'os.system',
    'attack-obj.pkl': 'posix.system',
    'attack-stack-global.pkl': 'os.system',
  }

  it('is tried in every form there is a fixture of', () => {
    const attacks = readdirSync(folder).filter((name) => name.startsWith('attack-'))
    expect(attacks.sort()).toEqual(Object.keys(names).sort())
  })

  it.each(Object.entries(names))('%s is refused by name: %s', async (file, name) => {
    const error = await openCheckpoint(fixture(file), { name: file }).catch((e: Error) => e)
    expect(error).toBeInstanceOf(CheckpointError)
    const { message, offset } = error as CheckpointError
    expect(message).toContain(file)
    expect(message).toContain(`byte ${offset}`)
    expect(message).toMatch(
      new RegExp(`refused: the pickle (names|wants to call) ${name.replaceAll('.', '\\.')},`),
    )
    expect(message).toMatch(/Nothing (of it )?was executed/)
  })

  it('says what to do where the call may be harmless', async () => {
    await expect(openCheckpoint(fixture('attack-unknown.zip.pth'))).rejects.toThrow(
      /torch\.save\(model\.state_dict\(\), path\); or pass \{ opaque: \['json\.loads'\] \}/,
    )
    const { values, tensors } = await openCheckpoint(fixture('attack-unknown.zip.pth'), {
      opaque: ['json.loads'],
    })
    expect({ ...values }).toEqual({ extra: { __class__: 'json.loads', __args__: ['1'] } })
    expect([...tensors.keys()]).toEqual(['weight'])
  })
})

const intact = [
  'dtypes.zip.pth',
  'dtypes.legacy.pth',
  'training.legacy.pth',
  'training.zip.pth',
  'views.deflated.pth',
  'numpy2.pkl',
  'numpy5.pkl',
  'module.zip.pth',
  'protocol4.legacy.pth',
]

describe('a truncated file', () => {
  it.each(intact)('%s is refused wherever it is cut', async (name) => {
    const bytes = fixture(name)
    const step = bytes.length < 1200 ? 1 : 16
    for (let length = 0; length < bytes.length; length += step) {
      expect([length, await load(bytes.slice(0, length))]).toEqual([length, 'refused'])
    }
  })
})

describe('a damaged file', () => {
  it.each(intact)('%s with bits flipped is read or refused, nothing else', async (name) => {
    const bytes = fixture(name)
    let seed = 12345
    const random = (below: number): number => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
      return Math.floor((seed / 2 ** 32) * below)
    }
    let refused = 0
    for (let i = 0; i < 100; i++) {
      const damaged = bytes.slice()
      for (let flips = 1 + random(4); flips > 0; flips--) damaged[random(bytes.length)]! ^= 1 << random(8)
      if ((await load(damaged)) === 'refused') refused++
    }
    expect(refused).toBeGreaterThan(10)
  })

  it('does not read a storage whose CRC-32 is wrong', async () => {
    const bytes = fixture('protocol2.zip.pth')
    const one = [0, 0, 0x80, 0x3f]
    const at = bytes.findIndex((_, i) => one.every((b, k) => bytes[i + k] === b))
    bytes[at + 3] = 0x40
    const { tensors } = await openCheckpoint(bytes, { name: 'w.pth' })
    await expect(tensors.get('weight')!.read()).rejects.toThrow(/data\/0 does not match its CRC-32/)
  })
})

/** A pickle of the given parts: text and byte codes. */
function pickle(...parts: (string | number[])[]): Uint8Array {
  return Uint8Array.from(
    parts.flatMap((p) => (typeof p === 'string' ? [...p].map((c) => c.charCodeAt(0)) : p)),
  )
}
const repeat = (part: string, times: number): string => part.repeat(times)
const options = { file: 'bad.pkl' }

describe('a pickle bomb', () => {
  it('of millions of nested lists is refused', () => {
    const bytes = new Uint8Array(2_500_000).fill(0x5d)
    expect(() => unpickle(bytes, options)).toThrow(/more than 2000000 lists/)
    expect(() => unpickle(bytes.fill(0x28), options)).toThrow(/more than 2000000 lists/)
  })

  it('of deep nesting is refused, not a stack overflow', async () => {
    const deep = pickle([0x80, 2], repeat(']', 100_000), repeat('a', 99_999), '.')
    expect(() => unpickle(deep, options)).not.toThrow()
    expect(await load(deep)).toBe('refused')
    const state = pickle([0x80, 2], '}(U\x01w', 'cnumpy.core.multiarray\n_reconstruct\n(tR', 'U\x01x')
    const nested = pickle([...state], repeat(']', 2000), repeat('a', 1999), 'u.')
    await expect(loadStateDict(nested)).rejects.toThrow('nested more than 500 deep')
  })

  it('of shared lists (a billion laughs) takes no more than its own size', async () => {
    const laughs = ['}(U\x01wcnumpy.core.multiarray\n_reconstruct\n(tRU\x01x]q\x00']
    for (let i = 0; i < 60; i++)
      laughs.push(`0](${repeat('h' + String.fromCharCode(i), 10)}eq${String.fromCharCode(i + 1)}`)
    const { values } = await openCheckpoint(pickle([0x80, 2], laughs.join(''), 'u.'))
    expect(values.x).toHaveLength(10)
  })

  it('of copies of copies is refused', () => {
    const copy = 'cbuiltins\nlist\n(h\x00tR0'
    const bytes = pickle([0x80, 2], '](', repeat('N', 100_000), 'eq\x00', repeat(copy, 20_000), '.')
    expect(() => unpickle(bytes, options)).toThrow(/copies the same values over and over/)
  })

  it('of huge numbers, lengths or dimensions is refused at once', async () => {
    expect(() => unpickle(pickle([0x8b, 0xff, 0xff, 0xff, 0x7f]), options)).toThrow(
      'an integer of 2147483647 bytes',
    )
    expect(() => unpickle(pickle(`L${repeat('9', 5000)}L\n.`), options)).toThrow('is not an integer')
    expect(() => unpickle(pickle([0x8e, 255, 255, 255, 255, 255, 255, 255, 255]), options)).toThrow(
      /truncated/,
    )
    expect(() => unpickle(pickle('T\xff\xff\xff\xff'), options)).toThrow(/truncated/)
  })

  it('that contains itself is read as it is', () => {
    const { value } = unpickle(pickle([0x80, 2], ']q\x00h\x00a.'), options)
    expect((value as unknown[])[0]).toBe(value)
  })
})

describe('a tensor that lies about itself', () => {
  /** A zip-less way: the legacy layout, with one storage of `length` floats. */
  function legacy(tensor: string, length = 4): Uint8Array {
    const storage = `(U\x07storagectorch\nFloatStorage\nU\x010U\x03cpuK${String.fromCharCode(length)}NtQ`
    const parts: (string | number[])[] = [
      [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e],
      [0x80, 2, 0x4d, 0xe9, 0x03, 0x2e],
      [0x80, 2, 0x7d, 0x2e],
      [0x80, 2],
      `}U\x01wctorch._utils\n_rebuild_tensor_v2\n(${storage}${tensor}I00\n}tRs.`,
      [0x80, 2],
      ']U\x010a.',
      [length, 0, 0, 0, 0, 0, 0, 0],
      new Array(4 * length).fill(0),
    ]
    return pickle(...parts)
  }

  it('is read where it is right', async () => {
    const { tensors } = await loadStateDict(legacy('K\x00K\x02K\x02\x86K\x02K\x01\x86'))
    expect(tensors.get('w')!.values()).toHaveLength(4)
  })

  it.each([
    ['beyond its storage', 'K\x01K\x02K\x02\x86K\x02K\x01\x86', /leaves its storage of 4 elements/],
    ['with a long stride', 'K\x00K\x02K\x02\x86K\x03K\x01\x86', /leaves its storage/],
    ['with a negative offset', 'I-1\nK\x02K\x02\x86K\x02K\x01\x86', /number -1 in a storage offset/],
    ['with a negative stride', 'K\x00K\x02\x85I-1\n\x85', /number -1 in a list of strides/],
    ['with too few strides', 'K\x00K\x02K\x02\x86K\x02\x85', /shape \[2, 2\] with strides \[2\]/],
    ['of fractional size', 'K\x00G?\xf8\x00\x00\x00\x00\x00\x00\x85K\x01\x85', /number 1\.5 in a shape/],
    ['of overflowing size', 'K\x00I9007199254740991\nI1024\n\x86K\x00K\x00\x86', /a tensor of shape/],
    ['of 65 dimensions', `K\x00(${'K\x01'.repeat(65)}t(${'K\x01'.repeat(65)}t`, /a list of 65 is no shape/],
    ['expanded to a terabyte', 'K\x00I274877906944\n\x85K\x00\x85', /refused: expanded tensors/],
  ])('is refused: %s', async (_, tensor, message) => {
    const opening = loadStateDict(legacy(tensor), { name: 'lie.pth' })
    await expect(opening).rejects.toThrow(message)
    await expect(opening).rejects.toThrow(CheckpointError)
  })

  it('is refused where the storage does not have the length it says', async () => {
    const bytes = legacy('K\x00K\x02K\x02\x86K\x02K\x01\x86')
    bytes[bytes.length - 24] = 5
    await expect(loadStateDict(bytes)).rejects.toThrow('storage 0 has 5 elements, not 4')
  })
})

describe('a zip bomb', () => {
  /** As torch.save writes it: one tensor of `length` zeros, of type float32. */
  const archive = (
    length: number,
    storage: Partial<Member> = {},
    others: readonly Member[] = [],
    storageLength: number = length,
  ): Uint8Array => {
    const id = `(U\x07storagectorch\nFloatStorage\nU\x010U\x03cpuI${storageLength}\nNtQ`
    const tensor = `ctorch._utils\n_rebuild_tensor_v2\n(${id}K\x00I${length}\n\x85K\x01\x85I00\n}tR`
    const data = pickle([0x80, 2], `}U\x01w${tensor}s.`)
    const zeros = new Uint8Array(4 * length)
    return zip([
      { name: 'a/data.pkl', data },
      ...others,
      { name: 'a/data/0', data: zeros, method: 8, ...storage },
    ])
  }

  it('is none where a deflated storage is as large as the pickle says', async () => {
    const { tensors } = await loadStateDict(archive(500_000))
    expect(tensors.get('w')!.values()).toHaveLength(500_000)
  })

  it('of a storage larger than the pickle says is refused before it is unpacked', async () => {
    await expect(openCheckpoint(archive(10, { size: 600e6 }))).rejects.toThrow(
      /storage 0 should have 40 bytes, but the archive has 600000000 for it/,
    )
    // Bytes that a view of another type leaves over are no bomb.
    await loadStateDict(archive(10, { data: new Uint8Array(43) }))
    await expect(openCheckpoint(archive(10, { data: new Uint8Array(44) }))).rejects.toThrow(/should have 40/)
  })

  it('of storages as large as the pickle says is refused where the file is too small for them', async () => {
    const bomb = archive(10, { size: 400e6 }, [], 100e6)
    await expect(openCheckpoint(bomb)).rejects.toThrow(
      /refused: its deflated members, such as a\/data\/0 of 400000000 bytes, would unpack to far more/,
    )
  })

  it('of a pickle is refused, and of a byte order never unpacked', async () => {
    const bomb = zip([{ name: 'a/data.pkl', data: new Uint8Array(9), method: 8, size: 400e6 }])
    await expect(openCheckpoint(bomb)).rejects.toThrow(/refused: its deflated members, such as a\/data\.pkl/)
    const order: Member = { name: 'a/byteorder', data: new Uint8Array(9), method: 8, size: 400e6 }
    expect((await loadStateDict(archive(3, {}, [order]))).tensors.get('w')!.values()).toHaveLength(3)
  })
})
