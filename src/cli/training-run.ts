import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Dataset } from '../data/index.ts'
import { DataLoader } from '../data/index.ts'
import { frozenNormalization, type Network } from '../models/index.ts'
import { F, type Module } from '../nn/index.ts'
import type { Optimizer } from '../optim/index.ts'
import { getDefaultGenerator, manualSeed } from '../tensor/index.ts'
import {
  type EpochReport,
  loadRun,
  type ModelDescription,
  type SavedRun,
  startPosition,
  train,
} from '../train/index.ts'
import { CheckpointError, copyAgain } from '../weights/index.ts'
import { CommandError } from './command.ts'
import { misfit } from './fitted-network.ts'
import { bestOf, type EpochEntry, epochLine, epochScalars, readHistory } from './history.ts'
import { counted } from './progress.ts'
import { bestName, checkpointName, exists, record } from './recording.ts'
import type { SummarySettings } from './summaries.ts'
import { type MadeSchedule, makeOptimizer, makeSchedule, type TrainingSettings } from './training-settings.ts'

/** What is trained on what, and where it is kept. */
export interface TrainingJob {
  readonly out: string
  readonly settings: TrainingSettings
  readonly train: Dataset
  readonly validation: Dataset | null
  readonly description: ModelDescription
  /** Builds the network; called after the seed is set. `restored` where a checkpoint then gives it its weights. */
  readonly network: (restored: boolean) => Promise<Network>
  readonly saveEvery: number | undefined
  readonly summaries: SummarySettings | null
  /** Called once everything fits together, before the first step; the folder is there. */
  readonly onStart?: () => Promise<void>
  /** Goes on from the checkpoint in `out`; from the first step where the run ended before it saved one. */
  readonly resume: boolean
  /** Whether --epochs can be raised when resuming. */
  readonly canGrow: boolean
  /** What to do after an interruption. */
  readonly hint: string
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
  const saved = job.resume ? await loadSaved(out) : null
  manualSeed(settings.seed)
  const network = await job.network(saved !== null)
  const optimizer = makeOptimizer(network, settings)
  const { batchSize } = settings
  // Batch normalization has nothing to go by in a batch of one.
  const dropLast = job.train.length > batchSize && job.train.length % batchSize === 1
  const loader = new DataLoader(job.train, { batchSize, dropLast, shuffle: true, seed: settings.seed })
  const schedule = makeSchedule(optimizer, settings, loader.length)
  const scheduler = schedule?.scheduler ?? null
  if (saved) await restore(saved, { model: network, optimizer }, schedule, path)
  await makeFolder(out)
  await job.onStart?.()
  if (saved && saved.position.epoch >= settings.epochs) {
    const more = job.canGrow ? '; --epochs gives it more' : ''
    console.error(`all ${counted(settings.epochs, 'epoch')} of this run are done${more}`)
  }

  const history = saved ? await readHistory<EpochEntry>(out, saved.position.epoch) : []
  const { interrupted } = await record<EpochReport>(
    {
      ...job,
      run: { model: network, optimizer, scheduler, generator: getDefaultGenerator(), seed: settings.seed },
      start: saved?.position ?? startPosition,
      images: job.train.length - (dropLast ? 1 : 0),
      steps: loader.length,
      history,
      bestOf,
      epochLine,
      epochScalars,
      validates: () => job.validation !== null,
    },
    (callbacks) =>
      train(
        {
          model: network,
          optimizer,
          ...(scheduler && { scheduler, schedulerInterval: schedule!.interval }),
          train: loader,
          ...(job.validation && {
            validation: new DataLoader(job.validation, { batchSize: Math.max(batchSize, 32) }),
          }),
          epochs: settings.epochs,
          loss: (outputs, labels) =>
            F.crossEntropy(outputs, labels, { labelSmoothing: settings.labelSmoothing }),
          ...(settings.clipGradNorm !== undefined && { clipGradNorm: settings.clipGradNorm }),
          evaluationModules: frozenNormalization(network),
          ...callbacks,
        },
        saved?.position,
      ),
  )
  return { network, history, interrupted, best: bestOf(history), checkpoint: path }
}

/**
 * Puts the saved state into a run. Schedules by the step follow from the settings and the step alone, so that a run which
 * is given more epochs goes on as if it had been given them from the start.
 */
export async function restore(
  saved: SavedRun,
  run: { readonly model: Module; readonly optimizer: Optimizer },
  schedule: MadeSchedule | null,
  path: string,
): Promise<void> {
  const planned = schedule?.interval === 'step'
  if (planned) for (let i = 0; i < saved.position.step; i++) schedule.scheduler.step()
  const plan = run.optimizer.paramGroups.map(({ params: _, ...options }) => options)
  try {
    await saved.restore({ ...run, scheduler: planned ? null : (schedule?.scheduler ?? null) })
  } catch (error) {
    throw new CommandError(`${path}: ${misfit('the network of this run', error)}`)
  }
  if (planned) for (const [i, group] of run.optimizer.paramGroups.entries()) Object.assign(group, plan[i])
  getDefaultGenerator().restore(saved.random)
}

/** The checkpoint of a run that is to be resumed; null where it has none yet. */
export async function loadSaved(out: string): Promise<SavedRun | null> {
  const path = join(out, checkpointName)
  if (!(await exists(path))) {
    console.error(`the run in ${out} ended before its first save: it begins again`)
    return null
  }
  try {
    return await loadRun(path)
  } catch (error) {
    if (!(error instanceof CheckpointError) || error.cause !== undefined) throw error
    if (error.advice !== undefined && error.advice !== copyAgain) throw error
    const best = join(out, bestName)
    const other = (await exists(best))
      ? `copy ${best} over it and resume from the best epoch, or delete it and resume from the first step`
      : 'delete it, and resuming begins again'
    throw new CommandError(`${error.problem}: this save of the run is lost; ${other}`)
  }
}

/** Removes what an earlier run has saved in a folder. */
export async function removeSaves(out: string): Promise<void> {
  for (const name of [checkpointName, bestName]) await rm(join(out, name), { force: true })
}

export async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true })
  } catch (error) {
    throw new CommandError(
      `${folder}: cannot be made (${(error as Error).message}); --out names another folder`,
    )
  }
}
