import { CheckpointError } from './errors.ts'
import { describeValue, PickleObject, PickleTensor, type PickleValue } from './pickle-values.ts'

/** Where training scripts keep the state dictionary, most specific first. */
const usualKeys = [
  'state_dict',
  'model_state_dict',
  'model_state',
  'model',
  'net',
  'network',
  'module',
  'weights',
  'params',
  'ema',
  'model_ema',
  'state_dict_ema',
  'ema_state_dict',
  'params_ema',
]

const maxDepth = 5

/** The named tensors of a file and the way to them, such as `state_dict`; empty where they are the file's own value. */
export interface FoundState {
  readonly path: string
  readonly tensors: ReadonlyMap<string, PickleTensor>
  /** The dictionary or module that was found. */
  readonly source: PickleValue
}

/**
 * Finds the state dictionary in a PyTorch file: at `key` (dots go deeper), else under one of the usual names, else
 * the value itself, else the only dictionary of tensors there is. The state of a whole pickled module is gathered
 * from its `_parameters`, `_buffers` and `_modules`, without running any of its code.
 */
export function findState(root: PickleValue, file: string, key?: string): FoundState {
  if (key !== undefined) {
    const source = follow(root, key)
    const tensors = source === undefined ? undefined : tensorsOf(source, file)
    if (source !== undefined && tensors !== undefined) return { path: key, tensors, source }
    throw new CheckpointError(
      file,
      `${key} holds ${describeValue(source)}, no named tensors; ${contents(root)}`,
    )
  }
  const found = search(root, '', 0, file, new Set())
  if (found !== undefined) return found
  throw new CheckpointError(file, `no dictionary of named tensors was found; ${contents(root)}`)
}

function search(
  value: PickleValue,
  path: string,
  depth: number,
  file: string,
  seen: Set<PickleValue>,
): FoundState | undefined {
  if (depth > maxDepth || seen.has(value)) return undefined
  seen.add(value)
  const children = entriesOf(value)
  for (const key of usualKeys) {
    const child = children.get(key)
    const found = child === undefined ? undefined : search(child, join(path, key), depth + 1, file, seen)
    if (found !== undefined) return found
  }
  const tensors = tensorsOf(value, file)
  if (tensors !== undefined) return { path, tensors, source: value }
  const others: FoundState[] = []
  for (const [key, child] of children) {
    const found = usualKeys.includes(key) ? undefined : search(child, join(path, key), depth + 1, file, seen)
    if (found !== undefined) others.push(found)
  }
  if (others.length > 1) {
    throw new CheckpointError(
      file,
      `several dictionaries of tensors: ${others.map((o) => o.path).join(', ')}; choose one by the option key`,
    )
  }
  return others[0]
}

function tensorsOf(value: PickleValue, file: string): Map<string, PickleTensor> | undefined {
  const tensors = new Map<string, PickleTensor>()
  if (value instanceof Map) {
    for (const [key, child] of value) {
      if (typeof key === 'string' && child instanceof PickleTensor) tensors.set(key, child)
    }
  } else if (value instanceof PickleObject) {
    gatherModule(value, '', { tensors, visits: 0, file }, 0)
  }
  return tensors.size > 0 ? tensors : undefined
}

interface Gathering {
  readonly tensors: Map<string, PickleTensor>
  readonly file: string
  visits: number
}

/** The state dictionary of a pickled nn.Module or of a TorchScript module. */
function gatherModule(module: PickleObject, prefix: string, into: Gathering, depth: number): void {
  if (!(module.state instanceof Map)) return
  // Shared modules are listed under each of their names, as PyTorch does: only a limit ends a malicious nest.
  if (depth > 100 || ++into.visits > 100_000) {
    throw new CheckpointError(into.file, `refused: the modules within ${module.className} do not end`)
  }
  const { state } = module
  const script = module.className.startsWith('__torch__.')
  const skipped = state.get('_non_persistent_buffers_set')
  const groups = script ? [state] : [state.get('_parameters'), state.get('_buffers')]
  for (const group of groups) {
    for (const [name, tensor] of entriesOf(group)) {
      const hidden = skipped instanceof Set && skipped.has(name)
      if (tensor instanceof PickleTensor && !hidden) into.tensors.set(prefix + name, tensor)
    }
  }
  for (const [name, child] of entriesOf(script ? state : state.get('_modules'))) {
    if (child instanceof PickleObject) gatherModule(child, `${prefix}${name}.`, into, depth + 1)
  }
}

/** Named children of dictionaries and objects, numbered ones of lists. */
function entriesOf(value: PickleValue | undefined): Map<string, PickleValue> {
  const entries = new Map<string, PickleValue>()
  if (value instanceof Map) {
    for (const [key, child] of value) if (typeof key === 'string') entries.set(key, child)
  } else if (Array.isArray(value) && value.length <= 16) {
    for (const [i, child] of value.entries()) entries.set(String(i), child)
  } else if (value instanceof PickleObject && value.entries !== undefined) {
    return entriesOf(value.entries)
  }
  return entries
}

function follow(root: PickleValue, key: string): PickleValue | undefined {
  const children = entriesOf(root)
  const exact = children.get(key)
  if (exact !== undefined) return exact
  for (let dot = key.indexOf('.'); dot >= 0; dot = key.indexOf('.', dot + 1)) {
    const child = children.get(key.slice(0, dot))
    const found = child === undefined ? undefined : follow(child, key.slice(dot + 1))
    if (found !== undefined) return found
  }
  return undefined
}

function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`
}

function contents(root: PickleValue): string {
  const children = entriesOf(root)
  if (children.size === 0) return `the file holds ${describeValue(root)}`
  const list = [...children].slice(0, 12).map(([key, child]) => `${key} (${describeValue(child)})`)
  return `the file holds ${list.join(', ')}${children.size > 12 ? ', …' : ''}`
}

/**
 * Names without what wrappers add: `module.` of DataParallel where every name has it (`n_averaged` of an averaged
 * model aside), `_orig_mod.` of torch.compile anywhere. The names stay as they are where two would become one.
 */
export function stripPrefixes<T>(tensors: ReadonlyMap<string, T>): Map<string, T> {
  let named = new Map([...tensors].map(([name, tensor]) => [name.replaceAll('_orig_mod.', ''), tensor]))
  if (named.size !== tensors.size) return new Map(tensors)
  const isBare = (name: string): boolean => !name.startsWith('module.') && name !== 'n_averaged'
  while (
    named.size > 0 &&
    ![...named.keys()].some(isBare) &&
    ![...named.keys()].every((n) => n === 'n_averaged')
  ) {
    named = new Map([...named].map(([name, tensor]) => [name.replace(/^module\./, ''), tensor]))
  }
  return named
}
