import { numpyCalls } from './pickle-numpy.ts'
import { torchCalls } from './pickle-torch.ts'
import { describeValue, PickleGlobal, PickleObject, type PickleValue } from './pickle-values.ts'

/** What an imitated function may use. */
export interface GlobalCall {
  fail(what: string): never
  /** Throws a CheckpointError at the current instruction, without calling the file damaged. */
  refuse(what: string): never
  /** Accounts for `elements` that the call copies. */
  charge(elements: number): void
  /** Whether the caller of the library lets instances of this class pass unread. */
  isOpaque(fullName: string): boolean
}

/** A function of Python, imitated on plain values. */
export type Imitation = (args: readonly PickleValue[], call: GlobalCall) => PickleValue

/** Modules with nothing that belongs in a checkpoint: naming one of their functions is already an attack. */
const forbiddenModules: ReadonlySet<string> = new Set(
  (
    'os posix nt posixpath ntpath subprocess sys builtins importlib runpy shutil socket pty ctypes _ctypes pickle ' +
    '_pickle cPickle marshal code codeop commands popen2 webbrowser operator _operator io _io asyncio multiprocessing ' +
    'threading signal pdb bdb timeit cProfile profile trace doctest pip distutils setuptools requests urllib http ' +
    'ftplib smtplib telnetlib tempfile glob dill cloudpickle joblib'
  ).split(' '),
)

/** Harmless names of those modules: as a base class or a factory, never called. */
const harmless: ReadonlySet<string> = new Set(['builtins.object', 'builtins.type', 'builtins.Ellipsis'])

const forbiddenNames: ReadonlySet<string> = new Set([
  'torch.load',
  'torch.hub.load',
  'torch.jit.load',
  'torch.utils.cpp_extension.load',
  'torch.utils.cpp_extension.load_inline',
  'numpy.load',
  'numpy.testing._private.utils.runstring',
])

const python2Modules: Readonly<Record<string, string>> = {
  __builtin__: 'builtins',
  copy_reg: 'copyreg',
}

/** The name as Python 3 has it; refuses those that only an attack can need. */
export function checkGlobal(global: PickleGlobal, call: GlobalCall): PickleGlobal {
  const renamed = Object.hasOwn(python2Modules, global.module)
    ? python2Modules[global.module]!
    : global.module
  const known = renamed === global.module ? global : new PickleGlobal(renamed, global.name)
  const { fullName } = known
  if (calls.has(fullName) || harmless.has(fullName) || call.isOpaque(fullName)) return known
  const root = renamed.split('.')[0]!
  if (forbiddenModules.has(root) || forbiddenNames.has(fullName)) {
    call.refuse(
      `refused: the pickle names ${fullName}, which no checkpoint needs: the file may be malicious. ` +
        'Nothing of it was executed. Do not open it with Python; get the weights from a source you trust, ' +
        'best as safetensors',
    )
  }
  return known
}

/** What the call `global(*args)` gives; refuses by name what is not imitated. */
export function callGlobal(global: PickleGlobal, args: PickleValue[], call: GlobalCall): PickleValue {
  const { fullName } = global
  const imitation = calls.get(fullName)
  if (imitation !== undefined) return imitation(args, call)
  if (call.isOpaque(fullName)) return new PickleObject(fullName, args)
  return call.refuse(
    `refused: the pickle wants to call ${fullName}, which is not among the functions that checkpoints need. ` +
      'Nothing was executed. If you trust the file, open it in Python and save the weights alone: ' +
      `torch.save(model.state_dict(), path); or pass { opaque: ['${fullName}'] } to leave that value unread`,
  )
}

/** The elements of a list, tuple, set or dictionary's keys; a call without arguments has none. */
function elements(args: readonly PickleValue[], call: GlobalCall): PickleValue[] {
  const source = args[0]
  if (source === undefined) return []
  if (!(Array.isArray(source) || source instanceof Set || source instanceof Map)) {
    return call.fail(`${describeValue(source)} is taken for a collection`)
  }
  call.charge(Array.isArray(source) ? source.length : source.size)
  return source instanceof Map ? [...source.keys()] : [...source]
}

