import type { Preprocessing } from '../transforms/index.ts'
import {
  imagenet224,
  inBgr,
  type ModelMetadata,
  metadataTable,
  paperOf,
  pytorchcvWeights,
  torchvisionWeights,
  type WeightEntry,
} from './metadata.ts'

export type AlexNetName = 'alexnet' | 'alexnet_2012' | 'alexnet_2012_one_tower'

const shared = { row: 'AlexNet', numClasses: 1000 } as const

/** Raw values less the mean of each channel. */
const caffe227: Preprocessing = {
  inputSize: 227,
  resize: [256, 256],
  interpolation: 'bilinear',
  mean: [123, 117, 104],
  std: [1, 1, 1],
  range: 255,
}

const caffe = (tag: string, top1: number, top5: number, poolFirst: boolean): WeightEntry => ({
  tag,
  url: `http://dl.caffe.berkeleyvision.org/${tag}.caffemodel`,
  format: 'caffe',
  naming: "Caffe's (conv1 … fc8)",
  options: { responseBias: 1, ...(poolFirst && { poolFirst }) },
  licence: 'unrestricted use',
  classes: 'imagenet-1k',
  top1,
  top5,
  source: 'BVLC/caffe',
  preprocessing: inBgr(caffe227),
})

export const alexnetMetadata: Readonly<Record<AlexNetName, ModelMetadata>> = {
  ...metadataTable(
    {
      ...shared,
      paper: paperOf(
        'Krizhevsky',
        'One weird trick for parallelizing convolutional neural networks',
        2014,
        '1404.5997',
      ),
      reference: 'torchvision',
      preprocessing: imagenet224,
      minInputSize: 63,
    },
    {
      alexnet: [
        61_100_840,
        714_188_480,
        torchvisionWeights('alexnet-owt-7be5be79.pth', 56.522, 79.066),
        pytorchcvWeights('v0.0.485', 'alexnetb-1747-ac887bf7.pth.zip', 60.26, { naming: 'pytorchcv' }),
      ],
    },
  ),
  ...metadataTable(
    {
      ...shared,
      paper: paperOf(
        'Krizhevsky et al.',
        'ImageNet Classification with Deep Convolutional Neural Networks',
        2012,
      ),
      minInputSize: 227,
      reference: 'the paper',
      preprocessing: { ...imagenet224, inputSize: 227 },
    },
    {
      alexnet_2012: [
        60_965_224,
        724_406_816,
        caffe('bvlc_alexnet', 57.1, 80.2, false),
        caffe('bvlc_reference_caffenet', 57.4, 80.4, true),
      ],
      alexnet_2012_one_tower: [
        62_378_344,
        1_135_256_096,
        {
          ...pytorchcvWeights('v0.0.481', 'alexnet-1664-2768cdb3.pth.zip', 61.5, { naming: 'pytorchcv' }),
          options: { ceilMode: true },
        },
      ],
    },
  ),
}
