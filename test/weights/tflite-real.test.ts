import { describe, expect, it } from 'vitest'
import { DataLoader, type Dataset, mapDataset, subset } from '../../src/data/index.ts'
import { imageRows, prefixedImages } from '../../src/data/node.ts'
import { TopKAccuracy } from '../../src/metrics/index.ts'
import { classLabels } from '../../src/models/index.ts'
import { createGraphNetwork, type GraphNetwork } from '../../src/onnx/index.ts'
import { getBackend, noGrad } from '../../src/tensor/index.ts'
import { evaluationTransform, type Preprocessing } from '../../src/transforms/index.ts'
import { openCheckpointFile } from '../../src/weights/file.ts'
import type { LoadOptions } from '../../src/weights/load.ts'
import { sharedPath } from '../support/shared.ts'

const assets = sharedPath('assets')
const fast = (await getBackend()).info.name !== 'reference'
const skipped =
  assets === undefined
    ? 'the folder with real checkpoints is absent'
    : !fast && 'minutes on the reference backend'

async function open(path: string, options: LoadOptions = {}): Promise<GraphNetwork> {
  const file = await openCheckpointFile(`${assets}/weights/${path}`, options)
  const network = await createGraphNetwork(await file.network!())
  await file.close()
  network.eval()
  return network
}

/** Top-1 and top-5 in percent; the first `background` scores are of no class. */
async function accuracies(network: GraphNetwork, dataset: Dataset, background: number): Promise<number[]> {
  const [top1, top5] = [new TopKAccuracy(1), new TopKAccuracy(5)]
  for await (const { images, labels } of new DataLoader(dataset, { batchSize: 20 })) {
    const scores = noGrad(() => network.forward(images))
    const ofClasses = scores.narrow(1, background, scores.shape[1]! - background)
    await top1.update(ofClasses, labels)
    await top5.update(ofClasses, labels)
  }
  return [top1, top5].map((top) => Math.round(1e4 * top.compute()) / 100)
}

describe.skipIf(skipped)(`TensorFlow Lite files${skipped ? ` (skipped: ${skipped})` : ''}`, () => {
  const photographs = async (preprocessing: Preprocessing): Promise<Dataset> => {
    const classes = (await classLabels('imagenet-1k')).map(({ id }) => id)
    return prefixedImages(`${assets}/images/imagenet`, {
      classes,
      transform: evaluationTransform(preprocessing),
    })
  }

  it.each([
    ['tflite-coral/mobilenet_v1_0.25_128_quant', 128, 146, 1, [53, 76]],
    ['tflite-coral/mobilenet_v2_1.0_224_quant', 224, 256, 1, [86, 100]],
    ['tflite/mobilenet_v1_0_5_160_quant', 160, 182, 1, [73, 88]],
    ['tflite/mobilenet_v3_large_minimalistic_1_0_224_quant', 224, 256, 1, [83, 97]],
    ['tflite/mcunet_imagenet_best', 144, 164, 0, [66, 90]],
  ] as const)(
    '%s recognises as many photographs as its index states',
    async (path, inputSize, resize, background, expected) => {
      const network = await open(`${path}.tflite`)
      const half = [0.5, 0.5, 0.5]
      const dataset = await photographs({ inputSize, resize, mean: half, std: half })
      expect(await accuracies(network, dataset, background)).toEqual(expected)
    },
  )

  it.each([
    ['float', 92.2],
    ['int8', 92.2],
  ])('ResNet-8 for CIFAR-10 (%s) recognises %d percent of 1000 images', async (kind, expected) => {
    const network = await open(`mlperftiny-resnet8-cifar10.${kind}.tflite`)
    const images = subset(
      await imageRows(`${assets}/datasets/cifar10-lossless`),
      Array.from({ length: 1000 }, (_, i) => i),
    )
    const transform = evaluationTransform({ inputSize: 32, range: 255 })
    const seen = mapDataset(images, ({ image, label }) => ({ image: transform.apply(image), label }))
    expect((await accuracies(network, seen, 0))[0]).toBe(expected)
  })
})
