import type { Preprocessing } from '../transforms/index.ts'
import { imagenet224, type ModelMetadata, metadataTable, paperOf, type WeightEntry } from './metadata.ts'

export type HarmNetName =
  | 'harm_resnet50'
  | 'harm_resnet101'
  | 'harm_se_resnext101_32x4d'
  | 'harm_se_resnext101_64x4d'
  | 'harm_vgg16_bn'
  | 'harm_wrn28_10_cifar10'
  | 'harm1_wrn28_10_cifar10'
  | 'harm_wrn28_10_progressive_cifar10'

const source = 'matej-ulicny/harmonic-networks'

function released(file: string, top1: number, top5: number): WeightEntry {
  return {
    tag: 'authors',
    url: `https://github.com/${source}/releases/download/0.1.0/${file}`,
    sha256Prefix: file.slice(-12, -4),
    licence: 'BSD-3-Clause',
    classes: 'imagenet-1k',
    top1,
    top5,
    source,
    preprocessing: imagenet224,
  }
}

const cifar: Preprocessing = {
  inputSize: 32,
  mean: [125.3 / 255, 123 / 255, 113.9 / 255],
  std: [63 / 255, 62.1 / 255, 66.7 / 255],
}

const onCifar = (error: number) => ({
  accuracy: { top1: Math.round(10000 - error * 100) / 100, dataSet: 'CIFAR-10', source },
})

const shared = {
  row: 'Harm-Net',
  paper: paperOf(
    'Ulicny et al.',
    'Harmonic Convolutional Networks based on Discrete Cosine Transform',
    2022,
    '2001.06570',
  ),
  reference: source,
} as const

export const harmnetMetadata: Readonly<Record<HarmNetName, ModelMetadata>> = {
  ...metadataTable(
    { ...shared, numClasses: 1000, preprocessing: imagenet224 },
    {
      harm_resnet50: [
        25_557_032,
        4_023_262_400,
        released('harm_resnet50-eec30392.pth', 76.89, 93.37),
        {
          note: "the released weights are those without pool: the authors' code loads them for no other root",
        },
      ],
      harm_resnet101: [44_549_160, 7_735_483_584, released('harm_resnet101-62e185b1.pth', 78.52, 94.25)],
      harm_se_resnext101_32x4d: [
        48_955_416,
        8_065_094_400,
        released('harm_se_resnext101_32x4d-e5b7b14d.pth', 80.45, 95.21),
      ],
      harm_se_resnext101_64x4d: [
        88_232_984,
        15_399_091_392,
        released('harm_se_resnext101_64x4d-74a0d9f0.pth', 81.64, 95.63),
      ],
      harm_vgg16_bn: [138_365_992, 15_482_457_088, { accuracy: { top1: 74.45, top5: 91.99, source } }],
    },
  ),
  ...metadataTable(
    { ...shared, numClasses: 10, preprocessing: cifar },
    {
      harm_wrn28_10_cifar10: [36_479_194, 5_243_577_600, onCifar(3.86)],
      harm1_wrn28_10_cifar10: [36_479_194, 5_243_577_600, onCifar(3.64)],
      harm_wrn28_10_progressive_cifar10: [15_743_194, 5_243_577_600],
    },
  ),
}
