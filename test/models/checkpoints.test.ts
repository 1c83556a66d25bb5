import { describe, expect, it } from 'vitest'
import { DataLoader, type Dataset, mapDataset, subset } from '../../src/data/index.ts'
import { imageRows, prefixedImages } from '../../src/data/node.ts'
import { TopKAccuracy } from '../../src/metrics/index.ts'
import { classLabels, createModel, type ModelOptions, type Network } from '../../src/models/index.ts'
import { getBackend } from '../../src/tensor/index.ts'
import { evaluate } from '../../src/train/index.ts'
import {
  evaluationTransform,
  imagenetMean,
  imagenetStd,
  type Preprocessing,
} from '../../src/transforms/index.ts'
import { loadStateDictFile } from '../../src/weights/file.ts'
import { sharedPath } from '../support/shared.ts'

const assets = sharedPath('assets')
const fast = (await getBackend()).info.name !== 'reference'
const skipped =
  assets === undefined
    ? 'the folder with real checkpoints is absent'
    : !fast && 'minutes on the reference backend'

async function load(name: string, file: string, options: ModelOptions = {}): Promise<Network> {
  const network = await createModel(name, options)
  network.loadStateDict((await loadStateDictFile(`${assets}/weights/${file}`)).tensors)
  return network
}

/** Top-1 and top-5 in percent. */
async function accuracies(network: Network, dataset: Dataset): Promise<readonly [number, number]> {
  const [top1, top5] = [new TopKAccuracy(1), new TopKAccuracy(5)]
  await evaluate(network, new DataLoader(dataset, { batchSize: 20 }), {
    onBatch: async (scores, labels) => {
      await top1.update(scores, labels)
      await top5.update(scores, labels)
    },
  })
  return [100 * top1.compute(), 100 * top5.compute()]
}

describe.skipIf(skipped)(`real checkpoints${skipped ? ` (skipped: ${skipped})` : ''}`, () => {
  const photographs = async (preprocessing: Preprocessing): Promise<Dataset> => {
    const classes = (await classLabels('imagenet-1k')).map(({ id }) => id)
    return prefixedImages(`${assets}/images/imagenet`, {
      classes,
      transform: evaluationTransform(preprocessing),
    })
  }
  const torchvision: Preprocessing = { inputSize: 224, resize: 256, mean: imagenetMean, std: imagenetStd }
  const tensorFlow: Preprocessing = {
    inputSize: 224,
    resize: 256,
    mean: [0.5, 0.5, 0.5],
    std: [0.5, 0.5, 0.5],
  }

  it.each(['pth', 'safetensors'])(
    'SqueezeNet 1.1 from .%s recognises 63 and 86 of 100 photographs',
    async (format) => {
      const network = await load('squeezenet1_1', `squeezenet1_1-mxnet.torchvision.${format}`)
      expect(await accuracies(network, await photographs(torchvision))).toEqual([63, 86])
    },
  )

  it.each([
    [{ padding: 'sameTensorFlow' }, [86, 100]],
    [{}, [77, 93]],
  ])('MobileNetV2 with %j recognises %j of 100 photographs', async (options, expected) => {
    const file = 'mobilenet_v2_1.0_224-google-qat.torchvision.safetensors'
    const network = await load('mobilenet_v2', file, options)
    expect(await accuracies(network, await photographs(tensorFlow))).toEqual(expected)
  })

  // These figures disagree with the index of these files, which states 99.7, 100 and 100 percent with ImageNet's mean and
  // deviation. With those, which the networks were trained with, PyTorch 1.13 (also in float64) and this library alike give
  // 99.9, 100 and 99.9; both reach the index's figures with CIFAR-10's own mean and deviation.
  const cifarMean = [0.4914, 0.4822, 0.4465]
  const cifarStd = [0.2023, 0.1994, 0.201]
  it.each([
    ['20-12fca82f', 99.7, 99.9],
    ['32-d509ac18', 100, 100],
    ['44-014dd654', 100, 99.9],
  ])(
    'CIFAR ResNet-%s recognises %d (mean of CIFAR-10) and %d (of ImageNet) percent of 1000 images',
    async (file, withCifarMean, withImagenetMean) => {
      const network = await load(`resnet${file.slice(0, 2)}_cifar10`, `cifar10-resnet${file}.pth`)
      const images = subset(
        await imageRows(`${assets}/datasets/cifar10-lossless`),
        Array.from({ length: 1000 }, (_, i) => i),
      )
      const accuracy = async (mean: readonly number[], std: readonly number[]): Promise<number> => {
        const transform = evaluationTransform({ inputSize: 32, mean, std })
        const seen = mapDataset(images, ({ image, label }) => ({ image: transform.apply(image), label }))
        return (await accuracies(network, seen))[0]
      }
      expect(await accuracy(cifarMean, cifarStd)).toBeCloseTo(withCifarMean, 5)
      expect(await accuracy(imagenetMean, imagenetStd)).toBeCloseTo(withImagenetMean, 5)
    },
  )
})
