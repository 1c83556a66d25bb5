import type { Executable } from '../backends/backend.ts'
import { getBackend } from '../backends/select.ts'
import { record } from '../compiler/graph.ts'
import type { DType, TypedArray } from '../graph/dtype.ts'
import { isGradEnabled } from '../graph/grad-mode.ts'
import { inputNode, Node } from '../graph/node.ts'
import { HostStorage, type Storage } from '../graph/storage.ts'
import {
  type Binding,
  type Collected,
  collect,
  enqueue,
  isPendingGradient,
  realizeBindings,
  settle,
} from './pending.ts'
import { allocateOutputs, executableFor, execute, type RealizeOptions, runRoots } from './realize.ts'
import { ownerOf, Tensor } from './tensor.ts'
import { currentModeVersion, traced } from './trace.ts'

/** Where a replay finds the value of a leaf. */
type Source =
  | { readonly kind: 'argument'; readonly index: number }
  | { readonly kind: 'variable'; readonly binding: Binding }
  | { readonly kind: 'refreshed'; readonly index: number }
  | { readonly kind: 'constant'; readonly storage: Storage }

interface Refresher {
  readonly dtype: DType
  readonly read: () => TypedArray
}

interface Recording {
  readonly executable: Executable
  readonly sources: readonly Source[]
  /** All of them are read at each replay, used or not: random numbers come in the order in which fn would draw them. */
  readonly refreshers: readonly Refresher[]
  readonly donations: readonly (number | null)[]
  readonly types: readonly Pick<Node, 'shape' | 'dtype'>[]
  /** The variable that root i updates; null for a returned value. */
  readonly updates: readonly (Binding | null)[]
  readonly replays: readonly (() => void)[]
  /** Of the contents of sources, by place. */
  readonly checks: readonly { readonly source: number; readonly check: (values: TypedArray) => void }[]
  /** Which root each returned tensor is, and whether there is one alone. */
  readonly places: readonly number[]
  readonly single: boolean
}

export type CompiledResult = Tensor | readonly Tensor[]

/**
 * Records fn once for each set of argument shapes and runs the finished program at every later call, without recording
 * again. fn is synchronous and may train: call `loss.backward()` and `optimizer.update()` in it. What depends on more than
 * the arguments' shapes, the parameters, random numbers, learning rates and train or eval mode is fixed when recorded.
 */
export function compile<A extends readonly Tensor[], R extends CompiledResult>(
  fn: (...args: A) => R,
): (...args: [...A] | [...A, RealizeOptions]) => Promise<R> {
  const recordings = new Map<string, Recording>()
  let mode = currentModeVersion()
  return async (...all) => {
    const args = all.filter((arg) => arg instanceof Tensor) as unknown as A
    const last = all[all.length - 1]
    const options = last instanceof Tensor || last === undefined ? {} : (last as RealizeOptions)
    await realizeBindings(args.map((arg) => arg.binding))
    const backend = await getBackend()
    const types = args.map((arg) => `${arg.dtype}${arg.shape}${arg.requiresGrad}`).join(';')
    // Modes do not come back: what was recorded in another one is never used again.
    if (mode !== currentModeVersion()) recordings.clear()
    mode = currentModeVersion()
    const key = `${backend.info.name}|${mode}|${isGradEnabled()}|${types}`
    return enqueue(async () => {
      const known = recordings.get(key)
      if (known) return replay<R>(known, args, options)
      const { recording, result } = await recordFirst(fn, args, options)
      recordings.set(key, recording)
      return result
    })
  }
}

