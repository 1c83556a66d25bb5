import { CheckpointError } from './errors.ts'
import { unpickle } from './pickle.ts'
import type { PickleValue } from './pickle-values.ts'
import { PickleStorage } from './pickle-values.ts'
import { persistentValue, storageUnit } from './pytorch-storage.ts'
import type { StorageBlocks } from './pytorch-tensor.ts'
import type { RandomAccess } from './random-access.ts'
import { openZip, type ZipArchive } from './zip.ts'

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
  const bigEndian = order !== undefined && new TextDecoder().decode(await zip.read(order)).trim() === 'big'
  const pickle = member('data.pkl')!
  const { value } = unpickle(await zip.read(pickle), {
    // The offset of a stored member would be a position in the file, that of a deflated one would not.
    file: `${source.name} (${pickle.name})`,
    opaque: opaque ?? [],
    persistentLoad: (id, fail) => {
      const storage = persistentValue(id, fail)
      if (!(storage instanceof PickleStorage)) return storage
      const bytes = storage.blockLength * storageUnit(storage)
      const size = member(`data/${storage.key}`)?.size ?? 0
      if (size < bytes) {
        return fail(`storage ${storage.key} should have ${bytes} bytes, but the archive has ${size} for it`)
      }
      return storage
    },
  })
  const read = async (key: string): Promise<Uint8Array> => zip.read(member(`data/${key}`)!)
  return { root: value, blocks: { file: source.name, bigEndian, read } }
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
