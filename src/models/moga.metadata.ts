import { imagenet224, type ModelMetadata, metadataTable, paperOf, type WeightEntry } from './metadata.ts'

export type MoGAName = 'moga_a' | 'moga_b' | 'moga_c'

const source = 'xiaomi-automl/MoGA'

/** The address is a form to fill in, which leads to the file. */
const weights = (top1: number, top5: number): WeightEntry => ({
  tag: 'xiaomi',
  url: 'https://forms.gle/o2cUfQPieVcm3t8B8',
  licence: 'not stated',
  classes: 'imagenet-1k',
  top1,
  top5,
  source,
  preprocessing: imagenet224,
})

export const mogaMetadata: Readonly<Record<MoGAName, ModelMetadata>> = metadataTable(
  {
    row: 'MoGA-A',
    paper: paperOf('Chu et al.', 'MoGA: Searching Beyond MobileNetV3', 2020, '1908.01314'),
    numClasses: 1000,
    reference: source,
    preprocessing: imagenet224,
  },
  {
    moga_a: [
      5_159_802,
      304_042_176,
      weights(75.9, 92.8),
      {
        note:
          "The paper's figure has squeeze-and-excitation in layers 3 to 5, the public code in 4 to 6; the code's counts are " +
          "those of the paper's table.",
      },
    ],
    moga_b: [5_506_236, 248_634_720, weights(75.5, 92.6), { row: 'MoGA-B' }],
    moga_c: [5_488_200, 221_089_920, weights(75.3, 92.5), { row: 'MoGA-C' }],
  },
)
