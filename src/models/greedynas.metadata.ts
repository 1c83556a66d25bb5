import {
  imagenet224,
  type ModelMetadata,
  metadataTable,
  type PublishedAccuracy,
  paperOf,
} from './metadata.ts'

export type GreedyNASName = 'greedynas_a' | 'greedynas_b' | 'greedynas_c'

const published = (top1: number, top5: number): { readonly accuracy: PublishedAccuracy } => ({
  accuracy: { top1, top5, source: 'the paper' },
})

export const greedynasMetadata: Readonly<Record<GreedyNASName, ModelMetadata>> = metadataTable(
  {
    row: 'GreedyNAS-A',
    paper: paperOf(
      'You et al.',
      'GreedyNAS: Towards Fast One-Shot NAS with Greedy Supernet',
      2020,
      '2003.11236',
    ),
    numClasses: 1000,
    reference: 'hunto/image_classification_sota',
    preprocessing: imagenet224,
  },
  {
    greedynas_a: [
      6_503_082,
      369_983_648,
      published(77.1, 93.3),
      {
        note:
          'The paper counts 366M multiply-accumulates. The structure is the definition published by one of its authors, whose ' +
          "6.5M parameters are the paper's.",
      },
    ],
    greedynas_b: [5_207_804, 323_520_704, published(76.8, 93), { row: 'GreedyNAS-B' }],
    greedynas_c: [4_740_746, 284_284_064, published(76.2, 92.5), { row: 'GreedyNAS-C' }],
  },
)
