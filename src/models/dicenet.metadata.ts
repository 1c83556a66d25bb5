import {
  imagenet224,
  type ModelMetadata,
  metadataTable,
  paperOf,
  pytorchcvWeights,
  type WeightEntry,
} from './metadata.ts'

export type DiceNetName =
  | 'dicenet_wd5'
  | 'dicenet_wd2'
  | 'dicenet_w3d4'
  | 'dicenet_w1'
  | 'dicenet_w5d4'
  | 'dicenet_w3d2'
  | 'dicenet_w7d8'
  | 'dicenet_w2'
  | 'dicenet_w12d5'

function pytorchcv(file: string, top1: number, release = 'v0.0.497'): WeightEntry {
  return pytorchcvWeights(release, file, top1)
}

/** The authors' own weights. */
function authors(scale: string, top1: number, top5: number): WeightEntry {
  return {
    tag: 'authors',
    url: `https://github.com/sacmehta/EdgeNets/raw/master/model/classification/model_zoo/dicenet/dicenet_s_${scale}_imagenet_224x224.pth`,
    naming: "the authors' (level1.cbr.0 … classifier.2)",
    licence: 'MIT',
    classes: 'imagenet-1k',
    top1,
    top5,
    source: 'sacmehta/EdgeNets',
    preprocessing: imagenet224,
  }
}

export const dicenetMetadata: Readonly<Record<DiceNetName, ModelMetadata>> = metadataTable(
  {
    row: 'DiCENet',
    paper: paperOf(
      'Mehta et al.',
      'DiCENet: Dimension-wise Convolutions for Efficient Networks',
      2019,
      '1906.03516',
    ),
    numClasses: 1000,
    reference: 'pytorchcv',
    preprocessing: imagenet224,
  },
  {
    dicenet_wd5: [
      1_130_704,
      14_902_464,
      pytorchcv('dicenet_wd5-2938-2d721aa1.pth.zip', 46.09),
      authors('0.2', 46.19, 70.64),
    ],
    dicenet_wd2: [
      1_214_120,
      24_711_328,
      pytorchcv('dicenet_wd2-2258-4f35289a.pth.zip', 53.84),
      authors('0.5', 54.04, 77.42),
    ],
    dicenet_w3d4: [
      1_495_676,
      46_825_936,
      pytorchcv('dicenet_w3d4-1574-29d7d14f.pth.zip', 62.94),
      authors('0.75', 62.8, 84.24),
    ],
    dicenet_w1: [
      1_805_604,
      70_709_744,
      pytorchcv('dicenet_w1-1325-d3648c4c.pth.zip', 66.41),
      authors('1.0', 66.45, 86.64),
    ],
    dicenet_w5d4: [
      2_162_888,
      98_114_272,
      pytorchcv('dicenet_w5d4-1240-8c4dd6f6.pth.zip', 67.74),
      authors('1.25', 67.77, 87.64),
    ],
    dicenet_w3d2: [
      2_652_200,
      135_479_200,
      pytorchcv('dicenet_w3d2-1123-e5c5db64.pth.zip', 69.45),
      authors('1.5', 69.51, 88.76),
    ],
    dicenet_w7d8: [
      3_264_932,
      182_243_260,
      pytorchcv('dicenet_w7d8-1062-8b599d46.pth.zip', 70.24),
      authors('1.75', 70.26, 89.33),
    ],
    dicenet_w2: [
      3_979_044,
      236_290_928,
      pytorchcv('dicenet_w2-0945-5c48ba97.pth.zip', 72.07, 'v0.0.569'),
      authors('2.0', 70.99, 89.8),
    ],
    dicenet_w12d5: [5_113_628, 297_941_296, { reference: "the authors' code" }],
  },
)
