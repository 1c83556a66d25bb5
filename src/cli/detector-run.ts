import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { DetectionDataset } from '../data/index.ts'
import { type DetectionAugmentation, DetectionLoader } from '../detection/index.ts'
import type { DarknetDetector } from '../models/darknet-network.ts'
import { getDefaultGenerator, manualSeed } from '../tensor/index.ts'
import {
  type DetectorEpochReport,
  type ModelDescription,
  NonFiniteLossError,
  type Position,
  saveRun,
  startPosition,
  trainDetector,
} from '../train/index.ts'
import { CommandError } from './command.ts'
import { writeJson } from './history.ts'
import { listenForInterruption } from './interruption.ts'
import { counted, formatSeconds, Progress, percent } from './progress.ts'
import { checkpointName, exists, loadSaved, makeFolder, restore } from './training-run.ts'
import { makeOptimizer, makeSchedule, type TrainingSettings } from './training-settings.ts'

const bestName = 'best.safetensors'
const historyName = 'history.json'

export interface DetectorJob {
  readonly out: string
  readonly settings: TrainingSettings
  readonly training: DetectionDataset
  readonly validation: DetectionDataset
  readonly size: readonly [height: number, width: number]
  readonly sizes: number
  readonly augment: DetectionAugmentation | null
  readonly evalEvery: number
  readonly description: ModelDescription
  /** Builds the network; called after the seed is set. `restored` where a checkpoint then gives it its weights. */
  readonly network: (restored: boolean) => Promise<DarknetDetector>
  readonly onStart: () => Promise<void>
  readonly saveEvery: number | undefined
  readonly resume: boolean
  /** What to do after an interruption. */
  readonly hint: string
}

export interface DetectorEntry extends DetectorEpochReport {
  readonly lr: number
  readonly seconds: number
}

export interface DetectorOutcome {
  readonly history: readonly DetectorEntry[]
  readonly interrupted: boolean
  /** The first epoch with the highest average precision at an IoU of 0.5. */
  readonly best: DetectorEntry | null
  readonly checkpoint: string
}

function bestOf(history: readonly DetectorEntry[]): DetectorEntry | null {
  let best: DetectorEntry | null = null
  for (const entry of history) {
    if (entry.validation && (best === null || entry.validation.ap50 > best.validation!.ap50)) best = entry
  }
  return best
}

async function readHistory(out: string, epochs: number): Promise<DetectorEntry[]> {
  const path = join(out, historyName)
  try {
    return (JSON.parse(await readFile(path, 'utf8')) as DetectorEntry[]).slice(0, epochs)
  } catch (error) {
    if (epochs === 0 && (error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw new CommandError(`${path}: cannot be read (${(error as Error).message}); it belongs to the run`)
  }
}

/** Trains, showing progress; saves after every epoch, and when interrupted. */
export async function runDetectorTraining(job: DetectorJob): Promise<DetectorOutcome> {
  const { settings, out, size, training } = job
  const { batchSize, seed, epochs } = settings
  const path = join(out, checkpointName)
  const saved = job.resume ? await loadSaved(out) : null
  manualSeed(seed)
  const network = await job.network(saved !== null)
  const optimizer = makeOptimizer(network, settings)
  // Batch normalization has little to go by in a batch of one image.
  const dropLast = training.length > batchSize && training.length % batchSize === 1
  const loader = new DetectionLoader(training, {
    size,
    batchSize,
    shuffle: true,
    dropLast,
    seed,
    sizes: job.sizes,
    ...(job.augment && { augment: job.augment }),
  })
  const schedule = makeSchedule(optimizer, settings, loader.length)
  const scheduler = schedule?.scheduler ?? null
  if (saved) await restore(saved, { model: network, optimizer }, schedule, path)
  await makeFolder(out)
  await job.onStart()
  if (saved && saved.position.epoch >= epochs) {
    console.error(`all ${counted(epochs, 'epoch')} of this run are done; --epochs gives it more`)
  }

  const history = saved ? await readHistory(out, saved.position.epoch) : []
  const run = { model: network, optimizer, scheduler, generator: getDefaultGenerator(), seed }
  const save = (name: string, position: Position): Promise<void> =>
    saveRun(join(out, name), run, position, job.description)
  const interruption = listenForInterruption()
  const newProgress = ({ epoch, stepInEpoch }: Position): Progress =>
    new Progress(`epoch ${epoch + 1}/${epochs}`, {
      total: dropLast ? training.length - 1 : training.length,
      unit: 'images',
      done: Math.min(stepInEpoch * batchSize, training.length),
    })
  let progress = newProgress(saved?.position ?? startPosition)
  let started = performance.now()
  let last: Position = saved?.position ?? startPosition
  // A schedule sets the rate of the next step before the end of a step is told of.
  let rate = optimizer.paramGroups[0]!.lr
  let nextRate = rate
  try {
    const result = await trainDetector(
      {
        model: network,
        optimizer,
        ...(scheduler && { scheduler, schedulerInterval: schedule!.interval }),
        train: loader,
        validation: new DetectionLoader(job.validation, { size, batchSize }),
        validateEvery: job.evalEvery,
        epochs,
        ...(settings.clipGradNorm !== undefined && { clipGradNorm: settings.clipGradNorm }),
        signal: interruption.signal,
        onStep: ({ loss, samples, stepInEpoch, stepsPerEpoch }) => {
          rate = nextRate
          nextRate = optimizer.paramGroups[0]!.lr
          progress.advance(samples, `loss ${loss.toFixed(4)}`)
          if (stepInEpoch === stepsPerEpoch) progress.show('validating')
        },
        onEpoch: async (report) => {
          const seconds = (performance.now() - started) / 1000
          const entry = { ...report, lr: rate, seconds }
          nextRate = optimizer.paramGroups[0]!.lr
          progress.finish(epochLine(entry, epochs))
          history.push(entry)
          await writeJson(join(out, historyName), history)
          if (bestOf(history) === entry) {
            const { epoch } = report
            await save(bestName, { ...startPosition, epoch, step: epoch * loader.length })
          }
          progress = newProgress({ ...startPosition, epoch: report.epoch })
          started = performance.now()
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
    return { history, interrupted: result.interrupted, best: bestOf(history), checkpoint: path }
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

function epochLine({ epoch, train, validation, lr, seconds }: DetectorEntry, epochs: number): string {
  return [
    `epoch ${epoch}/${epochs}`,
    `loss ${train.loss.toFixed(4)}`,
    ...(validation ? [`AP ${percent(validation.ap)}`, `AP50 ${percent(validation.ap50)}`] : []),
    `lr ${Number(lr.toPrecision(3))}`,
    formatSeconds(seconds),
  ].join('  ')
}
