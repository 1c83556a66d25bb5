import { stat } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import {
  type DownloadProgress,
  type HubOptions,
  isRemote,
  type RemoteFile,
  resolveReference,
} from '../hub/index.ts'
import { fetchWeights } from '../hub/node.ts'
import type { WeightEntry } from '../models/index.ts'
import { type ChosenWeights, chooseWeights } from '../models/pretrained.ts'
import { CommandError, UsageError } from './command.ts'
import { listenForInterruption } from './interruption.ts'
import { metadataOf } from './model-options.ts'
import { formatSeconds, Progress, type ProgressOutput } from './progress.ts'

/** A file of weights on this machine. */
export interface LocatedWeights {
  readonly path: string
  /** The published weights that it is, where it came by their name. */
  readonly entry: WeightEntry | null
}

/**
 * The file that --weights stands for: a tag of the network's or 'default', an address or a name on the hub, which are downloaded
 * unless they are on this machine, or else a path.
 */
export async function locateWeights(weights: string, model: string | undefined): Promise<LocatedWeights> {
  const chosen = await choose(weights, model)
  if (typeof chosen.file !== 'string') return { path: await download(chosen.file), entry: chosen.entry }
  if (/^file:/i.test(chosen.file)) return { path: fileURLToPath(chosen.file), entry: null }
  // What is told by a name alone is not known for certain of a file of one's own.
  if (!isRemote(chosen.file)) return { path: chosen.file, entry: null }
  return { path: await download(resolveReference(chosen.file)), entry: chosen.entry }
}

/** The path of a file that a command takes, downloaded where it is an address or a name on the hub. */
export async function localFile(reference: string): Promise<string> {
  return isRemote(reference) ? download(resolveReference(reference)) : reference
}

async function choose(weights: string, model: string | undefined): Promise<ChosenWeights> {
  if (model === undefined) {
    if (weights === 'default') {
      throw new UsageError(
        '--weights default are those published for a network; add --model NAME (ocelli list)',
      )
    }
    return { entry: null, file: weights }
  }
  const metadata = metadataOf(model)
  const isTag = weights === 'default' || metadata.weights.some(({ tag }) => tag === weights)
  if (isTag || isRemote(weights)) return chosenFor(model, weights)
  const there = await stat(weights).catch(() => undefined)
  // What looks like a path is one; of a mere word it is worth saying which there are.
  if (there !== undefined || /[\\/.]/.test(weights)) return { entry: null, file: weights }
  const tags = metadata.weights.map(({ tag }) => tag)
  const known = tags.length > 0 ? `${model} has ${tags.join(', ')}` : `${model} has no published weights`
  throw new CommandError(`${weights}: no such file, and no weights of that name: ${known}`)
}

/** The weights of a network that a word chooses; one that chooses none is an error of the command line. */
export function chosenFor(model: string, weights: string): ChosenWeights {
  const metadata = metadataOf(model)
  try {
    return chooseWeights(model, metadata, weights)
  } catch (error) {
    if ((error as Error).name === 'HubError') throw error
    throw new UsageError((error as Error).message)
  }
}

/** Downloads with a line that tells how far it is. Ctrl-C leaves what came, for the next time. */
export async function download(file: RemoteFile, options: HubOptions = {}): Promise<string> {
  const bar = new DownloadBar()
  const interruption = listenForInterruption()
  try {
    const path = await fetchWeights(file, {
      ...options,
      signal: interruption.signal,
      onProgress: (progress) => bar.update(progress),
      onMessage: (message) => bar.say(message),
    })
    bar.finish()
    return path
  } catch (error) {
    bar.clear()
    if (!interruption.signal.aborted) throw error
    console.error('interrupted; what has been downloaded is kept, and the next try goes on from there')
    process.exit(interruption.exitCode())
  } finally {
    interruption.stop()
  }
}

/** One progress line for each file of a download. */
export class DownloadBar {
  readonly #output: ProgressOutput
  #progress: Progress | null = null
  #name = ''
  #unit = 1
  #shown = 0
  #received = 0
  #started = 0

  constructor(output: ProgressOutput = process.stderr) {
    this.#output = output
  }

  update({ name, received, total }: DownloadProgress): void {
    if (name !== this.#name) {
      this.finish()
      this.#name = name
      this.#started = performance.now()
      this.#unit = total !== null && total < 10e6 ? 1e3 : 1e6
      this.#shown = Math.floor(received / this.#unit)
      this.#progress = new Progress(name, {
        total: Math.ceil((total ?? 0) / this.#unit),
        done: this.#shown,
        unit: this.#unit === 1e3 ? 'kB' : 'MB',
        output: this.#output,
      })
      this.#progress.show()
    }
    this.#received = received
    const now = received === total ? Math.ceil(received / this.#unit) : Math.floor(received / this.#unit)
    if (now <= this.#shown || total === null) return
    this.#progress?.advance(now - this.#shown)
    this.#shown = now
  }

  say(message: string): void {
    this.clear()
    this.#output.write(`${message}\n`)
  }

  clear(): void {
    this.#progress?.clear()
  }

  finish(): void {
    const seconds = (performance.now() - this.#started) / 1000
    this.#progress?.finish(
      `downloaded ${this.#name}: ${formatBytes(this.#received)} in ${formatSeconds(seconds)}`,
    )
    this.#progress = null
    this.#name = ''
  }
}

/** 46.8 MB, 1.2 kB. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`
  const [divisor, unit] = bytes < 1e6 ? [1e3, 'kB'] : bytes < 1e9 ? [1e6, 'MB'] : [1e9, 'GB']
  return `${(bytes / divisor).toFixed(1)} ${unit}`
}
