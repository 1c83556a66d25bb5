import type { Limits } from '../profile/record.ts'
import { yieldToEventLoop } from '../yield.ts'
import { Heap, OutOfMemoryError } from './heap.ts'
import type { Host, InstructionSet, Thread } from './host.ts'
import {
  createMemory,
  type Exports,
  instantiate,
  KernelFailure,
  outOfMemory,
  withoutSharedMemory,
} from './module.ts'

export interface EngineOptions {
  readonly instructionSet: InstructionSet
  readonly threads: number
  /** Whether programs run in Workers; else they run here, in parts between which the event loop has its turn. */
  readonly workers: boolean
  /** Bytes of memory, at most. */
  readonly memoryLimit: number
}

/** A program that the kernels have checked and keep; freed when it is collected. */
export interface LoadedProgram extends ProgramSizes {
  readonly address: number
  /** Where the addresses of its external buffers go. */
  readonly list: number
}

interface ProgramSizes {
  readonly instructions: number
  readonly externals: number
  readonly arenaBytes: number
}

/** The first index out of range that a run met, and the instruction that it was for. */
interface IndexFault {
  readonly instruction: number
  readonly index: number
}

/** What a Worker says: that it is there, how a run ended, or that it failed. */
interface Report {
  readonly ready?: boolean
  readonly outcome?: number
  readonly thread?: number
  readonly message?: string
  readonly failure?: number
  readonly bytes?: number
}

/** In the order of Outcome in kernels/engine.h; `failed` is of entry.cc. */
const outcomes = ['done', 'cancelled', 'outOfMemory', 'failed'] as const

const stackBytes = 262144
/** Milliseconds of work after which others on the event loop get their turn. */
const yieldAfter = 50

/** Workers cannot be had. */
export class WorkerError extends Error {
  override readonly name = 'WorkerError'
}

/** The kernels in WebAssembly, with their memory and their threads. Runs programs, one at a time. */
export class WasmEngine {
  readonly exports: Exports
  readonly heap: Heap
  readonly threads: number
  readonly #module: WebAssembly.Module
  readonly #workers: Thread[] = []
  readonly #stop: number
  #queue: Promise<unknown> = Promise.resolve()
  #running = false
  /** Whether a program that runs in parts has begun: it needs what is in the arena. */
  #midway = false
  /** Programs to be freed once nothing runs. */
  #unwanted: LoadedProgram[] = []
  readonly #collected = new FinalizationRegistry<LoadedProgram>((program) => this.#unload(program))
  #settle: ((report: Report) => void) | undefined
  #failure: Report | undefined
  #ended: Report | undefined
  #broken: Error | undefined

  static async start(host: Host, options: EngineOptions): Promise<WasmEngine> {
    const bytes = await host.readModule(options.instructionSet)
    const module = await WebAssembly.compile(options.workers ? bytes : withoutSharedMemory(bytes))
    const memory = createMemory(options.workers, options.memoryLimit)
    const engine = new WasmEngine(module, memory, await instantiate(module, memory), options)
    if (options.workers) await engine.#startWorkers(host)
    return engine
  }

