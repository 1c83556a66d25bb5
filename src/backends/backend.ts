import type { Graph } from '../compiler/graph.ts'
import type { ConvCosts } from '../compiler/target.ts'
import type { Storage } from '../graph/storage.ts'

export interface BackendInfo {
  readonly name: BackendName
  /** What a person calls the device, e.g. 'CPU'. */
  readonly device: string
  readonly threads: number
  /** e.g. 'avx2'; 'none' where the notion does not apply. */
  readonly instructionSet: string
}

export type BackendName = 'native' | 'wasm' | 'reference'

export interface MemoryInfo {
  /** Bytes the backend holds for intermediate values of cached programs, scratch space and derived values. */
  readonly bytes: number
  /** Bytes taken from the system for these and for values, in use or free: memory of WebAssembly, which never shrinks. */
  readonly reserved?: number
}

/** Compiles graphs and runs them. */
export interface Backend {
  readonly info: BackendInfo
  /** `convCosts` stand in for what OCELLI_CALIBRATION says, or for the built-in ones. */
  compile(graph: Graph, convCosts?: ConvCosts): Executable
  /** A storage with these contents that programs can overwrite in place: this one, if it lies where they compute. */
  adopt(storage: Storage): Storage | Promise<Storage>
  memory(): MemoryInfo
}

export interface Executable {
  /**
   * Computes the graph's outputs from its inputs. Storages are in the graph's order; a donated output is given the very
   * storage of its input, which the backend has adopted. Rejects with the signal's reason when aborted between instructions. Where an index is out of
   * range all is computed nevertheless, as donated memory may be overwritten by then, and the promise rejects with an
   * IndexError.
   */
  run(inputs: readonly Storage[], outputs: readonly Storage[], signal?: AbortSignal): Promise<void>
}
