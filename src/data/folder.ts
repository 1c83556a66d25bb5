import type { Dirent } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { DataError } from './errors.ts'

const imageExtensions: readonly string[] = ['.jpg', '.jpeg', '.png', '.webp', '.gif', '.tif', '.tiff', '.bmp']

export interface Listing {
  readonly folders: readonly string[]
  readonly files: readonly string[]
}

/** The names in a folder by kind, each sorted; hidden ones are left out. Throws a DataError. */
export async function listFolder(folder: string): Promise<Listing> {
  let entries: Dirent[]
  try {
    entries = await readdir(folder, { withFileTypes: true })
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const why =
      code === 'ENOENT' ? 'no such folder' : code === 'ENOTDIR' ? 'is a file, not a folder' : message
    throw new DataError(folder, why, { cause: error })
  }
  const folders: string[] = []
  const files: string[] = []
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue
    const isFolder = entry.isSymbolicLink()
      ? await isFolderLink(join(folder, entry.name))
      : entry.isDirectory()
    const list = isFolder ? folders : files
    list.push(entry.name)
  }
  return { folders: folders.sort(), files: files.sort() }
}

async function isFolderLink(path: string): Promise<boolean> {
  return (await stat(path)).isDirectory()
}

export function isImageName(name: string): boolean {
  return imageExtensions.includes(extname(name).toLowerCase())
}

/** For errors: which files count as images. */
export const imageKinds: string = imageExtensions.join(' ')
