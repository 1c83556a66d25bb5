import { availableParallelism } from 'node:os'
import { type Bound, type Compiled, compile } from '../../compiler/compile.ts'
import type { TypedArray } from '../../graph/dtype.ts'
import type { IndexError } from '../../graph/index-error.ts'
import type { Storage } from '../../graph/storage.ts'
import type { Backend, Executable } from '../backend.ts'
import { DerivedStore, DerivedValues } from '../derived.ts'
import { encode } from '../encode.ts'
import { adoptByHost, hostTargets, hostValues } from '../host-values.ts'
import { IndexedInstructions } from '../indexed.ts'
import { targetOf } from '../packed-sizes.ts'
import { activeProfile } from '../profile/active.ts'
import type { ProgramProfile } from '../profile/record.ts'
import { Prologues } from '../prologues.ts'
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
  const derived = new DerivedStore<TypedArray>((bytes) => new Uint8Array(bytes))
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
      return { bytes: arenaBytes + scratchBytes + derived.bytes }
    },
  }
}

interface Part {
  readonly loaded: LoadedProgram
  /** The graph's inputs that it is given first. */
  readonly inputs: readonly number[]
  readonly indexed: IndexedInstructions
  /** Where its times go, when it was compiled during a profile. */
  readonly profile: ProgramProfile | null
}

function partOf(addon: Addon, { program, inputs }: Bound, profile: ProgramProfile | null): Part {
  return { loaded: addon.load(encode(program)), inputs, indexed: new IndexedInstructions(program), profile }
}

class NativeExecutable implements Executable {
  readonly #addon: Addon
  readonly #program: Part
  readonly #outputs: readonly number[]
  readonly #prologues: Prologues<Part>
  readonly #derived: DerivedValues<TypedArray>

  constructor(addon: Addon, compiled: Compiled, store: DerivedStore<TypedArray>) {
    this.#addon = addon
    const profile = activeProfile()
    const profiled = profile?.add(compiled.program) ?? null
    this.#program = partOf(addon, compiled, profiled)
    this.#outputs = compiled.outputs
    this.#prologues = new Prologues(compiled.prologue, (prologue) =>
      partOf(addon, prologue, profile?.add(prologue.program, profiled) ?? null),
    )
    this.#derived = new DerivedValues(store, compiled.derivations)
  }

  async run(inputs: readonly Storage[], outputs: readonly Storage[], signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    const cancel = new Int32Array(1)
    const abort = (): void => {
      cancel[0] = 1
    }
    signal?.addEventListener('abort', abort)
    try {
      const run = async (part: Part, others: readonly TypedArray[]): Promise<IndexError | undefined> => {
        const values = await hostValues(part.inputs.map((index) => inputs[index]!))
        const times = part.profile?.times()
        const start = times && performance.now()
        const ended = await this.#addon.run(part.loaded, [...values, ...others], cancel, times)
        if (ended === false) {
          signal?.throwIfAborted()
          throw new Error('the run was stopped')
        }
        if (times) part.profile!.add(times, performance.now() - start!)
        return ended === true ? undefined : part.indexed.error(ended.instruction, ended.index)
      }
      const derived = await this.#derived.get(inputs, (derivations, values) =>
        run(this.#prologues.get(derivations), values),
      )
      const results = hostTargets(this.#outputs.map((index) => outputs[index]!))
      const fault = await run(this.#program, [...derived.values, ...results])
      if (derived.fault ?? fault) throw derived.fault ?? fault
    } finally {
      signal?.removeEventListener('abort', abort)
    }
  }
}
