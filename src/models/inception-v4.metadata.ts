import {
  imagenet224,
  inceptionStatistics,
  type ModelMetadata,
  metadataTable,
  paperOf,
  pytorchcvWeights,
  timm224,
  timmWeights,
} from './metadata.ts'

export type InceptionV4Name = 'inception_v4'

const preprocessing = { ...timm224, ...inceptionStatistics, inputSize: 299 }

export const inceptionV4Metadata: Readonly<Record<InceptionV4Name, ModelMetadata>> = metadataTable(
  {
    row: 'Inception-v4',
    paper: paperOf(
      'Szegedy et al.',
      'Inception-v4, Inception-ResNet and the Impact of Residual Connections on Learning',
      2016,
      '1602.07261',
    ),
    numClasses: 1000,
    reference: 'timm',
    preprocessing,
    minInputSize: 75,
  },
  {
    inception_v4: [
      42_679_816,
      12_253_974_624,
      { ...timmWeights('inception_v4', 'tf_in1k', 80.144, preprocessing), top5: 94.982 },
      pytorchcvWeights('v0.0.543', 'inceptionv4-0488-4ae4f331.pth.zip', 80.17, {
        naming: 'pytorchcv',
        preprocessing: { ...imagenet224, inputSize: 299, resize: 342 },
      }),
    ],
  },
)
