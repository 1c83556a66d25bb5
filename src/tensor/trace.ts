import type { TypedArray } from '../graph/dtype.ts'
import type { Node } from '../graph/node.ts'

/** What a compiled function must do anew at each call besides running its program. */
export interface Trace {
  /** Leaves whose contents are made afresh, in the order of their making: random numbers, learning rates. */
  readonly refreshers: Map<Node, () => TypedArray>
  /** Run before the leaves are refreshed: an optimizer counts its step. */
  readonly replays: (() => void)[]
  /** What the contents of leaves must fulfil, checked before anything else: indices must be in range. */
  readonly checks: { readonly leaf: Node; readonly check: (values: TypedArray) => void }[]
}

let current: Trace | undefined

/** Runs fn while collecting what it must do anew at each call. */
export function traced<T>(fn: () => T): { result: T; trace: Trace } {
  if (current)
    throw new Error('compile: a compiled function cannot be called while another one is being recorded')
  const trace: Trace = { refreshers: new Map(), replays: [], checks: [] }
  current = trace
  try {
    return { result: fn(), trace }
  } finally {
    current = undefined
  }
}

/** Has the leaf's contents read anew at each later call of the compiled function that is being recorded, if one is. */
export function refreshAtReplay(leaf: Node, read: () => TypedArray): void {
  current?.refreshers.set(leaf, read)
}

/** Has the leaf's contents checked at each later call of the compiled function that is being recorded, if one is. */
export function checkAtReplay(leaf: Node, check: (values: TypedArray) => void): void {
  current?.checks.push({ leaf, check })
}

/** Has fn called at each later call of the compiled function that is being recorded, if one is. */
export function onReplay(fn: () => void): void {
  current?.replays.push(fn)
}

let modeVersion = 0

/** Says that functions recorded so far may now take another path: a module was switched between train and eval. */
export function changeMode(): void {
  modeVersion++
}

export function currentModeVersion(): number {
  return modeVersion
}
