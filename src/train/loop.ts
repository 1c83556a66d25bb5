import type { Module } from '../nn/index.ts'
import type { Scheduler } from '../optim/index.ts'
import type { Tensor } from '../tensor/index.ts'
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
  /** Takes one step; a loss that is not finite must leave no trace in the model. */
  readonly step: (
    batch: B,
  ) => Promise<{ readonly loss: number; readonly correct: number; readonly samples: number }>
  /** Ends an epoch: validates. */
  readonly report: (epoch: number, running: Position['running']) => Promise<R>
  /** What a plateau scheduler is given; less is better. */
  readonly plateau: (report: R) => number
  readonly onEpoch?: (report: R) => void | Promise<void>
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
  const history: R[] = []
  let position = from
  for (let epoch = from.epoch; epoch < options.epochs; epoch++) {
    model.train()
    for (const module of options.evaluationModules ?? []) module.eval()
    source.setEpoch(epoch, position.stepInEpoch)
    for await (const batch of source) {
      const { loss, correct, samples } = await task.step(batch)
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
