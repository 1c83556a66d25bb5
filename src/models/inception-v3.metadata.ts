import type { Preprocessing } from '../transforms/index.ts'
import {
  imagenet224,
  inceptionStatistics,
  type ModelMetadata,
  metadataTable,
  paperOf,
  pytorchcvWeights,
  timm224,
  timmWeights,
  torchvisionWeights,
  type WeightEntry,
} from './metadata.ts'

export type InceptionV3Name = 'inception_v3'

const timm299: Preprocessing = { ...timm224, ...inceptionStatistics, inputSize: 299 }

/** timm's repositories of networks without the auxiliary classifier. */
function timm(tag: string, top1: number, top5: number, preprocessing: Preprocessing = timm299): WeightEntry {
  return { ...timmWeights('inception_v3', tag, top1, preprocessing), top5, options: { auxLogits: false } }
}

export const inceptionV3Metadata: Readonly<Record<InceptionV3Name, ModelMetadata>> = metadataTable(
  {
    row: 'Inception-v3',
    paper: paperOf(
      'Szegedy et al.',
      'Rethinking the Inception Architecture for Computer Vision',
      2015,
      '1512.00567',
    ),
    numClasses: 1000,
    reference: 'torchvision',
    preprocessing: { ...imagenet224, inputSize: 299, resize: 342 },
    minInputSize: 75,
  },
  {
    inception_v3: [
      27_161_264,
      5_713_216_096,
      {
        ...torchvisionWeights('inception_v3_google-0cc3c7bd.pth', 77.294, 93.45, 'tv_in1k', 342, 299),
        options: { transformInput: true },
      },
      timm('tf_in1k', 77.866, 93.644),
      timm('tf_adv_in1k', 77.598, 93.726),
      timm('gluon_in1k', 78.806, 94.372, { ...timm224, inputSize: 299 }),
      {
        ...pytorchcvWeights('v0.0.552', 'inceptionv3-0533-025fb71c.pth.zip', 79.56, {
          naming: 'pytorchcv',
          preprocessing: { ...imagenet224, inputSize: 299, resize: 342 },
        }),
        options: { auxLogits: false },
      },
    ],
  },
)
