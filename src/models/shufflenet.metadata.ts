import {
  imagenet224,
  type ModelMetadata,
  metadataTable,
  type Paper,
  paperOf,
  pytorchcvWeights,
} from './metadata.ts'

export type ShuffleNetName =
  | 'shufflenet_g1_w1'
  | 'shufflenet_g2_w1'
  | 'shufflenet_g3_w1'
  | 'shufflenet_g4_w1'
  | 'shufflenet_g8_w1'
  | 'shufflenet_g1_w3d4'
  | 'shufflenet_g3_w3d4'
  | 'shufflenet_g1_wd2'
  | 'shufflenet_g3_wd2'
  | 'shufflenet_g1_wd4'
  | 'shufflenet_g3_wd4'

export const shufflenetPaper: Paper = paperOf(
  'Zhang et al.',
  'ShuffleNet: An Extremely Efficient Convolutional Neural Network for Mobile Devices',
  2017,
  '1707.01083',
)

export const shufflenetMetadata: Readonly<Record<ShuffleNetName, ModelMetadata>> = metadataTable(
  {
    row: 'ShuffleNet',
    paper: shufflenetPaper,
    numClasses: 1000,
    reference: 'pytorchcv',
    preprocessing: imagenet224,
  },
  {
    shufflenet_g1_w1: [
      1_531_936,
      143_078_976,
      pytorchcvWeights('v0.0.223', 'shufflenet_g1_w1-1389-4cfb65a3.pth.zip', 65.07),
    ],
    shufflenet_g2_w1: [
      1_733_848,
      140_836_512,
      pytorchcvWeights('v0.0.241', 'shufflenet_g2_w1-1363-07256203.pth.zip', 65.75),
    ],
    shufflenet_g3_w1: [
      1_865_728,
      137_460_672,
      pytorchcvWeights('v0.0.244', 'shufflenet_g3_w1-1348-ce54f64e.pth.zip', 65.61),
    ],
    shufflenet_g4_w1: [
      1_968_344,
      134_339_776,
      pytorchcvWeights('v0.0.245', 'shufflenet_g4_w1-1335-e2415f82.pth.zip', 65.81),
    ],
    shufflenet_g8_w1: [
      2_434_768,
      138_365_952,
      pytorchcvWeights('v0.0.250', 'shufflenet_g8_w1-1342-9a979b36.pth.zip', 65.94),
    ],
    shufflenet_g1_w3d4: [
      975_214,
      82_542_672,
      pytorchcvWeights('v0.0.218', 'shufflenet_g1_w3d4-1711-161cd24a.pth.zip', 60.42),
    ],
    shufflenet_g3_w3d4: [
      1_238_266,
      79_740_144,
      pytorchcvWeights('v0.0.219', 'shufflenet_g3_w3d4-1650-3f3b0aef.pth.zip', 61.8),
    ],
    shufflenet_g1_wd2: [
      534_484,
      38_517_408,
      pytorchcvWeights('v0.0.174', 'shufflenet_g1_wd2-2261-dae4bdad.pth.zip', 53.41),
    ],
    shufflenet_g3_wd2: [
      718_324,
      37_589_856,
      pytorchcvWeights('v0.0.167', 'shufflenet_g3_wd2-2080-ccaacfc8.pth.zip', 55.84),
    ],
    shufflenet_g1_wd4: [
      209_746,
      11_003_184,
      pytorchcvWeights('v0.0.134', 'shufflenet_g1_wd4-3729-47dbd0f2.pth.zip', 37.56),
    ],
    shufflenet_g3_wd4: [
      305_902,
      11_009_808,
      pytorchcvWeights('v0.0.135', 'shufflenet_g3_wd4-3653-6abdd65e.pth.zip', 38.26),
    ],
  },
)
