import { availableParallelism } from 'node:os'
import { type Compiled, compile } from '../../compiler/compile.ts'
import type { Target } from '../../compiler/target.ts'
import type { TypedArray } from '../../graph/dtype.ts'
import type { Storage } from '../../graph/storage.ts'
import type { Backend, Executable } from '../backend.ts'
import { DerivedBytes, DerivedValues } from '../derived.ts'
import { convAlgorithmCodes, encode } from '../encode.ts'
import { adoptByHost, hostTargets, hostValues } from '../host-values.ts'
import { instructionSetWanted, refuseFloat64, threadsWanted } from '../settings.ts'
import { type Addon, type LoadedProgram, loadAddon } from './addon.ts'

/**
 * The kernels compiled for this machine. OCELLI_THREADS sets the number of threads (default: all cores), OCELLI_ISA the
 * instruction set (default: the best that the processor runs).
 */
export async function createNativeBackend(): Promise<Backend | { readonly unavailable: string }> {
  const addon = loadAddon()
  if ('unavailable' in addon) return addon
  const threads = threadsWanted(process.env.OCELLI_THREADS, availableParallelism())
  const instructionSet = instructionSetWanted(process.env.OCELLI_ISA, addon.instructionSets())
  const engine = addon.start(instructionSet, threads)
  const target: Target = {
    packedMatrixBytes: (k, n) => addon.packedMatrixBytes(k, n),
    packedConvBytes: (algorithm, { kernel, groups }, outChannels, inChannels) =>
      addon.packedConvBytes(convAlgorithmCodes[algorithm], ...kernel, groups, outChannels, inChannels),
  }
  const derived = new DerivedBytes()
  return {
    info: {
      name: 'native',
      device: 'CPU',
      threads: engine.threads,
      instructionSet: engine.instructionSet,
    },
    compile: (graph) => {
      refuseFloat64(graph, 'native')
      return new NativeExecutable(addon, compile(graph, target), derived)
    },
    adopt: adoptByHost,
    memory: () => {
      const { arenaBytes, scratchBytes } = addon.memory()
      return { bytes: arenaBytes + scratchBytes + derived.total }
    },
  }
}

class NativeExecutable implements Executable {
  readonly #addon: Addon
  readonly #program: LoadedProgram
  readonly #prologue: LoadedProgram | null
  readonly #derived: DerivedValues<TypedArray>

  constructor(addon: Addon, compiled: Compiled, derivedBytes: DerivedBytes) {
    this.#addon = addon
    this.#program = addon.load(encode(compiled.program))
    this.#prologue = compiled.prologue && addon.load(encode(compiled.prologue))
    this.#derived = new DerivedValues(
      compiled.derivedFrom,
      compiled.derived,
      derivedBytes,
      (bytes) => new Uint8Array(bytes),
    )
  }

  async run(inputs: readonly Storage[], outputs: readonly Storage[], signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    const cancel = new Int32Array(1)
    const abort = (): void => {
      cancel[0] = 1
    }
    signal?.addEventListener('abort', abort)
    try {
      const values = await hostValues(inputs)
      const results = hostTargets(outputs)
      const run = async (program: LoadedProgram, externals: TypedArray[]): Promise<void> => {
        if (!(await this.#addon.run(program, externals, cancel))) {
          signal?.throwIfAborted()
          throw new Error('the run was stopped')
        }
      }
      const prologue = this.#prologue
      const derived =
        prologue === null
          ? []
          : await this.#derived.get(inputs, (derived) => run(prologue, [...values, ...derived]))
      await run(this.#program, [...values, ...derived, ...results])
    } finally {
      signal?.removeEventListener('abort', abort)
    }
  }
}
