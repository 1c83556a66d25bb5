import { CheckpointError } from './errors.ts'
import { unpickle } from './pickle.ts'
import type { PickleValue } from './pickle-values.ts'
import { PickleStorage } from './pickle-values.ts'
import { persistentValue, storageUnit } from './pytorch-storage.ts'
import type { StorageBlocks } from './pytorch-tensor.ts'
import { bytesAccess, type RandomAccess } from './random-access.ts'
import { openZip, type ZipArchive, type ZipEntry } from './zip.ts'

/** A pickle's value, and where the storages that it refers to are. */
export interface TorchPickle {
  readonly root: PickleValue
  readonly blocks: StorageBlocks
}

/** Opens what torch.save has written since 1.6: a zip archive with data.pkl and one member per storage. */
export async function openTorchZip(source: RandomAccess, opaque?: readonly string[]): Promise<TorchPickle> {
  const zip = await openZip(source)
  const folder = findFolder(zip, source.name)
  const member = (name: string) => zip.entries.get(folder + name)
  const order = member('byteorder')
  // Its contents are a word: no larger member is worth unpacking.
  const bigEndian =
    order !== undefined &&
    order.size <= 16 &&
    new TextDecoder().decode(await zip.read(order)).trim() === 'big'
  const pickle = member('data.pkl')!
  const inflation = new Inflation(source)
  inflation.allow(pickle)
  const { value } = unpickle(await zip.read(pickle), {
    // The offset of a stored member would be a position in the file, that of a deflated one would not.
    file: `${source.name} (${pickle.name})`,
    opaque: opaque ?? [],
    persistentLoad: (id, fail) => {
      const storage = persistentValue(id, fail)
      if (!(storage instanceof PickleStorage)) return storage
      const unit = storageUnit(storage)
      const bytes = storage.blockLength * unit
      const entry = member(`data/${storage.key}`)
      const size = entry?.size ?? 0
      // A stored member costs no more than its place in the file; a deflated one is unpacked whole.
      const excess = entry !== undefined && entry.method !== 0 && size >= bytes + unit
      if (size < bytes || excess) {
        return fail(`storage ${storage.key} should have ${bytes} bytes, but the archive has ${size} for it`)
      }
      if (entry !== undefined) inflation.allow(entry)
      return storage
    },
  })
  const read = async (key: string): Promise<Uint8Array> => zip.read(member(`data/${key}`)!)
  return { root: value, blocks: { file: source.name, bigEndian, read } }
}

/** The file of weights in a zip archive that is only wrapped around it, as pytorchcv publishes its own; else undefined. */
export async function wrappedFile(source: RandomAccess): Promise<RandomAccess | undefined> {
  const zip = await openZip(source)
  const names = [...zip.entries.keys()]
  if (names.some((name) => /^([^/]*\/)?data\.pkl$/.test(name))) return undefined
  const weights = names.filter(
    (name) => /\.(pth|pt|th|bin|pkl|tar|safetensors)$/.test(name) && !name.startsWith('__MACOSX/'),
  )
  if (weights.length !== 1) return undefined
  const entry = zip.entries.get(weights[0]!)!
  new Inflation(source).allow(entry)
  return bytesAccess(await zip.read(entry), `${source.name} (${entry.name})`)
}

/** Bytes that deflated members, each counted once, may unpack to beyond `inflationFactor` times the file. */
const freeInflation = 256 * 2 ** 20

/** Weights shrink little, even those that are mostly zeros. */
const inflationFactor = 32

/** Keeps a small file from filling the memory. */
class Inflation {
  readonly #source: RandomAccess
  readonly #counted = new Set<ZipEntry>()
  #left: number

  constructor(source: RandomAccess) {
    this.#source = source
    this.#left = freeInflation + inflationFactor * source.size
  }

  /** Throws a CheckpointError where the members allowed so far would take too much together. */
  allow(entry: ZipEntry): void {
    if (entry.method === 0 || this.#counted.has(entry)) return
    this.#counted.add(entry)
    this.#left -= entry.size
    if (this.#left >= 0) return
    throw new CheckpointError(
      this.#source.name,
      `refused: its deflated members, such as ${entry.name} of ${entry.size} bytes, would unpack to far more than a file ` +
        `of ${this.#source.size} bytes should hold; if you trust it, pack it again without compression`,
    )
  }
}

function findFolder(zip: ZipArchive, file: string): string {
  for (const name of zip.entries.keys()) {
    if (/^([^/]*\/)?data\.pkl$/.test(name)) return name.slice(0, -'data.pkl'.length)
  }
  const names = [...zip.entries.keys()].slice(0, 5).join(', ')
  throw new CheckpointError(
    file,
    `a zip archive, but not of PyTorch: it has no data.pkl (it has ${names || 'no members'}); ` +
      'if it holds a checkpoint, unpack it first',
  )
}
