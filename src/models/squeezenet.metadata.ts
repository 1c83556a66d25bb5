import type { Preprocessing } from '../transforms/index.ts'
import {
  imagenet224,
  type ModelMetadata,
  metadataTable,
  paperOf,
  pytorchcvWeights,
  torchvisionWeights,
  type WeightEntry,
} from './metadata.ts'

export type SqueezeNetName = 'squeezenet1_0' | 'squeezenet1_1'

/** With channels in the order blue, green, red. */
const caffe227: Preprocessing = {
  inputSize: 227,
  resize: [256, 256],
  interpolation: 'bilinear',
  range: 255,
  mean: [123, 117, 104],
  std: [1, 1, 1],
}

const caffe = (version: string): WeightEntry => ({
  tag: 'caffe',
  url: `https://github.com/forresti/SqueezeNet/raw/master/SqueezeNet_v${version}/squeezenet_v${version}.caffemodel`,
  format: 'caffe',
  naming: 'caffe',
  licence: 'BSD-2-Clause',
  classes: 'imagenet-1k',
  source: 'forresti/SqueezeNet',
  preprocessing: caffe227,
})

const padded = { options: { padClassifier: true } } as const

/** Pruned and quantized weights, in a format of their own (Han et al. 2016). */
const compressed: WeightEntry = {
  ...caffe('1.0'),
  ...padded,
  tag: 'deep_compression',
  url: 'https://github.com/songhan/SqueezeNet-Deep-Compression/raw/master/compressed_SqueezeNet.net',
  format: 'raw',
  bytes: 675_763,
  licence: 'not stated',
  source: 'songhan/SqueezeNet-Deep-Compression',
}

/** All layers but the last; values in the order of TensorFlow. */
const keras: WeightEntry = {
  ...caffe('1.1'),
  tag: 'keras_notop',
  url: 'https://github.com/DeepCognition/keras-squeezenet/raw/master/squeezenet_weights_tf_dim_ordering_tf_kernels_notop.h5',
  format: 'keras',
  naming: 'caffe',
  bytes: 3_002_560,
  licence: 'MIT',
  classes: null,
  source: 'DeepCognition/keras-squeezenet',
}

export const squeezenetMetadata: Readonly<Record<SqueezeNetName, ModelMetadata>> = metadataTable(
  {
    row: 'SqueezeNet',
    paper: paperOf(
      'Iandola et al.',
      'SqueezeNet: AlexNet-level accuracy with 50x fewer parameters and <0.5MB model size',
      2016,
      '1602.07360',
    ),
    numClasses: 1000,
    reference: 'torchvision',
    preprocessing: imagenet224,
    note: 'The weights from Caffe and Keras are for images with channels in the order blue, green, red.',
  },
  {
    squeezenet1_0: [
      1_248_424,
      818_924_576,
      { minInputSize: 21 },
      torchvisionWeights('squeezenet1_0-b66bff10.pth', 58.092, 80.42),
      pytorchcvWeights('v0.0.128', 'squeezenet_v1_0-1766-afdbcf1a.pth.zip', 60.71, { naming: 'pytorchcv' }),
      { ...caffe('1.0'), ...padded },
      compressed,
    ],
    squeezenet1_1: [
      1_235_496,
      349_151_936,
      { minInputSize: 17 },
      torchvisionWeights('squeezenet1_1-b8a52dc0.pth', 58.178, 80.624),
      pytorchcvWeights('v0.0.88', 'squeezenet_v1_1-1772-25b77bc3.pth.zip', 60.69, { naming: 'pytorchcv' }),
      caffe('1.1'),
      keras,
    ],
  },
)
