import { StaleValueError } from '../compiler/graph.ts'
import { withGradMode } from '../graph/grad-mode.ts'
import type { IndexError } from '../graph/index-error.ts'
import { make } from '../graph/make.ts'
import type { Node } from '../graph/node.ts'
import { inputNode } from '../graph/node.ts'
import { type RealizeOptions, type Root, runRoots } from './realize.ts'

/**
 * A tensor's value as a variable: the graph it is bound to now. Parameters and buffers are rebound by `assign`; their
 * new value is computed with the next realization and overwrites the old one in place.
 */
export interface Binding {
  node: Node
  /** The leaf whose memory a pending assignment will overwrite. */
  target: Node | undefined
  /** Nodes known to hold the present contents of that memory; they become stale when it is overwritten. */
  aliases: Node[]
  readonly describe: () => string
  /** Tells which tensor's gradient a leaf collects. */
  readonly own: (leaf: Node) => void
}

const assignments = new Set<Binding>()
const gradients = new Set<Binding>()
const losses = new Set<WeakRef<Binding>>()

/** Gives the variable a new value, computed with the next realization in the memory of the old one. */
export function assign(binding: Binding, value: Node): void {
  binding.target ??= binding.node
  const { requiresGrad } = binding.target
  // A leaf to autograd, though its value is yet to be computed.
  const leaf = withGradMode(false, () => make('identity', [value], { role: 'detach' }))
  leaf.requiresGrad = requiresGrad
  binding.node = leaf
  assignments.add(binding)
}

/** Takes back the assignments to a variable that are not computed yet: it keeps its old value. */
export function withdraw(binding: Binding): void {
  if (!assignments.delete(binding)) return
  binding.node = binding.target!
  binding.target = undefined
}

/** Wanted with the next realization, whatever is asked for then: gradients waiting for a step. */
export function wantGradient(binding: Binding): void {
  gradients.add(binding)
}

export function isPendingGradient(binding: Binding): boolean {
  return gradients.has(binding)
}

/** Wanted with the next realization if still referred to: losses, which can't be computed once the step is done. */
export function wantLoss(binding: Binding): void {
  losses.add(new WeakRef(binding))
}

/** No longer wanted: dropped, or replaced by a sum that includes it. */
export function forgetGradient(binding: Binding): void {
  gradients.delete(binding)
}

/** Takes a gradient out: a step consumes it without storing it. */
export function consumeGradient(binding: Binding, why: string): void {
  gradients.delete(binding)
  consumed.push({ binding, why })
}

let consumed: { binding: Binding; why: string }[] = []

export interface Collected {
  readonly roots: Root[]
  readonly bindings: Binding[]
  readonly consumed: readonly { readonly binding: Binding; readonly why: string }[]
}

/** Everything to compute now: what is asked for, then pending gradients, losses and assignments. */
export function collect(wanted: readonly Binding[]): Collected {
  const bindings = [...new Set(wanted)].filter((binding) => !assignments.has(binding))
  const seen = new Set(bindings)
  const include = (binding: Binding | undefined): void => {
    if (binding === undefined || seen.has(binding) || assignments.has(binding)) return
    seen.add(binding)
    bindings.push(binding)
  }
  for (const binding of gradients) include(binding)
  for (const reference of losses) include(reference.deref())
  losses.clear()
  bindings.push(...assignments)
  const open = bindings.filter(
    (binding) => binding.node.storage === undefined || binding.target !== undefined,
  )
  const roots = open.map(({ node, target }) => ({
    node,
    target: target?.storage === undefined ? null : target,
  }))
  const result = { roots, bindings: open, consumed }
  consumed = []
  return result
}

/**
 * Binds computed values, marks overwritten ones stale, and forgets what was pending. With a failure, which it then throws,
 * variables alone get their values, as their memory holds them.
 */
export function settle(
  collected: Collected,
  storages: readonly NonNullable<Node['storage']>[],
  failure?: IndexError,
): void {
  for (const [i, binding] of collected.bindings.entries()) {
    const { node, target } = collected.roots[i]!
    if (binding.target === undefined) {
      if (failure) continue
      node.storage = storages[i]!
      releaseHistory(node)
      continue
    }
    if (target !== null) makeStale([target, ...binding.aliases], binding.describe())
    const leaf = inputNode(storages[i]!, node.shape, {
      persistent: true,
      requiresGrad: binding.target.requiresGrad,
    })
    node.storage = storages[i]!
    node.inputs = []
    binding.aliases = [leaf, node]
    binding.own(leaf)
    // An assignment made while this one was computed stays pending, on top of the new value.
    if (binding.node === node) {
      binding.node = leaf
      binding.target = undefined
      assignments.delete(binding)
    } else {
      binding.target = leaf
    }
  }
  for (const binding of collected.bindings) gradients.delete(binding)
  for (const { binding, why } of collected.consumed) {
    if (binding.node.storage === undefined) binding.node.stale = why
  }
  if (failure) throw failure
}

function makeStale(nodes: readonly Node[], what: string): void {
  for (const node of nodes) {
    node.storage = undefined
    node.stale =
      `${what} was updated in place since this value was recorded, so it can no longer be computed. ` +
      'Ask for it before the update (await value.data(), or realize(loss, value) before optimizer.step())'
  }
}

/** Without the inputs of a known value nothing keeps its history alive. */
function releaseHistory(node: Node): void {
  if (!node.requiresGrad || node.released) node.inputs = []
}

let queue: Promise<unknown> = Promise.resolve()

/** One realization at a time, in the order asked for. */
export function enqueue<T>(work: () => Promise<T>): Promise<T> {
  const result = queue.then(work)
  queue = result.catch(() => undefined)
  return result
}

export function realizeBindings(wanted: readonly Binding[], options: RealizeOptions = {}): Promise<void> {
  return enqueue(async () => {
    const collected = collect(wanted)
    if (collected.roots.length === 0) return
    const { storages, failure } = await runRoots(collected.roots, options).catch(withoutStaleGradients)
    settle(collected, storages, failure)
  })
}

/** A gradient that can never be computed must not fail every later realization too. */
function withoutStaleGradients(error: unknown): never {
  if (error instanceof StaleValueError) gradients.clear()
  throw error
}
