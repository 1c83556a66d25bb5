import { access } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type GradientReport,
  type ModelDescription,
  NonFiniteLossError,
  type Position,
  type StepReport,
  saveRun,
  startPosition,
} from '../train/index.ts'
import { CommandError } from './command.ts'
import { type Entry, writeHistory } from './history.ts'
import { listenForInterruption } from './interruption.ts'
import { Progress } from './progress.ts'
import { Summaries, type SummarySettings } from './summaries.ts'
import type { TrainingSettings } from './training-settings.ts'

export const checkpointName = 'checkpoint.safetensors'
export const bestName = 'best.safetensors'

/** What a run that is trained in whatever way saves and shows. */
export interface Recording<R extends { readonly epoch: number }> {
  readonly out: string
  readonly settings: TrainingSettings
  readonly description: ModelDescription
  readonly saveEvery: number | undefined
  readonly summaries: SummarySettings | null
  /** What to do after an interruption. */
  readonly hint: string
  readonly run: Parameters<typeof saveRun>[1]
  readonly start: Position
  /** Of an epoch. */
  readonly images: number
  readonly steps: number
  /** Of the epochs so far; new ones are added. */
  readonly history: Entry<R>[]
  readonly bestOf: (history: readonly Entry<R>[]) => Entry<R> | null
  readonly epochLine: (entry: Entry<R>, epochs: number) => string
  /** What TensorBoard is told of an epoch, by tag. */
  readonly epochScalars: (entry: Entry<R>) => Readonly<Record<string, number>>
  /** Whether an epoch ends with a validation. */
  readonly validates: (epoch: number) => boolean
}

/** What record asks of the training, and gives it. */
export interface RecordingCallbacks<R> {
  readonly signal: AbortSignal
  readonly onStep: (report: StepReport) => void
  readonly onGradients?: (report: GradientReport) => Promise<void>
  readonly onEpoch: (report: R) => Promise<void>
  readonly afterStep: (position: Position) => Promise<void>
}

/** Trains, showing progress; saves after every epoch, the best one apart, every so many steps, and when interrupted. */
export async function record<R extends { readonly epoch: number }>(
  recording: Recording<R>,
  training: (callbacks: RecordingCallbacks<R>) => Promise<{ readonly interrupted: boolean }>,
): Promise<{ readonly interrupted: boolean }> {
  const { out, settings, run, start, steps, history } = recording
  const path = join(out, checkpointName)
  const save = (name: string, position: Position): Promise<void> =>
    saveRun(join(out, name), run, position, recording.description)
  const summaries = recording.summaries && new Summaries(recording.summaries, start)
  const interruption = listenForInterruption()
  const newProgress = ({ epoch, stepInEpoch }: Position): Progress =>
    new Progress(`epoch ${epoch + 1}/${settings.epochs}`, {
      total: recording.images,
      unit: 'images',
      done: Math.min(stepInEpoch * settings.batchSize, recording.images),
    })
  const currentRate = (): number => run.optimizer.paramGroups[0]!.lr
  let progress = newProgress(start)
  let started = performance.now()
  let lossShown = Number.NaN
  let last = start
  // A schedule sets the rate of the next step before the end of a step is told of.
  let rate = currentRate()
  let nextRate = rate
  try {
    const { interrupted } = await training({
      signal: interruption.signal,
      ...(summaries?.onGradients && { onGradients: summaries.onGradients }),
      onStep: (report) => {
        const { loss, samples, stepInEpoch, stepsPerEpoch } = report
        rate = nextRate
        nextRate = currentRate()
        summaries?.step(report, rate)
        lossShown = Number.isNaN(lossShown) ? loss : 0.95 * lossShown + 0.05 * loss
        progress.advance(samples, `loss ${lossShown.toFixed(4)}`)
        if (stepInEpoch === stepsPerEpoch && recording.validates(last.epoch + 1)) progress.show('validating')
      },
      onEpoch: async (report) => {
        const seconds = (performance.now() - started) / 1000
        const entry = { ...report, lr: rate, seconds }
        nextRate = currentRate()
        progress.finish(recording.epochLine(entry, settings.epochs))
        history.push(entry)
        await writeHistory(out, history)
        const { epoch } = report
        await summaries?.epoch(recording.epochScalars(entry), epoch * steps)
        if (recording.bestOf(history) === entry) {
          await save(bestName, { ...startPosition, epoch, step: epoch * steps })
        }
        progress = newProgress({ ...startPosition, epoch })
        started = performance.now()
        lossShown = Number.NaN
      },
      afterStep: async (position) => {
        last = position
        const { saveEvery } = recording
        const due = saveEvery !== undefined && position.step % saveEvery === 0
        if (position.stepInEpoch === 0 || due) await save(checkpointName, position)
      },
    })
    if (interrupted) {
      if (last.stepInEpoch > 0) await save(checkpointName, last)
      const place = `step ${last.stepInEpoch} of ${steps} of epoch ${last.epoch + 1}`
      progress.finish(`interrupted after ${place}; saved ${path}\n${recording.hint}`)
      process.exitCode = interruption.exitCode()
    }
    return { interrupted }
  } catch (error) {
    if (!(error instanceof NonFiniteLossError) || last.step === 0 || !(await exists(path))) throw error
    throw new CommandError(
      `${error.message}. ${path} holds the last save: --weights ${path} starts from it with other settings`,
    )
  } finally {
    progress.clear()
    interruption.stop()
    await summaries?.close()
  }
}

export function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
