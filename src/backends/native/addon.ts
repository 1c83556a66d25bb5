import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { TypedArray } from '../../graph/dtype.ts'
import type { PackedSizes } from '../packed-sizes.ts'
import type { Limits } from '../profile/record.ts'

/** A program that the addon has checked and keeps; freed when it is collected. */
export type LoadedProgram = object & { readonly __loadedProgram: never }

/** What kernels/node-entry.cc exports. */
export interface Addon extends PackedSizes {
  /** Starts the one engine of the process; later calls return the same. '' picks the best instruction set. */
  start(instructionSet: string, threads: number): EngineInfo
  /** The instruction sets compiled in that run here, best first. */
  instructionSets(): string[]
  load(code: Float64Array): LoadedProgram
  /**
   * Resolves to false when stopped by a non-zero `cancel[0]`, to a fault when it ran to its end with one. `times` is filled
   * with the start (of the steady clock) and the duration of each instruction, in nanoseconds.
   */
  run(
    program: LoadedProgram,
    externals: readonly TypedArray[],
    cancel: Int32Array,
    times?: Float64Array,
  ): Promise<boolean | IndexFault>
  memory(): { readonly arenaBytes: number; readonly scratchBytes: number }
  /** Measured anew, in about a tenth of a second; null where there is no memory for it. */
  limits(): Limits | null
}

/** The first index out of range that a run met, and the instruction that it was for. */
export interface IndexFault {
  readonly instruction: number
  readonly index: number
}

interface EngineInfo {
  readonly instructionSet: string
  readonly threads: number
  readonly vectorWidth: number
}

/** The addon of the platform's package, or the one built in this repository; else why there is none. */
export function loadAddon(): Addon | { readonly unavailable: string } {
  const require = createRequire(import.meta.url)
  const built = new URL('../../../build/native/ocelli.node', import.meta.url).pathname
  if (existsSync(built)) {
    try {
      return require(built) as Addon
    } catch (error) {
      return { unavailable: `the native addon cannot be loaded (${(error as Error).message})` }
    }
  }
  const name = `@ocelli/native-${process.platform}-${process.arch}`
  try {
    return require(name) as Addon
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') {
      return { unavailable: `${name} cannot be loaded (${(error as Error).message})` }
    }
    return {
      unavailable:
        'the native addon has not been built; with a C++ compiler on the PATH, npm run build:native builds it',
    }
  }
}
