import type { Graph } from '../compiler/graph.ts'
import type { Storage } from '../graph/storage.ts'

export interface BackendInfo {
  readonly name: BackendName
  /** What a person calls the device, e.g. 'CPU'. */
  readonly device: string
  readonly threads: number
  /** e.g. 'avx2'; 'none' where the notion does not apply. */
  readonly instructionSet: string
}

export type BackendName = 'native' | 'reference'

export interface MemoryInfo {
  /** Bytes the backend holds for intermediate values of cached programs, scratch space and derived values. */
  readonly bytes: number
}

/** Compiles graphs and runs them. */
export interface Backend {
  readonly info: BackendInfo
  compile(graph: Graph): Executable
  memory(): MemoryInfo
}

export interface Executable {
  /**
   * Computes the graph's outputs from its inputs. Storages are in the graph's order; a donated output is given the very
   * storage of its input. Rejects with the signal's reason when aborted between instructions. Where an index is out of
   * range all is computed nevertheless, as donated memory may be overwritten by then, and the promise rejects with an
   * IndexError.
   */
  run(inputs: readonly Storage[], outputs: readonly Storage[], signal?: AbortSignal): Promise<void>
}
