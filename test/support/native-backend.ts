import type { Backend } from '../../src/backends/backend.ts'
import { createNativeBackend } from '../../src/backends/native/backend.ts'

/** The native backend; undefined, saying why, where it cannot be had. */
export async function nativeBackend(): Promise<Backend | undefined> {
  const backend = await createNativeBackend()
  if (!('unavailable' in backend)) return backend
  console.warn(`skipped the comparison of native code with the reference: ${backend.unavailable}`)
  return undefined
}
