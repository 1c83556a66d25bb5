import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { openFile } from '../weights/file.ts'
import { openZip } from '../weights/zip.ts'
import type { FileIdentity } from './reference.ts'

/** The SHA-256 of a file, in hexadecimal. */
export async function sha256Of(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash, ...(signal ? [{ signal }] : []))
  return hash.digest('hex')
}

/** Why a file is not the published one, or its SHA-256 where it is as far as is known. */
export async function verify(
  path: string,
  identity: FileIdentity,
  signal?: AbortSignal,
): Promise<{ readonly problem: string } | { readonly sha256: string; readonly bytes: number }> {
  const { size } = await stat(path)
  if (identity.bytes !== undefined && identity.bytes !== size) {
    return { problem: `it has ${size} bytes, and should have ${identity.bytes}` }
  }
  if (await isWebPage(path)) return { problem: 'it is a web page, not weights' }
  const sha256 = await sha256Of(path, signal)
  const wanted = (identity.sha256 ?? identity.sha256Prefix)?.toLowerCase()
  if (wanted !== undefined && !sha256.startsWith(wanted)) {
    return {
      problem: `its SHA-256 is ${sha256}, and should ${identity.sha256 ? 'be' : 'begin with'} ${wanted}`,
    }
  }
  if (identity.sha1Prefix !== undefined) {
    let sha1: string
    try {
      sha1 = await innerSha1(path)
    } catch (error) {
      return { problem: (error as Error).message }
    }
    if (!sha1.startsWith(identity.sha1Prefix.toLowerCase())) {
      return {
        problem: `the SHA-1 of the file in it is ${sha1}, and should begin with ${identity.sha1Prefix}`,
      }
    }
  }
  return { sha256, bytes: size }
}

async function isWebPage(path: string): Promise<boolean> {
  const handle = await open(path, 'r')
  try {
    const start = new Uint8Array(64)
    const { bytesRead } = await handle.read(start, 0, start.length, 0)
    return looksLikeWebPage(start.subarray(0, bytesRead))
  } finally {
    await handle.close()
  }
}

export function looksLikeWebPage(start: Uint8Array): boolean {
  return /^\s*<(!doctype html|html|head|\?xml)/i.test(String.fromCharCode(...start.subarray(0, 64)))
}

/** Of the largest member of a zip archive, unpacked. */
async function innerSha1(path: string): Promise<string> {
  const file = await openFile(path)
  try {
    const zip = await openZip(file)
    const [largest] = [...zip.entries.values()].sort((a, b) => b.size - a.size)
    if (largest === undefined) return ''
    return createHash('sha1')
      .update(await zip.read(largest))
      .digest('hex')
  } finally {
    await file.close()
  }
}
