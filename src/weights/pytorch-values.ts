import { CheckpointError } from './errors.ts'
import {
  NumpyDType,
  PickleGlobal,
  type PickleObject,
  PickleStorage,
  PickleTensor,
  type PickleValue,
} from './pickle-values.ts'
import type { FoundState } from './pytorch-state.ts'
import type { TensorReader } from './pytorch-tensor.ts'
import type { StoredTensor } from './state-dict.ts'

/**
 * What a checkpoint holds beside its tensors, as plain data. Dictionaries are objects (without a prototype) or, where
 * keys are not text or numbers, lists of pairs; an unread Python object has its class name as `__class__`.
 */
export type PlainValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | StoredTensor
  | PlainValue[]
  | { [key: string]: PlainValue }

const maxDepth = 500

/** Everything in the file except the tensors of the state dictionary. */
export function remainingValues(
  root: PickleValue,
  state: FoundState,
  reader: TensorReader,
  file: string,
): { [key: string]: PlainValue } {
  const done = new Map<PickleValue, PlainValue>()
  const convert = (value: PickleValue, depth: number): PlainValue => {
    if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return value
    if (value instanceof PickleTensor) return reader.stored(value)
    if (value instanceof PickleGlobal) return value.fullName
    if (value instanceof NumpyDType) return value.stored
    if (value instanceof PickleStorage) return { __class__: 'torch.Storage' }
    const known = done.get(value)
    if (known !== undefined) return known
    if (depth > maxDepth) throw new CheckpointError(file, `values are nested more than ${maxDepth} deep`)
    if (Array.isArray(value) || value instanceof Set) {
      const list: PlainValue[] = []
      done.set(value, list)
      for (const item of value) list.push(convert(item, depth + 1))
      return list
    }
    const entries = value instanceof Map ? value : objectEntries(value)
    if (![...entries.keys()].every((key) => typeof key === 'string' || typeof key === 'number')) {
      const pairs: PlainValue[] = []
      done.set(value, pairs)
      for (const [key, child] of entries) pairs.push([convert(key, depth + 1), convert(child, depth + 1)])
      return pairs
    }
    const object: { [key: string]: PlainValue } = Object.create(null)
    done.set(value, object)
    for (const [key, child] of entries) {
      const isState = child === state.source && !(child instanceof Map)
      const isWeight = value === state.source && child instanceof PickleTensor
      if (isState || isWeight) continue
      const plain = convert(child, depth + 1)
      const emptied = child === state.source && Object.keys(plain as object).length === 0
      if (!emptied) object[String(key)] = plain
    }
    return object
  }
  if (root === state.source && !(root instanceof Map)) return Object.create(null)
  const values = convert(root, 0)
  const isObject = values !== null && typeof values === 'object' && !Array.isArray(values)
  return isObject && !('read' in values) && !(values instanceof Uint8Array) ? values : { value: values }
}

function objectEntries(object: PickleObject): Map<PickleValue, PickleValue> {
  const entries = new Map<PickleValue, PickleValue>([['__class__', object.className]])
  if (object.args.length > 0) entries.set('__args__', [...object.args])
  if (object.items !== undefined) entries.set('__items__', object.items)
  for (const [key, value] of object.entries ?? []) entries.set(key, value)
  if (object.state instanceof Map) for (const [key, value] of object.state) entries.set(key, value)
  else if (object.state !== null) entries.set('__state__', object.state)
  return entries
}
