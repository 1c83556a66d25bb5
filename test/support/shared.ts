import { existsSync } from 'node:fs'
import { resolve } from 'node:path'

const root = resolve(import.meta.dirname, '../../../shared')

/** A path in the folder of golden files and real assets beside the repository; undefined where it is absent. */
export function sharedPath(...parts: string[]): string | undefined {
  const path = resolve(root, ...parts)
  if (existsSync(path)) return path
  console.warn(`skipped: ${['../shared', ...parts].join('/')} is not here`)
  return undefined
}
