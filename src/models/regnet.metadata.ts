import {
  imagenet224,
  type ModelMetadata,
  metadataTable,
  paperOf,
  torchvisionWeights as tv,
  type WeightEntry,
} from './metadata.ts'

type RegNetXName =
  | 'regnet_x_400mf'
  | 'regnet_x_800mf'
  | 'regnet_x_1_6gf'
  | 'regnet_x_3_2gf'
  | 'regnet_x_8gf'
  | 'regnet_x_16gf'
  | 'regnet_x_32gf'

type RegNetYName =
  | 'regnet_y_400mf'
  | 'regnet_y_800mf'
  | 'regnet_y_1_6gf'
  | 'regnet_y_3_2gf'
  | 'regnet_y_8gf'
  | 'regnet_y_16gf'
  | 'regnet_y_32gf'
  | 'regnet_y_128gf'

export type RegNetName = RegNetXName | RegNetYName

const v2 = (file: string, top1: number, top5: number): WeightEntry => tv(file, top1, top5, 'tv2_in1k', 232)

/** Weights of SWAG (Singh et al. 2022), trained on hashtags and then whole ('e2e') or by the classifier alone. */
function swag(
  file: string,
  top1: number,
  top5: number,
  inputSize: number,
  resize: number,
  how: 'e2e' | 'linear',
): WeightEntry {
  const entry = tv(file, top1, top5, `swag_${how}_in1k`, resize, inputSize)
  return {
    ...entry,
    licence: 'CC-BY-NC-4.0',
    preprocessing: { ...entry.preprocessing, interpolation: 'bicubic' },
  }
}

const shared = {
  paper: paperOf('Radosavovic et al.', 'Designing Network Design Spaces', 2020, '2003.13678'),
  numClasses: 1000,
  reference: 'torchvision',
  preprocessing: imagenet224,
} as const

const regnetX: Readonly<Record<RegNetXName, ModelMetadata>> = metadataTable(
  { ...shared, row: 'RegNetX' },
  {
    regnet_x_400mf: [
      5_495_976,
      413_812_608,
      v2('regnet_x_400mf-62229a5f.pth', 74.864, 92.322),
      tv('regnet_x_400mf-adf1edd5.pth', 72.834, 90.95),
    ],
    regnet_x_800mf: [
      7_259_656,
      799_699_712,
      v2('regnet_x_800mf-94a99ebd.pth', 77.522, 93.826),
      tv('regnet_x_800mf-ad17e45c.pth', 75.212, 92.348),
    ],
    regnet_x_1_6gf: [
      9_190_136,
      1_602_849_792,
      v2('regnet_x_1_6gf-a12f2b72.pth', 79.668, 94.922),
      tv('regnet_x_1_6gf-e3633e7f.pth', 77.04, 93.44),
    ],
    regnet_x_3_2gf: [
      15_296_552,
      3_176_621_952,
      v2('regnet_x_3_2gf-7071aa85.pth', 81.196, 95.43),
      tv('regnet_x_3_2gf-f342aeae.pth', 78.364, 93.992),
    ],
    regnet_x_8gf: [
      39_572_648,
      7_995_132_416,
      v2('regnet_x_8gf-2b70d774.pth', 81.682, 95.678),
      tv('regnet_x_8gf-03ceed89.pth', 79.344, 94.686),
    ],
    regnet_x_16gf: [
      54_278_536,
      15_940_755_456,
      v2('regnet_x_16gf-ba3796d7.pth', 82.716, 96.196),
      tv('regnet_x_16gf-2007eb11.pth', 80.058, 94.944),
    ],
    regnet_x_32gf: [
      107_811_560,
      31_735_929_792,
      v2('regnet_x_32gf-6eb8fdc6.pth', 83.014, 96.288),
      tv('regnet_x_32gf-9d47f8d0.pth', 80.622, 95.248),
    ],
  },
)

const regnetY: Readonly<Record<RegNetYName, ModelMetadata>> = metadataTable(
  { ...shared, row: 'RegNetY' },
  {
    regnet_y_400mf: [
      4_344_144,
      401_842_848,
      v2('regnet_y_400mf-e6988f5f.pth', 75.804, 92.742),
      tv('regnet_y_400mf-c65dace8.pth', 74.046, 91.716),
    ],
    regnet_y_800mf: [
      6_432_512,
      833_856_256,
      v2('regnet_y_800mf-58fc7688.pth', 78.828, 94.502),
      tv('regnet_y_800mf-1b27b58c.pth', 76.42, 93.136),
    ],
    regnet_y_1_6gf: [
      11_202_430,
      1_612_076_160,
      v2('regnet_y_1_6gf-0d7bc02a.pth', 80.876, 95.444),
      tv('regnet_y_1_6gf-b11a554e.pth', 77.95, 93.966),
    ],
    regnet_y_3_2gf: [
      19_436_338,
      3_176_482_752,
      v2('regnet_y_3_2gf-9180c971.pth', 81.982, 95.972),
      tv('regnet_y_3_2gf-b5a9779c.pth', 78.948, 94.576),
    ],
    regnet_y_8gf: [
      39_381_472,
      8_473_070_592,
      v2('regnet_y_8gf-dc2b1b54.pth', 82.828, 96.33),
      tv('regnet_y_8gf-d0d0e4a8.pth', 80.032, 95.048),
    ],
    regnet_y_16gf: [
      83_590_140,
      15_911_510_272,
      v2('regnet_y_16gf-3e4a00f9.pth', 82.886, 96.328),
      tv('regnet_y_16gf-9e6ed7dd.pth', 80.424, 95.24),
      swag('regnet_y_16gf_swag-43afe44d.pth', 86.012, 98.054, 384, 384, 'e2e'),
      swag('regnet_y_16gf_lc_swag-f3ec0043.pth', 83.976, 97.244, 224, 224, 'linear'),
    ],
    regnet_y_32gf: [
      145_046_770,
      32_279_552_832,
      v2('regnet_y_32gf-8db6d4b5.pth', 83.368, 96.498),
      tv('regnet_y_32gf-4dee3f7a.pth', 80.878, 95.34),
      swag('regnet_y_32gf_swag-04fdfa75.pth', 86.838, 98.362, 384, 384, 'e2e'),
      swag('regnet_y_32gf_lc_swag-e1583746.pth', 84.622, 97.48, 224, 224, 'linear'),
    ],
    regnet_y_128gf: [
      644_812_894,
      374_570_006_400,
      swag('regnet_y_128gf_swag-c8ce3e52.pth', 88.228, 98.682, 384, 384, 'e2e'),
      swag('regnet_y_128gf_lc_swag-cbe8ce12.pth', 86.068, 97.844, 224, 224, 'linear'),
      { preprocessing: { ...imagenet224, inputSize: 384, resize: 384, interpolation: 'bicubic' } },
    ],
  },
)

export const regnetMetadata: Readonly<Record<RegNetName, ModelMetadata>> = { ...regnetX, ...regnetY }
