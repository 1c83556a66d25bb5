import { CheckpointError } from './errors.ts'
import { type UnpickleOptions, unpickle } from './pickle.ts'
import { PickleTruncated } from './pickle-input.ts'
import { describeValue, PickleStorage, type PickleValue } from './pickle-values.ts'
import { persistentValue, storageUnit } from './pytorch-storage.ts'
import type { TorchPickle } from './pytorch-zip.ts'
import { checkRange, type RandomAccess } from './random-access.ts'

const magic = 0x1950a86a20f9469cfc6cn
const protocolVersion = 1001

/**
 * Opens a file of pickles: what torch.save wrote before 1.6 (magic number, protocol, system, the value, the keys of
 * its storages, and then their bytes in that order), or else one plain pickle, as of numpy arrays.
 */
export async function openTorchLegacy(
  source: RandomAccess,
  opaque: readonly string[] = [],
): Promise<TorchPickle & { plain: boolean }> {
  const first = await readPickle(source, 0, { opaque })
  if (first.value !== magic) {
    const read = async (): Promise<Uint8Array> => new Uint8Array(0)
    return { root: first.value, plain: true, blocks: { file: source.name, bigEndian: false, read } }
  }
  const protocol = await readPickle(source, first.end, {})
  if (protocol.value !== protocolVersion) {
    throw new CheckpointError(
      source.name,
      `PyTorch's protocol here is ${describeValue(protocol.value)}; only ${protocolVersion} is known`,
      first.end,
    )
  }
  const system = await readPickle(source, protocol.end, {})
  const bigEndian = system.value instanceof Map && system.value.get('little_endian') === false
  const storages = new Map<string, PickleStorage>()
  const main = await readPickle(source, system.end, {
    opaque,
    persistentLoad: (id, fail) => {
      const storage = persistentValue(id, fail)
      if (!(storage instanceof PickleStorage)) return storage
      const known = storages.get(storage.key)
      if (known !== undefined && blockBytes(known) !== blockBytes(storage)) {
        return fail(`storage ${storage.key} has two lengths`)
      }
      storages.set(storage.key, known ?? storage)
      return storage
    },
  })
  const keys = await readPickle(source, main.end, {})
  const offsets = await locateBlocks(source, keys.value, keys.end, storages, bigEndian)
  const read = async (key: string): Promise<Uint8Array> =>
    source.read(offsets.get(key)!, blockBytes(storages.get(key)!))
  return { root: main.value, plain: false, blocks: { file: source.name, bigEndian, read } }
}

/** Reads one pickle of unknown length, taking in more of the file for as long as it does not end. */
async function readPickle(
  source: RandomAccess,
  offset: number,
  options: Omit<UnpickleOptions, 'file' | 'base'>,
): Promise<{ value: PickleValue; end: number }> {
  for (let window = 2 ** 20; ; window *= 4) {
    const length = Math.min(window, source.size - offset)
    const bytes = await source.read(offset, length)
    try {
      const { value, end } = unpickle(bytes, { ...options, file: source.name, base: offset })
      return { value, end: offset + end }
    } catch (error) {
      if (!(error instanceof PickleTruncated) || offset + length >= source.size) throw error
    }
  }
}

async function locateBlocks(
  source: RandomAccess,
  keys: PickleValue,
  start: number,
  storages: ReadonlyMap<string, PickleStorage>,
  bigEndian: boolean,
): Promise<Map<string, number>> {
  const fail = (what: string, at: number): never => {
    throw new CheckpointError(source.name, `damaged PyTorch file: ${what}`, at)
  }
  if (!Array.isArray(keys)) return fail(`${describeValue(keys)} instead of the list of storages`, start)
  const offsets = new Map<string, number>()
  let at = start
  for (const rawKey of keys) {
    const key = String(rawKey)
    const storage = storages.get(key)
    if (storage === undefined || offsets.has(key)) {
      return fail(`storage ${key} is ${storage === undefined ? 'never used' : 'there twice'}`, at)
    }
    checkRange(source, at, 8, `the length of storage ${key}`)
    const header = await source.read(at, 8)
    const length = new DataView(header.buffer, header.byteOffset, 8).getBigInt64(0, !bigEndian)
    if (length !== BigInt(storage.blockLength)) {
      return fail(`storage ${key} has ${length} elements, not ${storage.blockLength}`, at)
    }
    checkRange(source, at + 8, blockBytes(storage), `storage ${key}`)
    offsets.set(key, at + 8)
    at += 8 + blockBytes(storage)
  }
  for (const key of storages.keys()) {
    if (!offsets.has(key)) return fail(`storage ${key} is missing`, at)
  }
  return offsets
}

function blockBytes(storage: PickleStorage): number {
  return storage.blockLength * storageUnit(storage)
}
