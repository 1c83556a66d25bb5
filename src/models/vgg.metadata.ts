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
import { fileIdentity } from './weight-files.ts'

export type VggName =
  | 'vgg11'
  | 'vgg11_bn'
  | 'vgg13'
  | 'vgg13_bn'
  | 'vgg16'
  | 'vgg16_bn'
  | 'vgg16_c'
  | 'vgg19'
  | 'vgg19_bn'

const pytorchcv = (release: string, file: string, top1: number): WeightEntry =>
  pytorchcvWeights(release, file, top1, { naming: 'pytorchcv' })

/** pytorchcv's first batch-normalized networks, whose convolutions have no bias. */
const withoutBias = (release: string, file: string, top1: number): WeightEntry => ({
  ...pytorchcv(release, file, top1),
  tag: 'pytorchcv_without_bias',
  options: { convBias: false },
})

/** Raw values less the mean of each channel. */
const meanSubtracted: Preprocessing = {
  inputSize: 224,
  resize: 256,
  interpolation: 'bilinear',
  mean: [123.68, 116.779, 103.939],
  std: [1, 1, 1],
  range: 255,
}

const authors = (depth: 16 | 19): WeightEntry => ({
  tag: 'vgg_caffe',
  url: `http://www.robots.ox.ac.uk/~vgg/software/very_deep/caffe/VGG_ILSVRC_${depth}_layers.caffemodel`,
  format: 'caffe',
  naming: "Caffe's (conv1_1 … fc8)",
  licence: 'CC-BY-4.0',
  classes: 'imagenet-1k',
  source: 'the authors',
  preprocessing: inBgr(meanSubtracted),
})

/** The authors' weights without classifier (in the file it is not a number), in the order RGB and for values in [0, 1]. */
const features: WeightEntry = {
  tag: 'tv_in1k_features',
  url: 'https://download.pytorch.org/models/vgg16_features-amdegroot-88682ab5.pth',
  ...fileIdentity('vgg16_features-amdegroot-88682ab5.pth'),
  options: { featuresOnly: true },
  licence: 'BSD-3-Clause',
  classes: null,
  source: 'torchvision',
  preprocessing: {
    ...imagenet224,
    mean: [0.48235, 0.45882, 0.40784],
    std: [1 / 255, 1 / 255, 1 / 255],
  },
}

export const vggMetadata: Readonly<Record<VggName, ModelMetadata>> = metadataTable(
  {
    row: 'VGG',
    paper: paperOf(
      'Simonyan and Zisserman',
      'Very Deep Convolutional Networks for Large-Scale Image Recognition',
      2014,
      '1409.1556',
    ),
    numClasses: 1000,
    reference: 'torchvision',
    preprocessing: imagenet224,
  },
  {
    vgg11: [
      132_863_336,
      7_609_090_048,
      torchvisionWeights('vgg11-8a719046.pth', 69.02, 88.628),
      pytorchcv('v0.0.381', 'vgg11-1036-71e85f6e.pth.zip', 70.1),
    ],
    vgg11_bn: [
      132_868_840,
      7_609_090_048,
      torchvisionWeights('vgg11_bn-6002323d.pth', 70.37, 89.81),
      pytorchcv('v0.0.407', 'bn_vgg11b-0996-ef747edc.pth.zip', 70.44),
      withoutBias('v0.0.339', 'bn_vgg11-0961-10f01fba.pth.zip', 70.99),
    ],
    vgg13: [
      133_047_848,
      11_308_466_176,
      torchvisionWeights('vgg13-19584684.pth', 69.928, 89.246),
      pytorchcv('v0.0.388', 'vgg13-0975-2b2c8770.pth.zip', 71.24),
    ],
    vgg13_bn: [
      133_053_736,
      11_308_466_176,
      torchvisionWeights('vgg13_bn-abd245e5.pth', 71.586, 90.374),
      pytorchcv('v0.0.488', 'bn_vgg13b-0924-5f313c53.pth.zip', 71.53),
      withoutBias('v0.0.353', 'bn_vgg13-0913-b1acd715.pth.zip', 72.17),
    ],
    vgg16: [
      138_357_544,
      15_470_264_320,
      torchvisionWeights('vgg16-397923af.pth', 71.592, 90.382),
      pytorchcv('v0.0.401', 'vgg16-0865-5ca155da.pth.zip', 73.02),
      features,
      authors(16),
    ],
    vgg16_bn: [
      138_365_992,
      15_470_264_320,
      torchvisionWeights('vgg16_bn-6c64b313.pth', 73.36, 91.516),
      pytorchcv('v0.0.489', 'bn_vgg16b-0795-bfff365a.pth.zip', 74.03),
      withoutBias('v0.0.359', 'bn_vgg16-0779-0f570b92.pth.zip', 74.28),
    ],
    vgg16_c: [133_638_952, 11_770_888_192],
    vgg19: [
      143_667_240,
      19_632_062_464,
      torchvisionWeights('vgg19-dcbb9e9d.pth', 72.376, 90.876),
      pytorchcv('v0.0.420', 'vgg19-0790-9bd923a8.pth.zip', 74.26),
      authors(19),
    ],
    vgg19_bn: [
      143_678_248,
      19_632_062_464,
      torchvisionWeights('vgg19_bn-c79401a0.pth', 74.218, 91.842),
      pytorchcv('v0.0.490', 'bn_vgg19b-0746-f523b4e4.pth.zip', 74.87),
      withoutBias('v0.0.360', 'bn_vgg19-0712-3f286cbd.pth.zip', 75.87),
    ],
  },
)
