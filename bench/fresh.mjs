// Processes that are started, measured once and ended.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { modelMetadata } from '../dist/index.js'

/**
 * Runs first/ENGINE.mjs on a file of weights or a model: milliseconds from the start of the process to its first
 * prediction, of its first call alone, and the peak of its memory in MiB.
 */
export async function predictInFresh(engine, threads, network, file) {
  const { inputSize } = modelMetadata(network).preprocessing
  const script = join(import.meta.dirname, 'first', `${engine}.mjs`)
  const start = performance.now()
  const child = spawn(process.execPath, [script, network, String(inputSize), file], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, OCELLI_THREADS: String(threads) },
  })
  let complaints = ''
  child.stderr.setEncoding('utf8').on('data', (text) => {
    complaints += text
  })
  const result = {}
  for await (const text of createInterface({ input: child.stdout })) {
    if (!text.startsWith('{')) continue
    result.startMs ??= performance.now() - start
    Object.assign(result, JSON.parse(text))
  }
  if (result.peakMiB === undefined) throw new Error(`${engine}: ${complaints.trim()}`)
  return result
}
