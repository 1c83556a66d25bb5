import { describe, expect, it } from 'vitest'
import { crc32, crc32ByTables } from '../../src/weights/crc32.ts'
import { bytesAccess } from '../../src/weights/random-access.ts'
import { openZip } from '../../src/weights/zip.ts'
import { zip } from '../support/zip.ts'

const data = Uint8Array.from({ length: 5000 }, (_, i) => i % 7)
const small = Uint8Array.of(1, 2, 3)

async function readAll(bytes: Uint8Array): Promise<[string, Uint8Array][]> {
  const archive = await openZip(bytesAccess(bytes, 'a.zip'))
  return Promise.all([...archive.entries].map(async ([name, entry]) => [name, await archive.read(entry)]))
}

describe('zip archives', () => {
  it.each([
    ['stored and deflated', false, ''],
    ['zip64', true, ''],
    ['with a comment', false, 'PK\x05\x06 a comment that looks like an end'],
  ])('are read: %s', async (_, wide, comment) => {
    const members = [
      { name: 'a', data },
      { name: 'ü/b', data, method: 8 },
      { name: 'empty', data: new Uint8Array(0), method: 8 },
      { name: 'none', data: new Uint8Array(0) },
    ]
    expect(await readAll(zip(members, wide, comment))).toEqual(members.map((m) => [m.name, m.data]))
  })

  it.each<[string, Uint8Array, RegExp]>([
    ['a wrong CRC-32', zip([{ name: 'a', data, crc: 1 }]), /a does not match its CRC-32/],
    ['a wrong CRC-32, deflated', zip([{ name: 'a', data, method: 8, crc: 1 }]), /CRC-32/],
    ['a wrong size', zip([{ name: 'a', data, size: 4999 }]), /CRC-32 or size/],
    ['more data than it says', zip([{ name: 'a', data, method: 8, size: 10 }]), /unpacks to more bytes/],
    ['less data than it says', zip([{ name: 'a', data, method: 8, size: 5001 }]), /CRC-32 or size/],
    [
      'a promise that deflate cannot keep',
      zip([{ name: 'a', data, method: 8, size: 2 ** 31 }]),
      /more than deflate can/,
    ],
    ['an unknown method', zip([{ name: 'a', data, method: 12 }]), /packed by method 12/],
    ['encryption', zip([{ name: 'a', data, flags: 1 }]), /a is encrypted/],
    [
      'two members of one name',
      zip([
        { name: 'a', data: small },
        { name: 'a', data: small },
      ]),
      /two members are named a/,
    ],
    ['no end', new Uint8Array(100), /directory at the end of the zip archive is missing/],
    ['nothing', new Uint8Array(0), /is missing/],
  ])('are refused with %s', async (_, bytes, message) => {
    await expect(readAll(bytes)).rejects.toThrow(message)
    await expect(readAll(bytes)).rejects.toThrow(/^a\.zip: /)
  })

  it('are refused with data that is no deflate', async () => {
    const bytes = zip([{ name: 'a', data, method: 8 }])
    bytes.fill(0xff, 34, 40)
    await expect(readAll(bytes)).rejects.toThrow(/a cannot be unpacked|CRC-32/)
  })
})

describe.each([
  ['of the runtime, where it has one', crc32],
  ['by tables', crc32ByTables],
] as const)('crc32 %s', (_, crc) => {
  it('has the standard check value, at every length and alignment', () => {
    const bytes = new TextEncoder().encode('123456789')
    expect(crc(bytes)).toBe(0xcbf43926)
    expect(crc(new Uint8Array(0))).toBe(0)
    for (let length = 0; length < 40; length++) {
      let c = 0xffffffff
      for (const b of data.subarray(3, 3 + length)) {
        c ^= b
        for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1
      }
      expect(crc(data.subarray(3, 3 + length))).toBe((c ^ 0xffffffff) >>> 0)
    }
  })
})
