import { imagenet224, type ModelMetadata, metadataTable, paperOf, type WeightEntry } from './metadata.ts'

export type BigLittleName =
  | 'blresnet_50_a2_b4'
  | 'blresnet_101_a2_b4'
  | 'blresnext_50_32x4d_a2_b4'
  | 'blresnext_101_32x4d_a2_b4'
  | 'blresnext_101_64x4d_a2_b4'
  | 'blseresnext_50_32x4d_a2_b4'
  | 'blseresnext_101_32x4d_a2_b4'

const source = 'IBM/BigLittleNet'

const box = (name: string, top1: number): WeightEntry => ({
  tag: 'ibm_in1k',
  url: `https://ibm.box.com/v/${name}`,
  licence: 'not stated',
  classes: 'imagenet-1k',
  top1,
  source,
  preprocessing: imagenet224,
})

export const bigLittleMetadata: Readonly<Record<BigLittleName, ModelMetadata>> = metadataTable(
  {
    row: 'Big-Little Net',
    paper: paperOf(
      'Chen et al.',
      'Big-Little Net: An Efficient Multi-Scale Feature Representation for Visual and Speech Recognition',
      2018,
      '1807.03848',
    ),
    numClasses: 1000,
    reference: source,
    preprocessing: imagenet224,
  },
  {
    blresnet_50_a2_b4: [26_694_568, 2_856_058_880, box('blresnet-50-a2-b4', 77.59)],
    blresnet_101_a2_b4: [41_851_560, 3_893_297_152, box('blresnet-101-a2-b4', 78.66)],
    blresnext_50_32x4d_a2_b4: [26_192_168, 3_027_058_688, box('blresnext-50-32x4d-a2-b4', 78.38)],
    blresnext_101_32x4d_a2_b4: [41_512_744, 4_079_149_056, box('blresnext-101-32x4d-a2-b4', 79.13)],
    blresnext_101_64x4d_a2_b4: [
      77_355_816,
      7_142_293_504,
      box('blresnext-101-64x4d-a2-b4', 79.66),
      {
        note:
          "the authors' table says 7.97 G operations, which their code does not have: its convolutions at 224 pixels are " +
          '7.14 G, counted as for the other six, which agree with the table',
      },
    ],
    blseresnext_50_32x4d_a2_b4: [28_767_120, 3_029_616_640, box('blseresnext-50-32x4d-a2-b4', 78.56)],
    blseresnext_101_32x4d_a2_b4: [45_881_952, 4_083_484_672, box('blseresnext-101-32x4d-a2-b4', 78.96)],
  },
)
