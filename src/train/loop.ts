import type { Module } from '../nn/index.ts'
import type { Scheduler } from '../optim/index.ts'
import type { Tensor } from '../tensor/index.ts'
import type { ParameterGradient } from './gradients.ts'
import { findNonFinite, NonFiniteLossError } from './non-finite.ts'

/** Where a run stands: completed epochs, and completed steps of the next one. */
export interface Position {
  readonly epoch: number
  readonly stepInEpoch: number
  /** Optimizer steps over all epochs. */
  readonly step: number
  /** Sums over the steps of the unfinished epoch. */
  readonly running: { readonly loss: number; readonly correct: number; readonly samples: number }
}

export const startPosition: Position = {
  epoch: 0,
  stepInEpoch: 0,
  step: 0,
  running: { loss: 0, correct: 0, samples: 0 },
}

export interface StepReport {
  /** Epochs completed before this one. */
  readonly epoch: number
  /** Steps of this epoch that are done, and how many it has. */
  readonly stepInEpoch: number
  readonly stepsPerEpoch: number
  readonly samples: number
  readonly loss: number
}

export interface GradientReport {
  /** Epochs completed before this one. */
  readonly epoch: number
  /** Optimizer steps over all epochs, this one included. */
  readonly step: number
  /** Those that are trained. */
  readonly parameters: readonly ParameterGradient[]
}

/** What training of any kind is told. */
export interface LoopOptions {
  /** A plateau scheduler is given the validation loss (or, without validation and after steps, the training loss). */
  readonly scheduler?: Scheduler
  /** When the scheduler steps: after each epoch (default), or after each step, as a one-cycle schedule wants. */
  readonly schedulerInterval?: 'epoch' | 'step'
  readonly epochs: number
  /** Largest norm of all gradients together. */
  readonly clipGradNorm?: number
  /** Modules that stay in evaluation mode, such as a frozen backbone, whose running statistics then stay too. */
  readonly evaluationModules?: readonly Module[]
  readonly onStep?: (report: StepReport) => void
  /** Called with the gradients of every `gradientsEvery`-th step, for their histograms and averages. */
  readonly onGradients?: (report: GradientReport) => void | Promise<void>
  /** Steps from one call of `onGradients` to the next; the last step of every epoch unless given. */
  readonly gradientsEvery?: number
  /** Called after every step with the place reached; saves a checkpoint when it is time. */
  readonly afterStep?: (position: Position) => void | Promise<void>
  /** Stops after the step that runs, or within a validation, which resuming then repeats. */
  readonly signal?: AbortSignal
}

/** Batches that depend on the epoch and the place alone, so that a run can resume. */
export interface LoopSource<B> {
  /** Batches in an epoch. */
  readonly length: number
  setEpoch(epoch: number, startBatch?: number): void
  [Symbol.asyncIterator](): AsyncIterator<B>
}

/** What differs between kinds of training. */
export interface LoopTask<B extends { readonly images: Tensor }, R> {
  readonly model: Module
  readonly source: LoopSource<B>
  /** Takes one step, with its gradients where they are watched; a loss that is not finite must leave no trace in the model. */
  readonly step: (batch: B, watch: boolean) => Promise<StepResult>
  /** Ends an epoch: validates. */
  readonly report: (epoch: number, running: Position['running']) => Promise<R>
  /** What a plateau scheduler is given; less is better. */
  readonly plateau: (report: R) => number
  readonly onEpoch?: (report: R) => void | Promise<void>
}

export interface StepResult {
  readonly loss: number
  readonly correct: number
  readonly samples: number
  readonly gradients: readonly ParameterGradient[]
}

export interface LoopResult<R> {
  readonly position: Position
  readonly history: readonly R[]
  readonly interrupted: boolean
}

/** Epochs of steps with their reports, from a place on. The same options, seed and position give the same steps, bit for bit. */
export async function runLoop<B extends { readonly images: Tensor }, R>(
  task: LoopTask<B, R>,
  options: LoopOptions,
  from: Position,
): Promise<LoopResult<R>> {
  const { model, source } = task
  const { gradientsEvery = 1 } = options
  if (!Number.isInteger(gradientsEvery) || gradientsEvery < 1) {
    throw new RangeError(`gradientsEvery is a whole number of steps, 1 or more; got ${gradientsEvery}`)
  }
  const history: R[] = []
  let position = from
  for (let epoch = from.epoch; epoch < options.epochs; epoch++) {
    model.train()
    for (const module of options.evaluationModules ?? []) module.eval()
    source.setEpoch(epoch, position.stepInEpoch)
    for await (const batch of source) {
      const watch = isWatched(options, position, source.length)
      const { loss, correct, samples, gradients } = await task.step(batch, watch)
      if (!Number.isFinite(loss)) {
        const where = await findNonFinite(model, batch.images)
        throw new NonFiniteLossError(loss, epoch + 1, position.stepInEpoch + 1, where)
      }
      const { running } = position
      position = {
        epoch,
        stepInEpoch: position.stepInEpoch + 1,
        step: position.step + 1,
        running: {
          loss: running.loss + loss * samples,
          correct: running.correct + correct,
          samples: running.samples + samples,
        },
      }
      if (options.schedulerInterval === 'step') options.scheduler?.step(loss)
      options.onStep?.({
        epoch,
        stepInEpoch: position.stepInEpoch,
        stepsPerEpoch: source.length,
        samples,
        loss,
      })
      if (watch) await options.onGradients?.({ epoch, step: position.step, parameters: gradients })
      await options.afterStep?.(position)
      if (options.signal?.aborted) return { position, history, interrupted: true }
    }
    let report: R
    try {
      report = await task.report(epoch + 1, position.running)
    } catch (error) {
      if (options.signal?.aborted && error === options.signal.reason) {
        return { position, history, interrupted: true }
      }
      throw error
    }
    if (options.schedulerInterval !== 'step') options.scheduler?.step(task.plateau(report))
    position = { epoch: epoch + 1, stepInEpoch: 0, step: position.step, running: startPosition.running }
    history.push(report)
    await task.onEpoch?.(report)
    await options.afterStep?.(position)
  }
  return { position, history, interrupted: false }
}

/** Whether the step after this position is one whose gradients are asked for. */
function isWatched(
  { onGradients, gradientsEvery }: LoopOptions,
  { step, stepInEpoch }: Position,
  stepsPerEpoch: number,
): boolean {
  if (onGradients === undefined) return false
  return gradientsEvery === undefined ? stepInEpoch + 1 === stepsPerEpoch : (step + 1) % gradientsEvery === 0
}
