import {
  imagenet224,
  type ModelMetadata,
  metadataTable,
  type Paper,
  paperOf,
  pytorchcvWeights as pcv,
  timmWeights as timm,
  timm224,
  torchvisionWeights as tv,
  type WeightEntry,
} from './metadata.ts'
import { elasticWeights } from './resnext-elastic.metadata.ts'

export type DenseNetName = 'densenet121' | 'densenet161' | 'densenet169' | 'densenet201' | 'densenet264'

export const densenetPaper: Paper = paperOf(
  'Huang et al.',
  'Densely Connected Convolutional Networks',
  2016,
  '1608.06993',
)

const converted = (release: string, file: string, top1: number): WeightEntry =>
  pcv(release, file, top1, { naming: 'pytorchcv' })

export const densenetMetadata: Readonly<Record<DenseNetName, ModelMetadata>> = metadataTable(
  {
    row: 'DenseNet',
    paper: densenetPaper,
    numClasses: 1000,
    reference: 'torchvision',
    preprocessing: imagenet224,
    minInputSize: 29,
  },
  {
    densenet121: [
      7_978_856,
      2_834_161_664,
      tv('densenet121-a639ec97.pth', 74.434, 91.972),
      timm('densenet121', 'ra_in1k', 75.574, timm224),
      converted('v0.0.314', 'densenet121-0704-cf90d139.pth.zip', 76.52),
    ],
    densenet161: [
      28_681_000,
      7_727_907_072,
      tv('densenet161-8d451a50.pth', 77.138, 93.56),
      converted('v0.0.432', 'densenet161-0606-da489277.pth.zip', 78.09),
    ],
    densenet169: [
      14_149_480,
      3_359_843_328,
      tv('densenet169-b2777c0a.pth', 75.6, 92.806),
      converted('v0.0.406', 'densenet169-0629-44974a17.pth.zip', 77.58),
    ],
    densenet201: [
      20_013_928,
      4_291_365_888,
      tv('densenet201-c1103571.pth', 76.896, 93.37),
      converted('v0.0.426', 'densenet201-0612-6adc8625.pth.zip', 78.22),
      { ...elasticWeights('densenet201'), naming: 'allenai/elastic' },
    ],
    densenet264: [33_337_704, 5_751_653_376, { reference: 'table 1 of the paper, after torchvision' }],
  },
)
