import { dictionaryAttributes, type PickleValue } from './pickle-values.ts'
import { looksLikeZip, type PyTorchFile, type PyTorchOptions } from './pytorch.ts'
import { openTorchLegacy } from './pytorch-legacy.ts'
import { findState, stripPrefixes } from './pytorch-state.ts'
import { TensorReader } from './pytorch-tensor.ts'
import { remainingValues } from './pytorch-values.ts'
import { openTorchZip } from './pytorch-zip.ts'
import type { RandomAccess } from './random-access.ts'

/** See openPyTorch. */
export async function openTorchFile(source: RandomAccess, options: PyTorchOptions): Promise<PyTorchFile> {
  const zip = looksLikeZip(await source.read(0, Math.min(4, source.size)))
  const opened = zip
    ? { ...(await openTorchZip(source, options.opaque)), plain: false }
    : await openTorchLegacy(source, options.opaque)
  const reader = new TensorReader(opened.blocks, source.size)
  const state = findState(opened.root, source.name, options.key)
  const named = options.stripPrefixes === false ? state.tensors : stripPrefixes(state.tensors)
  const tensors = new Map([...named].map(([name, tensor]) => [name, reader.stored(tensor)]))
  return {
    format: zip ? 'pytorch-zip' : opened.plain ? 'pickle' : 'pytorch-legacy',
    tensors,
    key: state.path,
    metadata: metadataOf(state.source),
    values: remainingValues(opened.root, state, reader, source.name),
  }
}

/** The text that pyTorchChunks keeps as an attribute of the state dictionary. */
function metadataOf(state: PickleValue): Record<string, string> {
  const attributes = state instanceof Map ? dictionaryAttributes.get(state) : undefined
  const own = attributes instanceof Map ? attributes.get('ocelli') : undefined
  if (!(own instanceof Map)) return {}
  return Object.fromEntries(
    [...own].filter(
      (entry): entry is [string, string] => typeof entry[0] === 'string' && typeof entry[1] === 'string',
    ),
  )
}