function dictionary(args: readonly PickleValue[], call: GlobalCall): PickleValue {
  const source = args[0]
  if (source instanceof Map) {
    call.charge(source.size)
    return new Map(source)
  }
  const map = new Map<PickleValue, PickleValue>()
  for (const pair of elements(args, call)) {
    if (!Array.isArray(pair) || pair.length !== 2)
      return call.fail(`${describeValue(pair)} is taken for a pair`)
    map.set(pair[0]!, pair[1]!)
  }
  return map
}

function bytesOf(args: readonly PickleValue[], call: GlobalCall): PickleValue {
  const [source, encoding] = args
  if (source === undefined) return new Uint8Array(0)
  if (source instanceof Uint8Array) return source
  if (typeof source === 'string') {
    call.charge(source.length)
    return encoding === 'utf-8' || encoding === 'utf8'
      ? new TextEncoder().encode(source)
      : Uint8Array.from(source, (c) => c.charCodeAt(0))
  }
  const items = elements(args, call)
  return Uint8Array.from(items, (b) => (typeof b === 'number' ? b : 0))
}

function plainNumber(args: readonly PickleValue[], call: GlobalCall): PickleValue {
  const value = args[0] ?? 0
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return value
  return call.fail(`${describeValue(value)} is taken for a number`)
}

function path(args: readonly PickleValue[]): PickleValue {
  const parts = args.filter((part) => typeof part === 'string')
  return parts.join('/').replace(/^\/\//, '/')
}

const kept =
  (name: string): Imitation =>
  (args) =>
    new PickleObject(name, args)

const calls: ReadonlyMap<string, Imitation> = new Map<string, Imitation>([
  ['builtins.list', elements],
  ['builtins.tuple', elements],
  ['builtins.set', (args, call) => new Set(elements(args, call))],
  ['builtins.frozenset', (args, call) => new Set(elements(args, call))],
  ['builtins.dict', dictionary],
  ['builtins.bytes', bytesOf],
  ['builtins.bytearray', bytesOf],
  ['builtins.int', plainNumber],
  ['builtins.float', plainNumber],
  ['builtins.bool', (args) => args[0] === true || args[0] === 1],
  ['builtins.str', (args) => (typeof args[0] === 'string' ? args[0] : '')],
  ['builtins.complex', kept('builtins.complex')],
  ['builtins.slice', kept('builtins.slice')],
  ['builtins.range', kept('builtins.range')],
  ['collections.OrderedDict', dictionary],
  ['collections.Counter', dictionary],
  // The first argument is the factory of missing values.
  ['collections.defaultdict', (args, call) => dictionary(args.slice(1), call)],
  ['collections.deque', elements],
  ['copyreg._reconstructor', (args, call) => instanceOf(args[0], [], call)],
  ['copyreg.__newobj__', (args, call) => instanceOf(args[0], args.slice(1), call)],
  ['_codecs.encode', bytesOf],
  ['functools.partial', kept('functools.partial')],
  ['argparse.Namespace', kept('argparse.Namespace')],
  ['types.SimpleNamespace', kept('types.SimpleNamespace')],
  ['pathlib.Path', path],
  ['pathlib.PosixPath', path],
  ['pathlib.WindowsPath', path],
  ['pathlib.PurePosixPath', path],
  ['pathlib.PureWindowsPath', path],
  ...Object.entries(torchCalls),
  ...Object.entries(numpyCalls),
])

function instanceOf(callee: PickleValue | undefined, args: PickleValue[], call: GlobalCall): PickleValue {
  if (callee instanceof PickleGlobal) return new PickleObject(callee.fullName, args)
  return call.fail(`an instance of ${describeValue(callee)} is made`)
}
