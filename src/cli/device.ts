import { backendReason, getBackend } from '../tensor/index.ts'

/** One line that says what runs and why, e.g. `device CPU, 2 threads, avx2 (native: the native addon is here)`. */
export async function deviceLine(): Promise<string> {
  const { name, device, threads, instructionSet } = (await getBackend()).info
  const plural = threads === 1 ? '1 thread' : `${threads} threads`
  return `device ${device}, ${plural}, ${instructionSet} (${name}: ${backendReason()})`
}
