import type { Preprocessing } from '../transforms/index.ts'
import { inceptionStatistics, type ModelMetadata, metadataTable, timm224, timmWeights } from './metadata.ts'
import { mobilenetV3Paper } from './mobilenet-v3.metadata.ts'

export type TimmMobileNetV3Name =
  | 'mobilenetv3_large_075'
  | 'mobilenetv3_large_100'
  | 'mobilenetv3_large_150d'
  | 'mobilenetv3_small_050'
  | 'mobilenetv3_small_075'
  | 'mobilenetv3_small_100'
  | 'tf_mobilenetv3_large_075'
  | 'tf_mobilenetv3_large_100'
  | 'tf_mobilenetv3_large_minimal_100'
  | 'tf_mobilenetv3_small_075'
  | 'tf_mobilenetv3_small_100'
  | 'tf_mobilenetv3_small_minimal_100'

const tensorFlow: Preprocessing = { ...timm224, ...inceptionStatistics, interpolation: 'bilinear' }
const inception95: Preprocessing = { ...timm224, ...inceptionStatistics, cropPct: 0.95 }
const inception256: Preprocessing = { ...inception95, inputSize: 256, interpolation: 'bilinear' }
/** Weights of Alibaba's (MIIL) recipe see values in [0, 1] as they are. */
const unnormalized: Preprocessing = { inputSize: 224, cropPct: 0.875, interpolation: 'bilinear' }

const atTensorFlow = { preprocessing: tensorFlow }

export const timmMobilenetV3Metadata: Readonly<Record<TimmMobileNetV3Name, ModelMetadata>> = metadataTable(
  {
    row: 'MobileNetV3',
    paper: mobilenetV3Paper,
    numClasses: 1000,
    reference: 'timm',
    preprocessing: timm224,
  },
  {
    mobilenetv3_large_075: [3_993_528, 154_560_624],
    mobilenetv3_large_100: [
      5_483_032,
      216_589_760,
      timmWeights('mobilenetv3_large_100', 'ra_in1k', 75.784),
      timmWeights('mobilenetv3_large_100', 'ra4_e3600_r224_in1k', 76.31, inception95),
      timmWeights('mobilenetv3_large_100', 'miil_in21k_ft_in1k', 77.92, unnormalized),
    ],
    mobilenetv3_large_150d: [
      14_622_320,
      1_010_021_120,
      { preprocessing: inception256 },
      timmWeights('mobilenetv3_large_150d', 'ra4_e3600_r256_in1k', 80.994, inception256),
    ],
    mobilenetv3_small_050: [1_593_224, 24_188_688, timmWeights('mobilenetv3_small_050', 'lamb_in1k', 57.918)],
    mobilenetv3_small_075: [2_041_872, 43_399_344, timmWeights('mobilenetv3_small_075', 'lamb_in1k', 65.284)],
    mobilenetv3_small_100: [2_542_856, 56_510_400, timmWeights('mobilenetv3_small_100', 'lamb_in1k', 67.636)],
    tf_mobilenetv3_large_075: [
      3_993_528,
      154_560_624,
      atTensorFlow,
      timmWeights('tf_mobilenetv3_large_075', 'in1k', 73.442, tensorFlow),
    ],
    tf_mobilenetv3_large_100: [
      5_483_032,
      216_589_760,
      atTensorFlow,
      timmWeights('tf_mobilenetv3_large_100', 'in1k', 75.51, tensorFlow),
    ],
    tf_mobilenetv3_large_minimal_100: [
      3_924_288,
      209_136_704,
      atTensorFlow,
      timmWeights('tf_mobilenetv3_large_minimal_100', 'in1k', 72.27, tensorFlow),
    ],
    tf_mobilenetv3_small_075: [
      2_041_872,
      43_399_344,
      atTensorFlow,
      timmWeights('tf_mobilenetv3_small_075', 'in1k', 65.706, tensorFlow),
    ],
    tf_mobilenetv3_small_100: [
      2_542_856,
      56_510_400,
      atTensorFlow,
      timmWeights('tf_mobilenetv3_small_100', 'in1k', 67.922, tensorFlow),
    ],
    tf_mobilenetv3_small_minimal_100: [
      2_044_736,
      52_288_448,
      atTensorFlow,
      timmWeights('tf_mobilenetv3_small_minimal_100', 'in1k', 62.892, tensorFlow),
    ],
  },
)
