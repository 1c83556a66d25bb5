import type { Preprocessing } from '../transforms/index.ts'
import { imagenet224, type ModelMetadata, metadataTable, paperOf, timm224, timmWeights } from './metadata.ts'

export type ECANetName =
  | 'eca_resnet18'
  | 'eca_resnet34'
  | 'eca_resnet50'
  | 'eca_resnet101'
  | 'eca_resnet152'
  | 'eca_mobilenet_v2'
  | 'ecaresnet26t'
  | 'ecaresnet50d'
  | 'ecaresnet50t'
  | 'ecaresnetlight'
  | 'ecaresnet101d'
  | 'ecaresnet269d'

const at256: Preprocessing = { ...timm224, inputSize: 256 }
const at224c95: Preprocessing = { ...timm224, cropPct: 0.95 }
const at320c95: Preprocessing = { ...timm224, inputSize: 320, cropPct: 0.95 }

/** The authors' networks; their files are behind Google Drive and Baidu links of the README. */
const authors = (top1: number, top5: number) =>
  ({
    reference: 'BangguWu/ECANet',
    preprocessing: imagenet224,
    accuracy: { top1, top5, source: 'BangguWu/ECANet' },
  }) as const

export const ecaNetMetadata: Readonly<Record<ECANetName, ModelMetadata>> = metadataTable(
  {
    row: 'ECA-Net',
    paper: paperOf(
      'Wang et al.',
      'ECA-Net: Efficient Channel Attention for Deep Convolutional Neural Networks',
      2019,
      '1910.03151',
    ),
    numClasses: 1000,
    reference: 'timm',
    preprocessing: timm224,
  },
  {
    eca_resnet18: [11_689_556, 1_814_085_760, authors(70.92, 89.93)],
    eca_resnet34: [21_797_744, 3_663_781_952, authors(74.21, 91.83)],
    eca_resnet50: [25_557_112, 4_089_270_528, authors(77.42, 93.62)],
    eca_resnet101: [44_549_317, 7_801_574_656, authors(78.65, 94.34)],
    eca_resnet152: [60_193_042, 11_513_868_544, authors(78.92, 94.55)],
    eca_mobilenet_v2: [3_504_903, 300_777_952, authors(72.56, 90.81)],
    ecaresnet26t: [
      16_011_916,
      3_330_405_888,
      timmWeights('ecaresnet26t', 'ra2_in1k', 78.894, at256),
      { preprocessing: at256 },
    ],
    ecaresnet50d: [25_576_350, 4_328_912_640, timmWeights('ecaresnet50d', 'miil_in1k', 80.634)],
    ecaresnet50t: [
      25_573_814,
      5_612_148_480,
      timmWeights('ecaresnet50t', 'ra2_in1k', 81.45, at256),
      timmWeights('ecaresnet50t', 'a1_in1k', 81.282, at224c95),
      timmWeights('ecaresnet50t', 'a2_in1k', 80.884, at224c95),
      timmWeights('ecaresnet50t', 'a3_in1k', 77.786, { ...timm224, inputSize: 160, cropPct: 0.95 }),
      { preprocessing: at256 },
    ],
    ecaresnetlight: [30_162_046, 4_089_287_424, timmWeights('ecaresnetlight', 'miil_in1k', 80.454)],
    ecaresnet101d: [44_568_563, 8_041_220_864, timmWeights('ecaresnet101d', 'miil_in1k', 82.18)],
    ecaresnet269d: [
      102_093_077,
      41_364_716_288,
      timmWeights('ecaresnet269d', 'ra2_in1k', 84.724, at320c95),
      { preprocessing: at320c95 },
    ],
  },
)
