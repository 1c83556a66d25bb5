import type { ObjectBox } from '../data/index.ts'
import {
  type DetectionReport,
  type ImageDetections,
  type ImageTruths,
  MeanAveragePrecision,
} from '../metrics/index.ts'
import type { DarknetDetector } from '../models/darknet-network.ts'
import { compile, concat, noGrad, type Tensor } from '../tensor/index.ts'
import { type FoundBoxesOptions, foundBoxes } from './found-boxes.ts'
import type { DetectionBatch } from './loader.ts'

/** Batches in order; a DetectionLoader without random changes is one. */
export interface DetectionBatches {
  readonly dataset: { readonly classes: readonly string[] }
  setEpoch(epoch: number, startBatch?: number): void
  [Symbol.asyncIterator](): AsyncIterator<DetectionBatch>
}

export interface EvaluateDetectorOptions extends FoundBoxesOptions {
  readonly signal?: AbortSignal
  /** Called with what was found in each batch. */
  readonly onBatch?: (found: readonly ImageDetections[], batch: DetectionBatch) => void
}

/** Objects as metrics take them: VOC's difficult ones do not count. */
export function truthsOf(objects: readonly ObjectBox[]): ImageTruths {
  return objects.map(({ label, box: [x1, y1, x2, y2], crowd, difficult, area }) => ({
    label,
    box: [x1, y1, x2 - x1, y2 - y1] as const,
    ...(crowd && { crowd }),
    ...(difficult && { ignore: true }),
    ...(area !== undefined && { area }),
  }))
}

/**
 * COCO's average precision of a detector, in evaluation mode; the model's mode is restored. Boxes are compared in pixels of the
 * photographs.
 */
export async function evaluateDetector(
  model: DarknetDetector,
  batches: DetectionBatches,
  options: EvaluateDetectorOptions = {},
): Promise<DetectionReport> {
  const { classes } = batches.dataset
  if (classes.length !== model.numClasses) {
    throw new RangeError(
      `evaluateDetector: the data has ${classes.length} classes and the network ${model.numClasses}`,
    )
  }
  const metric = new MeanAveragePrecision({ classes })
  const training = model.training
  model.eval()
  try {
    const forward = compile((images: Tensor): readonly [Tensor, Tensor, Tensor] =>
      noGrad(() => {
        const scales = model.boxes(images)
        return [
          concat(
            scales.map(({ centers }) => centers),
            1,
          ),
          concat(
            scales.map(({ sizes }) => sizes),
            1,
          ),
          concat(
            scales.map(({ scores }) => scores),
            1,
          ),
        ] as const
      }),
    )
    batches.setEpoch(0)
    for await (const batch of batches) {
      options.signal?.throwIfAborted()
      const [centers, sizes, scores] = await forward(batch.images)
      const found = foundBoxes(
        { centers: await centers.data(), sizes: await sizes.data(), scores: await scores.data() },
        batch.samples.map(({ image }) => image),
        classes.length,
        options,
      )
      metric.update(
        batch.samples.map(({ objects }) => truthsOf(objects)),
        found,
      )
      options.onBatch?.(found, batch)
    }
    return metric.compute()
  } finally {
    model.train(training)
  }
}
