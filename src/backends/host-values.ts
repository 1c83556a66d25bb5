import type { TypedArray } from '../graph/dtype.ts'
import { HostStorage, type Storage } from '../graph/storage.ts'

/** The values as arrays; those of another backend are copied. */
export async function hostValues(storages: readonly Storage[]): Promise<TypedArray[]> {
  const values: (TypedArray | undefined)[] = storages.map((storage) =>
    storage instanceof HostStorage ? storage.data : undefined,
  )
  for (const [i, storage] of storages.entries()) values[i] ??= await storage.read()
  return values as TypedArray[]
}

/** The arrays to write results to. */
export function hostTargets(storages: readonly Storage[]): TypedArray[] {
  return storages.map((storage) => {
    if (storage instanceof HostStorage) return storage.data
    throw new Error(`results go to host memory, not to a value on ${storage.device}`)
  })
}

/** `Backend.adopt` of those that compute in host memory. */
export function adoptByHost(storage: Storage): Storage | Promise<Storage> {
  if (storage instanceof HostStorage) return storage
  return storage.read().then((values) => new HostStorage(storage.dtype, values))
}
