import {
  imagenet224,
  type ModelMetadata,
  metadataTable,
  paperOf,
  pytorchcvWeights,
  type WeightEntry,
} from './metadata.ts'

export type EspNetV2Name = 'espnetv2_wd2' | 'espnetv2_w1' | 'espnetv2_w5d4' | 'espnetv2_w3d2' | 'espnetv2_w2'

/** The authors' own weights, which leave the image out of the last stage and hold layers that are never used. */
function authors(scale: string, top1: number, top5: number): WeightEntry {
  return {
    tag: 'authors',
    url: `https://github.com/sacmehta/EdgeNets/raw/master/model/classification/model_zoo/espnetv2/espnetv2_s_${scale}_imagenet_224x224.pth`,
    naming: "the authors' (level1.conv … classifier), with layers that are never used",
    options: { lastReinforcement: false },
    licence: 'MIT',
    classes: 'imagenet-1k',
    top1,
    top5,
    source: 'sacmehta/EdgeNets',
    preprocessing: imagenet224,
  }
}

export const espnetv2Metadata: Readonly<Record<EspNetV2Name, ModelMetadata>> = metadataTable(
  {
    row: 'ESPNetv2',
    paper: paperOf(
      'Mehta et al.',
      'ESPNetv2: A Light-weight, Power Efficient, and General Purpose Convolutional Neural Network',
      2018,
      '1811.11431',
    ),
    numClasses: 1000,
    reference: 'pytorchcv',
    preprocessing: imagenet224,
    note:
      "pytorchcv adds the image in the last stage too, which the authors' code leaves out: set lastReinforcement to false " +
      'for their function and counts, which hold layers that are never used besides.',
  },
  {
    espnetv2_wd2: [
      1_241_092,
      29_441_109,
      pytorchcvWeights('v0.0.238', 'espnetv2_wd2-2015-d234781f.pth.zip', 57.68),
      authors('0.5', 57.68, 79.85),
    ],
    espnetv2_w1: [
      1_669_592,
      86_823_637,
      pytorchcvWeights('v0.0.238', 'espnetv2_w1-1345-550d5422.pth.zip', 66.08),
      authors('1.0', 66.09, 86.54),
    ],
    espnetv2_w5d4: [
      1_964_832,
      124_521_493,
      pytorchcvWeights('v0.0.238', 'espnetv2_w5d4-1218-85d97b2b.pth.zip', 67.94),
      authors('1.25', 67.95, 87.82),
    ],
    espnetv2_w3d2: [
      2_314_120,
      169_745_749,
      pytorchcvWeights('v0.0.566', 'espnetv2_w3d2-1108-40da2416.pth.zip', 69.81),
      authors('1.5', 69.17, 88.71),
    ],
    espnetv2_w2: [
      3_497_144,
      286_240_725,
      pytorchcvWeights('v0.0.238', 'espnetv2_w2-0961-13ba0f72.pth.zip', 72.06),
      authors('2.0', 72.06, 90.39),
    ],
  },
)
