import { compile } from '../../compiler/compile.ts'
import type { Backend } from '../backend.ts'
import { DerivedStore } from '../derived.ts'
import { targetOf } from '../packed-sizes.ts'
import { activeProfile } from '../profile/active.ts'
import { convCostsWanted, instructionSetWanted, refuseFloat64, threadsWanted } from '../settings.ts'
import { Copies } from './copies.ts'
import { type EngineOptions, WasmEngine, WorkerError } from './engine.ts'
import { WasmExecutable } from './executable.ts'
import { hasRelaxedSimd, hasSimd, hasThreads } from './features.ts'
import { Block } from './heap.ts'
import type { Host, InstructionSet } from './host.ts'

export interface WasmOptions {
  /** The number of threads; OCELLI_THREADS, else all processors, if not given. */
  readonly threads?: number
  /** The best that the engine runs, if neither this nor OCELLI_ISA is given. */
  readonly instructionSet?: InstructionSet
  /** Whether programs run in Workers; wherever memory can be shared with them, if not given. */
  readonly workers?: boolean
  /** Bytes of memory, at most; the 4 GiB that can be addressed, if not given. */
  readonly memoryLimit?: number
  readonly host?: Host
}

/** The kernels in WebAssembly: in browsers, and in Node where there is no native addon. */
export async function createWasmBackend(
  options: WasmOptions = {},
): Promise<Backend | { readonly unavailable: string }> {
  if (!hasSimd()) return { unavailable: 'there is no WebAssembly with SIMD here' }
  const here: InstructionSet[] = hasRelaxedSimd() ? ['wasm-relaxed', 'wasm'] : ['wasm']
  const environment = (globalThis as { process?: { env?: Record<string, string | undefined> } }).process?.env
  const instructionSet =
    options.instructionSet ??
    ((instructionSetWanted(environment?.OCELLI_ISA, here) || here[0]) as InstructionSet)
  const host = options.host ?? (await findHost())
  const threads = options.threads ?? threadsWanted(environment?.OCELLI_THREADS, host.processors)
  const workers = options.workers ?? hasThreads()
  const memoryLimit = options.memoryLimit ?? 2 ** 32
  let engine: WasmEngine
  try {
    engine = await startEngine(host, { instructionSet, threads, workers, memoryLimit })
  } catch (error) {
    return { unavailable: `WebAssembly cannot be started: ${(error as Error).message}` }
  }
  const { exports, heap } = engine
  const costs = convCostsWanted(environment?.OCELLI_CALIBRATION)
  const profile = activeProfile()
  if (profile !== null) profile.measureLimits = () => engine.limits()
  const derived = new DerivedStore((bytes) => new Block(heap, bytes))
  const copies = new Copies(heap)
  return {
    info: { name: 'wasm', device: 'CPU', threads: engine.threads, instructionSet },
    compile: (graph, convCosts = costs) => {
      refuseFloat64(graph, 'wasm')
      return new WasmExecutable(engine, copies, graph, compile(graph, targetOf(exports, convCosts)), derived)
    },
    adopt: (storage) => copies.adopt(storage),
    memory: () => ({
      bytes: exports.arenaBytes() + exports.scratchBytes() + derived.bytes,
      reserved: heap.reserved,
    }),
  }
}

async function startEngine(host: Host, options: EngineOptions): Promise<WasmEngine> {
  try {
    return await WasmEngine.start(host, options)
  } catch (error) {
    if (!(error instanceof WorkerError)) throw error
    console.warn(
      `ocelli: WebAssembly runs on the calling thread, as Workers cannot be started: ${error.message}`,
    )
    return WasmEngine.start(host, { ...options, workers: false })
  }
}

async function findHost(): Promise<Host> {
  const { process } = globalThis as { process?: { versions?: { node?: string } } }
  if (process?.versions?.node === undefined) return (await import('./browser.ts')).browserHost()
  return (await import('./node.ts')).nodeHost()
}
