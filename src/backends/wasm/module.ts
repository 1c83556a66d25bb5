import type { PackedSizes } from '../packed-sizes.ts'

/** What kernels/wasm/entry.cc exports. Addresses and sizes are 32-bit numbers, negative where they are large. */
export interface Exports extends PackedSizes {
  readonly __stack_pointer: WebAssembly.Global
  start(threads: number): void
  allocate(bytes: number): number
  release(address: number): void
  load(code: number, length: number): number
  unload(program: number): void
  messageText(): number
  messageLength(): number
  stopAddress(): number
  post(program: number, externals: number, times: number): void
  runPart(program: number, externals: number, times: number, from: number, until: number): number
  /** The instruction that met an index out of range, in the last run; -1 if none did. */
  faultInstruction(): number
  faultIndex(): number
  /** Operations a second, then bytes a second, at the address; 0 when there is not enough memory to measure. */
  measure(limits: number): number
  recover(): void
  trim(): void
  arenaBytes(): number
  scratchBytes(): number
  usedBytes(): number
}

/** In the order of Failure in kernels/wasm/host.h. */
export const outOfMemory = 1

/** Thrown out of the kernels, which have then done nothing lasting. */
export class KernelFailure extends Error {
  override readonly name = 'KernelFailure'
  readonly failure: number | undefined
  readonly bytes: number

  constructor(message: string, failure?: number, bytes = 0) {
    super(message)
    this.failure = failure
    this.bytes = bytes >>> 0
  }
}

export async function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory): Promise<Exports> {
  const host = {
    fail: (failure: number, bytes: number): never => {
      throw new KernelFailure('the kernels stopped', failure, bytes)
    },
    finished: () => undefined,
    sin: Math.sin,
    cos: Math.cos,
    now: () => performance.now() * 1e6,
    fmod: (x: number, y: number): number => x % y,
  }
  const { exports } = await WebAssembly.instantiate(module, { env: { memory }, host })
  return exports as unknown as Exports
}

const pageBytes = 65536
/** As scripts/build-wasm.mjs sets it. */
const firstPages = 16

/** A memory that may grow to `limit` bytes, or as far as the engine lets it. */
export function createMemory(shared: boolean, limit: number): WebAssembly.Memory {
  for (let maximum = Math.max(firstPages, Math.floor(limit / pageBytes)); ; maximum >>= 1) {
    try {
      return new WebAssembly.Memory({ initial: firstPages, maximum, shared })
    } catch (error) {
      if (!(error instanceof RangeError) || maximum * pageBytes <= 2 ** 28) throw error
    }
  }
}

/** The module with a memory that is not shared in place of a shared one. */
export function withoutSharedMemory(module: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const bytes = module.slice()
  let at = 8
  const number = (): number => {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++]!
      value += (byte & 127) * 2 ** shift
      if (byte < 128) return value
    }
  }
  const importSection = 2
  for (;;) {
    const section = bytes[at++]
    if (section === undefined) throw new Error('the module imports no memory')
    const end = number() + at
    if (section === importSection) break
    at = end
  }
  for (let imports = number(); imports > 0; imports--) {
    for (let names = 0; names < 2; names++) {
      const length = number()
      at += length
    }
    const kind = bytes[at++]
    if (kind === 2) {
      bytes[at]! &= ~2
      return bytes
    }
    if (kind !== 0) break
    number()
  }
  throw new Error('the module imports no memory')
}
