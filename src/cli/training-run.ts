import { access, mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Dataset } from '../data/index.ts'
import { DataLoader } from '../data/index.ts'
import { frozenNormalization, type Network } from '../models/index.ts'
import { F } from '../nn/index.ts'
import type { Optimizer } from '../optim/index.ts'
import { getDefaultGenerator, manualSeed } from '../tensor/index.ts'
import {
  loadRun,
  type ModelDescription,
  NonFiniteLossError,
  type Position,
  type SavedRun,
  saveRun,
  startPosition,
  train,
} from '../train/index.ts'
import { CheckpointError, copyAgain } from '../weights/index.ts'
import { CommandError } from './command.ts'
import { misfit } from './fitted-network.ts'
import { bestOf, type EpochEntry, epochLine, readHistory, writeHistory } from './history.ts'
import { listenForInterruption } from './interruption.ts'
import { counted, Progress } from './progress.ts'
import { type MadeSchedule, makeOptimizer, makeSchedule, type TrainingSettings } from './training-settings.ts'

export const checkpointName = 'checkpoint.safetensors'
const bestName = 'best.safetensors'

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

  const history = saved ? await readHistory(out, saved.position.epoch) : []
  const run = { model: network, optimizer, scheduler, generator: getDefaultGenerator(), seed: settings.seed }
  const save = (name: string, position: Position): Promise<void> =>
    saveRun(join(out, name), run, position, job.description)
  const interruption = listenForInterruption()
  let progress = newProgress(saved?.position ?? startPosition)
  let started = performance.now()
  let lossShown = Number.NaN
  let last: Position = saved?.position ?? startPosition
  // A schedule sets the rate of the next step before the end of a step is told of.
  let rate = currentRate()
  let nextRate = rate

  function currentRate(): number {
    return optimizer.paramGroups[0]!.lr
  }

  function newProgress({ epoch, stepInEpoch }: Position): Progress {
    return new Progress(`epoch ${epoch + 1}/${settings.epochs}`, {
      total: dropLast ? job.train.length - 1 : job.train.length,
      unit: 'images',
      done: Math.min(stepInEpoch * batchSize, job.train.length),
    })
  }

  try {
    const result = await train(
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
        signal: interruption.signal,
        onStep: ({ loss, samples, stepInEpoch, stepsPerEpoch }) => {
          rate = nextRate
          nextRate = currentRate()
          lossShown = Number.isNaN(lossShown) ? loss : 0.95 * lossShown + 0.05 * loss
          progress.advance(samples, `loss ${lossShown.toFixed(4)}`)
          if (job.validation && stepInEpoch === stepsPerEpoch) progress.show('validating')
        },
        onEpoch: async (report) => {
          const seconds = (performance.now() - started) / 1000
          const entry = { ...report, lr: rate, seconds }
          nextRate = currentRate()
          progress.finish(epochLine(entry, settings.epochs))
          history.push(entry)
          await writeHistory(out, history)
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
      const place = `step ${last.stepInEpoch} of ${loader.length} of epoch ${last.epoch + 1}`
      progress.finish(`interrupted after ${place}; saved ${path}\n${job.hint}`)
      process.exitCode = interruption.exitCode()
    }
    return { network, history, interrupted: result.interrupted, best: bestOf(history), checkpoint: path }
  } catch (error) {
    if (!(error instanceof NonFiniteLossError) || last.step === 0 || !(await exists(path))) throw error
    throw new CommandError(
      `${error.message}. ${path} holds the last save: --weights ${path} starts from it with other settings`,
    )
  } finally {
    progress.clear()
    interruption.stop()
  }
}

/**
 * Puts the saved state into a run. Schedules by the step follow from the settings and the step alone, so that a run which
 * is given more epochs goes on as if it had been given them from the start.
 */
async function restore(
  saved: SavedRun,
  run: { readonly model: Network; readonly optimizer: Optimizer },
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
async function loadSaved(out: string): Promise<SavedRun | null> {
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

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true })
  } catch (error) {
    throw new CommandError(
      `${folder}: cannot be made (${(error as Error).message}); --out names another folder`,
    )
  }
}

export function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
