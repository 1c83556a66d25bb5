import type { Preprocessing } from '../transforms/index.ts'
import {
  imagenet224,
  type ModelMetadata,
  metadataTable,
  type Paper,
  paperOf,
  torchvisionWeights,
  type WeightEntry,
} from './metadata.ts'

export type EfficientNetName =
  | 'efficientnet_b0'
  | 'efficientnet_b1'
  | 'efficientnet_b2'
  | 'efficientnet_b3'
  | 'efficientnet_b4'
  | 'efficientnet_b5'
  | 'efficientnet_b6'
  | 'efficientnet_b7'

export const efficientNetPaper: Paper = paperOf(
  'Tan and Le',
  'EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks',
  2019,
  '1905.11946',
)

const sized = (inputSize: number, resize: number): Preprocessing => ({
  ...imagenet224,
  inputSize,
  resize,
  interpolation: 'bicubic',
})

const preprocessing = {
  b0: sized(224, 256),
  b1: sized(240, 256),
  b2: sized(288, 288),
  b3: sized(300, 320),
  b4: sized(380, 384),
  b5: sized(456, 456),
  b6: sized(528, 528),
  b7: sized(600, 600),
}

const weights = (
  size: keyof typeof preprocessing,
  origin: string,
  top1: number,
  top5: number,
): WeightEntry => ({
  ...torchvisionWeights(`efficientnet_${size}_${origin}.pth`, top1, top5),
  preprocessing: preprocessing[size],
})

export const efficientnetMetadata: Readonly<Record<EfficientNetName, ModelMetadata>> = metadataTable(
  {
    row: 'EfficientNet',
    paper: efficientNetPaper,
    numClasses: 1000,
    reference: 'torchvision',
    preprocessing: preprocessing.b0,
  },
  {
    efficientnet_b0: [5_288_548, 385_814_752, weights('b0', 'rwightman-7f5810bc', 77.692, 93.532)],
    efficientnet_b1: [
      7_794_184,
      686_802_832,
      { preprocessing: preprocessing.b1 },
      torchvisionWeights('efficientnet_b1-c27df63c.pth', 79.838, 94.934, 'tv2_in1k', 255, 240),
      weights('b1', 'rwightman-bac287d4', 78.642, 94.186),
    ],
    efficientnet_b2: [
      9_109_994,
      1_087_529_456,
      { preprocessing: preprocessing.b2 },
      weights('b2', 'rwightman-c35c1473', 80.608, 95.31),
    ],
    efficientnet_b3: [
      12_233_232,
      1_827_141_392,
      { preprocessing: preprocessing.b3 },
      weights('b3', 'rwightman-b3899882', 82.008, 96.054),
    ],
    efficientnet_b4: [
      19_341_616,
      4_393_771_024,
      { preprocessing: preprocessing.b4 },
      weights('b4', 'rwightman-23ab8bcd', 83.384, 96.594),
    ],
    efficientnet_b5: [
      30_389_784,
      10_266_384_752,
      { preprocessing: preprocessing.b5 },
      weights('b5', 'lukemelas-1a07897c', 83.444, 96.628),
    ],
    efficientnet_b6: [
      43_040_704,
      19_067_593_536,
      { preprocessing: preprocessing.b6 },
      weights('b6', 'lukemelas-24a108a5', 84.008, 96.916),
    ],
    efficientnet_b7: [
      66_347_960,
      37_745_884_192,
      { preprocessing: preprocessing.b7 },
      weights('b7', 'lukemelas-c5b4e57e', 84.122, 96.908),
    ],
  },
)
