import {
  type DetectionBatch,
  type DetectionBatches,
  evaluateDetector,
  type YoloLossOptions,
  type YoloScale,
  yoloLoss,
  yoloScales,
} from '../detection/index.ts'
import type { DetectionReport } from '../metrics/index.ts'
import type { DarknetDetector } from '../models/darknet-network.ts'
import { allFinite } from '../optim/finite.ts'
import { clipGradNorm, type Optimizer } from '../optim/index.ts'
import type { Tensor } from '../tensor/index.ts'
import { rememberBuffers } from './buffers.ts'
import { compileStep } from './gradients.ts'
import { type LoopOptions, type LoopSource, type Position, runLoop, startPosition } from './loop.ts'

export interface DetectorEpochReport {
  /** Epochs completed, this one included. */
  readonly epoch: number
  readonly train: { readonly loss: number; readonly samples: number }
  readonly validation: DetectionReport | null
}

export interface DetectorTrainerOptions extends LoopOptions {
  readonly model: DarknetDetector
  readonly optimizer: Optimizer
  /** A DetectionLoader, with random changes usually. */
  readonly train: LoopSource<DetectionBatch>
  /** A DetectionLoader without them. A plateau scheduler is given 1 - AP. */
  readonly validation?: DetectionBatches
  /** Epochs between validations, of which the last epoch always has one; 1 unless given. */
  readonly validateEvery?: number
  /** Over what the network's sections say. */
  readonly loss?: YoloLossOptions
  readonly onEpoch?: (report: DetectorEpochReport) => void | Promise<void>
}

export interface DetectorTrainingResult {
  readonly position: Position
  readonly history: readonly DetectorEpochReport[]
  readonly interrupted: boolean
}

/**
 * Trains a YOLO detector with Darknet's loss, measuring COCO's average precision. The same options, seed and position give the
 * same steps, bit for bit.
 */
export function trainDetector(
  options: DetectorTrainerOptions,
  from: Position = startPosition,
): Promise<DetectorTrainingResult> {
  const { model, optimizer, validation, validateEvery = 1 } = options
  const scales: readonly YoloScale[] = yoloScales(model)
  const step = compileStep(model, (take, images: Tensor, targets: Tensor) => {
    const restoreBuffers = rememberBuffers(model)
    const [height, width] = images.shape.slice(-2) as [number, number]
    const loss = yoloLoss(model.maps(images), targets, scales, [height, width], options.loss)
    optimizer.zeroGrad()
    loss.backward()
    take()
    if (options.clipGradNorm !== undefined) clipGradNorm(model.parameters(), options.clipGradNorm)
    // A loss that is not finite must leave no trace in the model.
    optimizer.update({ guard: loss })
    restoreBuffers(allFinite(loss))
    return [loss]
  })
  const stopping = options.signal ? { signal: options.signal } : {}
  return runLoop(
    {
      model,
      source: options.train,
      step: async ({ images, targets, samples }, watch) => {
        const { results, gradients } = await step(watch, images, targets)
        return { loss: await results[0]!.item(), correct: 0, samples: samples.length, gradients }
      },
      report: async (epoch, { loss, samples }): Promise<DetectorEpochReport> => {
        const due = epoch % validateEvery === 0 || epoch === options.epochs
        return {
          epoch,
          train: { loss: loss / Math.max(samples, 1), samples },
          validation: validation && due ? await evaluateDetector(model, validation, stopping) : null,
        }
      },
      plateau: ({ train, validation }) =>
        validation === null || Number.isNaN(validation.ap) ? train.loss : 1 - validation.ap,
      ...(options.onEpoch && { onEpoch: options.onEpoch }),
    },
    options,
    from,
  )
}
