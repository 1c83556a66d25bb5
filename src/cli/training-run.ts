import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Dataset } from '../data/index.ts'
import { DataLoader } from '../data/index.ts'
import type { Network } from '../models/index.ts'
import { F } from '../nn/index.ts'
import { getDefaultGenerator, manualSeed } from '../tensor/index.ts'
import {
  type EpochReport,
  loadRun,
  type ModelDescription,
  type Position,
  type SavedRun,
  saveRun,
  startPosition,
  train,
} from '../train/index.ts'
import { writeFileAtomic } from '../weights/file.ts'
import { CommandError } from './command.ts'
import { formatSeconds, Progress } from './progress.ts'
import { makeOptimizer, makeSchedule, type TrainingSettings } from './training-settings.ts'

export const checkpointName = 'checkpoint.safetensors'
const bestName = 'best.safetensors'
const historyName = 'history.json'

/** What is trained on what, and where it is kept. */
export interface TrainingJob {
  readonly out: string
  readonly settings: TrainingSettings
  readonly train: Dataset
  readonly validation: Dataset | null
  readonly description: ModelDescription
  /** Builds the network; called after the seed is set. */
  readonly network: () => Promise<Network>
  readonly saveEvery: number | undefined
  /** Goes on from the checkpoint in `out`. */
  readonly resume: boolean
  /** The command that goes on, shown when a run is interrupted. */
  readonly resumeCommand: string
}

export interface EpochEntry extends EpochReport {
  readonly lr: number
  readonly seconds: number
}

export interface TrainingOutcome {
  readonly network: Network
  readonly history: readonly EpochEntry[]
  readonly interrupted: boolean
  /** The epoch with the best validation accuracy; null without validation. */
  readonly best: EpochEntry | null
  readonly checkpoint: string
}

/** Trains, showing progress; saves after every epoch, and when interrupted. */
export async function runTraining(job: TrainingJob): Promise<TrainingOutcome> {
  const { settings, out } = job
  const path = join(out, checkpointName)
  const saved = job.resume ? await loadRun(path) : null
  manualSeed(settings.seed)
  const network = await job.network()
  const optimizer = makeOptimizer(
    network.parameters().filter((parameter) => parameter.requiresGrad),
    settings,
  )
  const loader = new DataLoader(job.train, {
    batchSize: settings.batchSize,
    shuffle: true,
    seed: settings.seed,
  })
  const schedule = makeSchedule(optimizer, settings, loader.length)
  const scheduler = schedule?.scheduler ?? null
  if (saved) await restore(saved, { model: network, optimizer, scheduler })
  else await mkdir(out, { recursive: true })

  const history = saved ? await readHistory(out, saved.position.epoch) : []
  const run = { model: network, optimizer, scheduler, generator: getDefaultGenerator(), seed: settings.seed }
  const save = (name: string, position: Position): Promise<void> =>
    saveRun(join(out, name), run, position, job.description)
  const interruption = listenForInterruption()
  let progress = newProgress(saved?.position ?? startPosition)
  let started = performance.now()
  let lossShown = Number.NaN
  let last: Position = saved?.position ?? startPosition

  function newProgress({ epoch, stepInEpoch }: Position): Progress {
    const made = new Progress(`epoch ${epoch + 1}/${settings.epochs}`, {
      total: job.train.length,
      unit: 'images',
      done: stepInEpoch * settings.batchSize,
    })
    return made
  }

  try {
    const result = await train(
      {
        model: network,
        optimizer,
        ...(scheduler && { scheduler, schedulerInterval: schedule!.interval }),
        train: loader,
        ...(job.validation && {
          validation: new DataLoader(job.validation, { batchSize: Math.max(settings.batchSize, 32) }),
        }),
        epochs: settings.epochs,
        loss: (outputs, labels) =>
          F.crossEntropy(outputs, labels, { labelSmoothing: settings.labelSmoothing }),
        ...(settings.clipGradNorm !== undefined && { clipGradNorm: settings.clipGradNorm }),
        signal: interruption.signal,
        onStep: ({ loss, samples }) => {
          lossShown = Number.isNaN(lossShown) ? loss : 0.95 * lossShown + 0.05 * loss
          progress.advance(samples, `loss ${lossShown.toFixed(4)}`)
        },
        onEpoch: async (report) => {
          const seconds = (performance.now() - started) / 1000
          const entry = { ...report, lr: optimizer.paramGroups[0]!.lr, seconds }
          progress.finish(epochLine(entry, settings.epochs))
          history.push(entry)
          await writeJson(join(out, historyName), history)
          if (bestOf(history) === entry) {
            await save(bestName, {
              ...startPosition,
              epoch: report.epoch,
              step: report.epoch * loader.length,
            })
          }
          progress = newProgress({ ...startPosition, epoch: report.epoch })
          started = performance.now()
          lossShown = Number.NaN
        },
        afterStep: async (position) => {
          last = position
          const due = job.saveEvery !== undefined && position.step % job.saveEvery === 0
          if (position.stepInEpoch === 0 || due) await save(checkpointName, position)
        },
      },
      saved?.position,
    )
    if (result.interrupted) {
      if (last.stepInEpoch > 0) await save(checkpointName, last)
      progress.finish(
        `interrupted after step ${last.stepInEpoch} of epoch ${last.epoch + 1}; saved ${path}\ngo on with: ${job.resumeCommand}`,
      )
    }
    return { network, history, interrupted: result.interrupted, best: bestOf(history), checkpoint: path }
  } finally {
    interruption.stop()
  }
}

