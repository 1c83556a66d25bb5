import { join } from 'node:path'
import type { DetectionDataset } from '../data/index.ts'
import { type DetectionAugmentation, DetectionLoader } from '../detection/index.ts'
import type { DarknetDetector } from '../models/darknet-network.ts'
import { getDefaultGenerator, manualSeed } from '../tensor/index.ts'
import {
  type DetectorEpochReport,
  type ModelDescription,
  startPosition,
  trainDetector,
} from '../train/index.ts'
import { type Entry, readHistory } from './history.ts'
import { counted, formatSeconds, percent } from './progress.ts'
import { checkpointName, record } from './recording.ts'
import type { SummarySettings } from './summaries.ts'
import { loadSaved, makeFolder, restore } from './training-run.ts'
import { makeOptimizer, makeSchedule, type TrainingSettings } from './training-settings.ts'

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
  readonly summaries: SummarySettings | null
  readonly resume: boolean
  /** What to do after an interruption. */
  readonly hint: string
}

export type DetectorEntry = Entry<DetectorEpochReport>

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

  const history = saved ? await readHistory<DetectorEntry>(out, saved.position.epoch) : []
  const { interrupted } = await record<DetectorEpochReport>(
    {
      ...job,
      run: { model: network, optimizer, scheduler, generator: getDefaultGenerator(), seed },
      start: saved?.position ?? startPosition,
      images: training.length - (dropLast ? 1 : 0),
      steps: loader.length,
      history,
      bestOf,
      epochLine,
      epochScalars,
      validates: (epoch) => epoch % job.evalEvery === 0 || epoch === epochs,
    },
    (callbacks) =>
      trainDetector(
        {
          model: network,
          optimizer,
          ...(scheduler && { scheduler, schedulerInterval: schedule!.interval }),
          train: loader,
          validation: new DetectionLoader(job.validation, { size, batchSize }),
          validateEvery: job.evalEvery,
          epochs,
          ...(settings.clipGradNorm !== undefined && { clipGradNorm: settings.clipGradNorm }),
          ...callbacks,
        },
        saved?.position,
      ),
  )
  return { history, interrupted, best: bestOf(history), checkpoint: path }
}

function epochScalars({ train, validation }: DetectorEntry): Record<string, number> {
  return {
    'loss/train': train.loss,
    ...(validation && { 'AP/validation': validation.ap, 'AP50/validation': validation.ap50 }),
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