  private constructor(
    module: WebAssembly.Module,
    memory: WebAssembly.Memory,
    exports: Exports,
    options: EngineOptions,
  ) {
    this.#module = module
    this.exports = exports
    this.heap = new Heap(memory, exports, () => {
      if (!this.#midway) exports.trim()
    })
    this.threads = options.workers ? options.threads : 1
    exports.start(this.threads)
    this.#stop = exports.stopAddress() >>> 0
  }

  /** Resolves when the thread that runs programs is there; the others join when they are. */
  async #startWorkers(host: Host): Promise<void> {
    const ready = new Promise<void>((resolve, reject) => {
      for (let thread = 0; thread < this.threads; thread++) {
        const worker = host.startWorker()
        this.#workers.push(worker)
        worker.onMessage((data) => {
          if ((data as Report).ready !== true) this.#receive(data as Report)
          else if (thread === 0) resolve()
        })
        worker.onError((message) => {
          this.#break(message)
          reject(new WorkerError(message))
        })
        worker.keepAlive(true)
        const stack = this.heap.allocate(stackBytes) + stackBytes
        worker.postMessage({ module: this.#module, memory: this.heap.memory, thread, stack })
      }
    })
    try {
      await ready
    } catch (error) {
      for (const worker of this.#workers) worker.terminate()
      throw error
    } finally {
      for (const worker of this.#workers) worker.keepAlive(false)
    }
  }

  #receive(report: Report): void {
    if (report.outcome === undefined) this.#failure = report
    // A failed worker says why; the thread that shares out the work says when the run is over. Either may come first.
    if (report.outcome !== undefined || report.thread === 0) this.#ended = report
    if (this.#ended === undefined) return
    if (this.#ended.outcome === outcomes.indexOf('failed') && this.#failure === undefined) return
    this.#settle?.(this.#ended)
  }

  #break(message: string): void {
    this.#broken ??= new Error(`the WebAssembly backend has stopped: ${message}`)
    this.#settle?.({})
  }

  /** Throws with the reason when the code is no valid program. */
  load(code: Float64Array, program: ProgramSizes): LoadedProgram {
    const { heap, exports } = this
    const at = heap.allocate(code.byteLength)
    const stack: unknown = exports.__stack_pointer.value
    try {
      heap.write(at, code)
      const address = exports.load(at, code.length) >>> 0
      if (address === 0) throw new Error(`not a valid program: ${this.#message()}`)
      return { ...program, address, list: heap.allocate(4 * program.externals) }
    } catch (error) {
      exports.__stack_pointer.value = stack
      throw this.#explained(error)
    } finally {
      heap.release(at)
    }
  }

  /** Frees the programs when their owner is collected. */
  unloadWith(owner: object, ...programs: readonly LoadedProgram[]): void {
    for (const program of programs) this.#collected.register(owner, program)
  }

  #unload(program: LoadedProgram): void {
    if (this.#running) {
      this.#unwanted.push(program)
      return
    }
    this.exports.unload(program.address)
    this.heap.release(program.list)
  }

  /**
   * Has `use` prepare buffers, run programs on them, and take the results, while nothing else runs. Once `signal` is
   * aborted, a program stops before its next instruction.
   */
  exclusively<T>(use: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(async () => {
      this.#running = true
      for (const worker of this.#workers) worker.keepAlive(true)
      try {
        return await use()
      } finally {
        for (const worker of this.#workers) worker.keepAlive(false)
        this.#running = false
        for (const program of this.#unwanted.splice(0)) this.#unload(program)
      }
    })
    this.#queue = result.catch(() => undefined)
    return result
  }

  /**
   * Within `exclusively`. Resolves to false when `signal` stopped it, to a fault when it ran to its end with one. Where an
   * address is given, the start and duration of each instruction are put there.
   */
  async run(
    program: LoadedProgram,
    externals: readonly number[],
    times: number,
    signal?: AbortSignal,
  ): Promise<boolean | IndexFault> {
    if (this.#broken) throw this.#broken
    this.heap.write(program.list, Int32Array.from(externals))
    const report = await (this.#workers.length > 0
      ? this.#runInWorkers(program, times, signal)
      : this.#runHere(program, times, signal))
    if (this.#broken) throw this.#broken
    const outcome = report.outcome === undefined ? 'failed' : outcomes[report.outcome]
    if (outcome === 'outOfMemory') throw new OutOfMemoryError(program.arenaBytes, this.heap)
    if (outcome === 'failed') {
      const failure = this.#failure ?? report
      throw this.#explained(
        new KernelFailure(failure.message ?? 'a kernel failed', failure.failure, failure.bytes),
      )
    }
    if (outcome === 'cancelled') return false
    const instruction = this.exports.faultInstruction()
    return instruction < 0 || { instruction, index: this.exports.faultIndex() }
  }

  async #runInWorkers(program: LoadedProgram, times: number, signal?: AbortSignal): Promise<Report> {
    const abort = (): void => {
      Atomics.store(new Int32Array(this.heap.memory.buffer, this.#stop, 1), 0, 1)
    }
    this.#failure = this.#ended = undefined
    const finished = new Promise<Report>((resolve) => {
      this.#settle = resolve
    })
    this.exports.post(program.address, program.list, times)
    signal?.addEventListener('abort', abort)
    try {
      return await finished
    } finally {
      signal?.removeEventListener('abort', abort)
      this.#settle = undefined
    }
  }

  async #runHere(program: LoadedProgram, times: number, signal?: AbortSignal): Promise<Report> {
    this.#failure = undefined
    const stack: unknown = this.exports.__stack_pointer.value
    let resumed = performance.now()
    this.#midway = true
    try {
      for (let i = 0; i < program.instructions; i++) {
        if (signal?.aborted) return { outcome: 1 }
        const outcome = this.exports.runPart(program.address, program.list, times, i, i + 1)
        if (outcome !== 0) return { outcome }
        if (performance.now() - resumed > yieldAfter) {
          await yieldToEventLoop()
          resumed = performance.now()
        }
      }
      return { outcome: 0 }
    } catch (error) {
      this.exports.__stack_pointer.value = stack
      this.exports.recover()
      throw this.#explained(error)
    } finally {
      this.#midway = false
    }
  }

  /** Measured anew, in about a tenth of a second; null where there is no memory for it. */
  limits(): Limits | null {
    const address = this.heap.allocate(16)
    try {
      if (this.exports.measure(address) === 0) return null
      const limits = new Float64Array(2)
      this.heap.read(address, limits)
      return { gflops: limits[0]! / 1e9, gigabytes: limits[1]! / 1e9 }
    } finally {
      this.heap.release(address)
    }
  }

  #message(): string {
    const bytes = this.heap.bytes(this.exports.messageText() >>> 0, this.exports.messageLength())
    return String.fromCharCode(...bytes)
  }

  #explained(error: unknown): unknown {
    if (error instanceof KernelFailure && error.failure === outOfMemory)
      return new OutOfMemoryError(error.bytes, this.heap)
    return error
  }
}
