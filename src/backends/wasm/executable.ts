import type { Bound, Compiled } from '../../compiler/compile.ts'
import type { Graph } from '../../compiler/graph.ts'
import type { TypedArray } from '../../graph/dtype.ts'
import type { IndexError } from '../../graph/index-error.ts'
import type { Node } from '../../graph/node.ts'
import { HostStorage, type Storage } from '../../graph/storage.ts'
import type { Executable } from '../backend.ts'
import { type DerivedStore, DerivedValues } from '../derived.ts'
import { encode } from '../encode.ts'
import { IndexedInstructions } from '../indexed.ts'
import { activeProfile } from '../profile/active.ts'
import type { ProgramProfile } from '../profile/record.ts'
import { Prologues } from '../prologues.ts'
import { type Copies, valuesOf } from './copies.ts'
import type { LoadedProgram, WasmEngine } from './engine.ts'
import { type Block, OutOfMemoryError, WasmStorage } from './heap.ts'

interface Part {
  readonly loaded: LoadedProgram
  /** The graph's inputs that it is given first. */
  readonly inputs: readonly number[]
  readonly indexed: IndexedInstructions
  /** Where its times go, when it was compiled during a profile. */
  readonly profile: ProgramProfile | null
}

/** Addresses that are released after the run, with the arrays that some of them are copied to before that. */
class Temporaries {
  readonly #engine: WasmEngine
  readonly #addresses: number[] = []
  readonly #results: { readonly address: number; readonly values: TypedArray }[] = []

  constructor(engine: WasmEngine) {
    this.#engine = engine
  }

  input(values: TypedArray): number {
    const address = this.#allocate(values.byteLength)
    this.#engine.heap.write(address, values)
    return address
  }

  output(values: TypedArray): number {
    const address = this.#allocate(values.byteLength)
    this.result(address, values)
    return address
  }

  result(address: number, values: TypedArray): void {
    this.#results.push({ address, values })
  }

  collectResults(): void {
    for (const { address, values } of this.#results) this.#engine.heap.read(address, values)
  }

  release(): void {
    for (const address of this.#addresses.splice(0)) this.#engine.heap.release(address)
  }

  #allocate(bytes: number): number {
    const address = this.#engine.heap.allocate(bytes)
    this.#addresses.push(address)
    return address
  }
}

export class WasmExecutable implements Executable {
  readonly #engine: WasmEngine
  readonly #copies: Copies
  readonly #program: Part
  readonly #outputs: readonly number[]
  readonly #prologues: Prologues<Part>
  readonly #persistent: readonly boolean[]
  readonly #donations: readonly (number | null)[]
  readonly #derived: DerivedValues<Block>

  constructor(
    engine: WasmEngine,
    copies: Copies,
    graph: Graph,
    compiled: Compiled,
    store: DerivedStore<Block>,
  ) {
    this.#engine = engine
    this.#copies = copies
    this.#persistent = graph.inputs.map((node) => (node as Node<'input'>).attrs.persistent)
    this.#donations = graph.donations
    const profile = activeProfile()
    const profiled = profile?.add(compiled.program) ?? null
    this.#program = this.#load(compiled, profiled)
    this.#outputs = compiled.outputs
    this.#prologues = new Prologues(compiled.prologue, (prologue) =>
      this.#load(prologue, profile?.add(prologue.program, profiled) ?? null),
    )
    this.#derived = new DerivedValues(store, compiled.derivations)
  }

  #load({ program, inputs }: Bound, profile: ProgramProfile | null): Part {
    const loaded = this.#engine.load(encode(program), {
      instructions: program.instructions.length,
      externals: program.externals,
      arenaBytes: program.arenaBytes,
    })
    const part = { loaded, inputs, indexed: new IndexedInstructions(program), profile }
    this.#engine.unloadWith(part, loaded)
    return part
  }

  async run(inputs: readonly Storage[], outputs: readonly Storage[], signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    await this.#engine.exclusively(async () => {
      signal?.throwIfAborted()
      const attempt = { started: false }
      try {
        await this.#runOnce(inputs, outputs, signal, attempt)
      } catch (error) {
        // Copies of parameters can be made again, unless results may have overwritten what they were computed from.
        if (!(error instanceof OutOfMemoryError) || (attempt.started && this.#overwrites())) throw error
        this.#copies.dropAll()
        await this.#runOnce(inputs, outputs, signal, attempt)
      }
    })
  }

  #overwrites(): boolean {
    return this.#donations.some((donated) => donated !== null)
  }

  async #runOnce(
    inputs: readonly Storage[],
    outputs: readonly Storage[],
    signal: AbortSignal | undefined,
    attempt: { started: boolean },
  ): Promise<void> {
    const derived = await this.#derived.get(inputs, async (derivations, values) => {
      const prologue = this.#prologues.get(derivations)
      const temporaries = new Temporaries(this.#engine)
      try {
        const addresses = await this.#inputAddresses(prologue, inputs, [], temporaries)
        for (const { address } of values) addresses.push(address)
        return await this.#execute(prologue, addresses, temporaries, signal)
      } finally {
        temporaries.release()
      }
    })
    const temporaries = new Temporaries(this.#engine)
    try {
      const addresses = await this.#inputAddresses(this.#program, inputs, outputs, temporaries)
      for (const { address } of derived.values) addresses.push(address)
      for (const index of this.#outputs) addresses.push(temporaries.output(hostTarget(outputs[index]!)))
      attempt.started = true
      const fault = await this.#execute(this.#program, addresses, temporaries, signal)
      temporaries.collectResults()
      if (derived.fault ?? fault) throw derived.fault ?? fault
    } finally {
      temporaries.release()
    }
  }

  async #execute(
    part: Part,
    addresses: readonly number[],
    temporaries: Temporaries,
    signal: AbortSignal | undefined,
  ): Promise<IndexError | undefined> {
    const times = part.profile?.times()
    const timesAddress = times ? temporaries.input(times) : 0
    const start = times && performance.now()
    const ended = await this.#engine.run(part.loaded, addresses, timesAddress, signal)
    if (ended === false) {
      signal?.throwIfAborted()
      throw new Error('the run was stopped')
    }
    if (times) {
      this.#engine.heap.read(timesAddress, times)
      part.profile!.add(times, performance.now() - start!)
    }
    return ended === true ? undefined : part.indexed.error(ended.instruction, ended.index)
  }

  async #inputAddresses(
    part: Part,
    inputs: readonly Storage[],
    outputs: readonly Storage[],
    temporaries: Temporaries,
  ): Promise<number[]> {
    const addresses: number[] = []
    for (const i of part.inputs) {
      const storage = inputs[i]!
      const output = this.#donations.indexOf(i)
      if (storage instanceof WasmStorage && storage.heap === this.#engine.heap)
        addresses.push(storage.block.address)
      else if (outputs.length > 0 && output >= 0) {
        const address = temporaries.input(await valuesOf(storage))
        temporaries.result(address, hostTarget(outputs[output]!))
        addresses.push(address)
      } else if (part === this.#program && this.#persistent[i])
        addresses.push(await this.#copies.addressOf(storage))
      else addresses.push(temporaries.input(await valuesOf(storage)))
    }
    return addresses
  }
}

function hostTarget(storage: Storage): TypedArray {
  if (storage instanceof HostStorage) return storage.data
  throw new Error(`results go to host memory, not to a value on ${storage.device}`)
}
