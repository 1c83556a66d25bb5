import { statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { HubError } from './errors.ts'
import { sizeOf } from './part.ts'
import type { TransientError } from './request.ts'

/** A server that asks for a longer wait than this is not waited for. */
export const longestWait = 120_000

/** After the last try. `target` is where the file would be, `received` how much of it is here. */
export function gaveUp(
  source: string,
  target: string,
  error: TransientError,
  received: number,
  proxyAdvice: string | null,
): HubError {
  const kept = received > 0 ? `; ${received} bytes are kept, and the next try goes on from there` : ''
  const wait = error.retryAfter
  const soon = wait !== undefined && wait > longestWait ? ` and asks to wait ${Math.ceil(wait / 1000)} s` : ''
  const unreachable = /cannot be (resolved|reached)/.test(error.message)
  const advice = unreachable
    ? `${proxyAdvice ?? 'is this machine connected? OCELLI_MIRROR or HF_ENDPOINT names a mirror'}; or download it elsewhere and put it at ${target}`
    : 'try again later'
  return new HubError(source, `${error.message}${soon}${kept}`, { advice, cause: error })
}

/** `total` is the file's length where it is known. */
export async function diskFull(
  source: string,
  part: string,
  total: number | null,
  cause: unknown,
): Promise<HubError> {
  const folder = dirname(part)
  const have = await sizeOf(part)
  const free = await statfs(folder).then(
    ({ bavail, bsize }) => `${bavail * bsize} bytes are free`,
    () => 'less is free',
  )
  const needed = total === null ? 'more' : `${total - have} of ${total} bytes more`
  return new HubError(source, `the disk is full: the file takes ${needed}, and ${free} in ${folder}`, {
    advice: 'free some space (ocelli weights remove) or set OCELLI_HOME to a folder on another disk',
    cause,
  })
}

export function webPage(source: string, target: string): HubError {
  return new HubError(source, 'the server sent a web page instead of the file', {
    advice: `open the address in a browser, download the file by hand and put it at ${target}`,
  })
}

/** A folder of the cache that may not be written. */
export function unwritable(source: string, folder: string, message: string, cause: unknown): HubError {
  return new HubError(source, `${folder} cannot be written (${message})`, {
    advice: 'set OCELLI_HOME to a folder that can',
    cause,
  })
}
