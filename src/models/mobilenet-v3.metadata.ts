import {
  imagenet224,
  type ModelMetadata,
  metadataTable,
  type Paper,
  paperOf,
  torchvisionWeights,
} from './metadata.ts'

export type MobileNetV3Name = 'mobilenet_v3_large' | 'mobilenet_v3_small'

export const mobilenetV3Paper: Paper = paperOf(
  'Howard et al.',
  'Searching for MobileNetV3',
  2019,
  '1905.02244',
)

export const mobilenetV3Metadata: Readonly<Record<MobileNetV3Name, ModelMetadata>> = metadataTable(
  {
    row: 'MobileNetV3',
    paper: mobilenetV3Paper,
    numClasses: 1000,
    reference: 'torchvision',
    preprocessing: imagenet224,
  },
  {
    mobilenet_v3_large: [
      5_483_032,
      216_589_760,
      torchvisionWeights('mobilenet_v3_large-5c1a4163.pth', 75.274, 92.566, 'tv2_in1k', 232),
      torchvisionWeights('mobilenet_v3_large-8738ca79.pth', 74.042, 91.34),
    ],
    mobilenet_v3_small: [
      2_542_856,
      56_510_400,
      torchvisionWeights('mobilenet_v3_small-047dcff4.pth', 67.668, 87.402),
    ],
  },
)
