import { imagenet224, type ModelMetadata, metadataTable, paperOf, pytorchcvWeights } from './metadata.ts'

export type ZFNetName = 'zfnet' | 'zfnetb'

export const zfnetMetadata: Readonly<Record<ZFNetName, ModelMetadata>> = metadataTable(
  {
    row: 'ZFNet',
    paper: paperOf(
      'Zeiler and Fergus',
      'Visualizing and Understanding Convolutional Networks',
      2013,
      '1311.2901',
    ),
    numClasses: 1000,
    reference: 'pytorchcv',
    preprocessing: imagenet224,
    minInputSize: 207,
    note: 'The paper pools before it normalizes, pytorchcv after; the weights are for the latter.',
  },
  {
    zfnet: [62_357_608, 1_168_032_896, pytorchcvWeights('v0.0.395', 'zfnet-1727-d010ddca.pth.zip', 60.21)],
    zfnetb: [107_627_624, 2_476_704_896, pytorchcvWeights('v0.0.400', 'zfnetb-1490-f6bec24e.pth.zip', 63.63)],
  },
)
