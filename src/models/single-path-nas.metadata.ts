import {
  imagenet224,
  type ModelMetadata,
  metadataTable,
  paperOf,
  pytorchcvWeights,
  timm224,
  timmWeights,
} from './metadata.ts'

export type SinglePathNasName = 'spnasnet_100' | 'spnasnet'

const bilinear = { ...timm224, interpolation: 'bilinear' } as const

export const singlePathNasMetadata: Readonly<Record<SinglePathNasName, ModelMetadata>> = metadataTable(
  {
    row: 'Single-path NAS',
    paper: paperOf(
      'Stamoulis et al.',
      'Single-Path NAS: Designing Hardware-Efficient ConvNets in less than 4 Hours',
      2019,
      '1904.02877',
    ),
    numClasses: 1000,
    reference: 'timm',
    preprocessing: bilinear,
  },
  {
    spnasnet_100: [4_421_616, 333_467_072, timmWeights('spnasnet_100', 'rmsp_in1k', 74.086, bilinear)],
    spnasnet: [
      4_421_616,
      333_467_072,
      { reference: 'pytorchcv', preprocessing: imagenet224 },
      pytorchcvWeights('v0.0.490', 'spnasnet-0798-a25ca157.pth.zip', 74.59),
    ],
  },
)
