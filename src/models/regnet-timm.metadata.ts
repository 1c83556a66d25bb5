import type { Preprocessing } from '../transforms/index.ts'
import {
  imagenet224,
  inBgr,
  type ModelMetadata,
  metadataTable,
  paperOf,
  pytorchcvWeights,
  timm224,
  timmWeights,
  type WeightEntry,
} from './metadata.ts'

type RegNetXName =
  | 'regnetx_002'
  | 'regnetx_004'
  | 'regnetx_006'
  | 'regnetx_008'
  | 'regnetx_016'
  | 'regnetx_032'
  | 'regnetx_040'
  | 'regnetx_064'
  | 'regnetx_080'
  | 'regnetx_120'
  | 'regnetx_160'
  | 'regnetx_320'

type RegNetYName =
  | 'regnety_002'
  | 'regnety_004'
  | 'regnety_006'
  | 'regnety_008'
  | 'regnety_016'
  | 'regnety_032'
  | 'regnety_040'
  | 'regnety_064'
  | 'regnety_080'
  | 'regnety_120'
  | 'regnety_160'
  | 'regnety_320'

export type TimmRegNetName = RegNetXName | RegNetYName

const at224c95: Preprocessing = { ...timm224, cropPct: 0.95 }
const at224c965: Preprocessing = { ...timm224, cropPct: 0.965 }
const at384c100: Preprocessing = { ...timm224, inputSize: 384, cropPct: 1.0 }

/** The authors' files, for images in BGR. */
function pycls(file: string, top1: number): WeightEntry {
  return {
    tag: 'pycls_original_in1k',
    url: `https://dl.fbaipublicfiles.com/pycls/dds_baselines/${file}_dds_8gpu.pyth`,
    naming: 'facebookresearch/pycls',
    licence: 'MIT',
    classes: 'imagenet-1k',
    top1,
    source: 'facebookresearch/pycls',
    // The deviations are pycls's own.
    preprocessing: { ...inBgr(imagenet224), std: [0.225, 0.224, 0.229] },
  }
}

const shared = {
  paper: paperOf('Radosavovic et al.', 'Designing Network Design Spaces', 2020, '2003.13678'),
  numClasses: 1000,
  reference: 'timm',
  preprocessing: timm224,
} as const

const regnetX: Readonly<Record<RegNetXName, ModelMetadata>> = metadataTable(
  { ...shared, row: 'RegNetX' },
  {
    regnetx_002: [
      2_684_792,
      199_039_872,
      timmWeights('regnetx_002', 'pycls_in1k', 68.758, timm224, 'MIT'),
      pytorchcvWeights('v0.0.475', 'regnetx002-1066-e389d6ce.pth.zip', 69.8, { naming: 'pytorchcv' }),
    ],
    regnetx_004: [
      5_157_512,
      397_677_568,
      timmWeights('regnetx_004', 'pycls_in1k', 72.482, timm224, 'MIT'),
      pytorchcvWeights('v0.0.479', 'regnetx004-0866-9584cc0b.pth.zip', 73.56, { naming: 'pytorchcv' }),
    ],
    regnetx_006: [
      6_196_040,
      600_890_112,
      timmWeights('regnetx_006', 'pycls_in1k', 73.904, timm224, 'MIT'),
      pytorchcvWeights('v0.0.482', 'regnetx006-0791-30ca597a.pth.zip', 75.04, { naming: 'pytorchcv' }),
    ],
    regnetx_008: [
      7_259_656,
      799_699_712,
      timmWeights('regnetx_008', 'tv2_in1k', 77.294, at224c965, 'BSD-3-Clause'),
      timmWeights('regnetx_008', 'pycls_in1k', 75.054, timm224, 'MIT'),
      { preprocessing: at224c965 },
      pytorchcvWeights('v0.0.482', 'regnetx008-0740-157abf5e.pth.zip', 75.79, { naming: 'pytorchcv' }),
    ],
    regnetx_016: [
      9_190_136,
      1_602_849_792,
      timmWeights('regnetx_016', 'tv2_in1k', 79.44, at224c965, 'BSD-3-Clause'),
      timmWeights('regnetx_016', 'pycls_in1k', 76.936, timm224, 'MIT'),
      { preprocessing: at224c965 },
      pytorchcvWeights('v0.0.486', 'regnetx016-0637-6de8a97b.pth.zip', 77.56, { naming: 'pytorchcv' }),
    ],
    regnetx_032: [
      15_296_552,
      3_176_621_952,
      timmWeights('regnetx_032', 'tv2_in1k', 80.916, at224c965, 'BSD-3-Clause'),
      timmWeights('regnetx_032', 'pycls_in1k', 78.16, timm224, 'MIT'),
      { preprocessing: at224c965 },
      pytorchcvWeights('v0.0.492', 'regnetx032-0592-75dc82ab.pth.zip', 78.52, { naming: 'pytorchcv' }),
    ],
    regnetx_040: [
      22_118_248,
      3_964_498_816,
      timmWeights('regnetx_040', 'pycls_in1k', 78.486, timm224, 'MIT'),
      pytorchcvWeights('v0.0.495', 'regnetx040-0488-b891108c.pth.zip', 80.31, { naming: 'pytorchcv' }),
    ],
    regnetx_064: [
      26_209_256,
      6_460_291_264,
      timmWeights('regnetx_064', 'pycls_in1k', 79.062, timm224, 'MIT'),
      pytorchcvWeights('v0.0.535', 'regnetx064-0468-bea758f9.pth.zip', 80.5, { naming: 'pytorchcv' }),
    ],
    regnetx_080: [
      39_572_648,
      7_995_132_416,
      timmWeights('regnetx_080', 'tv2_in1k', 81.552, at224c965, 'BSD-3-Clause'),
      timmWeights('regnetx_080', 'pycls_in1k', 79.214, timm224, 'MIT'),
      { preprocessing: at224c965 },
      pytorchcvWeights('v0.0.515', 'regnetx080-0486-1d94db03.pth.zip', 80.25, { naming: 'pytorchcv' }),
    ],
    regnetx_120: [
      46_106_056,
      12_086_678_016,
      timmWeights('regnetx_120', 'pycls_in1k', 79.608, timm224, 'MIT'),
      pytorchcvWeights('v0.0.542', 'regnetx120-0532-a93ee3a7.pth.zip', 79.98, { naming: 'pytorchcv' }),
    ],
    regnetx_160: [
      54_278_536,
      15_940_755_456,
      timmWeights('regnetx_160', 'tv2_in1k', 82.574, at224c965, 'BSD-3-Clause'),
      timmWeights('regnetx_160', 'pycls_in1k', 79.844, timm224, 'MIT'),
      { preprocessing: at224c965 },
      pytorchcvWeights('v0.0.532', 'regnetx160-0477-bd9f3534.pth.zip', 80.71, { naming: 'pytorchcv' }),
    ],
    regnetx_320: [
      107_811_560,
      31_735_929_792,
      timmWeights('regnetx_320', 'tv2_in1k', 82.824, at224c965, 'BSD-3-Clause'),
      timmWeights('regnetx_320', 'pycls_in1k', 80.258, timm224, 'MIT'),
      { preprocessing: at224c965 },
      pytorchcvWeights('v0.0.548', 'regnetx320-0413-34bc3cd2.pth.zip', 82.0, { naming: 'pytorchcv' }),
    ],
  },
)

