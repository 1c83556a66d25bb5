import { F, type Module } from '../nn/index.ts'
import { allFinite } from '../optim/finite.ts'
import type { Optimizer, Scheduler } from '../optim/index.ts'
import { clipGradNorm } from '../optim/index.ts'
import { compile, noGrad, type Tensor } from '../tensor/index.ts'
import { rememberBuffers } from './buffers.ts'
import { findNonFinite, NonFiniteLossError } from './non-finite.ts'
import { scoresAndLoss } from './scores.ts'

export interface Batch {
  /** float32 [batch, channels, height, width]. */
  readonly images: Tensor
  /** int32 [batch]. */
  readonly labels: Tensor
}

/** What the trainer needs of a loader: its batches depend on the epoch and the place alone, so that it can resume. */
export interface BatchSource {
  /** Batches in an epoch. */
  readonly length: number
  setEpoch(epoch: number, startBatch?: number): void
  [Symbol.asyncIterator](): AsyncIterator<Batch>
}

export interface Evaluation {
  readonly loss: number
  /** Share of right answers, 0 to 1. */
  readonly accuracy: number
  readonly samples: number
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

export interface EpochReport {
  /** Epochs completed, this one included. */
  readonly epoch: number
  readonly train: Evaluation
  readonly validation: Evaluation | null
}

export interface TrainerOptions {
  /** Gives logits [batch, classes] for images. */
  readonly model: Module
  readonly optimizer: Optimizer
  /** A plateau scheduler is given the validation loss (or, without validation and after steps, the training loss). */
  readonly scheduler?: Scheduler
  /** When the scheduler steps: after each epoch (default), or after each step, as a one-cycle schedule wants. */
  readonly schedulerInterval?: 'epoch' | 'step'
  readonly train: BatchSource
  readonly validation?: BatchSource
  readonly epochs: number
  /** Mean over the batch; cross entropy unless given. */
  readonly loss?: (outputs: Tensor, labels: Tensor) => Tensor
  /** Largest norm of all gradients together. */
  readonly clipGradNorm?: number
  /** Modules that stay in evaluation mode, such as a frozen backbone, whose running statistics then stay too. */
  readonly evaluationModules?: readonly Module[]
  readonly onStep?: (report: StepReport) => void
  readonly onEpoch?: (report: EpochReport) => void | Promise<void>
  /** Called after every step with the place reached; saves a checkpoint when it is time. */
  readonly afterStep?: (position: Position) => void | Promise<void>
  /** Stops after the step that runs, or within a validation, which resuming then repeats. */
  readonly signal?: AbortSignal
}

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

export interface TrainingResult {
  readonly position: Position
  readonly history: readonly EpochReport[]
  readonly interrupted: boolean
}

/** Trains a classifier. The same options, seed and position give the same steps, bit for bit. */
export async function train(
  options: TrainerOptions,
  from: Position = startPosition,
): Promise<TrainingResult> {
  const { model, optimizer, loss: lossOf = (outputs, labels) => F.crossEntropy(outputs, labels) } = options
  const step = compile((images: Tensor, labels: Tensor): readonly [Tensor, Tensor] => {
    const restoreBuffers = rememberBuffers(model)
    const { scores, loss } = scoresAndLoss(model, images, labels, lossOf)
    optimizer.zeroGrad()
    loss.backward()
    if (options.clipGradNorm !== undefined) clipGradNorm(model.parameters(), options.clipGradNorm)
    // A loss that is not finite must leave no trace in the model.
    optimizer.update({ guard: loss })
    restoreBuffers(allFinite(loss))
    return [loss, countCorrect(scores, labels)]
  })
  const history: EpochReport[] = []
  const stopping = options.signal ? { signal: options.signal } : {}
  let position = from
  for (let epoch = from.epoch; epoch < options.epochs; epoch++) {
    model.train()
    for (const module of options.evaluationModules ?? []) module.eval()
    options.train.setEpoch(epoch, position.stepInEpoch)
    for await (const batch of options.train) {
      const [lossTensor, correct] = await step(batch.images, batch.labels)
      const [loss, right] = [await lossTensor.item(), await correct.item()]
      const samples = batch.labels.size
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
          correct: running.correct + right,
          samples: running.samples + samples,
        },
      }
      if (options.schedulerInterval === 'step') options.scheduler?.step(loss)
      options.onStep?.({
        epoch,
        stepInEpoch: position.stepInEpoch,
        stepsPerEpoch: options.train.length,
        samples,
        loss,
      })
      await options.afterStep?.(position)
      if (options.signal?.aborted) return { position, history, interrupted: true }
    }
    const { running } = position
    let validation: Evaluation | null = null
    try {
      if (options.validation)
        validation = await evaluate(model, options.validation, { loss: lossOf, ...stopping })
    } catch (error) {
      if (options.signal?.aborted && error === options.signal.reason) {
        return { position, history, interrupted: true }
      }
      throw error
    }
    const report: EpochReport = { epoch: epoch + 1, train: average(running), validation }
    if (options.schedulerInterval !== 'step') options.scheduler?.step(validation?.loss ?? report.train.loss)
    position = { epoch: epoch + 1, stepInEpoch: 0, step: position.step, running: startPosition.running }
    history.push(report)
    await options.onEpoch?.(report)
    await options.afterStep?.(position)
  }
  return { position, history, interrupted: false }
}

function average({ loss, correct, samples }: Position['running']): Evaluation {
  return { loss: loss / Math.max(samples, 1), accuracy: correct / Math.max(samples, 1), samples }
}

function countCorrect(outputs: Tensor, labels: Tensor): Tensor {
  return outputs.detach().argmax(1).eq(labels).sum()
}

export interface EvaluateOptions {
  readonly loss?: (outputs: Tensor, labels: Tensor) => Tensor
  /** Called with each batch's outputs, in order: for confusion matrices and the like. */
  readonly onBatch?: (outputs: Tensor, labels: Tensor, images: Tensor) => void | Promise<void>
  readonly signal?: AbortSignal
}

/** Mean loss and accuracy over a loader, in evaluation mode; the model's mode is restored. */
export async function evaluate(
  model: Module,
  source: BatchSource,
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  const { loss: lossOf = (outputs, labels) => F.crossEntropy(outputs, labels) } = options
  const training = model.training
  model.eval()
  try {
    const forward = compile((images: Tensor, labels: Tensor): readonly [Tensor, Tensor, Tensor] =>
      noGrad(() => {
        const { scores, loss } = scoresAndLoss(model, images, labels, lossOf)
        return [scores, loss, countCorrect(scores, labels)] as const
      }),
    )
    let sums = startPosition.running
    for await (const { images, labels } of source) {
      options.signal?.throwIfAborted()
      const [outputs, loss, correct] = await forward(images, labels)
      const samples = labels.size
      sums = {
        loss: sums.loss + (await loss.item()) * samples,
        correct: sums.correct + (await correct.item()),
        samples: sums.samples + samples,
      }
      await options.onBatch?.(outputs, labels, images)
    }
    return average(sums)
  } finally {
    model.train(training)
  }
}
