import type { Preprocessing } from '../transforms/index.ts'
import { type ModelMetadata, metadataTable, paperOf, timm224, timmWeights } from './metadata.ts'

export type SENetName =
  | 'seresnet18'
  | 'seresnet34'
  | 'seresnet50'
  | 'seresnet50t'
  | 'seresnet101'
  | 'seresnet152'
  | 'seresnet152d'
  | 'seresnext26d_32x4d'
  | 'seresnext26t_32x4d'
  | 'seresnext50_32x4d'
  | 'seresnext101_32x4d'
  | 'seresnext101_32x8d'
  | 'seresnext101d_32x8d'
  | 'seresnext101_64x4d'
  | 'senet154'

const at224c95: Preprocessing = { ...timm224, cropPct: 0.95 }
const at256c95: Preprocessing = { ...timm224, inputSize: 256, cropPct: 0.95 }

export const senetMetadata: Readonly<Record<SENetName, ModelMetadata>> = metadataTable(
  {
    row: 'SENet',
    paper: paperOf('Hu et al.', 'Squeeze-and-Excitation Networks', 2017, '1709.01507'),
    numClasses: 1000,
    reference: 'timm',
    preprocessing: timm224,
  },
  {
    seresnet18: [11_779_624, 1_814_161_408],
    seresnet34: [21_960_416, 3_663_920_128],
    seresnet50: [
      28_088_024,
      4_091_699_200,
      timmWeights('seresnet50', 'a1_in1k', 80.012, at224c95),
      timmWeights('seresnet50', 'a2_in1k', 80.102, at224c95),
      timmWeights('seresnet50', 'a3_in1k', 75.104, { ...timm224, inputSize: 160, cropPct: 0.95 }),
      timmWeights('seresnet50', 'ra2_in1k', 80.26),
      { preprocessing: at224c95 },
    ],
    seresnet50t: [28_104_720, 4_299_728_896],
    seresnet101: [49_326_872, 7_806_148_608],
    seresnet152: [66_821_848, 11_520_204_800],
    seresnet152d: [
      66_841_080,
      15_357_157_376,
      timmWeights('seresnet152d', 'ra2_in1k', 83.702, at256c95),
      { preprocessing: at256c95 },
    ],
    seresnext26d_32x4d: [16_809_512, 2_711_740_416, timmWeights('seresnext26d_32x4d', 'bt_in1k', 77.592)],
    seresnext26t_32x4d: [16_806_976, 2_680_129_536, timmWeights('seresnext26t_32x4d', 'bt_in1k', 77.98)],
    seresnext50_32x4d: [
      27_559_896,
      4_232_994_816,
      timmWeights('seresnext50_32x4d', 'racm_in1k', 81.268),
      timmWeights('seresnext50_32x4d', 'gluon_in1k', 79.916),
    ],
    seresnext101_32x4d: [48_955_416, 7_974_739_968, timmWeights('seresnext101_32x4d', 'gluon_in1k', 80.886)],
    seresnext101_32x8d: [
      93_569_048,
      16_418_758_656,
      timmWeights('seresnext101_32x8d', 'ah_in1k', 83.618, at224c95),
      { preprocessing: at224c95 },
    ],
    seresnext101d_32x8d: [
      93_588_280,
      16_658_399_232,
      timmWeights('seresnext101d_32x8d', 'ah_in1k', 83.702, at224c95),
      { preprocessing: at224c95 },
    ],
    seresnext101_64x4d: [88_232_984, 15_465_013_248, timmWeights('seresnext101_64x4d', 'gluon_in1k', 80.884)],
    senet154: [115_088_984, 20_688_363_520, timmWeights('senet154', 'gluon_in1k', 81.258)],
  },
)
