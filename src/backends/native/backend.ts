import { availableParallelism } from 'node:os'
import { type Compiled, compile } from '../../compiler/compile.ts'
import { type Graph, topologicalOrder } from '../../compiler/graph.ts'
import type { Program } from '../../compiler/program.ts'
import type { Target } from '../../compiler/target.ts'
import type { TypedArray } from '../../graph/dtype.ts'
import { type IndexError, indexError } from '../../graph/index-error.ts'
import { HostStorage, type Storage } from '../../graph/storage.ts'
import type { Backend, Executable } from '../backend.ts'
import { activeProfile } from '../profile/active.ts'
import type { ProgramProfile } from '../profile/record.ts'
import { type Addon, type IndexFault, type LoadedProgram, loadAddon } from './addon.ts'
import { convAlgorithmCodes, encode } from './encode.ts'

/**
 * The kernels compiled for this machine. OCELLI_THREADS sets the number of threads (default: all cores), OCELLI_ISA the
 * instruction set (default: the best that the processor runs).
 */
export async function createNativeBackend(): Promise<Backend | { readonly unavailable: string }> {
  const addon = loadAddon()
  if ('unavailable' in addon) return addon
  const threads = threadsWanted(process.env.OCELLI_THREADS)
  const engine = addon.start(instructionSetWanted(addon, process.env.OCELLI_ISA), threads)
  const target: Target = {
    packedMatrixBytes: (k, n) => addon.packedMatrixBytes(k, n),
    packedConvBytes: (algorithm, { kernel, groups }, outChannels, inChannels) =>
      addon.packedConvBytes(convAlgorithmCodes[algorithm], ...kernel, groups, outChannels, inChannels),
  }
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
    compile: (graph) => {
      refuseFloat64(graph)
      return new NativeExecutable(addon, compile(graph, target), derived)
    },
    memory: () => {
      const { arenaBytes, scratchBytes } = addon.memory()
      return { bytes: arenaBytes + scratchBytes + derived.total }
    },
  }
}

const mostThreads = 1024

function threadsWanted(text: string | undefined): number {
  if (text === undefined || text === '') return availableParallelism()
  const threads = Number(text)
  if (!Number.isInteger(threads) || threads < 1 || threads > mostThreads) {
    throw new Error(`OCELLI_THREADS is '${text}'; it must be a whole number from 1 to ${mostThreads}`)
  }
  return threads
}

function instructionSetWanted(addon: Addon, text: string | undefined): string {
  if (text === undefined || text === '') return ''
  const here = addon.instructionSets()
  if (!here.includes(text)) throw new Error(`OCELLI_ISA is '${text}'; it must be one of ${here.join(', ')}`)
  return text
}

function refuseFloat64(graph: Graph): void {
  for (const node of topologicalOrder(graph.outputs)) {
    if (node.dtype !== 'float64') continue
    throw new Error(
      `${node.op} [${node.shape}]: the native backend does not compute float64; cast with to('float32'), or run on ` +
        `the reference backend (OCELLI_BACKEND=reference, or setBackend('reference'))`,
    )
  }
}

/** Bytes of derived values that are held. */
class DerivedBytes {
  total = 0
  readonly #registry = new FinalizationRegistry<number>((bytes) => {
    this.total -= bytes
  })

  add(owner: object, bytes: number): void {
    this.total += bytes
    this.#registry.register(owner, bytes)
  }
}

interface Derived {
  readonly values: readonly TypedArray[]
  /** The versions of the parameters that the values were computed from; null while there are no values. */
  origins: readonly Origin[] | null
  /** What was wrong in computing them. */
  fault: IndexError | undefined
}

interface Origin {
  readonly storage: WeakRef<Storage>
  readonly version: number
}

/** A loaded program, and what its instructions that take indices are called. */
class Part {
  readonly loaded: LoadedProgram
  /** Where its times go, when it was compiled during a profile. */
  readonly profile: ProgramProfile | null
  readonly #indexed = new Map<number, { readonly name: string; readonly size: number }>()