async function restore(saved: SavedRun, run: Parameters<SavedRun['restore']>[0]): Promise<void> {
  await saved.restore(run)
  getDefaultGenerator().restore(saved.random)
}

/** The first epoch with the highest validation accuracy. */
function bestOf(history: readonly EpochEntry[]): EpochEntry | null {
  let best: EpochEntry | null = null
  for (const entry of history) {
    if (entry.validation && (best === null || entry.validation.accuracy > best.validation!.accuracy)) {
      best = entry
    }
  }
  return best
}

function epochLine({ epoch, train, validation, lr, seconds }: EpochEntry, epochs: number): string {
  const parts = [
    `epoch ${epoch}/${epochs}`,
    `loss ${train.loss.toFixed(4)}`,
    `accuracy ${percent(train.accuracy)}`,
    ...(validation
      ? [`validation loss ${validation.loss.toFixed(4)}`, `accuracy ${percent(validation.accuracy)}`]
      : []),
    `lr ${lr.toPrecision(3)}`,
    formatSeconds(seconds),
  ]
  return parts.join('  ')
}

export function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`
}

async function readHistory(out: string, epochs: number): Promise<EpochEntry[]> {
  const path = join(out, historyName)
  try {
    return (JSON.parse(await readFile(path, 'utf8')) as EpochEntry[]).slice(0, epochs)
  } catch (error) {
    if (epochs === 0 && (error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw new CommandError(`${path}: cannot be read (${(error as Error).message}); it belongs to the run`)
  }
}

export async function writeJson(path: string, value: unknown): Promise<void> {
  await writeFileAtomic(path, [new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`)])
}

/** The first Ctrl-C (or a polite kill) asks for a stop after the running step; the second ends the process at once. */
function listenForInterruption(): { readonly signal: AbortSignal; readonly stop: () => void } {
  const controller = new AbortController()
  const onSignal = (name: NodeJS.Signals): void => {
    const code = name === 'SIGINT' ? 130 : 143
    if (controller.signal.aborted) process.exit(code)
    process.exitCode = code
    controller.abort()
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  return {
    signal: controller.signal,
    stop: () => {
      process.off('SIGINT', onSignal)
      process.off('SIGTERM', onSignal)
    },
  }
}
