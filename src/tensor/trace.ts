import type { DType, TypedArray } from '../graph/dtype.ts'
import { inputNode, type Node } from '../graph/node.ts'
import type { Shape } from '../graph/shape.ts'
import { HostStorage } from '../graph/storage.ts'
import { Tensor } from './tensor.ts'

/** What a compiled function must do anew at each call besides running its program. */
export interface Trace {
  /** Leaves whose contents are made afresh, in the order of their making: random numbers, learning rates. */
  readonly refreshers: Map<Node, () => TypedArray>
  /** Run before the leaves are refreshed: an optimizer counts its step. */
  readonly replays: (() => void)[]
}

let current: Trace | undefined

/** Runs fn while collecting what it must do anew at each call. */
export function traced<T>(fn: () => T): { result: T; trace: Trace } {
  if (current)
    throw new Error('compile: a compiled function cannot be called while another one is being recorded')
  const trace: Trace = { refreshers: new Map(), replays: [] }
  current = trace
  try {
    return { result: fn(), trace }
  } finally {
    current = undefined
  }
}

/** An input whose value is read when it is recorded, and again at each call of a compiled function. */
export function runtimeInput(read: () => TypedArray, shape: Shape, dtype: DType): Tensor {
  const node = inputNode(new HostStorage(dtype, read()), shape)
  current?.refreshers.set(node, read)
  return new Tensor(node)
}

/** A float32 number as a runtime input: programs do not depend on its value. */
export function runtimeScalar(read: () => number): Tensor {
  return runtimeInput(() => Float32Array.of(read()), [], 'float32')
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
