import { storageDType } from './pickle-torch.ts'
import { describeValue, PickleGlobal, PickleStorage, type PickleValue } from './pickle-values.ts'
import { storedDTypes } from './state-dict.ts'

/**
 * The value for one of torch's persistent ids: `('storage', class, key, location, length[, view])`, or, in old
 * files, `('module', class, source file, source)`, which stands for the class.
 */
export function persistentValue(id: PickleValue, fail: (what: string) => never): PickleValue {
  if (Array.isArray(id) && id[0] === 'module' && id[1] instanceof PickleGlobal) return id[1]
  if (!Array.isArray(id) || id[0] !== 'storage' || !(id[1] instanceof PickleGlobal)) {
    return fail(`${describeValue(id)} is no reference to a storage`)
  }
  const [, type, rawKey, , length, view] = id as [string, PickleGlobal, ...PickleValue[]]
  const key = typeof rawKey === 'number' || typeof rawKey === 'bigint' ? String(rawKey) : rawKey
  const dtype = storageDType(type)
  if (dtype === undefined) return fail(`storages of class ${type.fullName} cannot be read`)
  if (typeof key !== 'string' || key === '' || !isLength(length)) {
    return fail(`a storage with key ${describeValue(rawKey)} and length ${describeValue(length)}`)
  }
  if (!Array.isArray(view)) return new PickleStorage(key, dtype ?? undefined, length)
  const [, offset, viewLength] = view
  if (!isLength(offset) || !isLength(viewLength) || offset + viewLength > length) {
    return fail(
      `a view from ${describeValue(offset)} over ${describeValue(viewLength)} of ${length} elements`,
    )
  }
  return new PickleStorage(key, dtype ?? undefined, length, offset, viewLength)
}

/** Bytes per unit in which the lengths of a storage count. */
export function storageUnit(storage: PickleStorage): number {
  return storage.dtype === undefined ? 1 : storedDTypes[storage.dtype].bytes
}

function isLength(value: PickleValue | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}
