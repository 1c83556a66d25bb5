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

export type InceptionResNetV2Name = 'inception_resnet_v2'

const preprocessing = { ...timm224, ...inceptionStatistics, inputSize: 299, cropPct: 0.8975 }

export const inceptionResNetV2Metadata: Readonly<Record<InceptionResNetV2Name, ModelMetadata>> =
  metadataTable(
    {
      row: 'Inception-ResNet-v2',
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
      inception_resnet_v2: [
        55_843_464,
        13_155_794_016,
        { ...timmWeights('inception_resnet_v2', 'tf_in1k', 80.434, preprocessing), top5: 95.312 },
        { ...timmWeights('inception_resnet_v2', 'tf_ens_adv_in1k', 79.998, preprocessing), top5: 94.94 },
        pytorchcvWeights('v0.0.547', 'inceptionresnetv2-0474-19f51781.pth.zip', 80.6, {
          naming: 'pytorchcv',
          preprocessing: { ...imagenet224, inputSize: 299, resize: 342 },
        }),
      ],
    },
  )
