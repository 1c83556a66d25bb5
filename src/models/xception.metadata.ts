import {
  imagenet224,
  inceptionStatistics,
  type ModelMetadata,
  metadataTable,
  paperOf,
  pytorchcvWeights,
  timm224,
} from './metadata.ts'

export type XceptionName = 'legacy_xception'

const preprocessing = { ...timm224, ...inceptionStatistics, inputSize: 299, cropPct: 0.8975 }

export const xceptionMetadata: Readonly<Record<XceptionName, ModelMetadata>> = metadataTable(
  {
    row: 'Xception',
    paper: paperOf(
      'Chollet',
      'Xception: Deep Learning with Depthwise Separable Convolutions',
      2016,
      '1610.02357',
    ),
    numClasses: 1000,
    reference: 'timm',
    preprocessing,
  },
  {
    legacy_xception: [
      22_855_952,
      8_357_403_496,
      {
        tag: 'tf_in1k',
        url: 'https://github.com/rwightman/pytorch-image-models/releases/download/v0.1-cadene/xception-43020ad28.pth',
        sha256Prefix: '43020ad2',
        licence: 'Apache-2.0',
        classes: 'imagenet-1k',
        top1: 79.058,
        top5: 94.396,
        source: 'timm',
        preprocessing,
      },
      {
        tag: 'keras',
        url: 'https://storage.googleapis.com/tensorflow/keras-applications/xception/xception_weights_tf_dim_ordering_tf_kernels.h5',
        format: 'keras',
        naming: 'keras',
        options: { keras: true },
        licence: 'MIT',
        classes: 'imagenet-1k',
        top1: 79,
        top5: 94.5,
        source: 'Keras',
        preprocessing: { ...inceptionStatistics, inputSize: 299, cropPct: 0.875, interpolation: 'bicubic' },
      },
      pytorchcvWeights('v0.0.544', 'xception-0516-a75b50ec.pth.zip', 79.65, {
        naming: 'pytorchcv',
        preprocessing: { ...imagenet224, inputSize: 299, resize: 342 },
      }),
    ],
  },
)
