import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createDarknet } from '../../../src/models/darknet-network.ts'
import { randn } from '../../../src/tensor/index.ts'
import type { DarknetConfig } from '../../../src/weights/darknet/config.ts'
import { parseDarknetConfig } from '../../../src/weights/darknet/parse.ts'
import { darknetChunks, openDarknet } from '../../../src/weights/darknet/weights.ts'
import {
  bytesAccess,
  loadStateDict,
  openCheckpoint,
  type StateDict,
  storeTensors,
  toFloat32,
} from '../../../src/weights/index.ts'
import { sharedPath } from '../../support/shared.ts'

const config = parseDarknetConfig(`
[net]
width=4
height=4
channels=2
[convolutional]
batch_normalize=1
filters=3
size=3
pad=1
activation=leaky
[maxpool]
size=2
stride=2
[convolutional]
filters=2
size=1
activation=linear
[connected]
batch_normalize=1
output=3
activation=linear
[softmax]
`)

function joined(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const chunk of chunks) {
    all.set(chunk, at)
    at += chunk.length
  }
  return all
}

/** A file with the numbers 0, 1, 2 … after a header. */
function counting(count: number, header: ArrayBuffer): Uint8Array<ArrayBuffer> {
  return joined([
    new Uint8Array(header),
    new Uint8Array(Float32Array.from({ length: count }, (_, i) => i).buffer),
  ])
}

function header(version: readonly [number, number, number], seen: bigint, bytes: 4 | 8): ArrayBuffer {
  const view = new DataView(new ArrayBuffer(12 + bytes))
  for (const [i, part] of version.entries()) view.setInt32(4 * i, part, true)
  if (bytes === 8) view.setBigUint64(12, seen, true)
  else view.setUint32(12, Number(seen), true)
  return view.buffer
}

// 3 * 4 + 3 * 2 * 9, 2 + 2 * 3, 3 + 3 * 8 + 3 * 3.
const sizes = [66, 8, 36]
const total = 110

const read = (bytes: Uint8Array, of: DarknetConfig = config): ReturnType<typeof openDarknet> =>
  openDarknet(bytesAccess(bytes, 'net.weights'), of)

async function values(bytes: Uint8Array): Promise<Map<string, number[]>> {
  const { tensors } = await loadStateDict(bytes, { darknet: config })
  return new Map([...tensors].map(([name, tensor]) => [name, [...toFloat32(tensor)]]))
}

const range = (start: number, count: number): number[] => Array.from({ length: count }, (_, i) => start + i)

