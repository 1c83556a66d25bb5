import { setFlagsFromString } from 'node:v8'
import type { Backend } from '../../src/backends/backend.ts'
import { createWasmBackend, type WasmOptions } from '../../src/backends/wasm/backend.ts'
import { hasRelaxedSimd } from '../../src/backends/wasm/features.ts'

/** A WASM backend of its own memory and threads. */
export async function wasmBackend(options: WasmOptions): Promise<Backend> {
  const backend = await createWasmBackend(options)
  if ('unavailable' in backend) throw new Error(backend.unavailable)
  return backend
}

/** Has Node 20 run relaxed SIMD, which later ones do anyway. */
export function enableRelaxedSimd(): boolean {
  if (!hasRelaxedSimd()) setFlagsFromString('--experimental-wasm-relaxed-simd')
  return hasRelaxedSimd()
}
