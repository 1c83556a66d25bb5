import { availableParallelism } from 'node:os'
import { type Compiled, compile } from '../../compiler/compile.ts'
import type { Program } from '../../compiler/program.ts'
import type { TypedArray } from '../../graph/dtype.ts'
import type { IndexError } from '../../graph/index-error.ts'
import type { Storage } from '../../graph/storage.ts'
import type { Backend, Executable } from '../backend.ts'
import { DerivedBytes, DerivedValues } from '../derived.ts'
import { encode } from '../encode.ts'
import { adoptByHost, hostTargets, hostValues } from '../host-values.ts'
import { IndexedInstructions } from '../indexed.ts'
import { targetOf } from '../packed-sizes.ts'
import { activeProfile } from '../profile/active.ts'
import type { ProgramProfile } from '../profile/record.ts'
import { convCostsWanted, instructionSetWanted, refuseFloat64, threadsWanted } from '../settings.ts'
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
  const costs = convCostsWanted(process.env.OCELLI_CALIBRATION)
  const profile = activeProfile()
  if (profile !== null) profile.measureLimits = () => addon.limits()
  const derived = new DerivedBytes()
  return {
    info: {
      name: 'native',
      device: 'CPU',
      threads: engine.threads,
      instructionSet: engine.instructionSet,
    },
    compile: (graph, convCosts = costs) => {
      refuseFloat64(graph, 'native')
      return new NativeExecutable(addon, compile(graph, targetOf(addon, convCosts)), derived)
    },
    adopt: adoptByHost,
    memory: () => {
      const { arenaBytes, scratchBytes } = addon.memory()
      return { bytes: arenaBytes + scratchBytes + derived.total }
    },
  }
}

interface Part {
  readonly loaded: LoadedProgram
  readonly indexed: IndexedInstructions
  /** Where its times go, when it was compiled during a profile. */
  readonly profile: ProgramProfile | null
}

function partOf(addon: Addon, program: Program, profile: ProgramProfile | null): Part {
  return { loaded: addon.load(encode(program)), indexed: new IndexedInstructions(program), profile }
}

class NativeExecutable implements Executable {
  readonly #addon: Addon
  readonly #program: Part
  readonly #prologue: Part | null
  readonly #derived: DerivedValues<TypedArray>

  constructor(addon: Addon, compiled: Compiled, derivedBytes: DerivedBytes) {
    this.#addon = addon
    const { program, prologue } = compiled
    const profile = activeProfile()
    const profiled = profile?.add(program) ?? null
    this.#program = partOf(addon, program, profiled)
    this.#prologue = prologue && partOf(addon, prologue, profile?.add(prologue, profiled) ?? null)
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
      const run = async (part: Part, externals: TypedArray[]): Promise<IndexError | undefined> => {
        const times = part.profile?.times()
        const start = times && performance.now()
        const ended = await this.#addon.run(part.loaded, externals, cancel, times)
        if (ended === false) {
          signal?.throwIfAborted()
          throw new Error('the run was stopped')
        }
        if (times) part.profile!.add(times, performance.now() - start!)
        return ended === true ? undefined : part.indexed.error(ended.instruction, ended.index)
      }
      const prologue = this.#prologue
      const derived =
        prologue && (await this.#derived.get(inputs, (derived) => run(prologue, [...values, ...derived])))
      const fault = await run(this.#program, [...values, ...(derived?.values ?? []), ...results])
      if (derived?.fault ?? fault) throw derived?.fault ?? fault
    } finally {
      signal?.removeEventListener('abort', abort)
    }
  }
}
