import {
  imagenet224,
  type ModelMetadata,
  metadataTable,
  type Paper,
  paperOf,
  torchvisionWeights,
} from './metadata.ts'

export type ShuffleNetV2Name =
  | 'shufflenet_v2_x0_5'
  | 'shufflenet_v2_x1_0'
  | 'shufflenet_v2_x1_5'
  | 'shufflenet_v2_x2_0'

export const shufflenetV2Paper: Paper = paperOf(
  'Ma et al.',
  'ShuffleNet V2: Practical Guidelines for Efficient CNN Architecture Design',
  2018,
  '1807.11164',
)

export const shufflenetV2Metadata: Readonly<Record<ShuffleNetV2Name, ModelMetadata>> = metadataTable(
  {
    row: 'ShuffleNet V2',
    paper: shufflenetV2Paper,
    numClasses: 1000,
    reference: 'torchvision',
    preprocessing: imagenet224,
  },
  {
    shufflenet_v2_x0_5: [
      1_366_792,
      40_476_448,
      torchvisionWeights('shufflenetv2_x0.5-f707e7126e.pth', 60.552, 81.746),
    ],
    shufflenet_v2_x1_0: [
      2_278_604,
      144_907_992,
      torchvisionWeights('shufflenetv2_x1-5666bf0f80.pth', 69.362, 88.316),
    ],
    shufflenet_v2_x1_5: [
      3_503_624,
      295_759_392,
      torchvisionWeights('shufflenetv2_x1_5-3c479a10.pth', 72.996, 91.086, 'tv_in1k', 232),
    ],
    shufflenet_v2_x2_0: [
      7_393_996,
      583_253_464,
      torchvisionWeights('shufflenetv2_x2_0-8be3c8ee.pth', 76.23, 93.006, 'tv_in1k', 232),
    ],
  },
)
