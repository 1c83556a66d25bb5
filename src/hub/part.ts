import { readFile, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/** What is known of a part of a file, so that the rest can be asked for. */
export interface PartState {
  readonly url: string
  readonly etag: string | null
  readonly modified: string | null
  readonly total: number | null
}

/** Where a file lies until it is whole. */
export function partPath(target: string): string {
  return join(dirname(target), `.${basename(target)}.part`)
}

/** What is known of the part that is there, if it can be continued. */
export async function readPart(part: string, request: string, hashed: boolean): Promise<PartState | null> {
  const text = await readFile(`${part}.json`, 'utf8').catch(() => null)
  if (text === null) return null
  try {
    const { url, etag, modified, total } = JSON.parse(text) as Record<string, unknown>
    const isText = (value: unknown): value is string | null => value === null || typeof value === 'string'
    if (url !== request || !isText(etag) || !isText(modified)) return null
    if (total !== null && !Number.isSafeInteger(total)) return null
    // Without either, only a hash tells whether the rest belongs to the part.
    if (etag === null && modified === null && !hashed) return null
    return { url: request, etag, modified, total: total as number | null }
  } catch {
    return null
  }
}

export async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  )
}