describe('openDarknet', () => {
  it.each([
    ['0.1.0', [0, 1, 0], 4],
    ['0.2.0', [0, 2, 0], 8],
    ['0.2.5', [0, 2, 5], 8],
    ['1.0.0', [1, 0, 0], 8],
  ] as const)('reads the parameters in order, of version %s', async (version, parts, bytes) => {
    const file = counting(total, header(parts, 320_000n, bytes))
    const opened = await read(file)
    expect(opened.metadata).toEqual({ darknet_version: version, darknet_seen: '320000' })
    expect([opened.complete, opened.layers]).toEqual([true, 5])
    const found = await values(file)
    expect([...found.keys()].sort()).toEqual([...createDarknet(config).stateDict().keys()].sort())
    expect(found.get('module_list.0.BatchNorm2d.bias')).toEqual([0, 1, 2])
    expect(found.get('module_list.0.BatchNorm2d.weight')).toEqual([3, 4, 5])
    expect(found.get('module_list.0.BatchNorm2d.running_mean')).toEqual([6, 7, 8])
    expect(found.get('module_list.0.BatchNorm2d.running_var')).toEqual([9, 10, 11])
    expect(found.get('module_list.0.Conv2d.weight')).toEqual(range(12, 54))
    expect(found.get('module_list.2.Conv2d.bias')).toEqual([66, 67])
    expect(found.get('module_list.2.Conv2d.weight')).toEqual(range(68, 6))
    expect(found.get('module_list.3.BatchNorm2d.bias')).toEqual([74, 75, 76])
    expect(found.get('module_list.3.Linear.weight')).toEqual(range(77, 24))
    expect(found.get('module_list.3.BatchNorm2d.weight')).toEqual([101, 102, 103])
  })

  it('takes seen of old files as wide as makes them come out even', async () => {
    expect((await read(counting(total, header([0, 1001, 0], 7n, 8)))).metadata.darknet_seen).toBe('7')
    expect((await read(counting(total, header([0, 1001, 0], 8n, 4)))).metadata.darknet_seen).toBe('8')
  })

  it('exchanges the axes of connected layers of old files', async () => {
    const found = await values(counting(total, header([0, 1001, 0], 1n, 4)))
    const stored = range(77, 24)
    // Stored as [8 inputs, 3 outputs].
    expect(found.get('module_list.3.Linear.weight')).toEqual(
      [0, 1, 2].flatMap((output) => range(0, 8).map((input) => stored[input * 3 + output])),
    )
    expect(found.get('module_list.2.Conv2d.weight')).toEqual(range(68, 6))
  })

  it('gives the first layers of a cut-off', async () => {
    const start = header([0, 2, 0], 1n, 8)
    const one = await read(counting(sizes[0]!, start))
    expect([one.complete, one.layers, one.tensors.size]).toEqual([false, 2, 5])
    const two = await read(counting(sizes[0]! + sizes[1]!, start))
    expect([two.complete, two.layers, two.tensors.size]).toEqual([false, 3, 7])
    const network = createDarknet(config)
    const { missing } = network.loadStateDict(
      (await loadStateDict(counting(sizes[0]!, start), { darknet: config })).tensors,
      { strict: false },
    )
    expect(missing).toHaveLength(7)
  })

  it.each([
    [0, /byte 20: runs out in layer 0/],
    [
      1,
      /byte 20: runs out in layer 0 \(convolutional\): module_list.0.BatchNorm2d.bias takes 3 numbers, but the file ends at byte 24/,
    ],
    [65, /byte 68: runs out in layer 0 \(convolutional\): module_list.0.Conv2d.weight takes 54/],
    [12, /byte 68: runs out in layer 0 \(convolutional\): module_list.0.Conv2d.weight takes 54/],
    [70, /byte 292: runs out in layer 2 \(convolutional\): module_list.2.Conv2d.weight takes 6/],
    [68, /byte 292: runs out in layer 2 \(convolutional\): module_list.2.Conv2d.weight takes 6/],
    [109, /runs out in layer 3 \(connected\): module_list.3.BatchNorm2d.running_var takes 3/],
    [111, /byte 460: holds 1 numbers more than the 110 of its configuration; it belongs to another .cfg/],
  ])('says where a file of %i numbers goes wrong', async (count, message) => {
    await expect(read(counting(count, header([0, 2, 5], 1n, 8)))).rejects.toThrow(message)
  })

  it('ends with a CheckpointError wherever a file is cut', async () => {
    const file = counting(total, header([0, 2, 5], 1n, 8))
    const whole: number[] = []
    for (let length = 0; length < file.length; length++) {
      const result = await read(file.slice(0, length)).catch((error: unknown) => error)
      if (result instanceof Error) expect(result.name).toBe('CheckpointError')
      else whole.push(length)
    }
    expect(whole).toEqual([20 + 4 * 66, 20 + 4 * 74])
  })

  it('reads nothing that is no .weights file, or that the configuration does not bound', async () => {
    await expect(read(new TextEncoder().encode('PK no weights at all'))).rejects.toThrow(
      /version .* no Darknet/,
    )
    const huge = parseDarknetConfig(
      '[net]\nwidth=4\nheight=4\n[convolutional]\nfilters=1000000\nsize=3\npad=1\nactivation=linear\n' +
        '[convolutional]\nfilters=60\nactivation=linear',
    )
    const before = process.memoryUsage().rss
    await expect(read(counting(total, header([0, 2, 5], 1n, 8)), huge)).rejects.toThrow(/runs out in layer 0/)
    expect(process.memoryUsage().rss - before).toBeLessThan(100e6)
  })

  it('is named where a file comes without its configuration', async () => {
    await expect(openCheckpoint(counting(total, header([0, 2, 5], 1n, 8)))).rejects.toThrow(
      /Darknet weights, .*: give their .cfg/,
    )
  })
})

describe('darknetChunks', () => {
  it('writes what is read again, bit for bit', async () => {
    const network = createDarknet(config)
    for (const tensor of network.stateDict().values()) tensor.assign(randn(tensor.shape))
    const state = await storeTensors(network.stateDict())
    const file = joined(darknetChunks(config, state, { seen: 123 }).chunks)
    expect(file.length).toBe(20 + 4 * total)
    const { tensors, metadata: told } = await loadStateDict(file, { darknet: config })
    expect(told).toEqual({ darknet_version: '0.2.5', darknet_seen: '123' })
    for (const [name, tensor] of state) expect(tensors.get(name)!.bytes()).toEqual(tensor.bytes())
    expect(joined(darknetChunks(config, tensors, { seen: 123 }).chunks)).toEqual(file)
    const cut = joined(darknetChunks(config, state, { layers: 3, seen: 123 }).chunks)
    expect(cut).toEqual(file.slice(0, cut.length))
    expect((await read(cut)).layers).toBe(3)
  })

  it('refuses what does not fit', () => {
    const none: StateDict = new Map()
    expect(() => darknetChunks(config, none)).toThrow(
      /needs module_list.0.BatchNorm2d.bias of 3, which is missing/,
    )
    expect(() => darknetChunks(config, none, { layers: 6 })).toThrow(/1 to 5 layers .* not 6/)
  })
})

describe('real files', () => {
  it.each(['yolo-fastest-1.1', 'yolo-fastest-1.1-xl'])('%s is read and written bit for bit', async (name) => {
    const weights = sharedPath('assets', 'weights', `${name}.weights`)
    if (weights === undefined) return
    const text = readFileSync(weights.replace(/weights$/, 'cfg'), 'utf8')
    const bytes = new Uint8Array(readFileSync(weights))
    const own = parseDarknetConfig(text, `${name}.cfg`)
    const { tensors, metadata: told } = await loadStateDict(bytes, { darknet: own })
    const network = createDarknet(own)
    network.loadStateDict(tensors)
    const state = await storeTensors(network.stateDict())
    const seen = BigInt(told.darknet_seen!)
    expect(told.darknet_version).toBe('0.2.5')
    // Compared as bytes: the matcher takes a minute for millions of elements.
    expect(Buffer.compare(joined(darknetChunks(own, state, { seen }).chunks), bytes)).toBe(0)
  })
})
