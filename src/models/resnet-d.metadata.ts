import type { Preprocessing } from '../transforms/index.ts'
import {
  inceptionStatistics,
  type ModelMetadata,
  metadataTable,
  paperOf,
  pytorchcvWeights,
  timm224,
  timmWeights,
} from './metadata.ts'

export type ResNetDName =
  | 'resnet10t'
  | 'resnet14t'
  | 'resnet18d'
  | 'resnet26d'
  | 'resnet26t'
  | 'resnet34d'
  | 'resnet50d'
  | 'resnet50t'
  | 'resnet101d'
  | 'resnet152d'
  | 'resnet200d'
  | 'resneta10'
  | 'resnetabc14b'

const at176: Preprocessing = { ...timm224, inputSize: 176 }
const at256c94: Preprocessing = { ...timm224, inputSize: 256, cropPct: 0.94 }
const at224c95: Preprocessing = { ...timm224, cropPct: 0.95 }
const at256c95: Preprocessing = { ...timm224, inputSize: 256, cropPct: 0.95 }

export const resnetDMetadata: Readonly<Record<ResNetDName, ModelMetadata>> = metadataTable(
  {
    row: 'ResNet-D',
    paper: paperOf(
      'He et al.',
      'Bag of Tricks for Image Classification with Convolutional Neural Networks',
      2018,
      '1812.01187',
    ),
    numClasses: 1000,
    reference: 'timm',
    preprocessing: timm224,
  },
  {
    resnet10t: [
      5_435_488,
      698_688_000,
      timmWeights('resnet10t', 'c3_in1k', 66.724, at176),
      { preprocessing: at176 },
    ],
    resnet14t: [
      10_081_632,
      1_067_618_816,
      timmWeights('resnet14t', 'c3_in1k', 71.318, at176),
      { preprocessing: at176 },
    ],
    resnet18d: [
      11_708_744,
      2_053_713_920,
      timmWeights('resnet18d', 'ra2_in1k', 72.296),
      timmWeights('resnet18d', 'ra4_e3600_r224_in1k', 74.356, {
        ...timm224,
        cropPct: 0.9,
        ...inceptionStatistics,
      }),
      pytorchcvWeights('v0.0.486', 'resneta18-0831-e9f206f4.pth.zip', 74.46, { naming: 'pytorchcv' }),
    ],
    resnet26d: [16_014_408, 2_581_897_216, timmWeights('resnet26d', 'bt_in1k', 76.698)],
    resnet26t: [
      16_011_872,
      3_330_359_296,
      timmWeights('resnet26t', 'ra2_in1k', 77.878, at256c94),
      { preprocessing: at256c94 },
    ],
    resnet34d: [21_816_904, 3_903_401_984, timmWeights('resnet34d', 'ra2_in1k', 77.108)],
    resnet50d: [
      25_576_264,
      4_328_824_832,
      timmWeights('resnet50d', 'ra2_in1k', 80.546),
      timmWeights('resnet50d', 'ra4_e3600_r224_in1k', 80.956, {
        ...timm224,
        cropPct: 0.95,
        ...inceptionStatistics,
      }),
      timmWeights('resnet50d', 'a1_in1k', 80.73, at224c95),
      timmWeights('resnet50d', 'a2_in1k', 80.268, at224c95),
      timmWeights('resnet50d', 'a3_in1k', 77.222, { ...timm224, inputSize: 160, cropPct: 0.95 }),
      timmWeights('resnet50d', 'gluon_in1k', 79.08),
      pytorchcvWeights('v0.0.492', 'resneta50b-0556-7cedbb3b.pth.zip', 78.97, { naming: 'pytorchcv' }),
    ],
    resnet50t: [25_573_728, 4_297_213_952],
    resnet101d: [
      44_568_392,
      10_501_963_776,
      timmWeights('resnet101d', 'ra2_in1k', 82.254, at256c95),
      timmWeights('resnet101d', 'gluon_in1k', 80.466),
      { preprocessing: at256c95 },
      pytorchcvWeights('v0.0.532', 'resneta101b-0453-0f342545.pth.zip', 80.87, { naming: 'pytorchcv' }),
    ],
    resnet152d: [
      60_212_040,
      15_350_579_200,
      timmWeights('resnet152d', 'ra2_in1k', 83.16, at256c95),
      timmWeights('resnet152d', 'gluon_in1k', 80.476),
      { preprocessing: at256c95 },
      pytorchcvWeights('v0.0.524', 'resneta152b-0441-c4b9bc9a.pth.zip', 81.2, { naming: 'pytorchcv' }),
    ],
    resnet200d: [
      64_693_064,
      19_913_981_952,
      timmWeights('resnet200d', 'ra2_in1k', 83.25, at256c95),
      { preprocessing: at256c95 },
    ],
    resneta10: [
      5_438_024,
      1_128_869_888,
      pytorchcvWeights('v0.0.484', 'resneta10-1190-a066e5e0.pth.zip', 68.71, { naming: 'pytorchcv' }),
    ],
    resnetabc14b: [
      10_084_168,
      1_708_433_408,
      pytorchcvWeights('v0.0.477', 'resnetabc14b-0990-bad51cb0.pth.zip', 71.94, { naming: 'pytorchcv' }),
    ],
  },
)
