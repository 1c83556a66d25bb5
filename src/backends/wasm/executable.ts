import type { Compiled } from '../../compiler/compile.ts'
import type { Graph } from '../../compiler/graph.ts'
import type { Program } from '../../compiler/program.ts'
import type { TypedArray } from '../../graph/dtype.ts'
import type { Node } from '../../graph/node.ts'
import { HostStorage, type Storage } from '../../graph/storage.ts'
import type { Executable } from '../backend.ts'
import { type DerivedBytes, DerivedValues } from '../derived.ts'
import { encode } from '../encode.ts'
import { type Copies, valuesOf } from './copies.ts'
import type { LoadedProgram, WasmEngine } from './engine.ts'
import { Block, OutOfMemoryError, WasmStorage } from './heap.ts'

/** A program, and which of its external buffers it touches. */
interface Part {
  readonly loaded: LoadedProgram
  readonly touched: readonly boolean[]
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
  readonly #prologue: Part | null
  readonly #persistent: readonly boolean[]
  readonly #donations: readonly (number | null)[]
  readonly #derived: DerivedValues<Block>

  constructor(
    engine: WasmEngine,
    copies: Copies,
    graph: Graph,
    compiled: Compiled,
    derivedBytes: DerivedBytes,
  ) {
    this.#engine = engine
    this.#copies = copies
    this.#persistent = graph.inputs.map((node) => (node as Node<'input'>).attrs.persistent)
    this.#donations = graph.donations
    this.#program = this.#load(compiled.program)
    this.#prologue = compiled.prologue && this.#load(compiled.prologue)
    this.#derived = new DerivedValues(
      compiled.derivedFrom,
      compiled.derived,
      derivedBytes,
      (bytes) => new Block(engine.heap, bytes),
    )
  }

  #load(program: Program): Part {
    const loaded = this.#engine.load(encode(program), {
      instructions: program.instructions.length,
      externals: program.externals,
      arenaBytes: program.arenaBytes,
    })
    this.#engine.unloadWith(this, loaded)
    const touched = new Array<boolean>(program.externals).fill(false)
    for (const slot of program.slots) if (slot.kind === 'external') touched[slot.index] = true
    return { loaded, touched }
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
    const prologue = this.#prologue
    const derived =
      prologue === null
        ? []
        : await this.#derived.get(inputs, async (derived) => {
            const temporaries = new Temporaries(this.#engine)
            try {
              const addresses = await this.#inputAddresses(prologue, inputs, [], temporaries)
              await this.#execute(prologue, [...addresses, ...derived.map(({ address }) => address)], signal)
            } finally {
              temporaries.release()
            }
          })
    const temporaries = new Temporaries(this.#engine)
    try {
      const addresses = await this.#inputAddresses(this.#program, inputs, outputs, temporaries)
      for (const { address } of derived) addresses.push(address)
      for (const [i, output] of outputs.entries()) {
        if (this.#donations[i] !== null) addresses.push(0)
        else addresses.push(temporaries.output(hostTarget(output)))
      }
      attempt.started = true
      await this.#execute(this.#program, addresses, signal)
      temporaries.collectResults()
    } finally {
      temporaries.release()
    }
  }

  async #execute(part: Part, addresses: readonly number[], signal: AbortSignal | undefined): Promise<void> {
    if (await this.#engine.run(part.loaded, addresses, signal)) return
    signal?.throwIfAborted()
    throw new Error('the run was stopped')
  }

  /** Those of the inputs that are not touched are 0. */
  async #inputAddresses(
    part: Part,
    inputs: readonly Storage[],
    outputs: readonly Storage[],
    temporaries: Temporaries,
  ): Promise<number[]> {
    const addresses: number[] = []
    for (const [i, storage] of inputs.entries()) {
      const output = this.#donations.indexOf(i)
      if (!part.touched[i]) addresses.push(0)
      else if (storage instanceof WasmStorage && storage.heap === this.#engine.heap)
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
