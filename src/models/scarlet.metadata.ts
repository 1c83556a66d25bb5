import { imagenet224, type ModelMetadata, metadataTable, paperOf, type WeightEntry } from './metadata.ts'

export type ScarletName = 'scarlet_a' | 'scarlet_b' | 'scarlet_c'

const source = 'xiaomi-automl/SCARLET-NAS'

/** The address is a form to fill in, which leads to the file. */
const weights = (top1: number, top5: number): WeightEntry => ({
  tag: 'xiaomi',
  url: 'https://forms.gle/Df5ASj4NPBrMVjPy6',
  licence: 'not stated',
  classes: 'imagenet-1k',
  top1,
  top5,
  source,
  preprocessing: imagenet224,
})

export const scarletMetadata: Readonly<Record<ScarletName, ModelMetadata>> = metadataTable(
  {
    row: 'SCARLET',
    paper: paperOf(
      'Chu et al.',
      'SCARLET-NAS: Bridging the Gap between Stability and Scalability in Weight-sharing Neural Architecture Search',
      2019,
      '1908.06022',
    ),
    numClasses: 1000,
    reference: source,
    preprocessing: imagenet224,
  },
  {
    scarlet_a: [6_707_720, 365_307_392, weights(76.9, 93.4)],
    scarlet_b: [
      6_531_556,
      326_853_440,
      weights(76.3, 93),
      { note: 'The paper counts 329M multiply-accumulates; the structure of the public code has 327M.' },
    ],
    scarlet_c: [6_073_684, 280_082_912, weights(75.6, 92.6)],
  },
)