async function recordFirst<A extends readonly Tensor[], R extends CompiledResult>(
  fn: (...args: A) => R,
  args: A,
  options: RealizeOptions,
): Promise<{ recording: Recording; result: R }> {
  await flush()
  const { result, trace } = traced(() => fn(...args))
  if (result instanceof Promise) throw new TypeError('compile: the function must be synchronous')
  const returned: readonly Tensor[] = result instanceof Tensor ? [result] : result
  const collected = collect(returned.map((tensor) => tensor.binding))
  const places = returned.map((tensor) => collected.bindings.indexOf(tensor.binding))
  checkRoots(collected, places)
  const recorded = record(
    collected.roots.map((root) => root.node),
    collected.roots.map((root) => root.target),
  )
  const argumentNodes = args.map((arg) => arg.node)
  const refreshed = [...trace.refreshers.keys()]
  const sources = recorded.leaves.map((leaf): Source => {
    const index = argumentNodes.indexOf(leaf)
    if (index >= 0) return { kind: 'argument', index }
    const refresher = refreshed.indexOf(leaf)
    if (refresher >= 0) return { kind: 'refreshed', index: refresher }
    const owner = ownerOf(leaf)
    if (owner && (leaf as Node<'input'>).attrs.persistent) return { kind: 'variable', binding: owner.binding }
    return { kind: 'constant', storage: leaf.storage! }
  })
  const recording: Recording = {
    executable: await executableFor(recorded),
    sources,
    refreshers: [...trace.refreshers].map(([{ dtype }, read]) => ({ dtype, read })),
    donations: recorded.donations,
    types: collected.roots.map(({ node }) => ({ shape: node.shape, dtype: node.dtype })),
    updates: collected.bindings.map((binding) => (binding.target === undefined ? null : binding)),
    replays: trace.replays,
    checks: trace.checks.flatMap(({ leaf, check }) => {
      const source = recorded.leaves.indexOf(leaf)
      return source >= 0 && sources[source]!.kind === 'argument' ? [{ source, check }] : []
    }),
    places,
    single: result instanceof Tensor,
  }
  const inputs = recorded.leaves.map((leaf) => leaf.storage!)
  const outputs = await allocateOutputs(recording.types, recording.donations, inputs)
  const failure = await execute(recording.executable, inputs, outputs, recording.donations, options.signal)
  settle(collected, outputs, failure)
  return { recording, result }
}

function checkRoots(collected: Collected, places: readonly number[]): void {
  const missing = places.indexOf(-1)
  if (missing >= 0) {
    throw new Error(
      `compile: returned value ${missing} is an argument or a constant; return computed values only`,
    )
  }
  for (const [i, binding] of collected.bindings.entries()) {
    if (binding.target === undefined && !places.includes(i) && isPendingGradient(binding)) {
      throw new Error(
        'compile: the function leaves gradients in .grad; call optimizer.update() in it, or return grad(loss, inputs)',
      )
    }
  }
}

async function replay<R extends CompiledResult>(
  recording: Recording,
  args: readonly Tensor[],
  options: RealizeOptions,
): Promise<R> {
  await flush()
  for (const { source, check } of recording.checks) {
    const storage = currentStorage(recording.sources[source]!, args, [])
    if (storage instanceof HostStorage) check(storage.data)
  }
  for (const fn of recording.replays) fn()
  const fresh = recording.refreshers.map(({ dtype, read }) => new HostStorage(dtype, read()))
  const inputs = recording.sources.map((source) => currentStorage(source, args, fresh))
  const outputs = await allocateOutputs(recording.types, recording.donations, inputs)
  const failure = await execute(recording.executable, inputs, outputs, recording.donations, options.signal)
  const roots: Collected['roots'] = []
  const bindings: Binding[] = []
  const storages: Storage[] = []
  for (const [i, binding] of recording.updates.entries()) {
    if (binding === null) continue
    const { shape, dtype } = recording.types[i]!
    const target = binding.node
    binding.target = target
    binding.node = new Node('full', [], { shape, dtype, value: 0 }, shape, dtype, false)
    roots.push({ node: binding.node, target: recording.donations[i] === null ? null : target })
    bindings.push(binding)
    storages.push(outputs[i]!)
  }
  settle({ roots, bindings, consumed: [] }, storages, failure)
  const { places, single } = recording
  const tensors = places.map((place) => new Tensor(inputNode(outputs[place]!, recording.types[place]!.shape)))
  return (single ? tensors[0]! : tensors) as unknown as R
}

function currentStorage(source: Source, args: readonly Tensor[], fresh: readonly Storage[]): Storage {
  switch (source.kind) {
    case 'argument':
      return args[source.index]!.node.storage!
    case 'variable':
      return source.binding.node.storage!
    case 'constant':
      return source.storage
    case 'refreshed':
      return fresh[source.index]!
  }
}

/** Computes what is pending, so that every variable is a leaf. */
async function flush(): Promise<void> {
  const collected = collect([])
  if (collected.roots.length === 0) return
  const { storages, failure } = await runRoots(collected.roots)
  settle(collected, storages, failure)
}
