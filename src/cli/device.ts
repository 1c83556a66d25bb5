import { type BackendInfo, backendReason, getBackend } from '../tensor/index.ts'
import { CommandError } from './command.ts'
import { counted } from './progress.ts'

/** What runs; a setting in the environment that cannot be followed is an error of the command line. */
export async function backendInfo(): Promise<BackendInfo> {
  try {
    return (await getBackend()).info
  } catch (error) {
    throw new CommandError((error as Error).message)
  }
}

/** One line that says what runs and why, such as `device CPU, 2 threads, avx2 (native: the native addon is here)`. */
export async function deviceLine(): Promise<string> {
  const { name, device, threads, instructionSet } = await backendInfo()
  const parts = [device, counted(threads, 'thread'), ...(instructionSet === 'none' ? [] : [instructionSet])]
  const backend = name === 'reference' ? 'reference backend, which is slow' : name
  return `device ${parts.join(', ')} (${backend}: ${backendReason()})`
}