const regnetY: Readonly<Record<RegNetYName, ModelMetadata>> = metadataTable(
  { ...shared, row: 'RegNetY' },
  {
    regnety_002: [
      3_162_996,
      199_514_080,
      timmWeights('regnety_002', 'pycls_in1k', 70.288, timm224, 'MIT'),
      pytorchcvWeights('v0.0.476', 'regnety002-0980-57f04168.pth.zip', 71.34, { naming: 'pytorchcv' }),
      pycls('176245422/RegNetY-200MF', 70.342),
    ],
    regnety_004: [
      4_344_144,
      401_842_848,
      timmWeights('regnety_004', 'tv2_in1k', 75.594, at224c965, 'BSD-3-Clause'),
      timmWeights('regnety_004', 'pycls_in1k', 74.004, timm224, 'MIT'),
      { preprocessing: at224c965 },
      pytorchcvWeights('v0.0.481', 'regnety004-0769-8c36573f.pth.zip', 74.98, { naming: 'pytorchcv' }),
      pycls('160906449/RegNetY-400MF', 74.102),
    ],
    regnety_006: [
      6_055_160,
      601_220_992,
      timmWeights('regnety_006', 'pycls_in1k', 75.274, timm224, 'MIT'),
      pytorchcvWeights('v0.0.483', 'regnety006-0712-d6401a37.pth.zip', 76.21, { naming: 'pytorchcv' }),
      pycls('160981443/RegNetY-600MF', 75.46),
    ],
    regnety_008: [
      6_263_168,
      797_176_832,
      timmWeights('regnety_008', 'pycls_in1k', 76.334, timm224, 'MIT'),
      pytorchcvWeights('v0.0.483', 'regnety008-0660-ed298c23.pth.zip', 77.33, { naming: 'pytorchcv' }),
      pycls('160906567/RegNetY-800MF', 76.316),
    ],
    regnety_016: [
      11_202_430,
      1_612_076_160,
      timmWeights('regnety_016', 'tv2_in1k', 80.668, at224c965, 'BSD-3-Clause'),
      timmWeights('regnety_016', 'pycls_in1k', 77.88, timm224, 'MIT'),
      { preprocessing: at224c965 },
      pytorchcvWeights('v0.0.486', 'regnety016-0581-b45eccd6.pth.zip', 78.59, { naming: 'pytorchcv' }),
      pycls('160906681/RegNetY-1.6GF', 77.934),
    ],
    regnety_032: [
      19_436_338,
      3_176_482_752,
      timmWeights('regnety_032', 'ra_in1k', 81.948, at224c95),
      timmWeights('regnety_032', 'tv2_in1k', 81.788, at224c965, 'BSD-3-Clause'),
      timmWeights('regnety_032', 'pycls_in1k', 78.902, timm224, 'MIT'),
      { preprocessing: at224c95 },
      pytorchcvWeights('v0.0.473', 'regnety032-0404-cb331486.pth.zip', 81.96, { naming: 'pytorchcv' }),
      pycls('160906834/RegNetY-3.2GF', 78.926),
    ],
    regnety_040: [
      20_646_656,
      3_973_288_448,
      timmWeights('regnety_040', 'ra3_in1k', 82.308, at224c95),
      timmWeights('regnety_040', 'pycls_in1k', 79.246, timm224, 'MIT'),
      { preprocessing: at224c95 },
      pytorchcvWeights('v0.0.494', 'regnety040-0470-052d7681.pth.zip', 80.44, { naming: 'pytorchcv' }),
      pycls('160906838/RegNetY-4.0GF', 79.36),
    ],
    regnety_064: [
      30_583_252,
      6_355_204_992,
      timmWeights('regnety_064', 'ra3_in1k', 83.006, at224c95),
      timmWeights('regnety_064', 'pycls_in1k', 79.734, timm224, 'MIT'),
      { preprocessing: at224c95 },
      pytorchcvWeights('v0.0.513', 'regnety064-0456-bff39135.pth.zip', 80.97, { naming: 'pytorchcv' }),
      pycls('160907112/RegNetY-6.4GF', 79.89),
    ],
    regnety_080: [
      39_180_068,
      7_963_057_312,
      timmWeights('regnety_080', 'ra3_in1k', 83.166, at224c95),
      timmWeights('regnety_080', 'pycls_in1k', 79.874, timm224, 'MIT'),
      { preprocessing: at224c95 },
      pytorchcvWeights('v0.0.516', 'regnety080-0448-c084bf6a.pth.zip', 81.09, { naming: 'pytorchcv' }),
      pycls('161160905/RegNetY-8.0GF', 79.948),
    ],
    regnety_120: [
      51_822_544,
      12_092_376_576,
      timmWeights('regnety_120', 'sw_in12k_ft_in1k', 84.994, at224c95),
      timmWeights('regnety_120', 'pycls_in1k', 80.382, timm224, 'MIT'),
      { preprocessing: at224c95 },
      pytorchcvWeights('v0.0.526', 'regnety120-0442-bf259560.pth.zip', 81.33, { naming: 'pytorchcv' }),
      pycls('160907100/RegNetY-12GF', 80.33),
    ],
    regnety_160: [
      83_590_140,
      15_911_510_272,
      timmWeights('regnety_160', 'sw_in12k_ft_in1k', 85.596, at224c95),
      timmWeights('regnety_160', 'lion_in12k_ft_in1k', 85.602, at224c95),
      timmWeights('regnety_160', 'deit_in1k', 83.0, at224c95),
      timmWeights('regnety_160', 'tv2_in1k', 82.646, at224c965, 'BSD-3-Clause'),
      timmWeights('regnety_160', 'swag_ft_in1k', 86.02, at384c100, 'CC-BY-NC-4.0'),
      timmWeights('regnety_160', 'swag_lc_in1k', 83.806, at224c965, 'CC-BY-NC-4.0'),
      timmWeights('regnety_160', 'pycls_in1k', 80.284, timm224, 'MIT'),
      { preprocessing: at224c95 },
      pytorchcvWeights('v0.0.527', 'regnety160-0444-e7e05d91.pth.zip', 81.18, { naming: 'pytorchcv' }),
      pycls('161303400/RegNetY-16GF', 80.392),
    ],
    regnety_320: [
      145_046_770,
      32_279_552_832,
      timmWeights('regnety_320', 'tv2_in1k', 83.17, at224c965, 'BSD-3-Clause'),
      timmWeights('regnety_320', 'swag_ft_in1k', 86.83, at384c100, 'CC-BY-NC-4.0'),
      timmWeights('regnety_320', 'swag_lc_in1k', 84.654, at224c965, 'CC-BY-NC-4.0'),
      timmWeights('regnety_320', 'seer_ft_in1k', 83.324, at384c100, 'SEER'),
      timmWeights('regnety_320', 'pycls_in1k', 80.796, timm224, 'MIT'),
      { preprocessing: at224c965 },
      pytorchcvWeights('v0.0.550', 'regnety320-0383-a8b16205.pth.zip', 82.08, { naming: 'pytorchcv' }),
      pycls('161277763/RegNetY-32GF', 80.934),
    ],
  },
)

export const timmRegnetMetadata: Readonly<Record<TimmRegNetName, ModelMetadata>> = { ...regnetX, ...regnetY }
