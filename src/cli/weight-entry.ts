import { basename } from 'node:path'
import type { ModelMetadata, WeightEntry } from '../models/index.ts'
import { sha256Of } from './file-hash.ts'

/** The published weights that a file holds, told by its name or else by its content; null for a file of one's own. */
export async function weightEntryOf(metadata: ModelMetadata, path: string): Promise<WeightEntry | null> {
  const known = metadata.weights.filter(({ sha256Prefix }) => sha256Prefix !== undefined)
  if (known.length === 0) return null
  const named = known.find(({ sha256Prefix }) => basename(path).includes(sha256Prefix!))
  if (named !== undefined) return named
  const digest = await sha256Of(path)
  return known.find(({ sha256, sha256Prefix }) => digest.startsWith((sha256 ?? sha256Prefix)!)) ?? null
}