  constructor(addon: Addon, program: Program, profile: ProgramProfile | null) {
    this.loaded = addon.load(encode(program))
    this.profile = profile
    for (const [i, instruction] of program.instructions.entries()) {
      if (instruction.op !== 'gather' && instruction.op !== 'scatterAdd') continue
      const { name, axis } = instruction
      const dims = instruction.op === 'gather' ? instruction.xDims : instruction.yDims
      this.#indexed.set(i, { name, size: dims[axis]! })
    }
  }

  indexError({ instruction, index }: IndexFault): IndexError {
    const { name, size } = this.#indexed.get(instruction)!
    return indexError(name, index, size)
  }
}

class NativeExecutable implements Executable {
  readonly #addon: Addon
  readonly #program: Part
  readonly #prologue: Part | null
  readonly #derivedFrom: readonly number[]
  readonly #derivedSizes: readonly number[]
  readonly #derivedBytes: DerivedBytes
  /** By the first parameter that they depend on: programs outlive networks, derived values must not. */
  readonly #derived = new WeakMap<object, Derived>()

  constructor(addon: Addon, compiled: Compiled, derivedBytes: DerivedBytes) {
    this.#addon = addon
    const { program, prologue } = compiled
    const profile = activeProfile()
    const profiled = profile?.add(program) ?? null
    this.#program = new Part(addon, program, profiled)
    this.#prologue = prologue && new Part(addon, prologue, profile?.add(prologue, profiled) ?? null)
    this.#derivedFrom = compiled.derivedFrom
    this.#derivedSizes = compiled.derived
    this.#derivedBytes = derivedBytes
  }

  async run(inputs: readonly Storage[], outputs: readonly Storage[], signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    const cancel = new Int32Array(1)
    const abort = (): void => {
      cancel[0] = 1
    }
    signal?.addEventListener('abort', abort)
    try {
      const values = inputs.map(hostData)
      const run = async (part: Part, externals: TypedArray[]): Promise<IndexError | undefined> => {
        const times = part.profile?.times()
        const start = times && performance.now()
        const ended = await this.#addon.run(part.loaded, externals, cancel, times)
        if (ended === false) {
          signal?.throwIfAborted()
          throw new Error('the run was stopped')
        }
        if (times) part.profile!.add(times, performance.now() - start!)
        return ended === true ? undefined : part.indexError(ended)
      }
      const derived = await this.#derivedFor(inputs, (prologue, derived) =>
        run(prologue, [...values, ...derived]),
      )
      const fault = await run(this.#program, [
        ...values,
        ...(derived?.values ?? []),
        ...outputs.map(hostData),
      ])
      if (derived?.fault ?? fault) throw derived?.fault ?? fault
    } finally {
      signal?.removeEventListener('abort', abort)
    }
  }

  /** Derived values, computed anew where a parameter that they depend on is another one, or has changed. */
  async #derivedFor(
    inputs: readonly Storage[],
    run: (prologue: Part, derived: readonly TypedArray[]) => Promise<IndexError | undefined>,
  ): Promise<Derived | undefined> {
    if (this.#prologue === null) return undefined
    const storages = this.#derivedFrom.map((index) => inputs[index]!)
    const derived = this.#derivedOf(storages[0] ?? this)
    const current = derived.origins?.every(
      ({ storage, version }, i) => storage.deref() === storages[i] && version === storages[i]!.version,
    )
    if (!current) {
      derived.origins = null
      const origins = storages.map((storage) => ({ storage: new WeakRef(storage), version: storage.version }))
      derived.fault = await run(this.#prologue, derived.values)
      derived.origins = origins
    }
    return derived
  }

  #derivedOf(key: object): Derived {
    let derived = this.#derived.get(key)
    if (derived === undefined) {
      const values = this.#derivedSizes.map((bytes) => new Uint8Array(bytes))
      derived = { values, origins: null, fault: undefined }
      this.#derivedBytes.add(
        derived,
        this.#derivedSizes.reduce((sum, bytes) => sum + bytes, 0),
      )
      this.#derived.set(key, derived)
    }
    return derived
  }
}

function hostData(storage: Storage): TypedArray {
  if (storage instanceof HostStorage) return storage.data
  throw new Error(`the native backend needs values in host memory, got one on ${storage.device}`)
}
