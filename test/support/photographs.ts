import { DataLoader } from '../../src/data/index.ts'
import { prefixedImages } from '../../src/data/node.ts'
import { TopKAccuracy } from '../../src/metrics/index.ts'
import { classLabels } from '../../src/models/index.ts'
import type { Module } from '../../src/nn/index.ts'
import { evaluate } from '../../src/train/index.ts'
import { evaluationTransform, type Preprocessing } from '../../src/transforms/index.ts'

/** How many of the 100 photographs of a folder a network has first, and among its first five. */
export async function photographsRecognised(
  network: Module,
  folder: string,
  preprocessing: Preprocessing,
): Promise<readonly [number, number]> {
  const classes = (await classLabels('imagenet-1k')).map(({ id }) => id)
  const images = await prefixedImages(folder, { classes, transform: evaluationTransform(preprocessing) })
  const [top1, top5] = [new TopKAccuracy(1), new TopKAccuracy(5)]
  await evaluate(network, new DataLoader(images, { batchSize: 20 }), {
    onBatch: async (scores, labels) => {
      await top1.update(scores, labels)
      await top5.update(scores, labels)
    },
  })
  return [Math.round(100 * top1.compute()), Math.round(100 * top5.compute())]
}
