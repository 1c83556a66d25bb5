import { imagenet224, type ModelMetadata, metadataTable, paperOf } from './metadata.ts'

export type RandWireName = 'randwire_ws_small' | 'randwire_ws_regular_c109' | 'randwire_ws_regular_c154'

const paper = (top1: number) => ({ accuracy: { top1, source: 'the paper, over several graphs' } })

export const randwireMetadata: Readonly<Record<RandWireName, ModelMetadata>> = metadataTable(
  {
    row: 'RandWire',
    paper: paperOf(
      'Xie et al.',
      'Exploring Randomly Wired Neural Networks for Image Recognition',
      2019,
      '1904.01569',
    ),
    numClasses: 1000,
    reference: 'seungwonpark/RandWireNN',
    preprocessing: imagenet224,
    note:
      'counts are those of the graphs of seed 0; the authors published neither code nor graphs, and the paper gives 5.6 M, ' +
      '31.9 M and 61.5 M parameters',
  },
  {
    randwire_ws_small: [5_729_134, 586_214_168, paper(74.7)],
    randwire_ws_regular_c109: [33_470_140, 4_034_420_608, paper(79)],
    randwire_ws_regular_c154: [64_571_407, 7_938_947_584, paper(80.1)],
  },
)
