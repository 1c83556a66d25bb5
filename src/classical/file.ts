import { readFile } from 'node:fs/promises'
import { basename, extname } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { writeFileAtomic } from '../weights/file.ts'
import { InputError, StateError } from './errors.ts'
import { type AnyEstimator, estimatorFromJson } from './methods.ts'
import type { Pipeline } from './pipeline.ts'
import { parseArff } from './tables/arff.ts'
import { type CsvOptions, parseCsv } from './tables/csv.ts'
import type { Table } from './tables/table.ts'

/**
 * Reads a table from a file: Weka's .arff, or comma-separated values by any other name; also gzipped (.gz).
 * @param options How CSV is read; of an .arff file, `types` and the like are its own.
 */
export async function readTableFile(path: string, options: CsvOptions = {}): Promise<Table> {
  let bytes: Buffer
  try {
    bytes = await readFile(path)
    if (path.endsWith('.gz')) bytes = gunzipSync(bytes)
  } catch (error) {
    throw new InputError(`${path}: cannot be read (${(error as Error).message})`)
  }
  if (bytes.subarray(0, 4096).includes(0))
    throw new InputError(`${path} is not a text; tables are .csv or .arff`)
  const text = bytes.toString('utf8')
  if (extname(path.replace(/\.gz$/, '')).toLowerCase() === '.arff') return parseArff(text, path)
  return parseCsv(text, { name: basename(path), ...options })
}

/** Saves a method as JSON, whole or not at all. `extra` is kept beside it. */
export async function saveEstimator(
  path: string,
  estimator: { toJSON(): object },
  extra: object = {},
): Promise<void> {
  const text = `${JSON.stringify({ ...estimator.toJSON(), ...extra })}\n`
  await writeFileAtomic(path, [new TextEncoder().encode(text)])
}

/** A method that `saveEstimator` saved, and the JSON as it stands. Throws a StateError where the file holds none. */
export async function loadEstimator(
  path: string,
): Promise<{ readonly estimator: AnyEstimator | Pipeline; readonly json: object }> {
  let json: unknown
  try {
    json = JSON.parse(await readFile(path, 'utf8'))
  } catch (error) {
    throw new StateError(`${path}: cannot be read as a saved method (${(error as Error).message})`)
  }
  try {
    return { estimator: await estimatorFromJson(json), json: json as object }
  } catch (error) {
    throw new StateError(`${path}: ${(error as Error).message}`)
  }
}
