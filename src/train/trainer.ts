import { F, type Module } from '../nn/index.ts'
import { allFinite } from '../optim/finite.ts'
import type { Optimizer } from '../optim/index.ts'
import { clipGradNorm } from '../optim/index.ts'
import { compile, noGrad, type Tensor } from '../tensor/index.ts'
import { rememberBuffers } from './buffers.ts'
import { compileStep } from './gradients.ts'
import { type LoopOptions, type LoopSource, type Position, runLoop, startPosition } from './loop.ts'
import { scoresAndLoss } from './scores.ts'

export interface Batch {
  /** float32 [batch, channels, height, width]. */
  readonly images: Tensor
  /** int32 [batch]. */
  readonly labels: Tensor
}

/** What the trainer needs of a loader: its batches depend on the epoch and the place alone, so that it can resume. */
export type BatchSource = LoopSource<Batch>

export interface Evaluation {
  readonly loss: number
  /** Share of right answers, 0 to 1. */
  readonly accuracy: number
  readonly samples: number
}

export interface EpochReport {
  /** Epochs completed, this one included. */
  readonly epoch: number
  readonly train: Evaluation
  readonly validation: Evaluation | null
}

export interface TrainerOptions extends LoopOptions {
  /** Gives logits [batch, classes] for images. */
  readonly model: Module
  readonly optimizer: Optimizer
  readonly train: BatchSource
  readonly validation?: BatchSource
  /** Mean over the batch; cross entropy unless given. */
  readonly loss?: (outputs: Tensor, labels: Tensor) => Tensor
  readonly onEpoch?: (report: EpochReport) => void | Promise<void>
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
  const step = compileStep(model, (take, images: Tensor, labels: Tensor) => {
    const restoreBuffers = rememberBuffers(model)
    const { scores, loss } = scoresAndLoss(model, images, labels, lossOf)
    optimizer.zeroGrad()
    loss.backward()
    take()
    if (options.clipGradNorm !== undefined) clipGradNorm(model.parameters(), options.clipGradNorm)
    // A loss that is not finite must leave no trace in the model.
    optimizer.update({ guard: loss })
    restoreBuffers(allFinite(loss))
    return [loss, countCorrect(scores, labels)]
  })
  const stopping = options.signal ? { signal: options.signal } : {}
  return runLoop(
    {
      model,
      source: options.train,
      step: async ({ images, labels }, watch) => {
        const { results, gradients } = await step(watch, images, labels)
        const [loss, correct] = results
        return {
          loss: await loss!.item(),
          correct: await correct!.item(),
          samples: labels.size,
          gradients,
        }
      },
      report: async (epoch, running): Promise<EpochReport> => ({
        epoch,
        train: average(running),
        validation: options.validation
          ? await evaluate(model, options.validation, { loss: lossOf, ...stopping })
          : null,
      }),
      plateau: ({ train, validation }) => validation?.loss ?? train.loss,
      ...(options.onEpoch && { onEpoch: options.onEpoch }),
    },
    options,
    from,
  )
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
